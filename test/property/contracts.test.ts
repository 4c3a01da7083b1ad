import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { drawnOf } from '../../src/contracts/grants.ts'
import { billable, type ContractTerms, open } from '../../src/contracts/model.ts'
import { afford, costOf, type Price } from '../../src/contracts/price.ts'
import { compare, minus, plus, total } from '../../src/kernel/decimal.ts'
import { addDays, type Day } from '../../src/kernel/time.ts'
import {
  anyPrice,
  balanceOf,
  balances,
  caseTimeMs,
  cents,
  check,
  decimal,
  held,
  inJanuary,
  oneDimension,
  pieces,
  quantity,
  rising,
  same,
  sumOf,
} from '../contracts/arbitrary.ts'
import {
  cost,
  covered,
  type Fraction,
  fraction,
  greater,
  lesser,
  multiply,
  sum,
  take,
  whole,
} from '../contracts/fractions.ts'
import { drawnIn, play, terms } from '../contracts/sample.ts'

vi.setConfig({ testTimeout: caseTimeMs })

describe('prices', () => {
  it('cost as much as when all units are reckoned at once', () => {
    check(
      fc.property(anyPrice, quantity, (price, units) =>
        same(costOf(price as Price, units), cost(price, fraction(units))),
      ),
    )
  })
  it('cover as many units as a search finds, wherever the search begins', () => {
    check(
      fc.property(anyPrice, quantity, decimal(300, 4), quantity, (price, units, amount, before) => {
        same(
          afford(price as Price, '0', units, amount),
          covered(price, fraction(units), fraction(amount)),
        )
        const first = afford(price as Price, '0', before, amount)
        if (compare(first, before) < 0) return
        const rest = minus(amount, costOf(price as Price, before))
        const all = covered(price, fraction(plus(before, units)), fraction(amount))
        same(plus(before, afford(price as Price, before, units, rest)), all)
      }),
    )
  })
})

describe('a period', () => {
  const included = fc.option(decimal(800, 2), { nil: undefined })

  it('comes to the same however its usage is split, with overage at committed prices', () => {
    check(
      fc.property(
        anyPrice,
        pieces,
        balances,
        included,
        decimal(2, 2),
        (price, parts, has, free, multiplier) => {
          const overage = { at: 'committed', multiplier }
          const contract = {
            ...oneDimension(price, has, free === undefined ? {} : { included: free }),
            overage,
          } as ContractTerms
          const { book, ratings } = play(open(contract), inJanuary(parts))
          const all = sum(parts.map(fraction))
          const units = greater(take(all, fraction(free ?? '0')), whole(0n))
          const worth = cost(price, units)
          const drawn = lesser(worth, balanceOf(has))
          same(
            sumOf(ratings, (one) => one.included),
            take(all, units),
          )
          same(
            sumOf(ratings, (one) => one.committed),
            worth,
          )
          same(sumOf(ratings, drawnIn), drawn)
          same(billable(book), multiply(take(worth, drawn), fraction(multiplier)))
          const once = play(open(contract), [['2026-01-30', total(parts)]])
          expect(once.book.lots).toEqual(book.lots)
        },
      ),
    )
  })

  it('comes to the same however its usage is split, with overage at list prices', () => {
    check(
      fc.property(
        anyPrice,
        anyPrice,
        pieces,
        balances,
        included,
        (price, list, parts, has, free) => {
          const overage = { at: 'list', rates: [{ dimension: 'units', price: list }] }
          const contract = {
            ...oneDimension(price, has, free === undefined ? {} : { included: free }),
            overage,
          } as ContractTerms
          const { book, ratings } = play(open(contract), inJanuary(parts))
          const all = sum(parts.map(fraction))
          const units = greater(take(all, fraction(free ?? '0')), whole(0n))
          const byBalance = covered(price, units, balanceOf(has))
          const beyond = take(units, byBalance)
          same(
            sumOf(ratings, (one) => one.committed),
            cost(price, byBalance),
          )
          same(sumOf(ratings, drawnIn), cost(price, byBalance))
          same(
            sumOf(ratings, (one) => one.overage.units ?? '0'),
            beyond,
          )
          same(billable(book), cost(list, beyond))
          const once = play(open(contract), [['2026-01-30', total(parts)]])
          expect(once.book.lots).toEqual(book.lots)
        },
      ),
    )
  })

  it('draws what all dimensions are worth together, as far as there is something to draw on', () => {
    check(
      fc.property(
        fc.array(rising, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(2), quantity), { maxLength: 12 }),
        balances,
        (prices, uses, has) => {
          const rates = prices.map((price, i) => ({ dimension: `d${i}`, price, period: 'month' }))
          const used = uses.map(([i, amount]) => [i % prices.length, amount] as const)
          const { book, ratings } = play(
            open(terms({ ...held(has), rates })),
            used.map(([i, amount], n) => [
              `2026-01-${String(n + 1).padStart(2, '0')}`,
              amount,
              `d${i}`,
            ]),
          )
          const worth = sum(
            prices.map((price, i) =>
              cost(price, sum(used.flatMap(([d, amount]) => (d === i ? [fraction(amount)] : [])))),
            ),
          )
          same(
            sumOf(ratings, (one) => one.committed),
            worth,
          )
          same(sumOf(ratings, drawnIn), lesser(worth, balanceOf(has)))
          same(plus(billable(book), total(book.lots.map(drawnOf))), worth)
        },
      ),
    )
  })
})

describe('minimums', () => {
  it('are paid by usage or as a true-up, for any days that a contract has', () => {
    check(
      fc.property(
        fc.integer({ min: 0, max: 800 }),
        fc.integer({ min: 1, max: 500 }),
        cents(2000),
        fc.array(fc.tuple(fc.nat(499), decimal(900, 2)), { maxLength: 6 }),
        (from, length, amount, uses) => {
          const start = addDays('2026-01-01', from)
          const end = addDays(start, length)
          const book = open(
            terms({
              start,
              end,
              commit: null,
              minimums: [{ period: 'month', amount, prorate: true }],
            }),
          )
          const used = uses
            .map(([day, worth]) => [addDays(start, day % length), worth] as const)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
          const { book: done } = play(book, used, addDays(end, 1))
          same(
            billable(done),
            sum(
              [...monthsOf(start, end)].map(([month, days]) => {
                const [y, m] = month.split('-').map(Number) as [number, number]
                const of = BigInt(new Date(Date.UTC(y, m, 0)).getUTCDate())
                const least = centsOf(multiply(fraction(amount), { over: BigInt(days), under: of }))
                const spent = sum(
                  used.filter(([day]) => day.startsWith(month)).map(([, worth]) => fraction(worth)),
                )
                return greater(least, spent)
              }),
            ),
          )
        },
      ),
    )
  })
})

/** Days of each month that lie in a term, counted one by one. */
function monthsOf(start: Day, end: Day): Map<string, number> {
  const days = new Map<string, number>()
  for (let day = start; day < end; day = addDays(day, 1))
    days.set(day.slice(0, 7), (days.get(day.slice(0, 7)) ?? 0) + 1)
  return days
}
/** To whole cents, half up: nothing here is negative. */
const centsOf = ({ over, under }: Fraction): Fraction => ({
  over: (over * 200n + under) / (2n * under),
  under: 100n,
})
