import { describe, expect, it } from 'vitest'
import type { Bucket } from '../../src/commitments/count.ts'
import type { DrawdownLine, Ledger } from '../../src/commitments/drawdown.ts'
import type { Terms, Tranche } from '../../src/commitments/model.ts'
import { position } from '../../src/commitments/position.ts'
import { type Money, toDecimal } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'
import { terms, tranche } from './sample.ts'

const on = (amount: string, asOf: string) => ({ amount: usd(amount), asOf: asOf as Day })
const first = (more: Partial<Tranche> = {}) => tranche('2026-01-01', '2027-01-01', '3650.00', more)
const second = (more: Partial<Tranche> = {}) => tranche('2027-01-01', '2028-01-01', '7300.00', more)

const line = (day: string, counted: string, tranche: string | null = '2026-01-01') =>
  ({ invoiceDate: day, counted: usd(counted), tranche }) as unknown as DrawdownLine
const bucket = (limit: string | null, counted: string, more: Partial<Bucket> = {}): Bucket => ({
  key: 'one',
  cap: { pct: '0.25', of: 'tranche', max: null },
  tranche: '2026-01-01',
  stated: null,
  limit: limit === null ? null : usd(limit),
  eligible: usd(counted),
  counted: usd(counted),
  ...more,
})
/** A ledger as its tranches sum it up; only what a position reads of it. */
const ledger = (
  tranches: readonly (readonly [Tranche, counted: string, buckets?: readonly Bucket[]])[],
  lines: readonly DrawdownLine[] = [],
  flags: readonly string[] = [],
): Ledger => ({
  lines,
  flags,
  tranches: tranches.map(([tranche, counted, buckets = []]) => ({
    tranche,
    eligible: usd(counted),
    counted: usd(counted),
    unknown: [usd('1.23')],
    buckets,
  })),
})
const stated = (asOf: string) => ({
  source: 'buyer_told_us' as const,
  statedAt: asOf as Day,
  statedBy: 'their CFO',
  confidence: 'medium' as const,
})
const at = (found: Ledger, asOf: string, more: Partial<Terms> = {}, earlier: Terms[] = []) =>
  position(
    terms({ tranches: found.tranches.map((t) => t.tranche), claim: stated('2026-01-01'), ...more }),
    found,
    asOf as Day,
    earlier,
  )
const text = (amount: Money | null) => amount && toDecimal(amount)

describe('where a commitment stands', () => {
  it('is the tranche of the day, the first before all, and after all the last', () => {
    const both = ledger([
      [first(), '100.00'],
      [second(), '7.00'],
    ])
    const start = (day: string) => at(both, day).tranche?.start
    expect(start('2025-06-01')).toBe('2026-01-01')
    expect(start('2026-12-31')).toBe('2026-01-01')
    expect(start('2027-01-01')).toBe('2027-01-01')
    expect(start('2029-01-01')).toBe('2027-01-01')
    expect(at(both, '2027-01-01')).toMatchObject({
      drawn: usd('7.00'),
      drawnInAll: usd('107.00'),
      unknown: [usd('1.23')],
      remainingAtMost: usd('7293.00'),
    })
  })

  it('is nowhere without a tranche', () => {
    expect(at(ledger([]), '2026-03-01')).toEqual({
      tranche: null,
      drawn: usd('0'),
      drawnInAll: usd('0'),
      unknown: [],
      ceilings: [],
      remainingAtMost: null,
      consumedBy: null,
      consumed: null,
      forecast: null,
      shortfall: null,
      recent: null,
      ours: { windowDays: 0, counted: usd('0'), capReachedOn: null },
      claimAgeDays: 59,
      flags: ['NATIVE_USE_UNKNOWN'],
    })
  })

  it('leaves what nobody is known to have spent, as far as that was stated by then', () => {
    const left = (more: Partial<Tranche>) =>
      text(at(ledger([[first(more), '100.00']]), '2026-03-01').remainingAtMost)
    expect(left({})).toBe('3550.00')
    expect(left({ native: on('50.00', '2026-03-01') })).toBe('3500.00')
    expect(left({ native: on('50.00', '2026-03-02') })).toBe('3550.00')
    expect(left({ native: on('50.00', '2026-02-01'), others: on('7.00', '2026-02-01') })).toBe(
      '3493.00',
    )
    expect(left({ native: on('9999.00', '2026-02-01') })).toBe('0.00')
  })
})

