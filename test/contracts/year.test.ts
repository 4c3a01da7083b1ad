import { describe, expect, it } from 'vitest'
import { amend, billable, close, open, post } from '../../src/contracts/model.ts'
import { round, total } from '../../src/kernel/decimal.ts'
import { addDays, type Day } from '../../src/kernel/time.ts'
import {
  add,
  cost,
  type Fraction,
  fraction,
  greater,
  isEqual,
  isMore,
  lesser,
  multiply,
  type PlainPrice,
  sum,
  take,
  toCents,
  whole,
} from './fractions.ts'
import { at, flat, play, terms, type Use } from './sample.ts'

const storage: PlainPrice = {
  model: 'graduated',
  tiers: [
    { upTo: '2500', rate: '0.5' },
    { upTo: null, rate: '0.3125' },
  ],
}
const releases = (...amounts: string[]) =>
  ['2026-01-01', '2026-04-01', '2026-07-01', '2026-10-01'].map((on, i) => ({
    on,
    amount: amounts[i],
  }))
const contract = (amounts: string[], callRate: string, minimum: string) =>
  terms({
    commit: {
      amount: total(amounts),
      releases: releases(...amounts),
      unused: 'rollover',
      rollover: { percent: '20', expiresAfterMonths: 2 },
    },
    rates: [
      flat('calls', callRate, { included: '1000' }),
      { dimension: 'storage', price: storage, period: 'month' },
    ],
    overage: { at: 'committed', multiplier: '1.15' },
    minimums: [{ period: 'month', amount: minimum, prorate: true }],
  })
const first = contract(['4000.00', '4000.00', '4000.00', '4000.00'], '0.10', '1500.00')
const second = contract(['4000.00', '4000.00', '4800.50', '5000.00'], '0.0875', '1800.00')
const amendedOn = '2026-07-15'
const cancelledAt = '2026-10-20T13'

/** Every six hours of the time before the cancellation, more in some months than in others. */
const uses: Use[] = Array.from({ length: 292 * 4 + 2 }, (_, i): Use => {
  const day = addDays('2026-01-01', Math.floor(i / 4))
  const busy = [3, 9, 1, 2, 1, 4, 14, 3, 1, 1][Number(day.slice(5, 7)) - 1] as number
  const hour = `${day}T${String((i % 4) * 6).padStart(2, '0')}`
  return i % 3 === 0
    ? [hour, `${busy * 7 + (i % 11)}.${String((i * 7919) % 1000).padStart(3, '0')}`, 'storage']
    : [hour, `${busy * 40 + (i % 17)}.25`, 'calls']
})

/** The same year reckoned by whole stretches between one change and the next, with fractions. */
function reckoned(): { readonly owed: Fraction; readonly drawn: Fraction } {
  const lots: { left: Fraction; granted: Fraction; from: Day; until: Day; rolls: boolean }[] = []
  const begin = (from: Day, until: Day, amount: string) =>
    lots.push({ left: fraction(amount), granted: fraction(amount), from, until, rolls: true })
  const starts = [
    '2026-01-01',
    '2026-02-01',
    '2026-03-01',
    '2026-04-01',
    '2026-05-01',
    '2026-06-01',
  ] as Day[]
  const rest = [
    '2026-07-01',
    amendedOn,
    '2026-08-01',
    '2026-09-01',
    '2026-10-01',
    '2026-10-21',
  ] as Day[]
  const cuts = [...starts, ...rest]
  let [owed, drawn, spent, minimum] = [whole(0n), whole(0n), whole(0n), whole(0n)]
  const used = new Map<string, Fraction>()
  for (const [i, start] of cuts.entries()) {
    const end = cuts[i + 1]
    if (start.endsWith('-01') || end === undefined) {
      owed = add(owed, greater(take(minimum, spent), whole(0n)))
      spent = whole(0n)
      used.clear()
    }
    if (end === undefined) break
    for (const lot of lots.filter(({ until, rolls }) => until <= start && rolls)) {
      const most = toCents(multiply(lot.granted, fraction('0.2')))
      const left = lesser(lot.left, most)
      const months = String(Number(start.slice(5, 7)) + 2).padStart(2, '0')
      lots.push({
        left,
        granted: left,
        from: start,
        until: `2026-${months}-01` as Day,
        rolls: false,
      })
      lot.rolls = false
    }
    if (start === '2026-01-01') begin(start, '2026-04-01', '4000')
    if (start === '2026-04-01') begin(start, '2026-07-01', '4000')
    if (start === '2026-07-01') begin(start, '2026-10-01', '4000')
    if (start === '2026-10-01') begin(start, '2027-01-01', '5000')
    if (start === amendedOn) {
      const july = lots.find(({ from, rolls }) => from === '2026-07-01' && rolls)
      if (july)
        [july.left, july.granted] = [
          add(july.left, fraction('800.50')),
          add(july.granted, fraction('800.50')),
        ]
    }
    minimum = minimumOf(start, minimum)
    const worth = sum(['calls', 'storage'].map((name) => worthOf(name, start, end, used)))
    let open = worth
    const usable = lots.filter(({ from, until }) => from <= start && until > start)
    for (const lot of usable.toSorted((a, b) => (a.until < b.until ? -1 : 1))) {
      const part = lesser(open, lot.left)
      lot.left = take(lot.left, part)
      open = take(open, part)
    }
    const overage = multiply(open, fraction('1.15'))
    drawn = add(drawn, take(worth, open))
    owed = add(owed, overage)
    spent = sum([spent, take(worth, open), overage])
  }
  return { owed, drawn }
}

