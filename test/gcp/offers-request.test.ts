import { protos } from '@google-cloud/commerceproducer'
import { describe, expect, it } from 'vitest'
import type { OfferOrder } from '../../src/offers/model.ts'
import { google, order, parent, sku, standardOffer } from './offers-fake.ts'

const { port } = google()
const { PrivateOffer } = protos.google.cloud.commerceproducer.v1beta

const midnight = (year: number, month: number, day: number) => ({
  year,
  month,
  day,
  hours: 0,
  minutes: 0,
  seconds: 0,
  nanos: 0,
  timeZone: { id: 'America/Los_Angeles' },
})
const usd = (units: string, nanos = 0) => ({ currencyCode: 'USD', units, nanos })

/** The PrivateOffer that an order is sent as; every word of it is one of Google's. */
function body(wanted: OfferOrder): any {
  expect(port.violations(wanted)).toEqual([])
  const sent = JSON.parse(JSON.stringify(port.requests(wanted, 'offer_1')))[1].body
  const read = PrivateOffer.toObject(PrivateOffer.fromObject(sent), {
    enums: String,
    longs: String,
    oneofs: false,
  })
  expect(read).toEqual(sent)
  return sent
}
const product = (wanted: OfferOrder) => body(wanted).singleProductOffer
const yearly = (priceModel: object) => ({
  standardInterval: 'YEARLY_NOT_PRORATED',
  priceModel,
})
const flat = (units: string, nanos = 0) => ({ flatFee: { flatFeeOverride: usd(units, nanos) } })

describe('a private offer', () => {
  it('has the documented form', () => {
    expect(body(order({ note: 'Thanks!' }))).toEqual({
      title: 'Initech 2027',
      offerDealType: 'NEW',
      customerNote: 'Thanks!',
      internalNote: 'tradepost:offer_1',
      partnerContact: { contact: 'acme-public' },
      customer: {
        entityTitle: 'initech.example',
        contact: 'Bo Buyer',
        email: 'bo@initech.example',
        targetBillingAccount: 'billingAccounts/012345-6789AB-CDEF01',
      },
      acceptDeadlineTime: midnight(2026, 12, 16),
      term: { startPolicy: 'IMMEDIATE', endPolicy: 'AFTER_DURATION', durationMonths: 12 },
      singleProductOffer: {
        baseStandardOffer: standardOffer,
        standardIntervalPrice: yearly(flat('120000')),
      },
    })
  })

  it('says what only Google asks for', () => {
    const native = {
      dealType: 'MIGRATION',
      billingAccount: 'billingAccounts/0a1b2c-3d4e5f-607182',
      customer: 'Initech Inc.',
      partnerContact: { contact: 'Jane Seller', email: 'jane@acme.example' },
      customerNote: 'Welcome',
      internalNote: 'SFDC 006',
      additionalContractValue: { amount: '100000.50', skus: [sku] },
      amends: 'offer-0',
    }
    const sent = body(
      order(
        { native, note: 'not this one' },
        { buyerRefs: ['012345-6789AB-CDEF01', '0A1B2C-3D4E5F-607182'] },
      ),
    )
    expect(sent).toMatchObject({
      offerDealType: 'MIGRATION',
      customerNote: 'Welcome',
      internalNote: 'SFDC 006\ntradepost:offer_1',
      partnerContact: native.partnerContact,
      customer: {
        entityTitle: 'Initech Inc.',
        targetBillingAccount: 'billingAccounts/0A1B2C-3D4E5F-607182',
      },
    })
    expect(sent.singleProductOffer).toMatchObject({
      amendedPrivateOffer: `${parent}/privateOffers/offer-0`,
      additionalContractValue: {
        contractValue: usd('100000', 500_000_000),
        eligibleSkus: [sku],
      },
    })
  })

  it.each([
    [{ attested: false }, 'NEW'],
    [{ attested: true }, 'NATIVE_RENEWAL'],
    [{ of: 'agr_1', attested: true }, 'NATIVE_RENEWAL'],
  ])('is by its renewal %j of deal type %s', (renewal, type) => {
    expect(body(order({ renewal })).offerDealType).toBe(type)
  })

  it('is for the fee rules what it is for Google', () => {
    expect(port.dealTypeOf?.(order().terms)).toBeUndefined()
    const { terms } = order({ native: { dealType: 'CHANNEL_SHIFT' } })
    expect(port.dealTypeOf?.(terms)).toBe('channel_shift')
  })

  it('starts with a Pacific day, whatever the clock there shows', () => {
    const sent = body(order({ start: '2027-03-14', payments: undefined, acceptBy: '2026-12-31' }))
    expect(sent.acceptDeadlineTime).toEqual(midnight(2027, 1, 1))
    expect(sent.term).toEqual({
      startPolicy: 'SCHEDULED_START_TIME',
      scheduledStartTime: midnight(2027, 3, 14),
      endPolicy: 'AFTER_DURATION',
      durationMonths: 12,
    })
  })
})

