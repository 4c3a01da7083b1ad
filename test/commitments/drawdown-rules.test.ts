import { describe, expect, it } from 'vitest'
import {
  drawdown,
  eligibleOf,
  factsOf,
  outsideReason,
  type Purchase,
  reinstated,
} from '../../src/commitments/drawdown.ts'
import { faults, history, rateOn, type Version } from '../../src/commitments/model.ts'
import { assess, providersRuled, ruleIds, translated } from '../../src/commitments/rules.ts'
import { parseMoney, toDecimal } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'
import { purchase, terms, tranche } from './sample.ts'

const deployed = { 'product.type': 'saas', 'product.badge': 'DEPLOYED_ON_AWS' }
const undeployed = { 'product.type': 'saas', 'product.badge': 'NONE' }
const euro = (amount: string) => parseMoney('EUR', amount)
const year = [
  tranche('2026-01-01', '2026-07-01', '4000.00'),
  tranche('2026-08-01', '2027-01-01', '8000.00'),
]

describe('a line of the ledger', () => {
  const only = (more: Parameters<typeof terms>[0], ...given: Parameters<typeof purchase>) =>
    drawdown([terms({ tranches: year, ...more })], [purchase(...given)])

  it('counts by the rule it meets', () => {
    const found = only({}, 'a', '2026-03-01', '500.00', deployed)
    expect(found.lines).toEqual([
      {
        id: 'a',
        invoiceDate: '2026-03-01',
        amount: usd('500.00'),
        refundOf: null,
        tranche: '2026-01-01',
        status: 'counts',
        rule: 'AWS-2025-SAAS-DEPLOYED',
        reason: 'COUNTS',
        missing: [],
        share: '1.00',
        rate: null,
        eligible: usd('500.00'),
        counted: usd('500.00'),
      },
    ])
    expect(found.flags).toEqual([])
    expect(found.tranches.map((t) => [t.tranche.start, toDecimal(t.eligible)])).toEqual([
      ['2026-01-01', '500.00'],
      ['2026-08-01', '0.00'],
    ])
  })

  it('is over the ceiling, or partly', () => {
    const { lines } = drawdown(
      [terms({ tranches: year })],
      [
        purchase('a', '2026-03-01', '900.00', deployed),
        purchase('b', '2026-03-02', '300.00', deployed),
        purchase('c', '2026-03-03', '10.00', deployed),
      ],
    )
    expect(lines.map(({ reason, counted }) => `${reason} ${toDecimal(counted)}`)).toEqual([
      'COUNTS 900.00',
      'PARTLY_OVER_CAP 100.00',
      'OVER_CAP 0.00',
    ])
  })

  it('is excluded by its rule, with the flag it raises', () => {
    const found = only({}, 'a', '2026-03-01', '500.00', undeployed)
    expect(found.lines[0]).toMatchObject({
      status: 'excluded',
      rule: 'AWS-2025-SAAS-NOT-DEPLOYED',
      reason: 'BADGE_MISSING',
      missing: [],
      share: '0.00',
      rate: null,
      eligible: usd('0'),
      counted: usd('0'),
    })
    expect(found.flags).toEqual(['BADGE_MISSING'])
    const services = { 'product.type': 'professional_services' }
    expect(only({}, 'a', '2026-03-01', '500.00', services).flags).toEqual([])
  })

  it('is unknown, and says what would decide', () => {
    const found = only({}, 'a', '2026-03-01', '500.00', { 'product.type': 'saas' })
    expect(found.lines[0]).toMatchObject({
      status: 'unknown',
      rule: null,
      reason: 'NO_RULE_MATCHES',
      missing: ['product.badge'],
      share: null,
      rate: null,
      eligible: null,
      counted: usd('0'),
    })
    expect(found.flags).toEqual(['RULE_UNKNOWN'])
    expect(found.tranches.map((t) => t.unknown)).toEqual([[usd('500.00')], []])
  })

  it('is unknown in another currency for which no rate was stated', () => {
    const sold = purchase('a', '2026-03-01', '0', deployed, { amount: euro('500.00') })
    const more = purchase('b', '2026-03-01', '0', deployed, { amount: euro('20.00') })
    const also = purchase('c', '2026-03-01', '3.00', { 'product.type': 'saas' })
    const found = drawdown([terms({ tranches: year })], [sold, more, also])
    expect(found.lines[0]).toMatchObject({
      status: 'unknown',
      rule: 'AWS-2025-SAAS-DEPLOYED',
      reason: 'EXCHANGE_RATE_NOT_STATED',
      missing: [],
      eligible: null,
      counted: usd('0'),
    })
    expect(found.flags).toEqual(['RATE_UNKNOWN', 'RULE_UNKNOWN'])
    expect(found.tranches[0]!.unknown).toEqual([euro('520.00'), usd('3.00')])
  })

  it('lies outside the tranches, and says where', () => {
    const reason = (day: string) => {
      const { lines, flags } = only({}, 'a', day, '500.00', deployed)
      expect(flags).toEqual([])
      expect(lines[0]).toMatchObject({
        status: 'excluded',
        tranche: null,
        rule: null,
        missing: [],
        share: null,
        rate: null,
        eligible: usd('0'),
        counted: usd('0'),
      })
      return lines[0]!.reason
    }
    expect(reason('2025-12-31')).toBe('BEFORE_COMMITMENT')
    expect(reason('2026-07-01')).toBe('BETWEEN_TRANCHES')
    expect(reason('2026-07-31')).toBe('BETWEEN_TRANCHES')
    expect(reason('2027-01-01')).toBe('AFTER_COMMITMENT')
    expect(outsideReason(terms({ tranches: year }), '2026-01-01')).toBe('BETWEEN_TRANCHES')
  })

  it('that refunds is judged as what it refunds', () => {
    const { lines } = drawdown(
      [terms({ tranches: year })],
      [
        purchase('a', '2026-03-01', '500.00', deployed),
        purchase('b', '2026-09-01', '-200.00', undeployed, { refundOf: 'a' }),
        purchase('c', '2026-09-01', '-200.00', undeployed, { refundOf: 'nobody' }),
      ],
    )
    expect(lines.map(({ status }) => status)).toEqual(['counts', 'counts', 'excluded'])
    expect(lines[1]).toMatchObject({ tranche: '2026-08-01', eligible: usd('-200.00') })
  })

  it('stands by invoice date and then by id, whatever order lines come in', () => {
    const days = ['2026-03-02', '2026-03-01', '2026-03-01', '2026-03-03']
    const ids = ['b', 'd', 'a', 'c']
    const lines = days.map((day, n) => purchase(ids[n]!, day, '1.00', deployed))
    const order = (given: Purchase[]) =>
      drawdown([terms({ tranches: year })], given).lines.map(({ id }) => id)
    expect(order(lines)).toEqual(['a', 'd', 'b', 'c'])
    expect(order(lines.toReversed())).toEqual(['a', 'd', 'b', 'c'])
  })

  it('is of no ledger without terms', () => {
    expect(drawdown([], [purchase('a', '2026-03-01', '1.00', deployed)])).toEqual({
      lines: [],
      tranches: [],
      flags: [],
    })
  })
})

