import { describe, expect, it } from 'vitest'
import { assess, ruleIds } from '../../src/commitments/rules.ts'

const signed = { 'commitment.signedAt': '2024-03-01' }
const june = { 'line.invoiceDate': '2026-06-01' }

describe('the drawdown rules', () => {
  it('have ids of their own', () => expect(new Set(ruleIds).size).toBe(ruleIds.length))

  it('are unknown, and say what would decide, when a fact is missing', () => {
    const verdict = assess('aws', { ...signed, ...june, 'product.type': 'saas' })
    expect(verdict).toEqual({
      is: 'unknown',
      rule: null,
      reason: 'NO_RULE_MATCHES',
      missing: ['product.badge'],
    })
  })

  it('are unknown where nobody has published a share, unless the contract states one', () => {
    const facts = { ...signed, ...june, 'product.type': 'data' }
    expect(assess('aws', facts)).toMatchObject({ is: 'unknown', rule: 'AWS-2022-DATA' })
    const agreed = [{ rule: 'AWS-2022-DATA', share: '0.40' }]
    expect(assess('aws', facts, agreed)).toMatchObject({ is: 'counts', share: '0.40' })
  })

  it('let a contract exclude what a programme would count', () => {
    const facts = { ...signed, ...june, 'product.type': 'ami' }
    const agreed = [{ rule: 'AWS-2022-SERVER', share: '0' }]
    expect(assess('aws', facts)).toMatchObject({ is: 'counts', confidence: 'unconfirmed' })
    expect(assess('aws', facts, agreed)).toMatchObject({ is: 'excluded', reason: 'CONTRACT_TERMS' })
  })

  it('let one failed gate outrank every open one', () => {
    const facts = {
      ...june,
      'commitment.country': 'DE',
      'line.country': 'DE',
      'line.boughtInAzurePortal': true,
      'line.subscriptionOnAgreement': true,
      'line.coveredByCredit': false,
      'offer.maccEnrolled': true,
      'offer.deployment': 'exclusively_azure',
    }
    expect(assess('azure', facts)).toMatchObject({ is: 'counts', rule: 'AZ-MACC-ELIGIBLE' })
    for (const [path, value] of Object.entries({
      'line.country': 'FR',
      'line.boughtInAzurePortal': false,
      'line.coveredByCredit': true,
      'offer.deployment': 'hybrid',
      'product.type': 'professional_services',
    }))
      expect(assess('azure', { ...facts, [path]: value }).is).toBe('excluded')
    expect(assess('azure', { ...facts, 'line.coveredByCredit': null }).is).toBe('unknown')
  })

  it('do not count a line through a reseller whose opt-in is not known', () => {
    const facts = {
      ...june,
      'product.type': 'saas',
      'product.runsOnGoogleCloud': true,
      'product.ownedByBuyer': false,
      'line.channel': 'reseller',
    }
    expect(assess('gcp', facts)).toMatchObject({
      is: 'unknown',
      missing: ['vendor.resaleOptIn'],
    })
    expect(assess('gcp', { ...facts, 'vendor.resaleOptIn': true })).toMatchObject({
      is: 'counts',
      rule: 'GCP-MCPO',
      cap: { pct: null },
    })
    const early = { ...facts, 'vendor.resaleOptIn': true, 'line.invoiceDate': '2025-06-08' }
    expect(assess('gcp', early)).toMatchObject({ is: 'unknown', reason: 'SHARE_NOT_KNOWN' })
  })

  it('count nothing for a programme nobody has researched', () => {
    expect(assess('ibm', june)).toMatchObject({ is: 'unknown', reason: 'NOT_RESEARCHED' })
    expect(assess('nobody', june)).toMatchObject({ is: 'unknown', rule: null })
  })
})
