import { type Lot, newLot } from '../../src/contracts/grants.ts'
import {
  advance,
  type Book,
  type ContractTerms,
  contractTerms,
  type Posting,
  type Rating,
  rate,
} from '../../src/contracts/model.ts'
import { type Decimal, total } from '../../src/kernel/decimal.ts'
import type { Hour, Instant } from '../../src/kernel/time.ts'

/** A year with a commit of 1,000.00 on units that cost 1.00, and overage at the same price. */
export const terms = (more: object = {}): ContractTerms =>
  contractTerms.parse({
    currency: 'USD',
    bills: { dimension: 'cents', unit: '0.01' },
    start: '2026-01-01',
    end: '2027-01-01',
    commit: { amount: '1000.00', unused: 'forfeit' },
    rates: [flat('units', '1.00')],
    overage: { at: 'committed', multiplier: '1' },
    ...more,
  })

export const flat = (dimension: string, price: Decimal, more: object = {}) => ({
  dimension,
  price: { model: 'flat', rate: price },
  period: 'month',
  ...more,
})

export const hour = (text: string): Hour =>
  `${text.length === 10 ? `${text}T00` : text}:00Z` as Hour
export const at = (text: string): Instant =>
  `${text.length === 10 ? `${text}T00` : text}:00:00.000Z` as Instant

export const lot = (id: string, priority: number, until: string, granted: Decimal): Lot =>
  newLot({ id, kind: 'grant', priority, from: at('2020-01-01'), until: at(until), granted })

export type Use = readonly [when: string, quantity: Decimal, dimension?: string]
export type Played = {
  readonly book: Book
  readonly ratings: Rating[]
  readonly postings: Posting[]
}

/** Rates usage in the order given, after advancing to each hour. */
export function play(book: Book, uses: readonly Use[], to?: string): Played {
  let now = book
  const ratings: Rating[] = []
  const postings: Posting[] = []
  const advanceTo = (moment: Instant) => {
    const after = advance(now, moment)
    now = after.book
    postings.push(...after.postings)
  }
  for (const [when, quantity, dimension = 'units'] of uses) {
    advanceTo(at(when))
    const rated = rate(now, { dimension, hour: hour(when), quantity })
    now = rated.book
    ratings.push(rated.rating)
  }
  if (to) advanceTo(at(to))
  return { book: now, ratings, postings }
}

export const leftOf = ({ lots }: Book, id?: string): Decimal =>
  total(lots.filter((one) => id === undefined || one.id === id).map(({ left }) => left))
export const drawnIn = ({ drawn }: Rating): Decimal => total(drawn.map(({ amount }) => amount))
