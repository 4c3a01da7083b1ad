import {
  compare,
  type Decimal,
  isNegative,
  least,
  minus,
  negate,
  plus,
  total,
} from '../kernel/decimal.ts'
import { dayOf, type Instant, startOf } from '../kernel/time.ts'
import { type Book, cardOf, grantsOf, type MinimumBook, minimumsFrom, termOf } from './book.ts'
import { releasesOf } from './commit.ts'
import { type Lot, newLot } from './grants.ts'
import { dayAfter, periodAt, periodKinds } from './period.ts'
import { type Line, repaired } from './repair.ts'
import type { ContractTerms } from './terms.ts'

/**
 * A book that knows of a new version from a moment on: what was rated before stays as it was. A moment that the book
 * has passed means the one where it is. Versions that would have begun later are forgotten: the newest word counts.
 */
export function amend(book: Book, terms: ContractTerms, at: Instant): Book {
  const earlier = book.coming.filter((other) => other.at < at)
  if (at > book.at) return { ...book, coming: [...earlier, { at, terms }] }
  return apply({ ...book, coming: [] }, terms)
}

/**
 * Puts a version in force where the book is. Balances carry over; of a commit and of grants only the difference is
 * added, or taken away as far as it is there; periods in progress keep their quantities. Terms with another start are
 * a new term with a commit of its own.
 */
export function apply(book: Book, terms: ContractTerms): Book {
  const { at } = book
  const end = terms.end && startOf(terms.end)
  const next: Book = {
    ...book,
    terms,
    end,
    isOver: false,
    cards: [...book.cards, cardOf(terms)],
    lots: amendedCommit(amendedGrants(book, terms), terms, at),
    minimums: [],
  }
  const going = book.minimums.map((one) => amendedMinimum(one, next))
  const kinds = periodKinds.filter((kind) => !going.some(({ period }) => period === kind))
  return { ...next, minimums: [...going, ...minimumsFrom(next, at, kinds)] }
}

function amendedGrants({ lots, at }: Book, terms: ContractTerms): readonly Lot[] {
  const asked = grantsOf(terms)
  const kept = lots.map((lot) => {
    if (lot.kind !== 'grant' || lot.hasEnded) return lot
    const next = asked.find(({ id }) => id === lot.id)
    if (next === undefined) return { ...lot, until: earliest(lot.until, at) }
    const { priority, from, until } = next
    return { ...changed(lot, minus(next.granted, lot.granted)).lot, priority, from, until }
  })
  return [...kept, ...asked.filter(({ id }) => !lots.some((lot) => lot.id === id))]
}

function amendedCommit(lots: readonly Lot[], terms: ContractTerms, at: Instant): readonly Lot[] {
  const first = startOf(terms.start)
  const asked = releasesOf(terms)
  const ours = (lot: Lot) => lot.kind === 'commit' && lot.from >= first
  const before = lots.filter((lot) => ours(lot) && lot.from <= at)
  const others = lots.filter((lot) => !ours(lot))
  const coming = asked.filter((lot) => lot.from > at)
  // Nothing of this term was released yet: it is a new one.
  if (before.length === 0) return [...others, ...asked]
  const due = asked.filter((lot) => lot.from <= at)
  const until = due.at(-1)?.until ?? (terms.end && startOf(terms.end))
  const going = before.map((lot) => (lot.hasEnded ? lot : { ...lot, until }))
  const difference = minus(sumOf(due), sumOf(before))
  return [...others, ...adjusted(going, difference, { at, until }), ...coming]
}

const sumOf = (lots: readonly Lot[]): Decimal => total(lots.map(({ granted }) => granted))

/** Adds to the newest lot that is there, or takes away from the newest first, never more than is left. */
function adjusted(
  lots: readonly Lot[],
  difference: Decimal,
  { at, until }: { readonly at: Instant; readonly until: Instant | null },
): readonly Lot[] {
  let rest = difference
  const newestFirst = lots.toReversed().map((lot) => {
    if (lot.hasEnded) return lot
    const done = changed(lot, rest)
    rest = minus(rest, done.by)
    return done.lot
  })
  const after = newestFirst.toReversed()
  if (compare(rest, '0') <= 0) return after
  const more = { kind: 'commit', priority: 0, from: at, until, granted: rest } as const
  return [...after, newLot({ id: `commit:${at}`, ...more })]
}

/** A lot with more or less granted; less only as far as it is there. */
function changed(lot: Lot, by: Decimal): { readonly lot: Lot; readonly by: Decimal } {
  const done = isNegative(by) ? negate(least(negate(by), lot.left)) : by
  const after = { ...lot, granted: plus(lot.granted, done), left: plus(lot.left, done) }
  return { lot: after, by: done }
}

const earliest = (a: Instant | null, b: Instant): Instant => (a === null || b < a ? b : a)

/** A minimum in progress under new terms: by days the old one up to now and the new one from now on. */
function amendedMinimum(old: MinimumBook, next: Book): MinimumBook {
  const { at, terms } = next
  const asked = terms.minimums.find(({ period }) => period === old.period)
  const full = asked?.amount ?? '0'
  const prorate = asked?.prorate ?? old.prorate
  const whole = periodAt(termOf(next), old.period, at)
  const end = next.end !== null && next.end <= at ? at : (whole.end ?? at)
  const after = { ...old, end, days: whole.days, full, prorate }
  if (!prorate) return { ...after, minimum: full }
  const day = dayOf(at)
  const line: Line | null =
    end > at && asked
      ? { amount: full, start: day, endExclusive: dayAfter(end), of: whole.days }
      : null
  const { net } = repaired(terms.currency, day, lineOf(old), line)
  return { ...after, minimum: plus(old.minimum, net) }
}

export const lineOf = ({ full, start, end, days }: MinimumBook): Line => ({
  amount: full,
  start: dayOf(start),
  endExclusive: dayAfter(end),
  of: days,
})
