import type { Agreement } from '../agreements/model.ts'
import { type Decimal, minus, plus, total } from '../kernel/decimal.ts'
import { type MoneyJson, post, type Rate, toJson } from '../kernel/money.ts'
import type { Instant, Month } from '../kernel/time.ts'
import type { UsageState } from '../metering/model.ts'
import type { Vantage } from '../revenue/model.ts'
import { comparisons } from './differences.ts'
import type { Facts } from './facts.ts'
import { type LineRow, lineRows } from './line-rows.ts'
import { type Comparison, type Figure, type PartKind, partKinds } from './model.ts'
import {
  latePartsPath,
  latePath,
  type Place,
  partsPath,
  postingsPath,
  ratingsPath,
  readBacksPath,
  recordsPath,
} from './paths.ts'
import type { PostingSum, RatingSum, RecordSum } from './sums.ts'
import { worth } from './value.ts'

/** States that a record can be in and that a statement tells apart, in the order of its life. */
export const counted = [
  'open',
  'held',
  'due',
  'sending',
  'accepted',
  'refused',
  'lost',
] as const satisfies readonly UsageState['is'][]
type CountedState = (typeof counted)[number]

/** Use of one dimension in a month, from what was told to what was taken. */
export type DimensionRow = {
  readonly dimension: string
  readonly parts: Readonly<Record<PartKind, Figure>>
  readonly records: Figure
  readonly states: Readonly<Record<CountedState, Figure>>
  readonly included: Figure
  readonly rated: Figure
  readonly carriedIn: Figure
  readonly carriedOut: Figure
  readonly late: {
    readonly parts: Readonly<Record<PartKind, Figure>>
    readonly records: Figure
    readonly lost: Figure
    readonly included: Figure
    readonly lostValue: Figure | null
  }
  /** What the marketplace holds, by source; absent where it tells nothing. */
  readonly taken: readonly { readonly source: 'api' | 'report'; readonly held: Figure }[]
  readonly rates: readonly { readonly from: Instant; readonly rate: Rate }[]
  /** What is accepted at those rates, each rounded once; null where one is not known. */
  readonly acceptedValue: MoneyJson | null
  /** As put down record by record; null where it is not known, or nothing is lost. */
  readonly lostValue: Figure | null
}

/** What a contract made of one dimension: units, and exact amounts in its currency. */
export const ratedAmounts = [
  'quantity',
  'included',
  'committed',
  'drawn',
  'overage',
  'credited',
  'charge',
] as const
export type RatingRow = {
  readonly dimension: string
  readonly figures: Readonly<Record<(typeof ratedAmounts)[number], Figure>>
}

/** Both sides of something that must be equal. */
export type Identity = {
  readonly dimension: string
  readonly what: 'parts' | 'records' | 'late_parts' | 'late_records'
  readonly left: Decimal
  readonly right: Decimal
  readonly holds: boolean
}

export type Statement = {
  readonly agreement: Agreement
  readonly month: Month
  readonly from: Instant
  readonly to: Instant
  readonly at: Vantage
  readonly dimensions: readonly DimensionRow[]
  readonly contract: {
    readonly ratings: readonly RatingRow[]
    readonly postings: readonly {
      readonly dimension: string
      readonly reason: string
      readonly posted: Figure
    }[]
  }
  readonly lines: readonly LineRow[]
  readonly comparisons: readonly Comparison[]
  readonly addsUp: readonly Identity[]
  readonly holds: boolean
}

export function statementOf(facts: Facts): Statement {
  const { agreement, month, window, at } = facts
  const names = [...facts.records, ...facts.parts, ...facts.taken].map((one) => one.dimension)
  const dimensions = [...new Set(names)].toSorted().map((name) => dimensionRow(facts, name))
  const addsUp = dimensions.flatMap(identities)
  const ratings = facts.ratings.map((one) => ratingRow(facts, one))
  const postings = facts.postings.map((one) => postingRow(facts, one))
  return {
    agreement,
    month,
    ...window,
    at,
    dimensions,
    contract: { ratings, postings },
    lines: lineRows(facts),
    comparisons: comparisons(facts),
    addsUp,
    holds: addsUp.every(({ holds }) => holds),
  }
}

function dimensionRow(facts: Facts, dimension: string): DimensionRow {
  const { agreement, window, rates } = facts
  const place: Place = { agreement: agreement.id, dimension, ...window }
  const own = facts.records.filter((one) => one.dimension === dimension)
  const [timely, late] = [own.filter((one) => !one.isLate), own.filter((one) => one.isLate)]
  const all = recordsPath(place)
  return {
    dimension,
    parts: partFigures(facts, dimension, false),
    records: figure(timely, 'quantity', all),
    states: Object.fromEntries(
      counted.map((state) => [
        state,
        standing(
          timely.filter((one) => one.state === state),
          recordsPath(place, state),
        ),
      ]),
    ) as Record<CountedState, Figure>,
    included: figure(timely, 'included', all),
    rated: figure(timely, 'rated', all),
    carriedIn: figure(timely, 'carriedIn', all),
    carriedOut: figure(timely, 'carriedOut', all),
    late: {
      parts: partFigures(facts, dimension, true),
      records: figure(late, 'quantity', latePath(place)),
      lost: standing(
        late.filter(({ state }) => state === 'lost'),
        latePath(place, 'lost'),
      ),
      included: figure(late, 'included', latePath(place)),
      lostValue: lostValue(late, latePath(place, 'lost')),
    },
    taken: takenFigures(facts, place, dimension),
    rates: rates.spans.flatMap(({ from, byDimension }) => {
      const rate = byDimension.get(dimension)
      return rate ? [{ from, rate }] : []
    }),
    acceptedValue: acceptedValue(facts, timely),
    lostValue: lostValue(timely, recordsPath(place, 'lost')),
  }
}

