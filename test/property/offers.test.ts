import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare, plus, times } from '../../src/kernel/decimal.ts'
import { money, portion, sum, toDecimal } from '../../src/kernel/money.ts'
import { addMonths, type Day, dayOf, instant } from '../../src/kernel/time.ts'
import { feeOn, feeRate } from '../../src/offers/fees.ts'
import { instalments, type Schedule, scheduleFaults } from '../../src/offers/instalments.ts'
import table from '../../src/offers/listing-fees.json' with { type: 'json' }
import { always } from './always.ts'

const minor = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n })
const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD', 'CLF')
const amounts = fc.tuple(currency, minor).map(([c, m]) => money(c, m))
const days = fc
  .date({ min: new Date('2019-01-01'), max: new Date('2029-12-31'), noInvalidDate: true })
  .map((date) => dayOf(instant(date)))

describe('a payment schedule', () => {
  const parts = fc.integer({ min: 1, max: 60 })

  it('pays instalments that add up to the total', () => {
    always(
      fc.property(amounts, minor, parts, (m, first, n) => {
        const paid = instalments(m, money(m.currency, first), n)
        expect(paid).toHaveLength(n + 1)
        expect(sum(m.currency, paid)).toEqual(m)
        const rest = paid.slice(1).map((part) => part.minor)
        const [least, most] = [rest.at(-1)!, rest[0]!]
        expect((most - least) * (most < 0n ? -1n : 1n) <= 1n).toBe(true)
      }),
    )
  })

  it('keeps its rules over any term of months, and a cent or a day beyond it breaks one', () => {
    const some = fc.bigInt({ min: -1000n, max: 1000n }).filter((cents) => cents !== 0n)
    const row = fc.nat()
    always(
      fc.property(days, parts, minor, some, row, (start, months, total, off, at) => {
        const all = money('USD', total)
        const charges = instalments(all, money('USD', total / 3n), months).map((amount, n) => ({
          on: addMonths(start, n),
          amount,
        }))
        const schedule: Schedule = {
          total: all,
          charges,
          bounds: { first: start, last: addMonths(start, months) },
          pricing: null,
          country: null,
          frequency: null,
        }
        const traits = {
          paymentsMax: 61,
          uniqueDates: true,
          pricingRefused: [],
          frequencies: {},
        }
        expect(scheduleFaults(schedule, traits)).toEqual([])
        const changed = charges.with(at % charges.length, {
          ...charges[at % charges.length]!,
          amount: money('USD', charges[at % charges.length]!.amount.minor + off),
        })
        expect(scheduleFaults({ ...schedule, charges: changed }, traits)).toEqual([
          { code: 'SUM_MISMATCH', about: toDecimal(money('USD', off)), path: '' },
        ])
        const late = charges.with(-1, { ...charges.at(-1)!, on: addMonths(start, months + 1) })
        expect(scheduleFaults({ ...schedule, charges: late }, traits)).toEqual([
          { code: 'CHARGE_AFTER_END', about: late.at(-1)!.on, path: `${months}.on` },
        ])
      }),
    )
  })
})