function minimumOf(start: Day, before: Fraction): Fraction {
  if (start === amendedOn)
    return sum([
      before,
      toCents(multiply(fraction('-1500'), fraction17(17n, 31n))),
      toCents(multiply(fraction('1800'), fraction17(17n, 31n))),
    ])
  if (start === '2026-10-01')
    return add(fraction('1800'), toCents(multiply(fraction('-1800'), fraction17(11n, 31n))))
  return fraction(start > amendedOn ? '1800' : '1500')
}
const fraction17 = (over: bigint, under: bigint): Fraction => ({ over, under })

/** What a stretch's units are worth after those of the month before it. */
function worthOf(name: string, start: Day, end: Day, used: Map<string, Fraction>): Fraction {
  const before = used.get(name) ?? whole(0n)
  const more = sum(
    uses.flatMap(([when, amount, dimension]) =>
      dimension === name && when >= start && when < end ? [fraction(amount)] : [],
    ),
  )
  used.set(name, add(before, more))
  const priced = (units: Fraction) =>
    name === 'storage'
      ? cost(storage, units)
      : multiply(
          greater(take(units, whole(1000n)), whole(0n)),
          fraction(start >= amendedOn ? '0.0875' : '0.10'),
        )
  return take(priced(add(before, more)), priced(before))
}

describe('a year with releases, overage, rollover, an amendment and a cancellation', () => {
  const planned = amend(open(first), second, at(amendedOn))
  const played = play(planned, uses)
  const closed = close(played.book, at(cancelledAt))
  const wanted = reckoned()

  it('comes to what an independent reckoning says, exactly and to the cent', () => {
    const found = billable(closed.book)
    expect(isMore(wanted.owed, fraction('1000'))).toBe(true)
    expect(isEqual(fraction(found), wanted.owed)).toBe(true)
    expect(isEqual(fraction(round(found, 2)), toCents(wanted.owed))).toBe(true)
    const drawn = total(played.ratings.flatMap((one) => one.drawn.map(({ amount }) => amount)))
    expect(isEqual(fraction(drawn), wanted.drawn)).toBe(true)
  })

  it('has seen rollover, overage, and months that fell short', () => {
    const { lots } = closed.book
    expect(lots.filter(({ kind }) => kind === 'rollover').map(({ id }) => id)).toEqual(
      expect.arrayContaining(['rollover:2026-04-01']),
    )
    expect(Number(closed.book.overage)).toBeGreaterThan(1000)
    expect(played.postings.length).toBeGreaterThan(1)
    expect(closed.postings).toHaveLength(1)
    expect(lots.every(({ hasEnded, left }) => hasEnded && left === '0')).toBe(true)
  })

  it('posts every cent of it', () => {
    const { book } = post(closed.book)
    expect(isEqual(fraction(book.posted), multiply(fraction(billable(book)), whole(100n)))).toBe(
      true,
    )
  })
})
