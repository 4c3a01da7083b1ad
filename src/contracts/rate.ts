import { type Decimal, isNegative, negate, plus, total } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import { type Hour, hourStart } from '../kernel/time.ts'
import { type Book, type Frame, nextAt } from './book.ts'
import type { Draw } from './grants.ts'
import { Work } from './work.ts'

export type Usage = {
  readonly dimension: string
  readonly hour: Hour
  /** Negative takes usage back. */
  readonly quantity: Decimal
}

/**
 * What became of one quantity: `quantity = setOff + included + units at committed prices + overage units`. Amounts are
 * exact, in the contract's currency; all are negative where usage was taken back.
 */
export type Rating = {
  readonly dimension: string
  readonly quantity: Decimal
  /** Units against ones that were taken back before they were ever rated. */
  readonly setOff: Decimal
  /** Units that the price includes. */
  readonly included: Decimal
  /** Worth at the committed prices of the units that went by them. */
  readonly committed: Decimal
  /** Of which grant or release of the commit how much was drawn; negative is put back. */
  readonly drawn: readonly Draw[]
  /** What was taken back of balances that are over: not put back but owed to the buyer. */
  readonly credited: Decimal
  readonly overage: {
    /** Units at list prices; null where overage goes by committed prices, which needs no units. */
    readonly units: Decimal | null
    readonly amount: Decimal
  }
  /** What is owed for it: overage less what is credited. */
  readonly charge: Decimal
}

/**
 * Rates one dimension's usage of one hour. Call it in the order of hours, then dimensions, each once, on a book that
 * was advanced to the hour's start; an hour that the book has passed counts as of where the book is. Throws `internal`
 * when time has something to do first, or when the contract does not price the dimension.
 *
 * Within the hour included units come first, then what grants and commit cover at the committed price, then overage.
 * At list prices the covered units are cut to 12 decimals downward and the rest of the balance stays: the only
 * division. Usage taken back unwinds the last units first, at the prices they were rated by, also those of periods
 * before; a balance that is over is not refilled, that part is a credit.
 */
export function rate(
  book: Book,
  { dimension, hour, quantity }: Usage,
): { readonly book: Book; readonly rating: Rating } {
  const at = hourStart(hour) > book.at ? hourStart(hour) : book.at
  const due = nextAt(book)
  if (due !== null && due <= at)
    throw new Problem('internal', `the book has to come to ${due} first`)
  const found = book.dimensions.find((one) => one.dimension === dimension)
  const work = new Work(book, dimension, at, found?.frames ?? [], found?.owed ?? '0')
  if (isNegative(quantity)) work.takeBack(negate(quantity))
  else work.add(quantity)
  const rating = work.rating(quantity)
  const spent = plus(total(rating.drawn.map(({ amount }) => amount)), rating.charge)
  const own = { dimension, owed: work.owed, frames: kept(work.frames) }
  return {
    rating,
    book: {
      ...book,
      at,
      lots: work.lots,
      dimensions: [...book.dimensions.filter((one) => one !== found), own],
      minimums: book.minimums.map((one) => ({ ...one, spent: plus(one.spent, spent) })),
      overage: plus(book.overage, rating.overage.amount),
      credited: plus(book.credited, rating.credited),
    },
  }
}

/** Five years of months: usage older than this that is taken back is set off against later usage. */
const framesMax = 60
const kept = (frames: readonly Frame[]) => frames.slice(-framesMax)
