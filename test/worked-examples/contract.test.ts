import { rollOver } from '../../src/contracts/commit.ts'
import { available, burn, type Run, unwind } from '../../src/contracts/grants.ts'
import { byDays, trueUp } from '../../src/contracts/minimum.ts'
import { type Book, open, type Rating } from '../../src/contracts/model.ts'
import { costOf, type Price } from '../../src/contracts/price.ts'
import { repaired } from '../../src/contracts/repair.ts'
import { type Decimal, minus, negate, round, times, total } from '../../src/kernel/decimal.ts'
import { addMonths, type Day, daysBetween } from '../../src/kernel/time.ts'
import { at, drawnIn, lot, play, terms } from '../contracts/sample.ts'
import { worked } from './cases.ts'

const cents = (amount: Decimal) => round(amount, 2)

/** What a book says after each use of units that cost 1.00. */
function byUse(book: Book, uses: readonly (readonly [day: string, amount: string])[]) {
  let now = book
  return uses.map(([day, amount]) => {
    const { book: next, ratings } = play(now, [[day, amount]])
    now = next
    const [rating] = ratings as [Rating]
    const drawn = drawnIn(rating)
    return {
      rating,
      drawn,
      balance: available(next.lots, next.at),
      beyond: minus(rating.committed, drawn),
    }
  })
}

const tiersOf = (tiers: readonly { upTo: string | null; unit: string }[]) =>
  tiers.map(({ upTo, unit }) => ({ upTo, rate: unit }))
const costs = (price: Price, quantities: readonly string[]) =>
  quantities.map((quantity) => cents(costOf(price, quantity)))

function released(unused: 'rollover' | 'forfeit', releases: string[], usage: string[]) {
  const days = releases.map((_, i) => addMonths('2026-01-01', i * 3))
  const book = open(
    terms({
      commit: {
        amount: total(releases),
        unused,
        releases: releases.map((amount, i) => ({ on: days[i], amount })),
      },
    }),
  )
  const uses = usage.map((amount, i) => [days[i] as string, amount] as const)
  return byUse(book, uses).map(({ drawn, beyond, balance }) => ({
    drawn: cents(drawn),
    overage: cents(beyond),
    balance: cents(balance),
  }))
}

const reversed = ({ drawn, reversal, onDate }: any) => {
  const runs: Run[] = drawn.map(({ grant, amount }: any) => ({ lot: grant, amount }))
  const expires = new Map<string, Day>(drawn.map(({ grant, expires }: any) => [grant, expires]))
  const found = unwind(runs, negate(reversal), (id) => (expires.get(id) as Day) >= onDate)
  return {
    restored: found.restored.map(({ lot: id, amount }) => [id, cents(amount)]),
    credited: cents(found.credited),
  }
}

worked('CC', {
  'CC-01': ({ commit, overageMultiplier, usage }) => {
    const book = open(
      terms({
        commit: { amount: commit, unused: 'forfeit' },
        overage: { at: 'committed', multiplier: overageMultiplier },
      }),
    )
    const rows = byUse(
      book,
      usage.map(([month, amount]: [string, string]) => [`${month}-01`, amount]),
    )
    return {
      rows: rows.map(({ rating, drawn, balance, beyond }) => ({
        month: usage[rows.findIndex((row) => row.rating === rating)][0],
        usage: cents(rating.committed),
        drawn: cents(drawn),
        balance: cents(balance),
        overageAtCommitRate: cents(beyond),
        overageCharge: cents(rating.charge),
      })),
      overageTotal: cents(total(rows.map(({ rating }) => rating.charge))),
    }
  },
  'CC-02': ({ tiers, quantities }) => ({
    graduated: costs({ model: 'graduated', tiers: tiersOf(tiers) }, quantities),
    volume: costs({ model: 'volume', tiers: tiersOf(tiers) }, quantities),
  }),
  'CC-03': ({ tiers, quantities }) => ({
    volume: costs({ model: 'volume', tiers: tiersOf(tiers) }, quantities),
  }),
  'CC-04': ({ blockSize, blockPrice, quantities }) =>
    costs({ model: 'package', block: blockSize, price: blockPrice }, quantities),
  'CC-05': ({ minimum, charges }) => ({
    charged: cents(total(charges)),
    trueUp: cents(trueUp(minimum, total(charges))),
  }),
  'CC-06': ({ monthlyMinimum, from, toExclusive, daysInMonth, charges }) => {
    const minimum = byDays('USD', monthlyMinimum, daysBetween(from, toExclusive), daysInMonth)
    return { proratedMinimum: minimum, trueUp: cents(trueUp(minimum, charges)) }
  },
  'CC-07': ({ commit, unused, rolloverPct, periodEnd, expiresAfterMonths }) => {
    const found = rollOver(
      'USD',
      { amount: commit, unused, on: periodEnd },
      { percent: times(rolloverPct, '100'), expiresAfterMonths },
    )
    return {
      rolledOver: cents(found.rolledOver),
      forfeited: cents(found.forfeited),
      expires: found.expires,
    }
  },
  'CC-08': ({ grants, usage }) => {
    const lots = grants.map((g: any) => lot(g.id, g.priority, g.expires, g.amount))
    const { draws, rest } = burn(lots, usage, at('2026-02-01'))
    return { draws: draws.map(({ lot: id, amount }) => [id, cents(amount)]), overage: cents(rest) }
  },
  'CC-09': ({ oldAnnual, newAnnual, start, endExclusive, effective }) => {
    const days = { start, endExclusive, of: daysBetween(start, endExclusive) }
    const { charge, ...found } = repaired(
      'USD',
      effective,
      { amount: oldAnnual, ...days },
      { amount: newAnnual, ...days },
    )
    return { ...found, repair: cents(found.repair), newCharge: charge, net: cents(found.net) }
  },
  'CC-10': ({ oldAnnual, start, endExclusive, effective }) => {
    const of = daysBetween(start, endExclusive)
    const old = { amount: oldAnnual, start, endExclusive, of }
    const { usedDays, unusedDays, repair } = repaired('USD', effective, old, null)
    return { usedDays, unusedDays, repair: cents(repair) }
  },
  'CC-11': ({ releases, usage }) => ({
    rollover: released('rollover', releases, usage),
    expires: released('forfeit', releases, usage),
  }),
  'CC-12': reversed,
  'CC-13': reversed,
  'CC-14': ({ annualMinimum, quarterCharges }) => ({
    perQuarterWrong: cents(
      total(quarterCharges.map((charge: string) => trueUp(quarterOf(annualMinimum), charge))),
    ),
    annualRight: cents(trueUp(annualMinimum, total(quarterCharges))),
  }),
})

const quarterOf = (annual: Decimal) => times(annual, '0.25')
