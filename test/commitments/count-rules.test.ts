import { describe, expect, it } from 'vitest'
import {
  count,
  countingDay,
  type Eligible,
  headroom,
  limitOf,
  open,
} from '../../src/commitments/count.ts'
import type { Cap } from '../../src/commitments/rules.ts'
import { toDecimal } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'
import { terms, tranche } from './sample.ts'

const first = tranche('2025-01-01', '2026-01-01', '1000.00')
const second = tranche('2026-01-01', '2027-01-01', '3000.00')
const tenth: Cap = { pct: '0.1', of: 'tranche', max: null }
const line = (id: string, invoiceDate: string, amount: string, more: Partial<Eligible> = {}) => ({
  id,
  invoiceDate: invoiceDate as Day,
  refundOf: null,
  eligible: usd(amount),
  cap: tenth,
  ...more,
})
const amounts = (found: ReturnType<typeof count>) =>
  found.lines.map(({ line, counted }) => `${line.id} ${toDecimal(counted)}`)

describe('a ceiling', () => {
  const both = [first, second]
  it('is a share of its tranche or of the whole, or a fixed most, the less of the two', () => {
    const limit = (cap: Cap | null) => limitOf(cap, first, both)
    expect(limit(tenth)).toEqual(usd('100.00'))
    expect(limit({ ...tenth, of: 'total' })).toEqual(usd('400.00'))
    expect(limit({ ...tenth, max: { currency: 'USD', amount: '99.99' } })).toEqual(usd('99.99'))
    expect(limit({ ...tenth, max: { currency: 'USD', amount: '100.01' } })).toEqual(usd('100.00'))
    expect(limit({ ...tenth, pct: null, max: { currency: 'USD', amount: '7' } })).toEqual(usd('7'))
  })

  it('is not known where no share is, nor compared with a most in another currency', () => {
    expect(limitOf(null, first, both)).toBeNull()
    expect(limitOf({ ...tenth, pct: null }, first, both)).toBeNull()
    const foreign = { ...tenth, max: { currency: 'EUR', amount: '1.00' } }
    expect(limitOf(foreign, first, both)).toEqual(usd('100.00'))
    expect(limitOf({ ...foreign, pct: null }, first, both)).toBeNull()
  })

  it('leaves what is not counted, and nothing once it is reached or passed', () => {
    expect(headroom(usd('100.00'), usd('99.99'))).toEqual(usd('0.01'))
    expect(headroom(usd('100.00'), usd('100.00'))).toEqual(usd('0'))
    expect(headroom(usd('100.00'), usd('120.00'))).toEqual(usd('0'))
    expect(headroom(null, usd('120.00'))).toBeNull()
  })

  it('is the contract’s where there is one, and each rule’s own where there is none', () => {
    const cap: Cap = { pct: '0.5', of: 'total', max: null }
    expect(open({ tranches: both, cap }, second, tenth)).toEqual({
      key: 'term contract',
      cap,
      tranche: null,
      stated: usd('2000.00'),
      limit: usd('2000.00'),
      eligible: usd('0'),
      counted: usd('0'),
    })
    expect(open({ tranches: both, cap: null }, second, tenth)).toEqual({
      key: `2026-01-01 ${JSON.stringify(tenth)}`,
      cap: tenth,
      tranche: '2026-01-01',
      stated: usd('300.00'),
      limit: usd('300.00'),
      eligible: usd('0'),
      counted: usd('0'),
    })
    expect(open({ tranches: both, cap: null }, first, null)).toMatchObject({
      key: '2025-01-01 null',
      tranche: '2025-01-01',
      limit: null,
    })
  })

  it('goes by the tranche as those terms had it', () => {
    const before = { tranches: [tranche('2025-01-01', '2026-01-01', '500.00')], cap: null }
    expect(open(before, first, tenth).limit).toEqual(usd('50.00'))
    expect(open(before, second, tenth).limit).toEqual(usd('300.00'))
  })
})

