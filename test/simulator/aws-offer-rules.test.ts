import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INITECH, openAws, PRODUCT, type SimulatedAws } from './aws-clients.ts'
import { goodOffer, offerChanges, publish, released } from './aws-offers.ts'

let aws: SimulatedAws

beforeAll(async () => {
  aws = await openAws()
})
afterAll(() => aws.stop())

const fixed = (more: object = {}) => ({
  Type: 'FixedUpfrontPricingTerm',
  CurrencyCode: 'USD',
  Price: '0.0',
  Grants: [{ DimensionKey: 'seats', MaxQuantity: 10 }],
  ...more,
})
const usage = (rows: Record<string, string>, CurrencyCode = 'USD') => ({
  Type: 'UsageBasedPricingTerm',
  CurrencyCode,
  RateCards: [
    { RateCard: Object.entries(rows).map(([DimensionKey, Price]) => ({ DimensionKey, Price })) },
  ],
})
const card = (
  value: string,
  rows: Record<string, string>,
  constraints = ['Allowed', 'Allowed'],
) => ({
  Selector: { Type: 'Duration', Value: value },
  Constraints: {
    MultipleDimensionSelection: constraints[0],
    QuantityConfiguration: constraints[1],
  },
  RateCard: Object.entries(rows).map(([DimensionKey, Price]) => ({ DimensionKey, Price })),
})
const upfront = (...RateCards: object[]) => ({
  Type: 'ConfigurableUpfrontPricingTerm',
  CurrencyCode: 'USD',
  RateCards,
})
const pricing = (terms: object[], PricingModel = 'Contract') => ({
  UpdatePricingTerms: { PricingModel, Terms: terms },
})
const noSchedule = { UpdatePaymentScheduleTerms: null, UpdateValidityTerms: null }
const schedule = (rows: Record<string, string>, CurrencyCode = 'USD') => ({
  UpdatePaymentScheduleTerms: {
    Terms: [
      {
        Type: 'PaymentScheduleTerm',
        CurrencyCode,
        Schedule: Object.entries(rows).map(([ChargeDate, ChargeAmount]) => ({
          ChargeDate,
          ChargeAmount,
        })),
      },
    ],
  },
})
const validity = (term: object) => ({
  UpdateValidityTerms: { Terms: [{ Type: 'ValidityTerm', ...term }] },
})
const legal = (document: object) => ({
  UpdateLegalTerms: { Terms: [{ Type: 'LegalTerm', Documents: [document] }] },
})
const renewal = (term: object) => ({
  UpdateRenewalTerms: { Terms: [{ Type: 'RenewalTerm', ...term }] },
})
const all = { api_calls: '0.1', storage_gb: '0.1' }
const template = (rows: [string, string][]) => ({
  TermTemplates: [
    {
      Type: 'PaymentScheduleTermTemplate',
      Schedule: rows.map(([ChargeDateOffset, ChargePercentage]) => ({
        ChargeDateOffset,
        ChargePercentage,
      })),
    },
  ],
})
const increase = { PriceIncrease: { Type: 'FixedPercentage', Value: '5.00' } }

