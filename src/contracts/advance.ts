import { isZero, minus, plus } from '../kernel/decimal.ts'
import { dayOf, type Instant, startOf } from '../kernel/time.ts'
import { apply, lineOf } from './amend.ts'
import {
  type Book,
  hourBefore,
  type MinimumBook,
  minimumsFrom,
  nextAt,
  type Posting,
  post,
  unopened,
} from './book.ts'
import { rollOver } from './commit.ts'
import { type Lot, newLot } from './grants.ts'
import { trueUp } from './minimum.ts'
import { dayAfter, periodKinds } from './period.ts'
import { repaired } from './repair.ts'
import type { ContractTerms } from './terms.ts'

export type Advanced = {
  readonly book: Book
  /** In the order they came about; each is in the book's `posted` already. */
  readonly postings: readonly Posting[]
  readonly nextAt: Instant | null
}

/**
 * Opens a contract's book. `from` is the hour from which usage is priced by it, at the contract's start or later: what
 * lies before counts as unused, and no minimum is asked for it.
 */
export function open(terms: ContractTerms, from: Instant = startOf(terms.start)): Book {
  const first = startOf(terms.start)
  const at = from > first ? from : first
  const { book } = advance(unopened(terms, at), at)
  return { ...book, minimums: minimumsFrom(book, at, periodKinds) }
}

/**
 * What time alone does up to a moment, that moment included: lots end and roll over, periods end with what is missing
 * of their minimums, the contract ends, other versions begin; at one moment in this order. Releases need nothing done:
 * each has its own first day. Going back does nothing.
 *
 * Advance only as far as all usage before it was rated: what is rated later counts as of where the book is.
 */
export function advance(book: Book, to: Instant): Advanced {
  let now = book
  const postings: Posting[] = []
  for (let next = nextAt(now); next !== null && next <= to; next = nextAt(now)) {
    const at = next > now.at ? next : now.at
    const after = periodsEnded(lotsEnded({ ...now, at }, at), at)
    postings.push(...after.postings)
    now = versionsBegun(contractEnded(after.book, at), at)
  }
  return { book: to > now.at ? { ...now, at: to } : now, postings, nextAt: nextAt(now) }
}

/**
 * Ends a contract before its time, as when its agreement was cancelled: balances are forfeited, minimums are asked for
 * the days up to that moment where they go by days, and in full where they do not; no other version begins.
 * Call it once all usage before the end is rated. A contract that was over by then keeps its end.
 */
export function close(book: Book, at: Instant): Advanced {
  const upTo = advance({ ...book, coming: book.coming.filter((one) => one.at < at) }, at)
  const now = upTo.book
  const minimums = now.minimums.map((one) => cutOff(one, now))
  const lots = now.lots.map((lot) => (lot.hasEnded ? lot : forfeited(lot)))
  const end = now.isOver ? now.end : now.at
  const after = advance({ ...now, lots, minimums, coming: [], end }, now.at)
  return { ...after, postings: [...upTo.postings, ...after.postings] }
}

function cutOff(minimum: MinimumBook, { at, terms }: Book): MinimumBook {
  if (!minimum.prorate) return { ...minimum, end: at }
  const { net } = repaired(terms.currency, dayAfter(at), lineOf(minimum), null)
  return { ...minimum, end: at, minimum: plus(minimum.minimum, net) }
}

function lotsEnded(book: Book, at: Instant): Book {
  const isDone = (lot: Lot) => !lot.hasEnded && lot.until !== null && lot.until <= at
  const lots = book.lots.flatMap((lot) => (isDone(lot) ? ended(lot, book) : [lot]))
  return { ...book, lots }
}

/** A lot that is over, and what of it goes on as another one. */
function ended(lot: Lot, { at, terms }: Book): Lot[] {
  const rule = terms.commit?.rollover
  if (lot.kind !== 'commit' || rule === undefined) return [forfeited(lot)]
  const { cap, ...limits } = rule
  const { rolledOver, expires } = rollOver(
    terms.currency,
    { amount: lot.granted, unused: lot.left, on: dayOf(at) },
    cap === undefined ? limits : { ...limits, cap },
  )
  if (isZero(rolledOver)) return [forfeited(lot)]
  const rest = forfeited({ ...lot, left: minus(lot.left, rolledOver), rolled: rolledOver })
  const next = newLot({
    id: lot.id.replace('commit:', 'rollover:'),
    kind: 'rollover',
    priority: 0,
    from: at,
    until: startOf(expires),
    granted: rolledOver,
  })
  return [rest, next]
}

const forfeited = (lot: Lot): Lot => ({
  ...lot,
  hasEnded: true,
  forfeited: plus(lot.forfeited, lot.left),
  left: '0',
})

/** The shortest first: what a month was charged for its minimum counts towards the year's. */
function periodsEnded(
  book: Book,
  at: Instant,
): { readonly book: Book; readonly postings: readonly Posting[] } {
  const postings: Posting[] = []
  let now = book
  for (const period of periodKinds) {
    const done = now.minimums.find((one) => one.period === period && one.end <= at)
    if (done === undefined) continue
    const rest = now.minimums.filter((one) => one !== done)
    const amount = trueUp(done.minimum, done.spent)
    const minimums = rest.map((one) =>
      periodKinds.indexOf(one.period) > periodKinds.indexOf(period)
        ? { ...one, spent: plus(one.spent, amount) }
        : one,
    )
    now = { ...now, minimums, trueUps: plus(now.trueUps, amount) }
    if (isZero(amount)) continue
    const posted = post(now)
    now = posted.book
    const { start, minimum, spent } = done
    const hour = hourBefore(done.end)
    const when = { period, start, at: done.end, hour }
    postings.push({ reason: 'minimum', ...when, minimum, spent, amount, quantity: posted.quantity })
  }
  const begun = book.minimums.filter(({ end }) => end <= at).map(({ period }) => period)
  return {
    book: { ...now, minimums: [...now.minimums, ...minimumsFrom(now, at, begun)] },
    postings,
  }
}

const contractEnded = (book: Book, at: Instant): Book =>
  book.end !== null && book.end <= at ? { ...book, isOver: true } : book

function versionsBegun(book: Book, at: Instant): Book {
  const [next, ...coming] = book.coming
  return next && next.at <= at ? apply({ ...book, coming }, next.terms) : book
}