describe('the price', () => {
  it.each([
    [1, 'MONTHLY_NOT_PRORATED'],
    [3, 'QUARTERLY_NOT_PRORATED'],
    [12, 'YEARLY_NOT_PRORATED'],
  ])(
    'of a term of %i months paid at once is one interval, so that it can renew',
    (months, standardInterval) => {
      const sent = body(order({ term: { months }, autoRenew: { times: 2 } }))
      expect(sent.term.maxRenewalCount).toBe(2)
      expect(sent.singleProductOffer.standardIntervalPrice).toEqual({
        standardInterval,
        priceModel: flat('120000'),
      })
    },
  )

  it('of any other term paid at once is one instalment', () => {
    expect(product(order({ term: { months: 36 } }))).toMatchObject({
      customIntervalPrice: { installments: [{ priceModel: flat('120000') }] },
    })
    const later = product(order({ term: { months: 36 }, start: '2027-01-01' }))
    expect(later.customIntervalPrice.installments).toEqual([
      { startTime: midnight(2027, 1, 1), priceModel: flat('120000') },
    ])
  })

  it('is shared out among intervals to the cent', () => {
    const sent = product(
      order({
        term: { months: 36 },
        pricing: { flat: '360000.30' },
        native: { interval: 'yearly' },
      }),
    )
    expect(sent.standardIntervalPrice).toEqual(yearly(flat('120000', 100_000_000)))
    expect(
      product(order({ native: { interval: 'monthly_prorated' } })).standardIntervalPrice,
    ).toEqual({ standardInterval: 'MONTHLY_PRORATED', priceModel: flat('10000') })
  })

  it('of a schedule is instalments in their order, the first without a day', () => {
    const payments = [
      { on: '2027-07-01', amount: '20000.00' },
      { on: 'acceptance', amount: '60000.00' },
      { on: '2027-03-01', amount: '40000.00' },
    ] as const
    expect(product(order({ payments })).customIntervalPrice.installments).toEqual([
      { priceModel: flat('60000') },
      { startTime: midnight(2027, 3, 1), priceModel: flat('40000') },
      { startTime: midnight(2027, 7, 1), priceModel: flat('20000') },
    ])
  })

  it('of priced units is one flat fee, and the units are words', () => {
    const pricing = {
      contract: [
        { dimension: 'seats', quantity: '100.50', price: '1000.00' },
        { dimension: 'api_calls', quantity: '5', price: '0.10' },
      ],
    }
    const sent = product(order({ pricing }))
    expect(sent.standardIntervalPrice).toEqual(yearly(flat('100500', 500_000_000)))
    expect(sent.features).toEqual([
      { displayName: 'seats', value: '100.5' },
      { displayName: 'API calls', value: '5' },
    ])
  })

  it('of use is the discount that makes the rate', () => {
    const usage = [{ dimension: 'api_calls', rate: '0.0437' }]
    const sent = product(order({ pricing: { flat: '1.00', usage, usageDiscountPercent: '10.50' } }))
    expect(sent.standardIntervalPrice.priceModel.usage).toEqual({
      defaultDiscountPercent: { value: '10.5' },
      skuDiscounts: [{ sku, discountPercent: { value: '12.6' } }],
    })
  })

  it.each([
    ['pro', 'SKU1'],
    ['payg', 'SKU2'],
    ['free', undefined],
  ])('of use on plan %s is that of SKU %s', (planRef, id) => {
    const skus = sku.replace('SKU1', 'SKU2')
    const dimension = { ...order().dimensions[0]!, dimensionRef: `payg=${skus} pro=${sku}` }
    const usage = [{ dimension: 'api_calls', rate: '0.04' }]
    const wanted = order({ pricing: { flat: '1.00', usage } }, { planRef, dimensions: [dimension] })
    const paths = port.violations(wanted).map(({ path }) => path)
    expect(paths).toEqual(id === undefined ? ['pricing.usage.0.rate'] : [])
    if (id === undefined) return
    const { priceModel } = product(wanted).standardIntervalPrice
    expect(priceModel.usage.skuDiscounts[0].sku.endsWith(id)).toBe(true)
  })

  it('of use alone has no interval', () => {
    const sent = product(order({ pricing: { usageDiscountPercent: '15' } }))
    expect(sent.standardIntervalPrice).toEqual({
      priceModel: { usage: { defaultDiscountPercent: { value: '15' } } },
    })
  })

  it('of a commitment with overage at list price discounts the commitment', () => {
    const commitment = { amount: '10000.00', discountPercent: '10', overage: 'list' } as const
    expect(product(order({ pricing: { commitment } })).standardIntervalPrice).toEqual(
      yearly({ commitment: { commitmentAmount: usd('10000'), discountPercent: { value: '10' } } }),
    )
  })

  it('of a commitment whose overage is discounted discounts all use', () => {
    const commitment = {
      amount: '120000.00',
      discountPercent: '12.34',
      overage: 'discounted',
    } as const
    const usage = [{ dimension: 'api_calls', rate: '0.04' }]
    const native = { interval: 'monthly' }
    expect(
      product(order({ pricing: { commitment, usage }, native })).standardIntervalPrice,
    ).toEqual({
      standardInterval: 'MONTHLY_NOT_PRORATED',
      priceModel: {
        commitment: { commitmentAmount: usd('10000') },
        usage: {
          defaultDiscountPercent: { value: '12.34' },
          skuDiscounts: [{ sku, discountPercent: { value: '20' } }],
        },
      },
    })
  })

  it('with credit on top is one instalment', () => {
    const commitment = { amount: '10000.00', discountPercent: '0', overage: 'list' } as const
    const native = { additionalCredit: '500.00', discardPreviousCreditBalance: true }
    const sent = product(order({ pricing: { commitment }, native }))
    expect(sent.customIntervalPrice.installments[0].priceModel.commitment).toEqual({
      commitmentAmount: usd('10000'),
      discountPercent: { value: '0' },
      additionalCredit: usd('500'),
      discardPreviousCreditBalance: true,
    })
  })
})
