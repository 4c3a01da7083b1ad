import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { changes, offers, order } from './order.ts'

const sample = (name: string): Record<string, any> => {
  const text = readFileSync(join(import.meta.dirname, 'data', name), 'utf8')
  const { ChangeSet } = JSON.parse(text) as { ChangeSet: any[] }
  return Object.fromEntries(ChangeSet.map((c) => [c.ChangeType, c.DetailsDocument]))
}
const eula = 'https://s3.amazonaws.com/sample-bucket/custom-eula.pdf'
const custom = { legal: { kind: 'custom', documents: ['doc_1'] } } as const

describe("AWS's sample change sets come out of orders that mean the same", () => {
  it('a contract with a flexible payment schedule', () => {
    const wanted = sample('change-set-flexible-payment.json')
    const { Name, Description } = wanted.UpdateInformation
    const made = changes(
      order(
        {
          ...custom,
          name: Name,
          note: Description,
          acceptBy: '2023-12-31',
          pricing: { contract: [{ dimension: 'BasicService', quantity: '1' }] },
          payments: [
            { on: '2024-01-01', amount: '200.00' },
            { on: '2024-02-01', amount: '170.00' },
          ],
          native: { refundPolicy: 'Some kind of refund policy description' },
        },
        { buyerRefs: ['111111111111'], documents: [eula], submittedOn: '2023-12-01' },
      ),
    )
    expect(made).toEqual(wanted)
  })

  it('a contract the buyer configures, with usage', () => {
    const wanted = sample('change-set-contract-with-usage.json')
    const { Name, Description } = wanted.UpdateInformation
    const made = changes(
      order(
        {
          ...custom,
          name: Name,
          note: Description,
          acceptBy: '2023-12-31',
          pricing: {
            contract: [
              { dimension: 'BasicService', quantity: '1', price: '150' },
              { dimension: 'PremiumService', quantity: '1', price: '300' },
            ],
            usage: [
              { dimension: 'WorkloadSmall', rate: '0.15' },
              { dimension: 'WorkloadMedium', rate: '0.25' },
            ],
          },
          native: { buyerConfigurable: true },
        },
        { buyerRefs: ['111111111111', '222222222222'], documents: [eula] },
      ),
    )
    expect(made).toEqual(wanted)
  })

  it('pay as you go', () => {
    const wanted = sample('change-set-usage.json')
    const { Name, Description } = wanted.UpdateInformation
    const { term: _, ...terms } = order().terms
    const made = changes({
      ...order({}, { buyerRefs: ['111111111111', '222222222222'], documents: [eula] }),
      terms: {
        ...terms,
        ...custom,
        name: Name,
        note: Description,
        acceptBy: '2023-12-31',
        pricing: {
          usage: [
            { dimension: 'WorkloadSmall', rate: '0.13' },
            { dimension: 'WorkloadMedium', rate: '0.22' },
          ],
        },
      },
    })
    // The sample limits it to 30 days; ours runs until it is cancelled.
    const { UpdateValidityTerms: __, ...rest } = wanted
    expect(made).toEqual(rest)
  })
})

describe('the change set of an offer', () => {
  it('creates first, releases last, and points every change at the new offer', () => {
    const [request] = offers.requests(order(), 'offer_1') as any[]
    expect(request).toMatchObject({
      Catalog: 'AWSMarketplace',
      ChangeSetName: 'offer_1',
      ClientRequestToken: 'offer_1',
    })
    const [create, ...others] = request.ChangeSet
    expect(create).toMatchObject({ ChangeType: 'CreateOffer', ChangeName: 'CreateOfferChange' })
    expect(others.at(-1)).toEqual({
      ChangeType: 'ReleaseOffer',
      Entity: { Type: 'Offer@1.0', Identifier: '$CreateOfferChange.Entity.Identifier' },
      DetailsDocument: {},
    })
    expect(new Set(others.map((c: any) => c.Entity.Identifier)).size).toBe(1)
  })

  it('is the same every time', () =>
    expect(offers.requests(order(), 'offer_1')).toEqual(offers.requests(order(), 'offer_1')))

  it('charges the total at acceptance when no payments are given', () => {
    const made = changes(order())
    expect(made.UpdatePricingTerms.Terms).toEqual([
      {
        Type: 'FixedUpfrontPricingTerm',
        CurrencyCode: 'USD',
        Price: '0.0',
        Grants: [{ DimensionKey: 'seats', MaxQuantity: 100 }],
      },
    ])
    expect(made.UpdatePaymentScheduleTerms.Terms[0].Schedule).toEqual([
      { ChargeDate: '2026-11-01', ChargeAmount: '1200.00' },
    ])
    expect(made.UpdateValidityTerms.Terms).toEqual([
      { Type: 'ValidityTerm', AgreementDuration: 'P12M' },
    ])
  })

  it('says a fixed start with its inclusive last day', () => {
    const made = changes(order({ start: '2027-02-01', term: { months: 24 } }))
    expect(made.UpdateValidityTerms.Terms).toEqual([
      {
        Type: 'ValidityTerm',
        AgreementStartDate: '2027-02-01',
        AgreementEndDate: '2029-01-31',
      },
    ])
  })

  it('grants one unit of the only contract dimension for a flat price', () => {
    const dimensions = [{ key: 'platform', name: 'Platform', types: ['contract'] as const }]
    const made = changes(order({ pricing: { flat: '5000.00' } }, { dimensions }))
    expect(made.UpdatePricingTerms.Terms[0].Grants).toEqual([
      { DimensionKey: 'platform', MaxQuantity: 1 },
    ])
  })

  it.each([
    [undefined, undefined],
    [{ attested: false }, undefined],
    [{ attested: true }, 'External'],
    [{ of: 'agr_1', attested: true }, 'AwsMarketplace'],
  ])('says of renewal %j that the agreement before it came by %s', (renewal, channel) => {
    const made = changes(order({ renewal }))
    expect(made.UpdateInformation.PreExistingAgreement?.AcquisitionChannel).toBe(channel)
  })

  it('says renewal, renewal of, countries and net payment in AWS words', () => {
    const made = changes(
      order({
        renewal: { of: 'agr_1', attested: true },
        autoRenew: { times: 3 },
        native: {
          countryCodes: ['US', 'CA'],
          netPaymentDays: 45,
          renewal: {
            priceIncrease: { min: '3.00', max: '10.00', default: '5.00' },
            lockoutDays: 30,
            adjustmentDeadlineDays: 60,
          },
        },
      }),
    )
    expect(made.UpdateInformation.PreExistingAgreement).toEqual({
      AcquisitionChannel: 'AwsMarketplace',
      PricingModel: 'Contract',
    })
    expect(made.UpdateTargeting.PositiveTargeting.CountryCodes).toEqual(['US', 'CA'])
    expect(made.UpdateNetPaymentTerms.Terms).toEqual([
      { Type: 'NetPaymentTerm', PaymentDuePeriod: 'P45D' },
    ])
    expect(made.UpdateRenewalTerms.Terms).toEqual([
      {
        Type: 'RenewalTerm',
        LockoutPeriod: 'P30D',
        AdjustmentDeadline: 'P60D',
        MaxRenewals: 3,
        PriceIncrease: {
          Type: 'PercentageRange',
          Range: { MinValue: '3.00', MaxValue: '10.00', DefaultValue: '5.00' },
        },
        TermTemplates: [
          {
            Type: 'PaymentScheduleTermTemplate',
            Schedule: [{ ChargeDateOffset: 'P0M', ChargePercentage: '100.00' }],
          },
        ],
      },
    ])
  })
})
