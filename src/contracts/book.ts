import { type Decimal, divide, isNegative, minus, plus } from '../kernel/decimal.ts'
import {
  dayMs,
  dayOf,
  type Hour,
  hourOf,
  hourStart,
  type Instant,
  instant,
  millis,
  startOf,
} from '../kernel/time.ts'
import { releasesOf } from './commit.ts'
import { type Lot, newLot, type Run } from './grants.ts'
import { byDays } from './minimum.ts'
import { dayAfter, type PeriodKind, periodAt, type Stretch, type Term } from './period.ts'
import type { ContractTerms } from './terms.ts'

/** Units of one kind that were rated one after another by one card. */
export type Span = {
  readonly kind: 'included' | 'committed' | 'list'
  /** Which of the book's cards priced them. */
  readonly card: number
  readonly units: Decimal
}

/** One dimension's units of one period, oldest first, and the money of those at committed prices. */
export type Frame = {
  readonly period: PeriodKind
  readonly start: Instant
  readonly end: Instant | null
  readonly spans: readonly Span[]
  readonly runs: readonly Run[]
}

export type DimensionBook = {
  readonly dimension: string
  /** Units taken back that were never rated here: set off against later ones. */
  readonly owed: Decimal
  /** The oldest first; the last may be the period in progress. */
  readonly frames: readonly Frame[]
}

/** Prices of one version. Those of earlier ones stay, for what is taken back. */
export type Card = Pick<ContractTerms, 'rates' | 'overage'>

/** A minimum in progress. */
export type MinimumBook = {
  readonly period: PeriodKind
  readonly start: Instant
  readonly end: Instant
  /** Days of the whole period. */
  readonly days: number
  /** What the terms ask for a whole period, and whether by days. */
  readonly full: Decimal
  readonly prorate: boolean
  /** What is owed at least for this one. */
  readonly minimum: Decimal
  /** Worth of its usage so far, whether drawn or billed, with the true-ups of shorter periods. */
  readonly spent: Decimal
}

/**
 * All that a contract has seen of one agreement, as plain JSON. Amounts are exact decimals in the contract's currency,
 * of any length. Changed only by the functions beside it, which edit nothing: each returns another book.
 */
export type Book = {
  readonly terms: ContractTerms
  /** Usage of earlier hours was not priced here. */
  readonly from: Instant
  /** How far the book has come: what arrives for an earlier hour counts as of this moment. */
  readonly at: Instant
  /** When the contract is over; null is never. */
  readonly end: Instant | null
  readonly isOver: boolean
  readonly cards: readonly Card[]
  readonly lots: readonly Lot[]
  readonly minimums: readonly MinimumBook[]
  readonly dimensions: readonly DimensionBook[]
  /** Versions that take effect later, the next one first. */
  readonly coming: readonly { readonly at: Instant; readonly terms: ContractTerms }[]
  /** What was owed for units that no balance covered. */
  readonly overage: Decimal
  /** What is owed to the buyer for usage taken back of balances that were over. */
  readonly credited: Decimal
  /** What was missing of minimums. */
  readonly trueUps: Decimal
  /** Units of the billed dimension that were posted for it. */
  readonly posted: Decimal
}

/** A quantity for the billed dimension that time alone brought about. */
export type Posting = {
  readonly reason: 'minimum'
  readonly period: PeriodKind
  readonly start: Instant
  /** When the period was over. */
  readonly at: Instant
  /** The last hour of the period: where the posting belongs. */
  readonly hour: Hour
  readonly minimum: Decimal
  readonly spent: Decimal
  readonly amount: Decimal
  /** Units of the billed dimension, with whatever else was not posted before it. May be negative or zero. */
  readonly quantity: Decimal
}

/** A contract's book at its first moment, when nothing was asked of it. */
export const unopened = (terms: ContractTerms, from: Instant): Book => ({
  terms,
  from,
  at: startOf(terms.start),
  end: terms.end && startOf(terms.end),
  isOver: false,
  cards: [cardOf(terms)],
  lots: [...grantsOf(terms), ...releasesOf(terms)],
  minimums: [],
  dimensions: [],
  coming: [],
  overage: '0',
  credited: '0',
  trueUps: '0',
  posted: '0',
})