describe('the ceilings of a tranche', () => {
  const keys = (found: ReturnType<typeof drawdown>) =>
    found.tranches.map((t) => t.buckets.map(({ key, counted }) => `${key} ${toDecimal(counted)}`))

  it('are those of the rules that lines met, also where nothing counted yet', () => {
    const sold = [
      purchase('a', '2026-03-01', '500.00', deployed),
      purchase('b', '2026-03-01', '500.00', undeployed),
    ]
    const cap = '{"pct":"0.25","of":"tranche","max":null}'
    expect(keys(drawdown([terms({ tranches: year })], sold))).toEqual([
      [`2026-01-01 ${cap} 500.00`],
      [`2026-08-01 ${cap} 0.00`],
    ])
    expect(keys(drawdown([terms({ tranches: year })], sold.slice(1)))).toEqual([[], []])
  })

  it('or the contract’s, with or without lines', () => {
    const cap = { pct: '0.5', of: 'total', max: null } as const
    const sold = [purchase('a', '2026-03-01', '500.00', deployed)]
    expect(keys(drawdown([terms({ tranches: year, cap })], sold))).toEqual([
      ['term contract 500.00'],
      ['term contract 500.00'],
    ])
    const apart = { ...cap, of: 'tranche' } as const
    expect(keys(drawdown([terms({ tranches: year, cap: apart })], []))).toEqual([
      ['2026-01-01 contract 0.00'],
      ['2026-08-01 contract 0.00'],
    ])
  })
})

