import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compare,
  type Decimal,
  floor,
  isNegative,
  minus,
  negate,
  plus,
  times,
  total,
  trim,
} from '../../src/kernel/decimal.ts'
import { charge, parseMoney } from '../../src/kernel/money.ts'
import { type Hour, hourStart, type Instant, later } from '../../src/kernel/time.ts'
import { type Allowance, cover } from '../../src/metering/included.ts'
import { pack } from '../../src/metering/pace.ts'
import { apportion, freeze, worth } from '../../src/metering/quantities.ts'
import { compareWith, sameAsDouble } from '../../src/metering/verdict.ts'
import { reportWith, traitsWith } from '../metering/sample.ts'
import { always } from './always.ts'

const takes = fc.constantFrom('whole' as const, 'decimal' as const)
const quantity: fc.Arbitrary<Decimal> = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 999 }))
  .map(([whole, places]) => `${whole}.${String(places).padStart(3, '0')}`)
/** Usage, and what takes usage back. */
const change = fc.oneof({ weight: 3, arbitrary: quantity }, quantity.map(negate))
const most = (a: Decimal, b: Decimal) => (compare(a, b) < 0 ? b : a)

describe('carrying', () => {
  it('sends the floor of the highest the running total ever was, and carries the rest', () => {
    always(
      fc.property(fc.array(change, { maxLength: 40 }), takes, (changes, quantity) => {
        const traits = traitsWith({ quantity })
        let [carry, sent, running, due]: Decimal[] = ['0', '0', '0', '0']
        for (const one of changes) {
          const split = freeze(carry!, one, traits)
          expect(split.carriedIn).toBe(carry)
          expect(plus(carry!, one)).toBe(plus(split.sent, split.carriedOut))
          expect(isNegative(split.sent)).toBe(false)
          carry = split.carriedOut
          sent = plus(sent!, split.sent)
          running = plus(running!, one)
          due = most(due!, quantity === 'whole' ? floor(running) : running)
        }
        expect(sent).toBe(due)
        expect(plus(sent!, carry!)).toBe(running)
        expect(compare(carry!, '1')).toBe(-1)
      }),
    )
  })

  it('sends no more in one report than it can hold, and all of it in the end', () => {
    const max = fc.integer({ min: 1, max: 12 }).map(String)
    const some = fc.array(quantity, { maxLength: 6 })
    always(
      fc.property(some, max, takes, (parts, max, quantity) => {
        const traits = traitsWith({ quantity, quantityMax: max })
        let [carry, sent]: Decimal[] = ['0', '0']
        const send = (one: Decimal) => {
          const split = freeze(carry!, one, traits)
          expect(compare(split.sent, max)).toBeLessThan(1)
          carry = split.carriedOut
          sent = plus(sent!, split.sent)
          return split.sent
        }
        for (const one of parts) send(one)
        while (send('0') !== '0') expect(compare(carry!, '0')).not.toBe(-1)
        const all = total(parts)
        expect(sent).toBe(quantity === 'whole' ? floor(all) : all)
      }),
    )
  })

  it('splits what is sent over tags: nothing gained, lost, or moved by a whole unit', () => {
    const parts = fc.array(quantity, { minLength: 1, maxLength: 12 })
    always(
      fc.property(parts, quantity, takes, (quantities, carry, taken) => {
        const traits = traitsWith({ quantity: taken })
        const all = total(quantities)
        const { sent } = freeze(carry, all, traits)
        const tagged = quantities.map((one, n) => ({ quantity: one, tags: { n: String(n) } }))
        const split = apportion(sent, tagged, traits)
        if (compare(all, '0') === 0) return
        expect(total(split.map((part) => part.quantity))).toBe(sent)
        const unit = taken === 'whole' ? '1' : '0.000000000001'
        for (const [n, one] of quantities.entries()) {
          const part = split.find(({ tags }) => tags.n === String(n))?.quantity ?? '0'
          const off = minus(times(part, all), times(sent, one))
          const distance = isNegative(off) ? negate(off) : off
          expect(compare(distance, times(unit, all))).toBe(-1)
        }
      }),
    )
  })

  it('folds the smallest tags together where there may be no more, and loses nothing', () => {
    const parts = fc.array(quantity, { minLength: 1, maxLength: 12 })
    always(
      fc.property(parts, fc.integer({ min: 1, max: 6 }), (quantities, allocationsMax) => {
        const tagged = quantities.map((one, n) => ({ quantity: one, tags: { n: String(n) } }))
        const all = total(quantities)
        const split = apportion(all, tagged, traitsWith({ quantity: 'decimal', allocationsMax }))
        expect(split.length).toBeLessThanOrEqual(allocationsMax)
        expect(total(split.map((part) => part.quantity))).toBe(all)
        const told = split.filter(({ tags }) => Object.keys(tags).length > 0)
        const least = told.map((part) => part.quantity).toSorted(compare)[0]
        const names = new Set(told.map(({ tags }) => tags.n))
        if (least === undefined || told.length === split.length) return
        for (const [n, one] of quantities.entries())
          if (!names.has(String(n))) expect(compare(one, least)).toBeLessThan(1)
      }),
    )
  })
})