describe('a ceiling', () => {
  const seen = (one: Bucket, more: Partial<Tranche> = {}) =>
    at(ledger([[first(more), '100.00', [one]]]), '2026-03-01').ceilings[0]

  it('shows what is ours of it and what is left at most', () => {
    expect(seen(bucket('400.00', '100.00'))).toEqual({
      of: 'tranche',
      pct: '0.25',
      limit: usd('400.00'),
      ours: usd('100.00'),
      others: null,
      ourShare: '0.2500',
      headroomAtMost: usd('300.00'),
      flag: 'OK',
    })
  })

  it('is filled by others too, where they sell under the same', () => {
    const others = { others: on('250.00', '2026-02-01') }
    expect(seen(bucket('400.00', '100.00'), others)).toMatchObject({
      others: usd('250.00'),
      ourShare: '0.2500',
      headroomAtMost: usd('50.00'),
      flag: 'CAP_NEAR',
    })
    // What others are known to have in a tranche says nothing about a ceiling on the whole.
    const whole = bucket('400.00', '100.00', {
      tranche: null,
      cap: { pct: null, of: 'total', max: null },
    })
    expect(seen(whole, others)).toMatchObject({
      of: 'total',
      pct: null,
      others: usd('250.00'),
      headroomAtMost: usd('300.00'),
      flag: 'OK',
    })
    expect(seen(bucket('400.00', '100.00'), { others: on('250.00', '2026-04-01') })).toMatchObject({
      others: null,
      headroomAtMost: usd('300.00'),
    })
  })

  it('of nothing is reached, and one that is not known is neither', () => {
    expect(seen(bucket('0', '0'))).toMatchObject({ ourShare: null, flag: 'CAP_REACHED' })
    expect(seen(bucket(null, '100.00', { cap: null }))).toEqual({
      of: 'tranche',
      pct: null,
      limit: null,
      ours: usd('100.00'),
      others: null,
      ourShare: null,
      headroomAtMost: null,
      flag: 'CAP_UNKNOWN',
    })
  })
})

