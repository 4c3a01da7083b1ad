import { describe, expect, it } from 'vitest'
import { type FitCharge, type FitTranche, offerFit } from '../../src/commitments/fit.ts'
import { type Money, toDecimal } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'

const tranche = (start: string, end: string, amount: string, more: Partial<FitTranche> = {}) => ({
  start: start as Day,
  endExclusive: end as Day,
  amount: usd(amount),
  counted: usd('0'),
  forecastNative: null,
  ...more,
})
const years = [
  tranche('2026-01-01', '2027-01-01', '1000.00'),
  tranche('2027-01-01', '2028-01-01', '2000.00'),
]
const charge = (on: string, amount: string, more: Partial<FitCharge> = {}): FitCharge => ({
  on: on as Day,
  amount: usd(amount),
  status: 'counts',
  reason: 'COUNTS',
  rule: 'R',
  missing: [],
  share: '1',
  pool: on.slice(0, 4),
  ...more,
})
const late = (on: string, amount: string) =>
  charge(on, amount, { status: 'excluded', reason: 'AFTER_COMMITMENT' })
const early = (on: string, amount: string) =>
  charge(on, amount, { status: 'excluded', reason: 'BEFORE_COMMITMENT' })
const rooms = (first: string | null, second: string | null) =>
  new Map<string, Money | null>([
    ['2026', first === null ? null : usd(first)],
    ['2027', second === null ? null : usd(second)],
  ])
const moves = (found: ReturnType<typeof offerFit>) =>
  found.moves.map(({ from, to, amount }) => `${from} ${to} ${toDecimal(amount)}`)

describe('the fit of an offer', () => {
  it('is told charge by charge and tranche by tranche', () => {
    const charges = [
      charge('2027-06-01', '70.00'),
      charge('2026-06-01', '100.00'),
      charge('2026-03-01', '50.00'),
      late('2028-01-01', '5.00'),
      early('2025-12-31', '3.00'),
      charge('2026-04-01', '2.00', { status: 'excluded', reason: 'NOT_ON_CLOUD' }),
      charge('2026-04-01', '7.00', { status: 'unknown', reason: 'NO_RULE_MATCHES' }),
    ]
    expect(offerFit(charges, years, rooms('120.00', '70.00'), 'USD')).toEqual({
      tcv: usd('237.00'),
      tranches: [
        {
          start: '2026-01-01',
          eligible: usd('150.00'),
          headroom: usd('120.00'),
          countable: usd('120.00'),
          overCap: usd('30.00'),
          shortfallWithoutOffer: null,
          useful: null,
        },
        {
          start: '2027-01-01',
          eligible: usd('70.00'),
          headroom: usd('70.00'),
          countable: usd('70.00'),
          overCap: usd('0'),
          shortfallWithoutOffer: null,
          useful: null,
        },
      ],
      countable: usd('190.00'),
      useful: null,
      overCap: usd('30.00'),
      beforeCommitment: usd('3.00'),
      afterCommitmentEnd: usd('5.00'),
      notEligible: usd('2.00'),
      unknown: usd('7.00'),
      fitRatio: '0.8017',
      moves: [],
      countableIfMoved: usd('190.00'),
    })
  })

  it('of nothing has no ratio', () => {
    const found = offerFit([], years, rooms('1', '1'), 'USD')
    expect(found.fitRatio).toBeNull()
    expect(found.tranches[0]).toMatchObject({ headroom: null, countable: usd('0') })
    expect(offerFit([charge('2026-03-01', '0')], years, rooms('1', '1'), 'USD').fitRatio).toBeNull()
  })

  it('counts everything where no ceiling is known, and nothing under a full one', () => {
    const charges = [charge('2026-03-01', '50.00'), charge('2027-03-01', '50.00')]
    const found = offerFit(charges, years, rooms(null, '0'), 'USD')
    expect(found.tranches.map((t) => [t.headroom, t.countable])).toEqual([
      [null, usd('50.00')],
      [usd('0'), usd('0')],
    ])
    const elsewhere = charges.map((one) => ({ ...one, pool: 'nobody’s' }))
    expect(offerFit(elsewhere, years, rooms('0', '0'), 'USD').countable).toEqual(usd('100.00'))
  })

  it('fills a ceiling that charges share in the order of their dates', () => {
    const charges = [
      charge('2027-03-01', '50.00', { pool: '2026' }),
      charge('2026-06-01', '50.00'),
      charge('2026-03-01', '50.00'),
    ]
    const found = offerFit(charges, years, rooms('110.00', null), 'USD')
    expect(found.tranches.map((t) => [toDecimal(t.countable), text(t.headroom)])).toEqual([
      ['100.00', '110.00'],
      ['10.00', '10.00'],
    ])
  })

  it('counts a share of a charge only', () => {
    const found = offerFit(
      [charge('2026-03-01', '50.01', { share: '0.5' })],
      years,
      rooms('20.00', null),
      'USD',
    )
    expect(found.tranches[0]).toMatchObject({
      eligible: usd('25.01'),
      countable: usd('20.00'),
      overCap: usd('5.01'),
    })
    expect(found.fitRatio).toBe('0.3999')
  })
})
const text = (amount: Money | null) => amount && toDecimal(amount)