describe('offers AWS accepts', () => {
  it.each<[string, Record<string, any>]>([
    ['fixed price, schedule and usage', {}],
    [
      'quantities the buyer chooses',
      { ...pricing([upfront(card('P12M', { seats: '120.5' }))]), ...noSchedule },
    ],
    [
      'three durations',
      {
        ...pricing([
          upfront(
            card('P12M', { seats: '1' }),
            card('P24M', { seats: '2' }),
            card('P36M', { seats: '3' }),
          ),
        ]),
        ...noSchedule,
      },
    ],
    ['a custom duration', { ...pricing([upfront(card('P18M', { seats: '1' }))]), ...noSchedule }],
    ['pay as you go', { ...pricing([usage(all)], 'Usage'), ...noSchedule }],
    [
      'euros',
      {
        ...pricing([fixed({ CurrencyCode: 'EUR' })]),
        ...schedule({ '2027-02-01': '10.00' }, 'EUR'),
      },
    ],
    [
      'a future start',
      validity({ AgreementStartDate: '2027-02-15', AgreementEndDate: '2028-02-14' }),
    ],
    [
      'a custom EULA in S3',
      legal({ Type: 'CustomEula', Url: 'https://acme.s3.amazonaws.com/eula.pdf' }),
    ],
    [
      'net payment terms',
      { UpdateNetPaymentTerms: { Terms: [{ Type: 'NetPaymentTerm', PaymentDuePeriod: 'P60D' }] } },
    ],
    [
      'automatic renewal',
      renewal({
        ...increase,
        LockoutPeriod: 'P30D',
        ...template([
          ['P0M', '60.00'],
          ['P6M', '40.00'],
        ]),
      }),
    ],
    [
      'a deal made elsewhere',
      {
        UpdateInformation: {
          ...goodOffer.UpdateInformation,
          PreExistingAgreement: { AcquisitionChannel: 'External', PricingModel: 'Contract' },
        },
      },
    ],
  ])('%s', async (_, changed) => {
    // Changes of the good offer that are new must come before the release in the map, as all do.
    const { ReleaseOffer: last, ...rest } = { ...goodOffer, ...changed }
    expect((await publish(aws, offerChanges({ ...rest, ReleaseOffer: last }))).codes).toEqual([])
  })
})