export const cardOf = ({ rates, overage }: ContractTerms): Card => ({ rates, overage })

export const grantsOf = ({ grants, end }: ContractTerms): Lot[] =>
  grants.map(({ id, amount, priority, from, until }) => {
    const last = until ?? end
    return newLot({
      id,
      kind: 'grant',
      priority,
      from: startOf(from),
      until: last && startOf(last),
      granted: amount,
    })
  })

export const termOf = ({ terms, end }: Pick<Book, 'terms' | 'end'>): Term => ({
  start: terms.start,
  periods: terms.periods,
  end,
})

/** The minimums that begin, or are in progress without having been asked for, at a moment. */
export function minimumsFrom(book: Book, at: Instant, kinds: readonly PeriodKind[]): MinimumBook[] {
  if (book.end !== null && at >= book.end) return []
  return book.terms.minimums
    .filter(({ period }) => kinds.includes(period))
    .flatMap(({ period, amount, prorate }) => {
      const whole: Stretch = periodAt(termOf(book), period, at)
      if (whole.end === null) return []
      const begins = whole.start > at ? whole.start : at
      const days = daysIn(begins, whole.end)
      const minimum = prorate ? byDays(book.terms.currency, amount, days, whole.days) : amount
      const { end } = whole
      return [
        {
          period,
          start: begins,
          end,
          days: whole.days,
          full: amount,
          prorate,
          minimum,
          spent: '0',
        },
      ]
    })
}

/** Days of a stretch: those it begins in and touches. */
const daysIn = (from: Instant, end: Instant): number =>
  Math.round((millis(startOf(dayAfter(end))) - millis(startOf(dayOf(from)))) / dayMs)

/**
 * Whether `rate` is to be asked for usage of a dimension in an hour, by the terms in force where the book is. What is
 * taken back (a negative quantity) of a dimension that only earlier terms priced still is.
 */
export function prices(
  book: Book,
  dimension: string,
  hour: Hour,
  quantity: Decimal = '0',
): boolean {
  if (hourStart(hour) < book.from) return false
  if (book.terms.rates.some((rate) => rate.dimension === dimension)) return true
  const own = book.dimensions.find((one) => one.dimension === dimension)
  return isNegative(quantity) && (own?.frames.some(({ spans }) => spans.length > 0) ?? false)
}

/** The dimensions that any version prices, of the past, in force or to come. */
export const everRated = ({ cards, coming }: Book): string[] => [
  ...new Set(
    [...cards, ...coming.map(({ terms }) => terms)].flatMap(({ rates }) =>
      rates.map(({ dimension }) => dimension),
    ),
  ),
]

/** All that is owed so far beyond what was paid in advance: exact, and less when usage was taken back. */
export const billable = ({ overage, credited, trueUps }: Book): Decimal =>
  minus(plus(overage, trueUps), credited)

/**
 * What is to be posted to the billed dimension now: all that is owed in its units, cut to 12 decimals, less what was
 * posted before. Negative when usage was taken back. The remainder waits in the book.
 */
export function post(book: Book): { readonly book: Book; readonly quantity: Decimal } {
  const due = divide(billable(book), book.terms.bills.unit, 12, 'down')
  const quantity = minus(due, book.posted)
  return { book: { ...book, posted: plus(book.posted, quantity) }, quantity }
}

/** When time alone does something next: a lot or a period ends, another version begins, the contract is over. */
export function nextAt(book: Book): Instant | null {
  const moments = [
    ...book.lots.flatMap(({ until, hasEnded }) => (hasEnded || until === null ? [] : [until])),
    ...book.minimums.map(({ end }) => end),
    ...book.coming.map(({ at }) => at),
    ...(book.isOver || book.end === null ? [] : [book.end]),
  ]
  return moments.reduce<Instant | null>((a, b) => (a === null || b < a ? b : a), null)
}

/** The hour that a moment closes. */
export const hourBefore = (at: Instant): Hour => hourOf(instant(millis(at) - 1))