type Summed = 'quantity' | 'included' | 'rated' | 'carriedIn' | 'carriedOut'

const figure = (records: readonly RecordSum[], field: Summed, rows: string): Figure => ({
  value: total(records.map((one) => one[field])),
  count: countOf(records),
  rows,
  sums: [field],
})

/** What records stand for: what is sent of them, or while nothing is frozen, their quantity. */
const standing = (records: readonly RecordSum[], rows: string): Figure => ({
  value: total(records.map(({ counts }) => counts)),
  count: countOf(records),
  rows,
  sums: ['sent', 'quantity'],
})

const countOf = (rows: readonly { readonly count: number }[]): number =>
  rows.reduce((sum, { count }) => sum + count, 0)

function partFigures(
  facts: Facts,
  dimension: string,
  isLate: boolean,
): Readonly<Record<PartKind, Figure>> {
  const place = { agreement: facts.agreement.id, dimension, ...facts.window }
  return Object.fromEntries(
    partKinds.map((kind) => {
      const own = facts.parts.filter(
        (one) => one.dimension === dimension && one.kind === kind && one.isLate === isLate,
      )
      const rows = isLate ? latePartsPath(place, kind) : partsPath(place, kind)
      const value = total(own.map(({ quantity }) => quantity))
      return [kind, { value, count: countOf(own), rows, sums: ['quantity'] }]
    }),
  ) as unknown as Record<PartKind, Figure>
}

const takenFigures = (facts: Facts, place: Place, dimension: string): DimensionRow['taken'] =>
  (['api', 'report'] as const).flatMap((source) => {
    const rows = facts.taken.filter((one) => one.dimension === dimension && one.source === source)
    if (rows.length === 0) return []
    const held: Figure = {
      value: total(rows.map(({ taken }) => taken)),
      count: rows.length,
      rows: readBacksPath(place, facts.agreement.connection, source),
      sums: ['taken'],
    }
    return [{ source, held }]
  })

function acceptedValue(facts: Facts, records: readonly RecordSum[]): MoneyJson | null {
  const value = worth(
    facts,
    records.filter(({ state }) => state === 'accepted'),
  )
  return value && toJson(value)
}

function lostValue(records: readonly RecordSum[], rows: string): Figure | null {
  const lost = records.filter(({ state }) => state === 'lost')
  const [currency] = lost.flatMap((one) => one.currency ?? [])
  if (!currency || lost.some(({ unvalued }) => unvalued > 0)) return null
  const value = toJson(post(currency, total(lost.map((one) => one.value ?? '0')))).amount
  return { value, currency, count: countOf(lost), rows, sums: ['state.value.amount'] }
}

function ratingRow({ agreement, window }: Facts, rating: RatingSum): RatingRow {
  const { dimension, currency, count } = rating
  const rows = ratingsPath({ agreement: agreement.id, dimension, ...window })
  const of = (name: (typeof ratedAmounts)[number]): Figure => ({
    value: rating[name],
    count,
    rows,
    sums: [name],
    ...(name !== 'quantity' && name !== 'included' && { currency }),
  })
  const figures = Object.fromEntries(ratedAmounts.map((name) => [name, of(name)]))
  return { dimension, figures: figures as RatingRow['figures'] }
}

const postingRow = ({ agreement, window }: Facts, posting: PostingSum) => {
  const { dimension, reason, count, quantity } = posting
  const rows = postingsPath({ agreement: agreement.id, dimension, ...window }, reason)
  return { dimension, reason, posted: { value: quantity, count, rows, sums: ['quantity'] } }
}

/** What must be equal, told from both sides. */
function identities(row: DimensionRow): Identity[] {
  const { dimension, parts, records, states, late } = row
  const sum = (figures: readonly Figure[]): Decimal => total(figures.map(({ value }) => value))
  const carried = minus(row.carriedOut.value, row.carriedIn.value)
  const became = plus(sum([...Object.values(states), row.included, row.rated]), carried)
  const same = (what: Identity['what'], left: Decimal, right: Decimal): Identity => ({
    dimension,
    what,
    left,
    right,
    holds: minus(left, right) === '0',
  })
  return [
    same('parts', sum(Object.values(parts)), records.value),
    same('records', became, records.value),
    same('late_parts', sum(Object.values(late.parts)), late.records.value),
    same('late_records', sum([late.lost, late.included]), late.records.value),
  ]
}
