import fc from 'fast-check'
import { expect } from 'vitest'
import { faultsOf } from '../../src/contracts/faults.ts'
import { drawnOf, type Lot } from '../../src/contracts/grants.ts'
import {
  advance,
  type Book,
  type ContractTerms,
  type Rating,
  rate,
} from '../../src/contracts/model.ts'
import { compare, type Decimal, isNegative, negate, plus, total } from '../../src/kernel/decimal.ts'
import { addDays, hourOf, instant, millis } from '../../src/kernel/time.ts'
import { type Fraction, fraction, isEqual, type PlainPrice, sum } from './fractions.ts'
import { terms, type Use } from './sample.ts'

export const numRuns = Number(process.env.PROPERTY_RUNS ?? 60)
/** Long enough for as many cases as are asked for. */
export const caseTimeMs = Math.max(30_000, numRuns * 60)

export const check = <Values>(property: fc.IProperty<Values>): void =>
  fc.assert(property, { numRuns })

/** A decimal of at most so many places. */
export const decimal = (max: number, placesMax: number) =>
  fc
    .tuple(
      fc.bigInt({ min: 0n, max: BigInt(max) * 10n ** BigInt(placesMax) }),
      fc.constant(placesMax),
    )
    .map(([n, places]) => shift(n, places))
export const shift = (n: bigint, places: number): Decimal => {
  const text = n.toString().padStart(places + 1, '0')
  return places === 0 ? text : plus(`${text.slice(0, -places)}.${text.slice(-places)}`, '0')
}
export const quantity = fc.oneof(decimal(2000, 0), decimal(500, 3), decimal(20, 12))
export const unitPrice = fc.oneof(decimal(3, 2), decimal(1, 8), decimal(1, 12), fc.constant('0'))

export const tiersOf = (bounds: readonly number[], rates: readonly Decimal[]) =>
  [...bounds.map((bound) => String(bound)), null].map((upTo, i) => ({
    upTo,
    rate: rates[i] ?? '1',
  }))
export const tiers = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { minLength: 0, maxLength: 3 }),
    fc.array(unitPrice, { minLength: 4, maxLength: 4 }),
  )
  .map(([bounds, rates]) =>
    tiersOf(
      bounds.toSorted((a, b) => a - b),
      rates,
    ),
  )
export const rising: fc.Arbitrary<PlainPrice> = fc.oneof(
  unitPrice.map((one) => ({ model: 'flat' as const, rate: one })),
  tiers.map((all) => ({ model: 'graduated' as const, tiers: all })),
  fc.tuple(fc.integer({ min: 1, max: 700 }), decimal(40, 2)).map(([block, price]) => ({
    model: 'package' as const,
    block: String(block),
    price,
  })),
)
export const anyPrice: fc.Arbitrary<PlainPrice> = fc.oneof(
  rising,
  tiers.map((all) => ({ model: 'volume' as const, tiers: all })),
)
export const pieces = fc.array(quantity, { minLength: 1, maxLength: 8 })
export const cents = (max: number) =>
  fc.bigInt({ min: 1n, max: BigInt(max) * 100n }).map((n) => shift(n, 2))

/** What can be drawn on all through January: a commit and some grants. */
export const balances = fc.record({
  commit: fc.option(cents(900), { nil: null }),
  grants: fc.array(
    fc.record({
      amount: cents(300),
      priority: fc.integer({ min: 0, max: 2 }),
      days: fc.integer({ min: 40, max: 300 }),
    }),
    { maxLength: 3 },
  ),
})
export type Balances = {
  readonly commit: Decimal | null
  readonly grants: readonly { amount: Decimal; priority: number; days: number }[]
}
export const held = ({ commit, grants }: Balances) => ({
  commit: commit && { amount: commit, unused: 'forfeit' },
  grants: grants.map(({ amount, priority, days }, i) => ({
    id: `g${i}`,
    amount,
    priority,
    from: '2026-01-01',
    until: addDays('2026-01-01', days),
  })),
})
export const balanceOf = ({ commit, grants }: Balances): Fraction =>
  sum([commit ?? '0', ...grants.map(({ amount }) => amount)].map(fraction))

export const sumOf = (ratings: readonly Rating[], part: (rating: Rating) => Decimal) =>
  total(ratings.map(part))