describe('offers AWS refuses, and the codes it says why with', () => {
  it.each<[string, Record<string, any>, string[]]>([
    ['no name', { UpdateInformation: { Description: 'x' } }, ['ReleaseOffer/MISSING_NAME']],
    ['no description', { UpdateInformation: { Name: 'x' } }, ['ReleaseOffer/MISSING_DESCRIPTION']],
    [
      'no end of availability',
      { UpdateAvailability: null },
      ['ReleaseOffer/MISSING_AVAILABILITY_END_DATE'],
    ],
    ['no EULA', { UpdateLegalTerms: null }, ['ReleaseOffer/MISSING_MANDATORY_TERMS']],
    [
      'no prices',
      { UpdatePricingTerms: null, ...noSchedule },
      ['ReleaseOffer/MISSING_MANDATORY_TERMS'],
    ],
    [
      'availability in the past',
      { UpdateAvailability: { AvailabilityEndDate: '2027-01-09' } },
      [
        'UpdateAvailability/INVALID_AVAILABILITY_END_DATE',
        'ReleaseOffer/MISSING_AVAILABILITY_END_DATE',
      ],
    ],
    [
      'an old standard EULA',
      legal({ Type: 'StandardEula', Version: '2019-04-24' }),
      ['UpdateLegalTerms/INVALID_LEGAL_DOCUMENTS'],
    ],
    [
      'a EULA nobody can read',
      legal({ Type: 'CustomEula', Url: 'https://acme.invalid/eula.pdf' }),
      ['UpdateLegalTerms/INVALID_LEGAL_DOCUMENTS'],
    ],
    [
      'a EULA outside S3',
      legal({ Type: 'CustomEula', Url: 'https://acme.example/eula.pdf' }),
      ['UpdateLegalTerms/INVALID_LEGAL_DOCUMENTS'],
    ],
    [
      'a EULA in Word',
      legal({ Type: 'CustomEula', Url: 'https://s3.amazonaws.com/acme/eula.docx' }),
      ['UpdateLegalTerms/INVALID_LEGAL_DOCUMENTS'],
    ],
    [
      'charges in the past',
      schedule({ '2027-01-09': '1.00', '2027-03-01': '1.00' }),
      ['UpdatePaymentScheduleTerms/INVALID_CHARGE_DATES'],
    ],
    [
      'two charges before acceptance ends',
      schedule({ '2027-01-10': '1.00', '2027-01-20': '1.00' }),
      ['UpdatePaymentScheduleTerms/TOO_MANY_BACKDATED_CHARGES'],
    ],
    [
      'charges after the end',
      schedule({ '2028-03-01': '1.00' }),
      ['UpdatePaymentScheduleTerms/INVALID_CHARGE_DATES'],
    ],
    [
      'a price beside a schedule',
      pricing([fixed({ Price: '10.0' })]),
      ['UpdatePricingTerms/INCOMPATIBLE_TERMS'],
    ],
    [
      'a fixed price without a schedule',
      { UpdatePaymentScheduleTerms: null },
      ['UpdatePricingTerms/MISSING_MANDATORY_TERMS'],
    ],
    [
      'a schedule without a fixed price',
      pricing([upfront(card('P12M', { seats: '1' }))]),
      ['ReleaseOffer/MISSING_MANDATORY_TERMS'],
    ],
    [
      'a fixed price without a duration',
      { UpdateValidityTerms: null },
      ['UpdatePricingTerms/MISSING_DURATION'],
    ],
    [
      'two currencies',
      schedule({ '2027-02-01': '1.00' }, 'EUR'),
      [
        'UpdatePricingTerms/INVALID_CURRENCY_CODE',
        'UpdatePaymentScheduleTerms/INVALID_CURRENCY_CODE',
      ],
    ],
    [
      'usage in euros',
      { ...pricing([usage(all, 'EUR')], 'Usage'), ...noSchedule },
      ['UpdatePricingTerms/INVALID_CURRENCY_CODE'],
    ],
    [
      'a dimension that is not there',
      pricing([fixed({ Grants: [{ DimensionKey: 'desks' }] })]),
      ['UpdatePricingTerms/INCOMPATIBLE_PRODUCT'],
    ],
    [
      'a metered dimension granted',
      pricing([fixed({ Grants: [{ DimensionKey: 'api_calls' }] })]),
      ['UpdatePricingTerms/INVALID_RATE_CARD'],
    ],
    [
      'a dimension granted twice',
      pricing([fixed({ Grants: [{ DimensionKey: 'seats' }, { DimensionKey: 'seats' }] })]),
      ['UpdatePricingTerms/DUPLICATE_DIMENSION_KEYS'],
    ],
    [
      'a metered dimension without a rate',
      pricing([fixed(), usage({ api_calls: '1' })]),
      ['UpdatePricingTerms/INVALID_RATE_CARD'],
    ],
    [
      'a rate for seats',
      pricing([fixed(), usage({ ...all, seats: '1' })]),
      ['UpdatePricingTerms/INVALID_RATE_CARD'],
    ],
    [
      'nine decimals',
      pricing([fixed(), usage({ ...all, api_calls: '0.000000001' })]),
      ['UpdatePricingTerms/INVALID_RATE_CARD'],
    ],
    [
      'two usage terms',
      pricing([fixed(), usage(all), usage(all)]),
      ['UpdatePricingTerms/DUPLICATE_TERM_TYPES'],
    ],
    [
      'upfront and fixed together',
      pricing([fixed(), upfront(card('P12M', { seats: '1' }))]),
      ['UpdatePricingTerms/INCOMPATIBLE_TERMS'],
    ],
    [
      'a contract without a price',
      pricing([usage(all)]),
      ['UpdatePricingTerms/MISSING_MANDATORY_TERMS', 'ReleaseOffer/MISSING_MANDATORY_TERMS'],
    ],
    [
      'a fixed price for usage',
      pricing([fixed(), usage(all)], 'Usage'),
      ['UpdatePricingTerms/INCOMPATIBLE_TERMS'],
    ],
    [
      'a free offer that costs',
      { ...pricing([usage(all)], 'Free'), ...noSchedule },
      ['UpdatePricingTerms/INCOMPATIBLE_RATES'],
    ],
    [
      'bring your own licence',
      { ...pricing([{ Type: 'ByolPricingTerm' }], 'Byol'), ...noSchedule },
      ['UpdatePricingTerms/INCOMPATIBLE_PRODUCT', 'UpdatePricingTerms/INCOMPATIBLE_PRODUCT'],
    ],
    [
      'a private free trial',
      {
        ...pricing(
          [
            {
              Type: 'FreeTrialPricingTerm',
              Duration: 'P14D',
              Grants: [{ DimensionKey: 'api_calls' }, { DimensionKey: 'storage_gb' }],
            },
          ],
          'Usage',
        ),
        ...noSchedule,
      },
      ['UpdatePricingTerms/INCOMPATIBLE_TERMS'],
    ],
    [
      'different keys by duration',
      {
        ...pricing([upfront(card('P12M', { seats: '1' }), card('P24M', { support: '1' }))]),
        ...noSchedule,
      },
      ['UpdatePricingTerms/INVALID_RATE_CARD'],
    ],
    [
      'one duration twice',
      {
        ...pricing([upfront(card('P12M', { seats: '1' }), card('P12M', { seats: '1' }))]),
        ...noSchedule,
      },
      ['UpdatePricingTerms/DUPLICATE_SELECTORS'],
    ],
    [
      'two custom durations',
      {
        ...pricing([upfront(card('P18M', { seats: '1' }), card('P30M', { seats: '1' }))]),
        ...noSchedule,
      },
      ['UpdatePricingTerms/INVALID_SELECTOR_DURATION_VALUE'],
    ],
    [
      'unequal constraints',
      {
        ...pricing([upfront(card('P12M', { seats: '1' }, ['Allowed', 'Disallowed']))]),
        ...noSchedule,
      },
      ['UpdatePricingTerms/INCOMPATIBLE_RATE_CARD_CONSTRAINTS'],
    ],
    [
      'six years',
      { ...validity({ AgreementDuration: 'P72M' }) },
      ['UpdateValidityTerms/INVALID_AGREEMENT_DURATION'],
    ],
    [
      'a duration and an end',
      validity({ AgreementDuration: 'P12M', AgreementEndDate: '2028-01-01' }),
      ['UpdateValidityTerms/INVALID_AGREEMENT_TIME_INTERVAL'],
    ],
    [
      'a start without an end',
      validity({ AgreementStartDate: '2027-02-15' }),
      ['UpdateValidityTerms/INVALID_AGREEMENT_TIME_INTERVAL'],
    ],
    [
      'an end without a start',
      validity({ AgreementEndDate: '2028-02-15' }),
      ['UpdateValidityTerms/INVALID_AGREEMENT_TIME_INTERVAL'],
    ],
    [
      'a start before acceptance ends',
      validity({ AgreementStartDate: '2027-01-31', AgreementEndDate: '2028-01-31' }),
      ['UpdateValidityTerms/INVALID_AGREEMENT_START_DATE'],
    ],
    [
      'a renewal without a price increase',
      renewal(template([['P0M', '100.00']])),
      ['UpdateRenewalTerms/MISSING_PRICE_INCREASE'],
    ],
    [
      'a renewal without a schedule',
      renewal(increase),
      ['UpdateRenewalTerms/MISSING_PAYMENT_SCHEDULE_TERM_TEMPLATE'],
    ],
    [
      'renewal charges of 99 percent',
      renewal({
        ...increase,
        ...template([
          ['P0M', '50.00'],
          ['P6M', '49.00'],
        ]),
      }),
      ['UpdateRenewalTerms/INVALID_CHARGE_PERCENTAGES'],
    ],
    [
      'a price range without a deadline',
      renewal({
        PriceIncrease: {
          Type: 'PercentageRange',
          Range: { MinValue: '1.00', MaxValue: '5.00', DefaultValue: '3.00' },
        },
        ...template([['P0M', '100.00']]),
      }),
      ['UpdateRenewalTerms/MISSING_ADJUSTMENT_DEADLINE'],
    ],
    [
      'markup without a reseller',
      { UpdateMarkup: { Percentage: '5.0' } },
      ['UpdateMarkup/INVALID_MARKUP_PERCENTAGE'],
    ],
    [
      'an ineligible buyer',
      { UpdateTargeting: { PositiveTargeting: { BuyerAccounts: [INITECH, '000000000000'] } } },
      ['UpdateTargeting/INVALID_BUYER_ACCOUNTS'],
    ],
    [
      'a second public offer',
      {
        UpdateTargeting: null,
        UpdateAvailability: null,
        ...noSchedule,
        ...pricing([usage(all)], 'Usage'),
      },
      ['ReleaseOffer/TOO_MANY_OFFERS', 'ReleaseOffer/MISSING_MANDATORY_TERMS'],
    ],
  ])('%s', async (_, changed, codes) => {
    const ended = await publish(aws, offerChanges(changed))
    expect(ended.Status).toBe('FAILED')
    expect(ended.codes.sort()).toEqual(codes.toSorted())
  })

  it('a restricted product', async () => {
    await aws.post(`/aws/control/products/${PRODUCT}`, { visibility: 'Restricted' })
    const ended = await publish(aws, offerChanges())
    expect(ended.codes).toContain('CreateOffer/INCOMPATIBLE_PRODUCT')
    await aws.post(`/aws/control/products/${PRODUCT}`, { visibility: 'Public' })
  })

  it('a currency the seller has no bank account for', async () => {
    await aws.set({ catalog: { sellerCurrencies: ['EUR'] } })
    expect((await publish(aws, offerChanges())).codes).toContain(
      'UpdatePricingTerms/INCOMPATIBLE_PAYMENT_SETTINGS',
    )
    await aws.set({ catalog: { sellerCurrencies: ['USD', 'EUR', 'GBP', 'AUD', 'JPY'] } })
  })
})

