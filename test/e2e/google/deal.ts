import { usd as googleUsd, midnight, SERVICE } from '../../gcp-simulator/offers.ts'
import { INITECH } from './google.ts'

export const usd = (amount: string) => ({ currency: 'USD', amount })

export const commitmentOf = (buyer: string) => ({
  buyer,
  provider: 'gcp',
  instrument: 'Minimum Commitment',
  country: 'US',
  currency: 'USD',
  signedAt: '2026-12-15',
  tranches: [{ start: '2027-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
  facts: { 'line.channel': 'direct' },
  claim: {
    source: 'buyer_told_us',
    statedAt: '2027-01-25',
    statedBy: 'Head of procurement, Initech',
    confidence: 'high',
  },
})

export const offerOf = ({ connection, listing, plan, buyer }: Record<string, any>) => ({
  connection,
  listing,
  plan,
  buyer,
  name: 'Initech 2027',
  contacts: [{ name: 'Bill Lumbergh', email: 'bill@initech.example' }],
  acceptBy: '2027-01-31',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.04' },
      { dimension: 'storage_gb', rate: '0.019' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: '2027-02-03', amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  crm: { opportunity: '006Sm0000000001IAA' },
})

const sku = (metric: string) => `${SERVICE}/skus/${metric}`
const usage = {
  skuDiscounts: [
    { sku: sku('PROAPICALLS'), discountPercent: { value: '20' } },
    { sku: sku('PROSTORAGEGB'), discountPercent: { value: '5' } },
  ],
}
const model = { flatFee: { flatFeeOverride: googleUsd('60000') }, usage }

/** The sheet as a person types it in. */
export const typed = {
  title: 'Initech 2027',
  offerDealType: 'NEW',
  partnerContact: { contact: 'Jane Seller', email: 'jane@acme.example' },
  customer: {
    entityTitle: 'Initech',
    contact: 'Bill Lumbergh',
    email: 'bill@initech.example',
    targetBillingAccount: `billingAccounts/${INITECH}`,
  },
  acceptDeadlineTime: midnight('2027-02-01'),
  term: { startPolicy: 'IMMEDIATE', endPolicy: 'AFTER_DURATION', durationMonths: 12 },
  singleProductOffer: {
    baseStandardOffer: `${SERVICE}/standardOffers/pro-P1Y`,
    customIntervalPrice: {
      installments: [
        { priceModel: model },
        { startTime: midnight('2027-02-03'), priceModel: model },
      ],
    },
    features: [{ displayName: 'seats', value: '100' }],
  },
}

/** 734 calls and 12.5 gigabytes, in four events. */
export const usageAt = (agreement: string, at: string) =>
  [
    ['api_calls', '400.25'],
    ['api_calls', '333.5'],
    ['api_calls', '0.25'],
    ['storage_gb', '12.5'],
  ].map(([dimension, quantity], i) => ({
    id: `${at}-${i}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  }))