describe('included units', () => {
  const noon: Instant = '2027-03-10T12:00:00.000Z'
  const hours = ['09', '10', '11', '12'].map((hour) => `2027-03-10T${hour}:00Z` as Hour)
  const period: fc.Arbitrary<Allowance> = fc
    .record({
      from: fc.integer({ min: 0, max: 5 * 60 }),
      minutes: fc.option(fc.integer({ min: 1, max: 200 })),
      quantity: fc.option(quantity, { freq: 8 }),
      used: quantity,
    })
    .map(({ from, minutes, quantity, used }) => ({
      startsAt: later(noon, (from - 240) * 60_000),
      endsAt: minutes === null ? null : later(noon, (from - 240 + minutes) * 60_000),
      quantity,
      used,
      over: '0',
    }))
  const usedOf = (all: readonly Allowance[]) => total(all.map((one) => one.used))
  const smaller = (a: Decimal, b: Decimal | null) => (b !== null && compare(b, a) < 0 ? b : a)
  /** What is left of all periods that an hour has a moment in common with; null where one has no limit. */
  const leftIn = (hour: Hour, all: readonly Allowance[]): Decimal | null => {
    const [from, to] = [Date.parse(hour), Date.parse(hour) + 3_600_000]
    const touched = all.filter(
      ({ startsAt, endsAt }) =>
        Date.parse(startsAt) < to && (endsAt === null || Date.parse(endsAt) > from),
    )
    if (touched.some((one) => one.quantity === null)) return null
    return total(touched.map((one) => most(minus(one.quantity!, one.used), '0')))
  }

  it('are used up before anything is sent, exactly, whatever the parts and periods', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom(...hours), quantity), { maxLength: 20 })
    always(
      fc.property(parts, fc.array(period, { maxLength: 4 }), takes, (parts, periods, takes) => {
        let allowances: readonly Allowance[] = periods
        let carry: Decimal = '0'
        const sums = { quantity: '0', covered: '0', sent: '0' }
        for (const [hour, one] of parts) {
          const { covered, allowances: after } = cover(hour, one, allowances)
          const split = freeze(carry, one, traitsWith({ quantity: takes }), covered)
          expect(plus(split.carriedIn, one)).toBe(
            total([split.sent, split.covered, split.carriedOut]),
          )
          expect(covered).toBe(trim(smaller(one, leftIn(hour, allowances))))
          allowances = after
          carry = split.carriedOut
          sums.quantity = plus(sums.quantity, one)
          sums.covered = plus(sums.covered, covered)
          sums.sent = plus(sums.sent, split.sent)
        }
        expect(minus(usedOf(allowances), usedOf(periods))).toBe(sums.covered)
        expect(total([sums.sent, sums.covered, carry])).toBe(sums.quantity)
        const beyond = minus(sums.quantity, sums.covered)
        expect(sums.sent).toBe(takes === 'whole' ? floor(beyond) : beyond)
      }),
    )
  })

  it('come back when usage is taken back, never more than was used', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom(...hours), change), { maxLength: 12 })
    always(
      fc.property(parts, fc.array(period, { maxLength: 4 }), (parts, periods) => {
        let allowances: readonly Allowance[] = periods
        for (const [hour, one] of parts) {
          const before = usedOf(allowances)
          const { covered, allowances: after } = cover(hour, one, allowances)
          allowances = after
          expect(minus(usedOf(after), before)).toBe(covered)
          expect(isNegative(one) ? compare(one, covered) : compare(covered, one)).toBeLessThan(1)
          expect(isNegative(covered)).toBe(isNegative(one) && compare(covered, '0') !== 0)
          for (const { used } of after) expect(isNegative(used)).toBe(false)
        }
      }),
    )
  })

  it('are as they were after an hour that is taken back whole', () => {
    always(
      fc.property(fc.constantFrom(...hours), quantity, period, (hour, one, only) => {
        const { covered, allowances } = cover(hour, one, [only])
        const back = cover(hour, negate(one), allowances)
        const isIn = only.startsAt < later(hourStart(hour), 3_600_000)
        if (!isIn || (only.endsAt !== null && only.endsAt <= hourStart(hour))) return
        expect(plus(covered, back.covered)).toBe('0')
        expect(back.allowances.map(({ used }) => trim(used))).toEqual([trim(only.used)])
      }),
    )
  })
})

