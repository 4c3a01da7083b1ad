import { describe, expect, it } from 'vitest'
import { parseMoney } from '../../src/kernel/money.ts'
import { feeRate, nextTier } from '../../src/offers/fees.ts'

const facts = {
  'offer.visibility': 'private',
  'offer.renewal': false,
  'product.type': 'saas',
  'agreement.acceptedAt': '2026-01-15',
}
const usd = (amount: string) => parseMoney('USD', amount)
const sale = (more = {}, tcv = usd('500000.00')) => ({
  provider: 'aws',
  facts: { ...facts, ...more },
  tcv,
})

describe('the listing fee', () => {
  it('is unknown where the rules give no number', () => {
    expect(feeRate(sale({ 'offer.regional': true }))).toEqual({
      is: 'unknown',
      rules: ['AWS-2024-REGIONAL'],
      reason: 'this case has no published rate',
    })
    expect(feeRate(sale({ 'agreement.acceptedAt': '2023-12-31' })).is).toBe('unknown')
    expect(feeRate({ ...sale(), provider: 'nobody' }).is).toBe('unknown')
  })

  it('is unknown until it is said whether the sale is a renewal', () => {
    expect(feeRate(sale({ 'offer.renewal': null })).is).toBe('unknown')
  })

  it('does not compare a total with a tier of another currency', () => {
    const found = feeRate(sale({}, parseMoney('EUR', '500000.00')))
    expect(found).toMatchObject({ is: 'unknown', reason: 'the tiers are stated in USD' })
    const renewal = feeRate(sale({ 'offer.renewal': true }, parseMoney('EUR', '500000.00')))
    expect(renewal).toMatchObject({ is: 'known', rate: '0.015' })
  })

  it('yields to the vendor’s own contract', () => {
    expect(feeRate({ ...sale({ 'offer.regional': true }), contractRate: '0.01' })).toEqual({
      is: 'known',
      rate: '0.01',
      rules: [],
      confidence: 'contract',
    })
  })

  it('is free for what is not transacted, whatever else it is', () => {
    expect(feeRate(sale({ 'offer.pricing': 'byol' }))).toMatchObject({
      rate: '0.00',
      rules: ['AWS-BYOL-FREE'],
    })
  })

  it('warns of the cliff at the next tier', () => {
    expect(nextTier(sale({}, usd('999999.99')))).toEqual({
      from: usd('1000000.00'),
      rate: '0.02',
      rule: 'AWS-2024-PRIV-1-10M',
    })
    expect(nextTier(sale({}, usd('900000.00')))).toBeUndefined()
    expect(nextTier(sale({}, usd('1000000.00')))).toBeUndefined()
  })
})