describe('what an offer is useful for', () => {
  const useful = (native: string | null, counted: string, amount: string) => {
    const forecastNative = native === null ? null : usd(native)
    const year = { ...years[0]!, counted: usd(counted), forecastNative }
    const found = offerFit([charge('2026-03-01', amount)], [year], rooms(null, null), 'USD')
    const [only] = found.tranches
    return [text(only!.shortfallWithoutOffer), text(only!.useful), text(found.useful)]
  }

  it('is the gap that it closes, as far as the buyer’s own use is known', () => {
    expect(useful('600.00', '100.00', '50.00')).toEqual(['300.00', '50.00', '50.00'])
    expect(useful('600.00', '100.00', '300.00')).toEqual(['300.00', '300.00', '300.00'])
    expect(useful('600.00', '100.00', '400.00')).toEqual(['300.00', '300.00', '300.00'])
    expect(useful('950.00', '100.00', '50.00')).toEqual(['0.00', '0.00', '0.00'])
    expect(useful(null, '100.00', '50.00')).toEqual([null, null, null])
  })

  it('is not known in all as soon as it is not of one tranche', () => {
    const known = { ...years[0]!, forecastNative: usd('600.00') }
    const charges = [charge('2026-03-01', '50.00'), charge('2027-03-01', '50.00')]
    const found = offerFit(charges, [known, years[1]!], rooms(null, null), 'USD')
    expect(found.tranches.map((t) => text(t.useful))).toEqual(['50.00', null])
    expect(found.useful).toBeNull()
    const both = years.map((year) => ({ ...year, forecastNative: usd('600.00') }))
    expect(text(offerFit(charges, both, rooms(null, null), 'USD').useful)).toBe('100.00')
  })
})