describe('the outlook', () => {
  const lines = [
    line('2026-01-01', '10.00'),
    line('2026-04-11', '20.00'),
    line('2026-04-12', '40.00'),
    line('2026-02-01', '80.00', '2027-01-01'),
  ]
  const found = (more: Partial<Tranche>, earlier: Terms[] = [], asOf = '2026-06-01') =>
    at(ledger([[first(more), '70.00']], lines), asOf, {}, earlier)
  const native = on('970.00', '2026-04-11')

  it('goes from the last day on which the buyer’s own use was stated', () => {
    const { consumedBy, consumed, forecast, shortfall, recent } = found({ native })
    expect([consumedBy, text(consumed)]).toEqual(['2026-04-11', '1000.00'])
    expect(forecast).toMatchObject({
      method: 'term_to_date',
      windowDays: 100,
      elapsedDays: 100,
      dailyRate: '10.000000',
      remaining: usd('2650.00'),
      projectedAtEnd: usd('3650.00'),
      exhaustionDate: '2027-01-01',
      flag: 'ON_TRACK',
    })
    expect(shortfall).toEqual({
      shortfall: usd('0'),
      carriedForward: usd('0'),
      invoiced: usd('0'),
    })
    expect(recent).toBeNull()
  })

  it('holds what others used, and carries a shortfall forward as the contract says', () => {
    const less = { native: on('460.00', '2026-04-11'), others: on('10.00', '2026-04-11') }
    const carry = { shortfall: { policy: 'carry_forward', pct: '0.1' } } as const
    const seen = at(ledger([[first(less), '70.00']], lines), '2026-06-01', carry)
    expect(text(seen.consumed)).toBe('500.00')
    expect(seen.forecast?.flag).toBe('AT_RISK_SHORTFALL')
    expect(seen.shortfall).toEqual({
      shortfall: usd('1825.00'),
      carriedForward: usd('365.00'),
      invoiced: usd('1460.00'),
    })
    expect(seen.flags).toContain('AT_RISK_SHORTFALL')
    expect(seen.flags).not.toContain('NATIVE_USE_UNKNOWN')
  })

  it('is not known while nobody stated that use, or only later', () => {
    for (const more of [{}, { native: on('970.00', '2026-06-02') }])
      expect(found(more)).toMatchObject({
        consumedBy: null,
        consumed: null,
        forecast: null,
        shortfall: null,
        recent: null,
      })
    expect(found({ native: on('970.00', '2026-06-01') }).consumedBy).toBe('2026-06-01')
  })

  const told = (day: string, amount: string, more: Partial<Tranche> = {}) =>
    terms({
      tranches: [first({ native: on(amount, day), ...more }), second({ native: on('1.00', day) })],
    })
  const pace = (earlier: Terms[], by = '2026-07-01') => {
    const { recent } = found({ native: on('970.00', by) }, earlier, '2026-08-01')
    return recent && [recent.forecast.windowDays, recent.forecast.dailyRate]
  }

  it('also goes by the pace since a statement of 90 days before, or the oldest', () => {
    const said = [told('2026-03-31', '410.00'), told('2026-04-03', '500.00')]
    // Since then 560 by the buyer, and 60 through us.
    expect(pace(said)).toEqual([92, '6.739130'])
    expect(pace(said.toReversed())).toEqual([92, '6.739130'])
    expect(pace([told('2026-04-03', '500.00'), said[0]!])).toEqual([92, '6.739130'])
    expect(pace([told('2026-04-01', '410.00'), told('2026-06-01', '411.00')])?.[0]).toBe(91)
    expect(pace([told('2026-04-02', '410.00'), told('2026-03-01', '400.00')])?.[0]).toBe(90)
    expect(pace([told('2026-04-03', '410.00'), told('2026-06-01', '411.00')])?.[0]).toBe(89)
  })

  it('knows no such pace from the same day, nor where more had been used before', () => {
    expect(pace([told('2026-07-01', '1.00')])).toBeNull()
    expect(pace([told('2026-07-02', '1.00')])).toBeNull()
    expect(pace([told('2026-03-31', '1030.01')])).toBeNull()
    expect(pace([told('2026-03-31', '1030.00')])).toEqual([92, '0.000000'])
    expect(pace([terms({ tranches: [first()] })])).toBeNull()
    const { recent } = found(
      { native: on('970.00', '2026-07-01') },
      [told('2026-03-31', '410.00', { others: on('30.00', '2026-03-31') })],
      '2026-08-01',
    )
    expect(recent?.forecast).toMatchObject({ method: 'trailing', dailyRate: '6.413043' })
    const unseen = [told('2026-03-31', '410.00', { others: on('30.00', '2026-04-01') })]
    expect(pace(unseen)).toEqual([92, '6.739130'])
  })
})

