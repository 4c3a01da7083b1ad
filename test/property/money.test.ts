import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare, divide, minus, negate, round, times } from '../../src/kernel/decimal.ts'
import {
  charge,
  convert,
  fromJson,
  minorDigits,
  money,
  portion,
  split,
  subtract,
  sum,
  toJson,
} from '../../src/kernel/money.ts'
import {
  addDays,
  addMonths,
  type Day,
  daysBetween,
  firstDay,
  isDay,
  monthOf,
} from '../../src/kernel/time.ts'
import { tolerance } from '../../src/revenue/compare.ts'
import { always } from './always.ts'

const minor = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD', 'CLF')
const amounts = fc.tuple(currency, minor).map(([c, m]) => money(c, m))
const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 12 }))
  .map(([units, places]) => {
    const text = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
    const cut = text.length - places
    const whole = `${text.slice(0, cut)}${places ? `.${text.slice(cut)}` : ''}`
    return units < 0n ? `-${whole}` : whole
  })

const absolute = (d: string) => (d.startsWith('-') ? d.slice(1) : d)

describe('money', () => {
  it('survives JSON unchanged', () => {
    always(
      fc.property(amounts, (m) => {
        expect(fromJson(JSON.parse(JSON.stringify(toJson(m))))).toEqual(m)
      }),
    )
  })

  it('splits without losing a minor unit, and a refund splits as the mirror of its charge', () => {
    const weights = fc
      .array(fc.bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 40 })
      .filter((all) => all.some((w) => w > 0n))
    always(
      fc.property(amounts, weights, (m, all) => {
        const parts = split(m, all)
        expect(sum(m.currency, parts)).toEqual(m)
        expect(split(money(m.currency, -m.minor), all)).toEqual(
          parts.map((p) => money(p.currency, -p.minor)),
        )
        const whole = all.reduce((a, w) => a + w, 0n)
        for (const [i, part] of parts.entries()) {
          const off = part.minor * whole - m.minor * all[i]!
          expect((off < 0n ? -off : off) < whole).toBe(true)
        }
      }),
    )
  })

  it('rounds a negative as the mirror of its positive, by at most half a unit', () => {
    always(
      fc.property(decimals, fc.integer({ min: 0, max: 6 }), (d, places) => {
        const rounded = round(d, places)
        expect(compare(round(negate(d), places), negate(rounded))).toBe(0)
        const off = subtract(
          money('USD', BigInt(times(rounded, '1000000000000').split('.')[0] ?? '0')),
          money('USD', BigInt(times(d, '1000000000000').split('.')[0] ?? '0')),
        ).minor
        expect((off < 0n ? -off : off) * 2n <= 10n ** BigInt(12 - places)).toBe(true)
      }),
    )
  })

  it('charges a refunded quantity exactly what it charged', () => {
    always(
      fc.property(currency, decimals, decimals, fc.boolean(), (c, price, quantity, isTie) => {
        const half = `0.${'0'.repeat(minorDigits(c))}5`
        const small = { currency: c, price: isTie ? half : divide(price, '10000000000000000', 12) }
        const many = divide(quantity, '1000000000000', isTie ? 0 : 12)
        const amount = charge(small, many)
        const refund = charge(small, negate(many))
        expect(refund.minor).toBe(-amount.minor)
      }),
    )
  })

  it('divides with one rounding: the quotient times the divisor comes within half a unit', () => {
    const divisor = decimals.filter((d) => compare(d, '0') !== 0)
    always(
      fc.property(decimals, divisor, (a, b) => {
        const q = divide(a, b, 6)
        expect(compare(divide(negate(a), b, 6), negate(q))).toBe(0)
        const off = minus(times(q, b), a)
        expect(compare(times(absolute(off), '2000000'), absolute(b))).toBeLessThan(1)
      }),
    )
  })

  it('drifts by rounding parts no further than the tolerance says', () => {
    const cents = fc.array(decimals, { minLength: 1, maxLength: 60 })
    always(
      fc.property(cents, (parts) => {
        const small = parts.map((p) => divide(p, '10000000000', 12))
        const rounded = sum(
          'USD',
          small.map((p) => portion(money('USD', 100n), p)),
        )
        const exact = small.reduce((a, p) => a + BigInt(times(p, '1000000000000')), 0n)
        const drift = rounded.minor * 10n ** 10n - exact
        const within = tolerance('USD', parts.length).minor * 10n ** 10n
        expect((drift < 0n ? -drift : drift) <= within).toBe(true)
      }),
    )
  })

  it('converts to the digits of the other currency', () => {
    always(
      fc.property(amounts, currency, (m, to) => {
        const small = money(m.currency, m.minor / 1_000_000n)
        const there = toJson(convert(small, { currency: to, price: '1.0837' }))
        expect(there.amount.split('.')[1]?.length ?? 0).toBe(minorDigits(to))
      }),
    )
  })
})

describe('days and months', () => {
  const days = fc
    .date({ min: new Date('1990-01-01'), max: new Date('2090-12-31'), noInvalidDate: true })
    .map((d) => d.toISOString().slice(0, 10) as Day)

  it('adds months to a day that exists, in order, however many', () => {
    always(
      fc.property(days, fc.integer({ min: 0, max: 240 }), (day, n) => {
        const later = addMonths(day, n)
        expect(isDay(later)).toBe(true)
        expect(addMonths(day, n + 1) > later).toBe(true)
        expect(Math.abs(daysBetween(day, later) - n * 30.436875)).toBeLessThan(5)
      }),
    )
  })

  it('parts a term by its calendar months without a day or a minor unit lost', () => {
    always(
      fc.property(days, fc.integer({ min: 1, max: 800 }), amounts, (start, length, amount) => {
        const end = addDays(start, length)
        const starts: Day[] = [start]
        for (let n = 1; ; n++) {
          const next = addMonths(firstDay(monthOf(start)), n)
          if (next >= end) break
          starts.push(next)
        }
        const lengths = starts.map((day, i) => daysBetween(day, starts[i + 1] ?? end))
        expect(lengths.reduce((a, n) => a + n, 0)).toBe(length)
        for (const n of lengths) expect(n > 0 && n <= 31).toBe(true)
        const rows = split(amount, lengths.map(BigInt))
        expect(sum(amount.currency, rows)).toEqual(amount)
      }),
    )
  })
})