describe('a listing fee', () => {
  it('and what it leaves add up to the amount', () => {
    const rates = fc.constantFrom('0.03', '0.02', '0.015', '0.035', '0.20')
    always(
      fc.property(amounts, rates, (m, rate) => {
        const { fee, net } = feeOn(m, rate)
        expect(sum(m.currency, [fee, net])).toEqual(m)
        expect(portion(m, rate)).toEqual(fee)
      }),
    )
  })

  const facts = {
    'offer.visibility': 'private',
    'offer.renewal': false,
    'product.type': 'saas',
    'agreement.acceptedAt': '2026-01-15',
  }

  it('has exactly one rate for every total', () => {
    always(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), (total) => {
        const found = feeRate({ provider: 'aws', facts, tcv: money('USD', total) })
        expect(found).toMatchObject({
          is: 'known',
          rules: [expect.stringMatching(/^AWS-2024-PRIV-/)],
        })
      }),
    )
  })

  it('never grows more expensive per unit with the total', () => {
    const totals = fc.bigInt({ min: 1n, max: 10n ** 12n })
    always(
      fc.property(totals, totals, (a, b) => {
        const rate = (total: bigint) => {
          const found = feeRate({ provider: 'aws', facts, tcv: money('USD', total) })
          return found.is === 'known' ? found.rate : 'none'
        }
        const [low, high] = a < b ? [a, b] : [b, a]
        expect(compare(rate(low), rate(high))).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('is that of the table as it stood on its day, whatever was added to it later', () => {
    const provider = fc.constantFrom('aws', 'azure', 'gcp')
    const dates = fc.record({
      'agreement.acceptedAt': days,
      'order.createdAt': days,
      'offer.createdAt': days,
      'offer.publishedAt': days,
      'term.startedAt': days,
      'charge.date': days,
    })
    const sale = fc.record({
      'offer.visibility': fc.constantFrom('private', 'public'),
      'offer.renewal': fc.boolean(),
      'offer.transactable': fc.constant(true),
      'offer.renewalAttested': fc.boolean(),
      'offer.channel': fc.constantFrom('direct', 'cppo'),
      'offer.dealType': fc.constantFrom('new', 'native_renewal', 'channel_shift'),
      'offer.pricing': fc.constantFrom('paid', 'free'),
      'product.type': fc.constantFrom('saas', 'professional_services'),
      'product.deployment': fc.constantFrom('saas', 'ami', 'data'),
    })
    const totals = fc.bigInt({ min: 0n, max: 3n * 10n ** 9n })
    always(
      fc.property(provider, sale, dates, totals, (provider, sale, dates, total) => {
        const facts = { ...sale, ...dates }
        const found = feeRate({ provider, facts, tcv: money('USD', total) })
        const expected = asItStood(provider, facts, total)
        if (found.is === 'unknown') expect(expected).toBeUndefined()
        else expect(compare(found.rate, expected ?? 'none')).toBe(0)
      }),
    )
  })
})

type Known = Readonly<Record<string, string | boolean>>
type Row = Omit<(typeof table.rules)[number], 'when'> & {
  readonly when: Readonly<Record<string, unknown>>
  readonly priority?: number
  readonly rate?: string
  readonly multiplier?: string
  readonly addPoints?: string
  readonly tcvTier?: { readonly gte: string; readonly lt: string | null }
}

/** The rate by the table's own `semantics`, from nothing but the rules that had begun on their day. */
function asItStood(provider: string, facts: Known, total: bigint): string | undefined {
  const on = (row: Row) => facts[row.effective.basis] as Day
  const begun = (table.rules as unknown as Row[]).filter(
    (row) => row.effective.from === null || row.effective.from <= on(row),
  )
  const fits = begun.filter(
    (row) =>
      row.provider === provider &&
      (row.effective.to === null || on(row) < row.effective.to) &&
      Object.entries(row.when).every(([path, wanted]) => isAsWanted(facts[path], wanted)),
  )
  if (fits.some((row) => row.rate === undefined && !row.multiplier && !row.addPoints)) return
  const cents = (amount: string) => BigInt(amount) * 100n
  const inTier = fits.filter(
    ({ tcvTier: tier }) =>
      !tier || (total >= cents(tier.gte) && (tier.lt === null || total < cents(tier.lt))),
  )
  const weight = (row: Row) => (row.priority ?? 0) * 1_000 + Object.keys(row.when).length
  const [base] = inTier
    .filter((row) => row.rate !== undefined)
    .toSorted((a, b) => weight(b) - weight(a) || a.id.localeCompare(b.id))
  if (base?.rate === undefined) return
  const multiplied = inTier.reduce((rate, row) => times(rate, row.multiplier ?? '1'), base.rate)
  return inTier.reduce((rate, row) => plus(rate, row.addPoints ?? '0'), multiplied)
}

function isAsWanted(known: string | boolean | undefined, wanted: unknown): boolean {
  if (known === undefined) return false
  if (typeof wanted !== 'object' || wanted === null) return known === wanted
  if ('in' in wanted) return (wanted.in as unknown[]).includes(known)
  return 'not' in wanted && known !== wanted.not
}