describe('what an amendment reinstates', () => {
  const before = terms({ tranches: [tranche('2026-01-01', '2027-01-01', '1000.00')] })
  const after = {
    ...before,
    validFrom: '2026-06-01' as Day,
    tranches: [tranche('2026-01-01', '2027-01-01', '2000.00')],
  }
  const sold = [
    purchase('a', '2026-03-01', '400.00', deployed),
    purchase('b', '2026-06-01', '50.00', deployed),
  ]

  it('is what counts of earlier lines by it and did not before', () => {
    expect(reinstated([before, after], sold, '2026-06-01')).toEqual(usd('150.00'))
    expect(reinstated([before, after], sold.slice(1), '2026-06-01')).toEqual(usd('0'))
    const kept = [before, after].map((one) => ({ ...one, reinstateOnAmend: false }))
    expect(reinstated(kept, sold, '2026-06-01')).toEqual(usd('0'))
  })
})

describe('an amount in the commitment’s currency', () => {
  const rate = (on: string, price: string, from = 'EUR') => ({
    from,
    on: on as Day,
    rate: { currency: 'USD', price },
    source: 'test',
  })
  const rates = [
    rate('2026-06-01', '1.20'),
    rate('2026-01-01', '1.10'),
    rate('2026-03-01', '9', 'GBP'),
  ]
  const stated = terms({ rates })

  it('is its share, rounded once', () => {
    expect(eligibleOf(stated, usd('0.05'), '2026-03-01', '0.5')).toEqual({
      eligible: usd('0.03'),
      rate: null,
    })
    expect(eligibleOf(stated, euro('10.05'), '2026-03-01', '0.5')).toEqual({
      eligible: usd('5.53'),
      rate: rates[1],
    })
  })

  it('goes by the latest rate that was in force on its day', () => {
    expect(rateOn(rates, 'EUR', '2026-05-31')?.rate.price).toBe('1.10')
    expect(rateOn(rates, 'EUR', '2026-06-01')?.rate.price).toBe('1.20')
    expect(rateOn(rates.toReversed(), 'EUR', '2027-06-01')?.rate.price).toBe('1.20')
    expect(rateOn(rates, 'EUR', '2026-01-01')?.rate.price).toBe('1.10')
    expect(rateOn(rates, 'EUR', '2025-12-31')).toBeUndefined()
    expect(eligibleOf(stated, euro('10.00'), '2025-12-31', '1')).toBeUndefined()
  })
})

describe('what the rules ask about a purchase', () => {
  it('is what is known of it before what holds in general, in the programme’s words', () => {
    const general = terms({ facts: { deployedOnCloud: true, 'line.country': 'DE' } })
    expect(factsOf(general, '2026-03-01', { 'line.country': 'FR' })).toEqual({
      deployedOnCloud: true,
      'product.badge': 'DEPLOYED_ON_AWS',
      'product.partlyOnAws': true,
      'line.country': 'FR',
      'commitment.signedAt': '2024-03-01',
      'commitment.country': 'DE',
      'line.invoiceDate': '2026-03-01',
    })
  })

  it('is translated by each programme’s own meaning, and what is exact goes before', () => {
    expect(translated('aws', { deployedOnCloud: false })).toEqual({
      deployedOnCloud: false,
      'product.badge': 'NONE',
    })
    expect(translated('azure', { deployedOnCloud: true })).toEqual({
      deployedOnCloud: true,
      'offer.deployment': 'exclusively_azure',
    })
    expect(translated('oracle', { deployedOnCloud: true })).toEqual({ deployedOnCloud: true })
    expect(translated('aws', {})).toEqual({})
    expect(translated('aws', { deployedOnCloud: true, 'product.badge': 'NONE' })).toMatchObject({
      'product.badge': 'NONE',
      'product.partlyOnAws': true,
    })
  })
})

