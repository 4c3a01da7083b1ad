import { compare, type Decimal, plus, total } from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import { addMonths, type Day, type Hour, hourOf, type Instant, startOf } from '../kernel/time.ts'
import { advance, open } from './advance.ts'
import { type Book, billable, type Posting } from './book.ts'
import { available } from './grants.ts'
import { cliffsOf } from './price.ts'
import { type Rating, rate } from './rate.ts'
import type { PreviewContract } from './requests.ts'
import type { ContractTerms } from './terms.ts'

export type Priced = {
  readonly hour: Hour
  readonly rating: Rating
  /** What grants and the commit hold afterwards. */
  readonly balance: Decimal
}

export type Preview = {
  /** In the order asked. */
  readonly usage: readonly Priced[]
  readonly postings: readonly Posting[]
  readonly warnings: readonly Violation[]
  /** At the end of the month that was used in last. */
  readonly book: Book
  readonly owed: Decimal
  readonly drawn: Decimal
}

type Row = PreviewContract['usage'][number]

/** What usage that nobody used yet would cost: the book of a contract played in the order of hours and dimensions. */
export function preview(terms: ContractTerms, usage: readonly Row[]): Preview {
  let book = open(terms)
  const postings: Posting[] = []
  const until = (to: Instant) => {
    const after = advance(book, to)
    book = after.book
    postings.push(...after.postings)
  }
  const asked = usage.map((row, index) => ({ ...row, index, at: momentOf(row, terms) }))
  const priced: Priced[] = []
  for (const { index, at, dimension, quantity } of asked.toSorted(inOrder)) {
    until(at)
    const hour = hourOf(at)
    const done = rate(book, { dimension, hour, quantity })
    book = done.book
    priced[index] = { hour, rating: done.rating, balance: available(book.lots, book.at) }
  }
  const last = asked
    .map(({ at }) => at)
    .toSorted()
    .at(-1)
  if (last) until(startOf(addMonths(`${last.slice(0, 7)}-01` as Day, 1)))
  const drawn = total(priced.flatMap(({ rating }) => rating.drawn.map(({ amount }) => amount)))
  return { usage: priced, postings, warnings: warningsOf(terms), book, owed: billable(book), drawn }
}

type Asked = Row & { readonly at: Instant; readonly index: number }
const inOrder = (a: Asked, b: Asked): number => {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1
  return a.dimension < b.dimension ? -1 : a.dimension > b.dimension ? 1 : a.index - b.index
}

/** The first hour of what is meant, or of the contract where that is later. */
function momentOf({ hour, month }: Row, { start }: ContractTerms): Instant {
  const at =
    hour === undefined ? startOf(`${month}-01` as Day) : (hour.replace('Z', ':00.000Z') as Instant)
  return at > startOf(start) ? at : startOf(start)
}

/** Rows that lie before the contract, or name what it does not price. */
export function usageFaults(terms: ContractTerms, usage: readonly Row[]): Violation[] {
  return usage.flatMap((row, i) => {
    const found: Violation[] = []
    if (!terms.rates.some(({ dimension }) => dimension === row.dimension))
      found.push({ path: `usage.${i}.dimension`, message: `${row.dimension} is not rated` })
    const isBefore =
      row.hour === undefined
        ? addMonths(`${row.month}-01` as Day, 1) <= terms.start
        : row.hour < `${terms.start}T00:00Z`
    if (isBefore)
      found.push({
        path: `usage.${i}.${row.hour === undefined ? 'month' : 'hour'}`,
        message: `lies before the contract begins, ${terms.start}`,
      })
    return found
  })
}

/** What is allowed and yet may surprise. */
export function warningsOf({ rates, overage, grants, start }: ContractTerms): Violation[] {
  const listed = overage.at === 'list' ? overage.rates : []
  const prices = [
    ...rates.map(({ price }, i) => ({ price, path: `rates.${i}.price` })),
    ...listed.map(({ price }, i) => ({ price, path: `overage.rates.${i}.price` })),
  ]
  const cliffs = prices.flatMap(({ price, path }) =>
    cliffsOf(price).map(({ at, cost, until }) => ({
      path,
      message:
        `${at} units cost ${plus(cost, '0')}, and more units cost less` +
        (until === null ? '' : ` until ${until} cost as much again`),
    })),
  )
  const cheap =
    overage.at === 'committed' && compare(overage.multiplier, '1') < 0
      ? [{ path: 'overage.multiplier', message: 'overage is cheaper than the commit' }]
      : []
  const over = grants.flatMap(({ id, until }, i) =>
    until !== null && until <= start
      ? [{ path: `grants.${i}.until`, message: `${id} is over before the contract begins` }]
      : [],
  )
  return [...cliffs, ...cheap, ...over]
}