describe('our own pace', () => {
  const lines = [
    line('2026-03-03', '1.00'),
    line('2026-03-04', '2.00'),
    line('2026-05-01', '4.00'),
    line('2026-06-02', '8.00'),
    line('2026-06-03', '16.00'),
    line('2026-05-01', '32.00', '2027-01-01'),
    line('2026-05-01', '64.00', null),
  ]
  const ours = (one: Bucket, asOf = '2026-06-02', given: readonly DrawdownLine[] = lines) =>
    at(ledger([[first(), '100.00', [one]]], given), asOf).ours

  it('is what counted in the ninety days before, both ends included', () => {
    expect(ours(bucket('10000.00', '100.00'))).toMatchObject({
      windowDays: 90,
      counted: usd('14.00'),
    })
    expect(ours(bucket('10000.00', '100.00'), '2026-03-04')).toMatchObject({
      windowDays: 62,
      counted: usd('3.00'),
    })
    expect(ours(bucket('1', '1'), '2026-01-01')).toMatchObject({ windowDays: 0, counted: usd('0') })
    expect(ours(bucket('1', '1'), '2025-06-01')).toMatchObject({ windowDays: 0 })
  })

  it('tells when a ceiling is reached, within its tranche', () => {
    const day = (limit: string, more: Partial<Bucket> = {}) =>
      ours(bucket(limit, '100.00', more)).capReachedOn
    expect(day('114.00')).toBe('2026-08-31')
    expect(day('114.01')).toBe('2026-09-01')
    expect(day('113.99')).toBe('2026-08-31')
    expect(day('100.00')).toBe('2026-06-02')
    expect(day('132.80')).toBe('2026-12-30')
    expect(day('133.12')).toBeNull()
    expect(day('132.97')).toBe('2026-12-31')
    expect(day('133.01')).toBeNull()
    const total = { cap: { pct: '1', of: 'total', max: null }, tranche: null } as const
    expect(day('133.12', total)).toBe('2027-01-01')
    expect(day('5777.77', total)).toBe('2126-05-09')
    expect(day('5777.78', total)).toBeNull()
  })

  it('tells nothing where no ceiling is known, or nothing counts', () => {
    expect(ours(bucket(null, '100.00')).capReachedOn).toBeNull()
    expect(ours(bucket('200.00', '100.00'), '2026-06-02', []).capReachedOn).toBeNull()
    const back = [line('2026-05-01', '-4.00')]
    expect(ours(bucket('200.00', '100.00'), '2026-06-02', back).capReachedOn).toBeNull()
    const today = [line('2026-01-01', '5.00')]
    expect(ours(bucket('200.00', '100.00'), '2026-01-01', today)).toEqual({
      windowDays: 0,
      counted: usd('5.00'),
      capReachedOn: null,
    })
    const both = at(
      ledger([[first(), '1.00', [bucket(null, '1.00'), bucket('114.00', '100.00')]]], lines),
      '2026-06-02',
    )
    expect(both.ours.capReachedOn).toBe('2026-08-31')
  })
})

describe('what is flagged', () => {
  const flags = (asOf: string, buckets: Bucket[] = [], statedAt = asOf, more: string[] = []) =>
    at(ledger([[first(), '1.00', buckets]], [], more), asOf, {
      claim: stated(statedAt),
    }).flags

  it('is where the term stands', () => {
    expect(flags('2026-10-02')).toEqual(['NATIVE_USE_UNKNOWN'])
    expect(flags('2026-10-03')).toEqual(['ENDS_WITHIN_90_DAYS', 'NATIVE_USE_UNKNOWN'])
    expect(flags('2026-12-31')).toEqual(['ENDS_WITHIN_90_DAYS', 'NATIVE_USE_UNKNOWN'])
    expect(flags('2027-01-01')).toEqual(['ENDED', 'NATIVE_USE_UNKNOWN'])
    expect(flags('2025-12-31')).toEqual(['NOT_STARTED', 'NATIVE_USE_UNKNOWN'])
    expect(flags('2026-01-01')).toEqual(['NATIVE_USE_UNKNOWN'])
  })

  it('is a claim of more than ninety days ago', () => {
    expect(flags('2026-06-01', [], '2026-03-03')).toEqual(['NATIVE_USE_UNKNOWN'])
    expect(flags('2026-06-01', [], '2026-03-02')).toEqual([
      'CLAIM_OLDER_THAN_90_DAYS',
      'NATIVE_USE_UNKNOWN',
    ])
    const { claimAgeDays } = at(ledger([[first(), '1.00']]), '2025-12-01')
    expect(claimAgeDays).toBe(0)
  })

  it('is each ceiling that is near, reached or unknown, and what the lines raise, once', () => {
    const full = [
      bucket('100.00', '80.00'),
      bucket('100.00', '85.00'),
      bucket('100.00', '100.00'),
      bucket(null, '0'),
      bucket('100.00', '1.00'),
    ]
    expect(flags('2026-06-01', full, '2026-06-01', ['BADGE_MISSING', 'CAP_NEAR'])).toEqual([
      'CAP_NEAR',
      'CAP_REACHED',
      'CAP_UNKNOWN',
      'NATIVE_USE_UNKNOWN',
      'BADGE_MISSING',
    ])
  })
})