export const same = (found: Decimal, wanted: Fraction) => {
  if (!isEqual(fraction(found), wanted)) expect(found).toBe(`${wanted.over}/${wanted.under}`)
}
export const oneDimension = (price: PlainPrice, has: Balances, more: object): ContractTerms =>
  terms({ ...held(has), rates: [{ dimension: 'units', price, period: 'month', ...more }] })
export const inJanuary = (quantities: readonly Decimal[]): Use[] =>
  quantities.map((one, i) => [`2026-01-${String(2 + i * 3).padStart(2, '0')}T0${i}`, one])

/** A contract with all that time does to it, and usage and corrections at any hour of its year and after. */
export const year = fc.record({
  prices: fc.array(anyPrice, { minLength: 1, maxLength: 2 }),
  list: fc.option(anyPrice, { nil: null }),
  releases: fc.array(cents(400), { minLength: 1, maxLength: 5 }),
  unused: fc.constantFrom('forfeit', 'rollover', 'limited'),
  percent: fc.integer({ min: 0, max: 100 }),
  months: fc.integer({ min: 1, max: 5 }),
  grants: fc.array(
    fc.record({ amount: cents(200), from: fc.nat(300), days: fc.integer({ min: 1, max: 200 }) }),
    { maxLength: 3 },
  ),
  period: fc.constantFrom('month', 'quarter', 'year', 'term'),
  periods: fc.constantFrom('calendar', 'anniversary'),
  minimums: fc.uniqueArray(fc.constantFrom('month', 'quarter', 'year', 'term'), { maxLength: 3 }),
  prorate: fc.boolean(),
  included: decimal(100, 1),
  start: fc.integer({ min: 0, max: 40 }),
})
export type Year = typeof year extends fc.Arbitrary<infer T> ? T : never

export function yearly(made: Year): ContractTerms {
  const start = addDays('2026-01-01', made.start)
  const rates = made.prices.map((price, i) => ({
    dimension: `d${i}`,
    price,
    period: made.period,
    included: made.included,
  }))
  const unlimited =
    made.unused === 'limited'
      ? { percent: String(made.percent), expiresAfterMonths: made.months }
      : undefined
  const found = terms({
    start,
    end: addDays(start, 365),
    periods: made.periods,
    commit: {
      amount: total(made.releases),
      releases: made.releases.map((amount, i) => ({ on: addDays(start, i * 61), amount })),
      unused: made.unused === 'forfeit' ? 'forfeit' : 'rollover',
      rollover: unlimited,
    },
    grants: made.grants.map(({ amount, from, days }, i) => ({
      id: `g${i}`,
      amount,
      priority: i % 2,
      from: addDays(start, from),
      until: addDays(start, from + days),
    })),
    rates,
    overage: made.list
      ? { at: 'list', rates: rates.map(({ dimension }) => ({ dimension, price: made.list })) }
      : { at: 'committed', multiplier: '1' },
    minimums: made.minimums.map((period) => ({ period, amount: '50.00', prorate: made.prorate })),
  })
  expect(faultsOf(found)).toEqual([])
  return found
}

export const step = fc.record({
  hours: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2000 })),
  dimension: fc.nat(1),
  quantity: fc.oneof(
    { weight: 3, arbitrary: quantity },
    { weight: 1, arbitrary: quantity.map(negate) },
  ),
})
export const steps = fc.array(step, { maxLength: 14 })
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

export const later = (book: Book, hours: number) => instant(millis(book.at) + hours * 3_600_000)

export function walk(
  first: Book,
  all: readonly Step[],
  each: (before: Book, after: Book, rating: Rating) => void,
) {
  let book = first
  for (const { hours, dimension, quantity: amount } of all) {
    const at = later(book, hours)
    book = advance(book, at).book
    const name = `d${dimension % book.terms.rates.length}`
    const done = rate(book, { dimension: name, hour: hourOf(at), quantity: amount })
    each(book, done.book, done.rating)
    book = done.book
  }
  return book
}

/** Plain and quick, as it is asked many times of every case. */
export const holds = (isSo: boolean, what: () => string): void => {
  if (!isSo) throw new Error(what())
}
export const agree = (found: Decimal, wanted: Decimal, what: string): void =>
  holds(compare(found, wanted) === 0, () => `${what}: ${found} is not ${wanted}`)

export const addsUp = (lot: Lot) => {
  const parts = [drawnOf(lot), lot.left, lot.forfeited, lot.rolled]
  agree(total(parts), lot.granted, lot.id)
  holds(!parts.some(isNegative), () => `${lot.id} has less than nothing: ${parts.join(', ')}`)
}