describe('a charge is moved', () => {
  it('from where it does not count to the earliest other date that has room', () => {
    const charges = [charge('2026-03-01', '100.00'), charge('2027-03-01', '10.00')]
    const found = offerFit(charges, years, rooms('60.00', '25.00'), 'USD')
    expect(moves(found)).toEqual(['2026-03-01 2027-03-01 15.00'])
    expect([found.countable, found.countableIfMoved]).toEqual([usd('70.00'), usd('85.00')])
    const wide = offerFit(charges, years, rooms('60.00', '500.00'), 'USD')
    expect(moves(wide)).toEqual(['2026-03-01 2027-03-01 40.00'])
    const exact = offerFit(charges, years, rooms('60.00', '50.00'), 'USD')
    expect(moves(exact)).toEqual(['2026-03-01 2027-03-01 40.00'])
    const unknown = offerFit(charges, years, rooms('60.00', null), 'USD')
    expect(moves(unknown)).toEqual(['2026-03-01 2027-03-01 40.00'])
  })

  it('from outside the term into it, the latest first', () => {
    const charges = [
      charge('2027-03-01', '10.00'),
      charge('2026-03-01', '10.00'),
      early('2025-06-01', '30.00'),
      late('2028-03-01', '40.00'),
    ]
    const found = offerFit(charges, years, rooms('30.00', '35.00'), 'USD')
    expect(moves(found)).toEqual([
      '2028-03-01 2026-03-01 20.00',
      '2028-03-01 2027-03-01 20.00',
      '2025-06-01 2027-03-01 5.00',
    ])
    expect(toDecimal(found.countableIfMoved)).toBe('65.00')
  })

  it('nowhere where nothing is over, no room is left, or the date shares the ceiling', () => {
    const charges = [charge('2026-03-01', '100.00'), charge('2026-06-01', '10.00')]
    expect(moves(offerFit(charges, years, rooms('60.00', null), 'USD'))).toEqual([])
    const both = [charge('2026-03-01', '100.00'), charge('2027-06-01', '10.00')]
    expect(moves(offerFit(both, years, rooms('60.00', '10.00'), 'USD'))).toEqual([])
    expect(moves(offerFit(both, years, rooms('100.00', '50.00'), 'USD'))).toEqual([])
    const refused = charge('2026-04-01', '9.00', { status: 'excluded', reason: 'NOT_ON_CLOUD' })
    expect(moves(offerFit([refused, both[1]!], years, rooms('1', '50.00'), 'USD'))).toEqual([])
  })

  it('in amounts of which the share fits, rounded down', () => {
    const half = { share: '0.3' }
    const charges = [charge('2026-03-01', '100.00'), charge('2027-03-01', '0.10', half)]
    const found = offerFit(charges, years, rooms('60.00', '10.03'), 'USD')
    // 10.00 of room is 33.33 at three tenths, of which 9.999 counts.
    expect(moves(found)).toEqual(['2026-03-01 2027-03-01 33.33'])
    expect([toDecimal(found.countable), toDecimal(found.countableIfMoved)]).toEqual([
      '60.03',
      '70.03',
    ])
    const source = [charge('2026-03-01', '100.00', half), charge('2027-03-01', '10.00')]
    // Of 30.00, 20.00 count; the 10.00 above are 33.33 as charged.
    expect(moves(offerFit(source, years, rooms('20.00', '500.00'), 'USD'))).toEqual([
      '2026-03-01 2027-03-01 33.33',
    ])
    // 20.00 of room is 66.666 at three tenths: a cent more would not fit.
    const wide = [charge('2026-03-01', '200.00'), charge('2027-03-01', '0', half)]
    expect(moves(offerFit(wide, years, rooms('60.00', '20.00'), 'USD'))).toEqual([
      '2026-03-01 2027-03-01 66.66',
    ])
    const nothing = [charge('2026-03-01', '100.00'), charge('2027-03-01', '1.00', { share: '0' })]
    expect(moves(offerFit(nothing, years, rooms('60.00', '10.00'), 'USD'))).toEqual([])
  })

  it('in part to each of several dates, each with its own ceiling', () => {
    const three = [...years, tranche('2028-01-01', '2029-01-01', '1.00')]
    const charges = [
      charge('2028-03-01', '5.00'),
      charge('2026-03-01', '100.00'),
      charge('2027-06-01', '5.00'),
      charge('2027-03-01', '5.00'),
    ]
    const room = new Map([...rooms('50.00', '30.00'), ['2028', usd('500.00')] as const])
    const found = offerFit(charges, three, room, 'USD')
    expect(moves(found)).toEqual(['2026-03-01 2027-03-01 20.00', '2026-03-01 2028-03-01 30.00'])
    expect(toDecimal(found.countableIfMoved)).toBe('115.00')
  })
})