describe('a verdict', () => {
  const signed = { 'commitment.signedAt': '2024-03-01', 'line.invoiceDate': '2026-03-01' }

  it('gives the share, the ceiling and how sure it is', () => {
    expect(assess('aws', { ...signed, ...deployed })).toEqual({
      is: 'counts',
      rule: 'AWS-2025-SAAS-DEPLOYED',
      share: '1.00',
      cap: { pct: '0.25', of: 'tranche', max: null },
      confidence: 'secondary',
    })
    expect(assess('oracle', { ...signed, 'product.thirdParty': true })).toMatchObject({
      cap: { pct: '0.15', of: 'tranche', max: null },
    })
    expect(assess('snowflake', { ...signed, 'buyer.mcdEnrolled': true })).toMatchObject({
      cap: { pct: '0.05', of: 'total', max: { amount: '50000.00', currency: 'USD' } },
    })
    const old = { ...signed, 'commitment.signedAt': '2021-12-31' }
    expect(assess('aws', old)).toMatchObject({ share: '0.50', cap: null })
  })

  it('excludes with the rule’s reason and flag, or by the contract', () => {
    const contract = (rule: string) => [{ rule, share: '0' }]
    expect(assess('aws', { ...signed, ...undeployed })).toEqual({
      is: 'excluded',
      rule: 'AWS-2025-SAAS-NOT-DEPLOYED',
      reason: 'BADGE_MISSING',
      flag: 'BADGE_MISSING',
    })
    expect(
      assess('aws', { ...signed, ...undeployed }, contract('AWS-2025-SAAS-NOT-DEPLOYED')),
    ).toEqual({ is: 'excluded', rule: 'AWS-2025-SAAS-NOT-DEPLOYED', reason: 'CONTRACT_TERMS' })
    const services = { ...signed, 'product.type': 'professional_services' }
    expect(assess('aws', services)).toEqual({
      is: 'excluded',
      rule: 'AWS-2022-PROSERV',
      reason: 'PROFESSIONAL_SERVICES',
    })
    expect(assess('aws', { ...signed, ...deployed }, contract('AWS-2022-SERVER'))).toMatchObject({
      is: 'counts',
    })
  })

  it('of rules that weigh the same takes the one that counts nothing, then the first by name', () => {
    const facts = { ...signed, 'offer.maccEnrolled': false, 'line.boughtInAzurePortal': false }
    expect(assess('azure', facts)).toMatchObject({ rule: 'AZ-NOT-ENROLLED', flag: 'NOT_ENROLLED' })
    const legacy = {
      ...signed,
      'commitment.kind': 'ctc',
      'commitment.predatesMarketplaceBenefit': true,
    }
    expect(assess('azure', legacy)).toMatchObject({
      is: 'unknown',
      rule: 'AZ-LEGACY-CTC',
      reason: 'EXCLUSIONS_MAY_APPLY',
    })
    const services = { ...legacy, 'product.type': 'professional_services' }
    expect(assess('azure', services)).toMatchObject({ is: 'excluded', rule: 'AZ-PROSERV' })
  })

  it('names only the facts that could still decide', () => {
    const missing = (facts: object, provider = 'aws') => {
      const found = assess(provider, { ...facts } as Record<string, string>)
      return found.is === 'unknown' ? found.missing : found.is
    }
    expect(missing(signed)).toEqual(['product.badge', 'product.type'])
    expect(missing({ 'commitment.signedAt': '2024-03-01' })).toEqual([
      'product.badge',
      'product.partlyOnAws',
      'product.type',
    ])
    expect(missing({ ...signed, 'product.type': 'data' })).toEqual([])
    expect(missing({ ...signed, 'buyer.mcdEnrolled': false }, 'snowflake')).toEqual([])
  })

  it('rests on a table of programmes and rules', () => {
    expect(providersRuled).toContain('aws')
    expect(new Set(providersRuled).size).toBe(providersRuled.length)
    expect(ruleIds).toContain('AWS-2022-SERVER')
  })
})