describe('calls', () => {
  it('hold every report once, in order, in as few as may share one', () => {
    const refs = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 })
    always(
      fc.property(refs, fc.integer({ min: 1, max: 7 }), (refs, batchMax) => {
        const reports = refs.map((meteringRef, n) => reportWith(String(n), { meteringRef }))
        const compatible = (a: { meteringRef: unknown }, b: { meteringRef: unknown }) =>
          a.meteringRef === b.meteringRef
        const batches = pack(reports, { traits: traitsWith({ batchMax }), compatible })
        const byId = (a: string, b: string) => Number(a) - Number(b)
        const ids = batches.map((batch) => batch.map(({ id }) => id))
        expect(ids.flat().toSorted(byId)).toEqual(reports.map(({ id }) => id))
        for (const batch of ids) expect(batch).toEqual(batch.toSorted(byId))
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(batchMax)
        for (const batch of batches)
          expect(new Set(batch.map(({ meteringRef }) => meteringRef)).size).toBe(1)
        const least = [...Map.groupBy(refs, (ref) => ref).values()].map((same) =>
          Math.ceil(same.length / batchMax),
        )
        expect(batches.length).toBe(least.reduce((a, b) => a + b, 0))
      }),
    )
  })
})

describe('read back', () => {
  /** At most 15 digits, as a double keeps them. */
  const short = fc
    .tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 999_999 }))
    .map(([whole, places]) => `${whole}.${String(places).padStart(6, '0')}`)
  const long = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 13n }), fc.bigInt({ min: 0n, max: 10n ** 12n - 1n }))
    .map(([whole, places]) => `${whole}.${String(places).padStart(12, '0')}`)

  it('knows our quantity again after it went through a double, and no other', () => {
    always(
      fc.property(fc.oneof(short, long), (ours) => {
        expect(sameAsDouble(Number(ours).toFixed(12), ours)).toBe(true)
        const digits = ours.split('.')[0]!.length
        const step = ours.startsWith('0.') || digits > 13 ? null : `0.${'0'.repeat(13 - digits)}11`
        if (step !== null) expect(sameAsDouble(plus(ours, step), ours)).toBe(false)
      }),
    )
  })

  it('tells the exact difference, and agrees only where there is none', () => {
    const held = fc.record({
      submitted: short,
      processed: fc.option(short),
      verdict: fc.constantFrom(
        'pending' as const,
        'agreed' as const,
        'differs' as const,
        'rejected' as const,
        'unknown' as const,
      ),
      planRef: fc.constant(null),
      nativeStatus: fc.constant(''),
    })
    const now: Instant = '2027-03-12T00:00:00.000Z'
    always(
      fc.property(fc.option(held), short, fc.boolean(), fc.boolean(), (held, ours, fresh, same) => {
        const accepted = same && held ? (held.processed ?? held.submitted) : ours
        const newestAt = later(now, fresh ? -3_600_000 : -90_000_000)
        const found = compareWith(held, { accepted, newestAt, isMoving: false }, now)
        expect(found.difference).toBe(minus(held?.processed ?? held?.submitted ?? '0', accepted))
        if (found.verdict === 'agreed') expect(compare(found.difference, '0')).toBe(0)
        if (held?.verdict === 'rejected') expect(found.verdict).toBe('rejected')
        const isOff = compare(held?.submitted ?? '0', accepted) !== 0
        if (!fresh && isOff) expect(found.verdict).not.toBe('pending')
        if (fresh && held === null) expect(['pending', 'agreed']).toContain(found.verdict)
      }),
    )
  })
})

describe('what is lost', () => {
  it('is worth what its quantity would have cost, and the mirror of it when it is owed', () => {
    const price = quantity.map((text) => times(text, '0.00001'))
    always(
      fc.property(price, quantity, (price, lost) => {
        const rate = { currency: 'USD', price }
        const value = worth(rate, lost)
        expect(value && parseMoney('USD', value.amount)).toEqual(charge(rate, lost))
        const owed = worth(rate, negate(lost))
        expect(owed && parseMoney('USD', owed.amount).minor).toBe(-charge(rate, lost).minor)
      }),
    )
  })
})
