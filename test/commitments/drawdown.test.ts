import { describe, expect, it } from 'vitest'
import { drawdown } from '../../src/commitments/drawdown.ts'
import { parseMoney, toDecimal } from '../../src/kernel/money.ts'
import { purchase, terms, tranche } from './sample.ts'

const deployed = { 'product.type': 'saas', 'product.badge': 'DEPLOYED_ON_AWS' }
const bare = { 'product.type': 'saas', 'product.badge': 'NONE' }

describe('the drawdown ledger', () => {
  it('keeps what is unknown apart and flags it', () => {
    const ledger = drawdown(
      [terms()],
      [purchase('a', '2026-03-01', '500.00', { 'product.type': 'saas' })],
    )
    expect(ledger.lines[0]).toMatchObject({
      status: 'unknown',
      eligible: null,
      missing: ['product.badge'],
    })
    expect(ledger.tranches[0]?.unknown.map(toDecimal)).toEqual(['500.00'])
    expect(ledger.tranches[0]?.eligible.minor).toBe(0n)
    expect(ledger.flags).toEqual(['RULE_UNKNOWN'])
  })

  it('says when a badge is missing', () => {
    const ledger = drawdown([terms()], [purchase('a', '2026-03-01', '500.00', bare)])
    expect(ledger.lines[0]).toMatchObject({ status: 'excluded', reason: 'BADGE_MISSING' })
    expect(ledger.flags).toEqual(['BADGE_MISSING'])
  })

  it('judges a refund as what it refunds, though the rules have changed since', () => {
    const hosted = { 'product.type': 'saas', 'product.badge': 'NONE', 'product.partlyOnAws': true }
    const ledger = drawdown(
      [terms()],
      [
        purchase('a', '2025-04-30', '500.00', hosted),
        purchase('b', '2025-06-01', '-500.00', {}, { refundOf: 'a' }),
      ],
    )
    expect(ledger.lines.map((l) => [l.rule, toDecimal(l.counted)])).toEqual([
      ['AWS-2022-SAAS-PARTIAL', '500.00'],
      ['AWS-2022-SAAS-PARTIAL', '-500.00'],
    ])
  })

  it('does not guess an exchange rate', () => {
    const sold = purchase('a', '2026-03-01', '0', deployed, { amount: parseMoney('EUR', '100.00') })
    const [line] = drawdown([terms()], [sold]).lines
    expect(line).toMatchObject({ status: 'unknown', reason: 'EXCHANGE_RATE_NOT_STATED' })
    const rate = {
      from: 'EUR',
      rate: { currency: 'USD', price: '1.1' },
      source: 'treasury',
    } as const
    const early = drawdown([terms({ rates: [{ ...rate, on: '2026-03-02' }] })], [sold]).lines[0]
    expect(early?.status).toBe('unknown')
    const known = drawdown([terms({ rates: [{ ...rate, on: '2026-02-01' }] })], [sold]).lines[0]
    expect(known).toMatchObject({ status: 'counts', rate: { source: 'treasury' } })
    expect(known?.eligible && toDecimal(known.eligible)).toBe('110.00')
  })

  it('takes the programme’s ceiling where the contract states none, shared by its rules', () => {
    const ledger = drawdown(
      [terms({ tranches: [tranche('2025-01-01', '2027-01-01', '1000.00')] })],
      [
        purchase('a', '2026-03-01', '200.00', deployed),
        purchase('b', '2026-03-02', '200.00', { 'product.type': 'container' }),
      ],
    )
    expect(ledger.lines.map((l) => [l.reason, toDecimal(l.counted)])).toEqual([
      ['COUNTS', '200.00'],
      ['PARTLY_OVER_CAP', '50.00'],
    ])
    expect(ledger.tranches[0]?.buckets).toHaveLength(1)
  })

  it('spans a ceiling of the whole term over its tranches', () => {
    const tranches = [
      tranche('2025-01-01', '2026-01-01', '1000.00'),
      tranche('2026-01-01', '2027-01-01', '1000.00'),
    ]
    const ledger = drawdown(
      [terms({ tranches, cap: { pct: '0.25', of: 'total', max: null } })],
      [
        purchase('a', '2025-06-01', '400.00', deployed),
        purchase('b', '2026-06-01', '400.00', deployed),
      ],
    )
    expect(ledger.tranches.map((t) => toDecimal(t.counted))).toEqual(['400.00', '100.00'])
    expect(ledger.lines.map((l) => l.reason)).toEqual(['COUNTS', 'PARTLY_OVER_CAP'])
  })

  it('names what lies outside the term, and in a gap of it', () => {
    const tranches = [
      tranche('2025-01-01', '2025-07-01', '1000.00'),
      tranche('2026-01-01', '2027-01-01', '1000.00'),
    ]
    const days = ['2024-12-31', '2025-08-01', '2027-01-01']
    const ledger = drawdown(
      [terms({ tranches })],
      days.map((day) => purchase(day, day, '1.00', deployed)),
    )
    expect(ledger.lines.map((l) => l.reason)).toEqual([
      'BEFORE_COMMITMENT',
      'BETWEEN_TRANCHES',
      'AFTER_COMMITMENT',
    ])
  })

  it('forfeits spend over an old ceiling where the contract does not reinstate it', () => {
    const cap = { pct: '0.25', of: 'tranche', max: null } as const
    const version = (validFrom: '2026-01-01' | '2026-06-01', amount: string) =>
      terms({
        validFrom,
        cap,
        reinstateOnAmend: false,
        tranches: [tranche('2026-01-01', '2027-01-01', amount)],
      })
    const sold = [
      purchase('a', '2026-03-01', '200000.00', deployed),
      purchase('b', '2026-05-01', '100000.00', deployed),
      purchase('c', '2026-07-01', '60000.00', deployed),
    ]
    const history = [version('2026-01-01', '1000000.00'), version('2026-06-01', '1400000.00')]
    const ledger = drawdown(history, sold)
    expect(ledger.lines.map((l) => toDecimal(l.counted))).toEqual([
      '200000.00',
      '50000.00',
      '60000.00',
    ])
  })
})
