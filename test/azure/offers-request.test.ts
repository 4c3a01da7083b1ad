import { describe, expect, it } from 'vitest'
import { addMonths } from '../../src/kernel/time.ts'
import { billingAccount, microsoft, order, plan, product, seats } from './offers-fake.ts'

const { offers } = microsoft({})
/** The resources an order is sent as, numbers as they are written. */
const sent = (wanted = order(), port = offers): any[] => {
  expect(port.violations(wanted)).toEqual([])
  return JSON.parse(JSON.stringify(port.requests(wanted, 'offer_1')[0])).resources
}
const price = (wanted = order()) => sent(wanted)[0].pricing.recurrentPrice

describe('a configure request', () => {
  it('has the documented form of prices on an existing plan', () => {
    const [request] = JSON.parse(JSON.stringify(offers.requests(order(), 'offer_1')))
    expect(request).toEqual({
      $schema: 'https://schema.mp.microsoft.com/schema/configure/2022-07-01',
      resources: [
        {
          $schema:
            'https://schema.mp.microsoft.com/schema/price-and-availability-private-offer-plan/2023-07-15',
          resourceName: 'price',
          product: `product/${product}`,
          plan,
          offerPricingType: 'editExistingOfferPricingOnly',
          pricing: {
            recurrentPrice: {
              recurrentPriceMode: 'flatRate',
              priceInputOption: 'usd',
              prices: [
                {
                  billingTerm: { type: 'year', value: 1 },
                  paymentOption: { type: 'year', value: 1 },
                  pricePerPaymentInUsd: 120000,
                },
              ],
            },
          },
        },
        {
          $schema: 'https://schema.mp.microsoft.com/schema/private-offer/2023-07-15',
          resourceName: 'offer',
          name: 'Acme 2027',
          state: 'live',
          privateOfferType: 'customerPromotion',
          offerPricingType: 'editExistingOfferPricingOnly',
          customerContractRenewal: false,
          variableStartDate: true,
          end: '2027-12-31',
          acceptBy: '2026-12-15',
          preparedBy: 'deals@contoso.example',
          notificationContacts: ['deals@contoso.example'],
          beneficiaries: [{ id: billingAccount, description: 'Acme 2027 (offer_1)' }],
          pricing: [
            {
              product: `product/${product}`,
              plan,
              discountType: 'absolute',
              priceDetails: { resourceName: 'price' },
            },
          ],
        },
      ],
    })
  })

  it('writes amounts digit for digit', () => {
    const text = JSON.stringify(
      offers.requests(order({ pricing: { flat: '9007199254740993.10' } }), 'k'),
    )
    expect(text).toContain('"pricePerPaymentInUsd":9007199254740993.1}')
  })

  it('prices one seat for one payment, and leaves a public plan its limits', () => {
    const payments = Array.from({ length: 12 }, (_, i) => ({
      on: i === 0 ? ('acceptance' as const) : addMonths('2026-12-05', i - 1),
      amount: '10000.00',
    }))
    expect(price(seats({ payments }))).toEqual({
      recurrentPriceMode: 'perUser',
      priceInputOption: 'usd',
      prices: [
        {
          billingTerm: { type: 'year', value: 1 },
          paymentOption: { type: 'month', value: 1 },
          pricePerPaymentInUsd: 100,
        },
      ],
    })
  })

  it('lets the buyer of a customised plan take just the seats of the offer', () => {
    const newPlan = { name: 'Acme', description: 'A hundred seats' }
    expect(price(seats({ native: { newPlan } })).userLimits).toEqual({ min: 100, max: 100 })
    const userLimits = { min: 90, max: 110 }
    expect(price(seats({ native: { newPlan, userLimits } })).userLimits).toEqual(userLimits)
  })

  it('adds the rows of a flat plan up to its one price', () => {
    const contract = [
      { dimension: 'seats', quantity: '3', price: '10.50' },
      { dimension: 'support', quantity: '1', price: '99.99' },
    ]
    expect(price(order({ pricing: { contract } })).prices[0].pricePerPaymentInUsd).toBe(131.49)
  })

  it('takes yearly payments of a longer term as a payment option', () => {
    const wanted = order(
      {
        term: { months: 24 },
        start: '2027-01-01',
        payments: [
          { on: '2027-01-01', amount: '60000.00' },
          { on: '2028-01-01', amount: '60000.00' },
        ],
      },
      { planShape: null },
    )
    expect(price(wanted).prices).toEqual([
      {
        billingTerm: { type: 'year', value: 2 },
        paymentOption: { type: 'year', value: 1 },
        pricePerPaymentInUsd: 60000,
      },
    ])
    expect(sent(wanted)[1]).toMatchObject({
      variableStartDate: false,
      start: '2027-01-01',
      end: '2028-12-31',
    })
  })

  it('sends all other payments as a flexible schedule, on a plan of its own', () => {
    const [prices, offer] = sent(
      order({
        note: 'Two payments',
        payments: [
          { on: 'acceptance', amount: '20000.00' },
          { on: '2027-03-01', amount: '100000.00' },
        ],
      }),
    )
    expect(prices.$schema).toMatch(/2025-06-01$/)
    expect(prices.pricing.recurrentPrice.prices).toEqual([
      {
        contractDuration: { type: 'year', value: 1 },
        flexibleSchedule: {
          price: 120000,
          initialCharge: { pricePerPaymentInUsd: 20000, note: 'Due at purchase' },
          billingSchedule: [
            { chargeDate: '2027-03-01', pricePerPaymentInUsd: 100000, note: 'Payment 1 of 1' },
          ],
        },
      },
    ])
    expect(offer).toMatchObject({
      offerPricingType: 'newCustomizedPlans',
      pricing: [
        { basePlan: plan, newPlanDetails: { name: 'Acme 2027', description: 'Two payments' } },
      ],
    })
  })

  it('sells a customised plan for a term its plan does not have', () => {
    const newPlan = { name: 'Acme', description: 'Three years' }
    const [prices, offer] = sent(order({ term: { months: 36 }, native: { newPlan } }))
    expect(prices).toMatchObject({ plan, offerPricingType: 'saasNewCustomizedPlans' })
    expect(offer.pricing[0]).toMatchObject({ basePlan: plan, newPlanDetails: newPlan })
    expect(offer.pricing[0]).not.toHaveProperty('plan')
  })

  it('prices meters, and leaves included quantities alone unless told', () => {
    const usage = [{ dimension: 'calls', rate: '0.25' }]
    const meters = (wanted = order({ pricing: { flat: '1.00', usage } })) =>
      sent(wanted)[0].pricing.customMeters
    expect(meters()).toEqual({
      priceInputOption: 'usd',
      meters: { calls: { pricePerPaymentInUsd: 0.25 } },
    })
    const newPlan = { name: 'Acme', description: 'Made for Acme' }
    const native = { newPlan, includedQuantities: { calls: 15_000 } }
    expect(meters(order({ pricing: { flat: '1.00', usage }, native })).meters.calls).toEqual({
      pricePerPaymentInUsd: 0.25,
      includedQuantities: [
        { billingTerm: { type: 'year', value: 1 }, quantity: 15_000, isInfinite: false },
      ],
    })
  })

  it('takes a percentage off everything, with no price resource', () => {
    const wanted = order({ pricing: { usageDiscountPercent: '12.50' } })
    expect(sent(wanted)).toHaveLength(1)
    expect(sent(wanted)[0].pricing).toEqual([
      { product: `product/${product}`, plan, discountType: 'percentage', discountPercentage: 12.5 },
    ])
    const all = order({ pricing: { usageDiscountPercent: '10' } }, { planRef: null, planKey: null })
    expect(sent(all)[0].pricing[0]).toEqual({
      product: { externalID: 'contoso-saas' },
      discountType: 'percentage',
      discountPercentage: 10,
    })
  })

  it('goes through a partner at our prices less its discount', () => {
    const document = 'https://contoso.example/terms/isv-terms.pdf?sig=x'
    const [prices, offer] = sent(
      order(
        {
          reseller: { partner: '12345678', discountPercent: '12', scope: 'single' },
          legal: { kind: 'custom', documents: ['doc_1'] },
          native: { partner: { name: 'Northwind', location: 'United States' }, notes: 'Q1' },
        },
        { documents: [document] },
      ),
    )
    expect(prices.pricing.recurrentPrice.prices[0].pricePerPaymentInUsd).toBe(105600)
    expect(offer).toMatchObject({
      privateOfferType: 'multipartyPromotionOriginator',
      partners: [{ id: '12345678', partnerName: 'Northwind', location: 'United States' }],
      termsAndConditionsDocs: [
        {
          sasUrl: document,
          fileName: 'isv-terms.pdf',
          customerFacingDocumentName: 'isv-terms',
        },
      ],
      notes: 'Q1',
    })
    expect(offer).not.toHaveProperty('preparedBy')
  })

  it('carries what Microsoft alone has', () => {
    const upgradedFrom = { name: 'Acme 2026', id: 'private-offer/x' }
    const [offer] = sent(
      order(
        {
          pricing: { usageDiscountPercent: '10' },
          renewal: { attested: true },
          legal: { kind: 'amended', documents: ['doc_1'] },
          native: { billingGroups: ['g1'], end: '2028-01-31', upgradedFrom },
        },
        { documents: ['https://contoso.example/terms.pdf'] },
      ),
    )
    expect(offer).toMatchObject({
      customerContractRenewal: true,
      end: '2028-01-31',
      upgradedFrom,
      termsAndConditionsDocSasUrl: 'https://contoso.example/terms.pdf',
      beneficiaries: [{ beneficiaryRecipients: [{ id: 'g1', recipientType: 'billingGroup' }] }],
    })
  })

  it('keeps the key in the name, where the settings say so', () => {
    const named = microsoft({}, { settings: { offers: { keyField: 'name' } } }).offers
    expect(sent(order(), named)[1]).toMatchObject({
      name: 'Acme 2027 (offer_1)',
      beneficiaries: [{ description: 'Acme 2027' }],
    })
  })
})