describe('counting', () => {
  it('counts nothing without terms', () => {
    expect(count([], [line('a', '2025-03-01', '5.00')])).toEqual({ lines: [], buckets: [] })
  })

  it('goes by invoice date and then by id, whatever order lines come in', () => {
    const lines = [
      line('c', '2025-03-01', '60.00'),
      line('a', '2025-03-02', '60.00'),
      line('b', '2025-03-01', '60.00'),
    ]
    const expected = ['b 60.00', 'c 40.00', 'a 0.00']
    expect(amounts(count([terms({ tranches: [first] })], lines))).toEqual(expected)
    expect(amounts(count([terms({ tranches: [first] })], lines.toReversed()))).toEqual(expected)
  })

  it('fills a ceiling a tranche, or one over the term, or one for each rule', () => {
    const lines = [line('a', '2025-03-01', '150.00'), line('b', '2026-03-01', '350.00')]
    const tranches = [first, second]
    expect(amounts(count([terms({ tranches })], lines))).toEqual(['a 100.00', 'b 300.00'])
    const cap: Cap = { ...tenth, of: 'total' }
    const over = count([terms({ tranches, cap })], lines)
    expect(amounts(over)).toEqual(['a 150.00', 'b 250.00'])
    expect(over.buckets).toHaveLength(1)
    const apart = [lines[0]!, line('b', '2025-04-01', '80.00', { cap: { ...tenth, pct: '0.05' } })]
    expect(amounts(count([terms({ tranches })], apart))).toEqual(['a 100.00', 'b 50.00'])
    expect(amounts(count([terms({ tranches, cap: tenth })], apart))).toEqual(['a 100.00', 'b 0.00'])
  })

  it('counts nothing outside every tranche, and everything where no ceiling is known', () => {
    const lines = [
      line('a', '2024-12-31', '5.00', { cap: null }),
      line('b', '2025-01-01', '5000.00', { cap: null }),
      line('c', '2025-12-31', '5.00', { cap: null }),
      line('d', '2026-01-01', '5.00', { cap: null }),
    ]
    const found = count([terms({ tranches: [first] })], lines)
    expect(amounts(found)).toEqual(['a 0.00', 'b 5000.00', 'c 5.00', 'd 0.00'])
    expect(found.lines.map(({ tranche }) => tranche?.start)).toEqual([
      undefined,
      '2025-01-01',
      '2025-01-01',
      undefined,
    ])
    expect(found.lines[0]!.tranche).toBeNull()
  })

  it('lets a refund eat first what never counted, and never counts below nothing', () => {
    const lines = [
      line('a', '2025-03-01', '130.00'),
      line('b', '2025-03-02', '-20.00'),
      line('c', '2025-03-03', '-30.00'),
      line('d', '2025-03-04', '-200.00'),
      line('e', '2025-03-05', '150.00'),
    ]
    const found = count([terms({ tranches: [first] })], lines)
    expect(amounts(found)).toEqual(['a 100.00', 'b 0.00', 'c -20.00', 'd -80.00', 'e 30.00'])
    expect(found.buckets).toEqual([
      {
        key: `2025-01-01 ${JSON.stringify(tenth)}`,
        cap: tenth,
        tranche: '2025-01-01',
        stated: usd('100.00'),
        limit: usd('100.00'),
        eligible: usd('30.00'),
        counted: usd('30.00'),
      },
    ])
  })

  it('counts a refund by its own date, or by that of what it refunds', () => {
    const refund = { invoiceDate: '2026-02-01', refundOf: 'a' } as const
    const original = { invoiceDate: '2025-03-01' } as const
    expect(countingDay(refund, original, 'AT_REFUND_DATE')).toBe('2026-02-01')
    expect(countingDay(refund, original, 'AT_ORIGINAL_DATE')).toBe('2025-03-01')
    expect(countingDay(refund, undefined, 'AT_ORIGINAL_DATE')).toBe('2026-02-01')
    const lines = [
      line('a', '2025-03-01', '50.00'),
      line('b', '2026-02-01', '-20.00', { refundOf: 'a' }),
      line('c', '2026-02-02', '-20.00', { refundOf: 'nobody' }),
    ]
    const of = (refunds: 'AT_ORIGINAL_DATE' | 'AT_REFUND_DATE') =>
      count([terms({ tranches: [first, second], refunds })], lines).buckets.map((bucket) =>
        toDecimal(bucket.eligible),
      )
    expect(of('AT_ORIGINAL_DATE')).toEqual(['30.00', '-20.00'])
    expect(of('AT_REFUND_DATE')).toEqual(['50.00', '-40.00'])
  })
})

describe('an amendment', () => {
  const year = (amount: string) => [tranche('2025-01-01', '2026-01-01', amount)]
  const versions = (before: string, after: string, reinstateOnAmend: boolean) => [
    terms({ tranches: year(before), reinstateOnAmend }),
    terms({ tranches: year(after), reinstateOnAmend, validFrom: '2025-07-01' }),
  ]
  const lines = [
    line('a', '2025-03-01', '130.00'),
    line('b', '2025-06-30', '10.00'),
    line('c', '2025-07-01', '40.00'),
    line('d', '2025-08-01', '40.00'),
  ]

  it('that raises the ceiling lets spend over the old one count, where it reinstates', () => {
    const found = count(versions('1000.00', '1500.00', true), lines)
    expect(amounts(found)).toEqual(['a 130.00', 'b 10.00', 'c 10.00', 'd 0.00'])
  })

  it('forfeits that spend where it does not', () => {
    const found = count(versions('1000.00', '1500.00', false), lines)
    expect(amounts(found)).toEqual(['a 100.00', 'b 0.00', 'c 40.00', 'd 10.00'])
    expect(found.buckets[0]).toMatchObject({
      stated: usd('150.00'),
      limit: usd('150.00'),
      eligible: usd('180.00'),
      counted: usd('150.00'),
    })
  })

  it('that lowers the ceiling keeps what counted, and lets nothing more in', () => {
    const found = count(versions('1000.00', '500.00', false), lines)
    expect(amounts(found)).toEqual(['a 100.00', 'b 0.00', 'c 0.00', 'd 0.00'])
    expect(found.buckets[0]).toMatchObject({ stated: usd('50.00'), limit: usd('100.00') })
  })

  it('leaves a ceiling that was not reached what it holds, refunds below nothing included', () => {
    const spent = [line('a', '2025-03-01', '30.00'), line('b', '2025-08-01', '40.00')]
    const found = count(versions('1000.00', '500.00', false), spent)
    expect(amounts(found)).toEqual(['a 30.00', 'b 20.00'])
    expect(found.buckets[0]).toMatchObject({ limit: usd('50.00'), eligible: usd('70.00') })
    const owed = [line('a', '2025-03-01', '-30.00'), line('b', '2025-08-01', '40.00')]
    expect(amounts(count(versions('1000.00', '500.00', false), owed))).toEqual([
      'a 0.00',
      'b 10.00',
    ])
  })

  it('applies to days before every version as the first one says', () => {
    const [now] = versions('1000.00', '1500.00', false)
    const late = { ...now!, validFrom: '2025-12-01' as Day }
    expect(amounts(count([late], lines.slice(0, 1)))).toEqual(['a 100.00'])
  })
})