describe('after release', () => {
  const change = (id: string, ChangeType: string, DetailsDocument: unknown) =>
    publish(aws, [{ ChangeType, Entity: { Type: 'Offer@1.0', Identifier: id }, DetailsDocument }])

  it('a private offer can be renamed, extended and expired', async () => {
    const id = await released(aws)
    const Terms = [{ Type: 'ValidityTerm', AgreementDuration: 'P6M' }]
    for (const [type, details] of [
      ['UpdateInformation', { Name: 'New name' }],
      ['UpdateValidityTerms', { Terms }],
      ['UpdateAvailability', { AvailabilityEndDate: '2027-06-30' }],
      ['UpdateAvailability', { AvailabilityEndDate: '2027-01-01' }],
    ] as const) {
      expect((await change(id, type, details)).codes).toEqual([])
    }
    const refused = await aws.post('/aws/buyer/accept', { offerId: id, account: INITECH })
    expect([refused.status, refused.error]).toEqual([409, 'the offer has expired'])
  })

  it.each([
    ['UpdateTargeting', 'INCOMPATIBLE_TARGETING'],
    ['UpdateLegalTerms', 'INCOMPATIBLE_TERMS'],
    ['UpdatePricingTerms', 'INCOMPATIBLE_TERMS'],
    ['UpdatePaymentScheduleTerms', 'INCOMPATIBLE_TERMS'],
    ['ReleaseOffer', 'INVALID_UPDATE_REQUEST'],
  ])('%s is refused', async (type, code) => {
    const id = await released(aws)
    expect((await change(id, type, goodOffer[type])).codes).toContain(`${type}/${code}`)
  })

  it('a public offer takes dearer prices once in 120 days', async () => {
    const rates = (api_calls: string) => ({
      PricingModel: 'Contract',
      Terms: [
        usage({ api_calls, storage_gb: '0.01' }),
        upfront(card('P12M', { seats: '120.00', support: '2000.00' })),
      ],
    })
    const id = 'offer-demopub1ic001'
    expect((await change(id, 'UpdatePricingTerms', rates('0.003'))).codes).toEqual([])
    expect((await change(id, 'UpdatePricingTerms', rates('0.004'))).codes).toEqual([
      'UpdatePricingTerms/INVALID_PRICE_CHANGE',
    ])
    expect((await change(id, 'UpdatePricingTerms', rates('0.001'))).codes).toEqual([])
  })
})