describe('the versions of a commitment', () => {
  const version = (number: number, more: Partial<Version> = {}): Version => ({
    terms: terms(),
    validFrom: '2026-01-01',
    knownFrom: '2026-01-10',
    recordedAt: '2026-01-10T12:00:00.000Z',
    number,
    ...more,
  })
  const seen = (versions: Version[], at: Partial<Parameters<typeof history>[1]> = {}) =>
    history(versions, { asOf: '2026-12-31', known: '2026-12-31', recordedBy: null, ...at }).map(
      ({ number }) => number,
    )
  const later = version(2, { validFrom: '2026-06-01', knownFrom: '2026-05-20' })

  it('are those in force, known and written down by then, the latest last', () => {
    expect(seen([later, version(1)])).toEqual([1, 2])
    expect(seen([version(1), later])).toEqual([1, 2])
    expect(seen([version(1), later], { asOf: '2026-06-01' })).toEqual([1, 2])
    expect(seen([version(1), later], { asOf: '2026-05-31' })).toEqual([1])
    expect(seen([version(1), later], { known: '2026-05-20' })).toEqual([1, 2])
    expect(seen([version(1), later], { known: '2026-05-19' })).toEqual([1])
    expect(seen([version(1)], { recordedBy: '2026-01-10T12:00:00.000Z' })).toEqual([1])
    expect(seen([version(1)], { recordedBy: '2026-01-10T11:59:59.999Z' })).toEqual([])
  })

  it('of one day are corrected by the newest', () => {
    const corrected = version(3, { knownFrom: '2026-09-01' })
    expect(seen([version(1), later, corrected])).toEqual([3, 2])
    expect(seen([corrected, later, version(1)])).toEqual([3, 2])
    expect(seen([version(1), later, corrected], { known: '2026-08-31' })).toEqual([1, 2])
  })
})

describe('terms are faulty', () => {
  const of = (more: Parameters<typeof terms>[0]) =>
    faults(terms(more)).map(({ path, message }) => `${path}: ${message}`)
  const stated = (asOf: string) => ({ amount: usd('1.00'), asOf: asOf as Day })
  const half = (more = {}) => tranche('2026-01-01', '2026-07-01', '4000.00', more)

  it('nowhere, where nothing is wrong', () => {
    expect(of({ tranches: year, signedAt: '2027-01-01' })).toEqual([])
    expect(of({ tranches: [half(), tranche('2026-07-01', '2027-01-01', '0.01')] })).toEqual([])
    const edges = { native: stated('2026-01-01'), others: stated('2026-07-01') }
    expect(of({ tranches: [half(edges)] })).toEqual([])
  })

  it('where a tranche ends before it starts, overlaps, or is worth nothing', () => {
    expect(of({ tranches: [tranche('2026-01-01', '2026-01-01', '1.00')] })).toEqual([
      'tranches.0.endExclusive: must lie after start',
    ])
    expect(of({ tranches: [half(), tranche('2026-06-30', '2027-01-01', '1.00')] })).toEqual([
      'tranches.1.start: must not lie before the end of the one above',
    ])
    expect(of({ tranches: [half(), tranche('2026-07-01', '2027-01-01', '0')] })).toEqual([
      'tranches.1.amount: must be more than zero',
    ])
  })

  it('where use is stated for a day outside its tranche', () => {
    expect(of({ tranches: [half({ native: stated('2025-12-31') })] })).toEqual([
      'tranches.0.native.asOf: must lie in the tranche',
    ])
    expect(of({ tranches: [half({ others: stated('2026-07-02') })] })).toEqual([
      'tranches.0.others.asOf: must lie in the tranche',
    ])
  })

  it('where they were signed after their end, or carry forward and do not', () => {
    expect(of({ tranches: year, signedAt: '2027-01-02' })).toEqual([
      'signedAt: must not lie after the end of the term',
    ])
    expect(of({ shortfall: { policy: 'invoice', pct: '0.1' } })).toEqual([
      'shortfall.carryForwardPct: only goes with carry_forward',
    ])
    expect(of({ shortfall: { policy: 'carry_forward', pct: '0.1' } })).toEqual([])
  })
})
