import * as fc from 'fast-check'
import type { Day } from '../../../../src/kernel/time.ts'
import type { Dimension } from '../../../../src/listings/model.ts'
import type { OfferOrder, OfferTerms } from '../../../../src/offers/model.ts'
import { GLOBEX, INITECH, PRODUCT } from '../../../simulator/aws-clients.ts'

const dimensions: readonly Dimension[] = [
  { key: 'seats', name: 'Seats', types: ['contract'] },
  { key: 'support', name: 'Premium support', types: ['contract'] },
  { key: 'api_calls', name: 'API calls', types: ['usage'] },
  { key: 'storage_gb', name: 'Storage', types: ['usage'] },
]

const seats = { dimension: 'seats', quantity: '10', price: '120.00' }
const support = { dimension: 'support', quantity: '1', price: '2000.00' }
const usage = [
  { dimension: 'api_calls', rate: '0.00120000' },
  { dimension: 'storage_gb', rate: '0.01' },
]
const eula = 'https://s3.amazonaws.com/acme-legal/initech.pdf'

const base: OfferTerms = {
  name: 'Initech 2027',
  contacts: [{ name: 'Ada Buyer', email: 'ada@initech.example' }],
  acceptBy: '2027-01-31',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: { contract: [seats] },
  legal: { kind: 'standard', documents: [] },
  native: {},
}

/** An order of ten seats for a year, in January 2027, with terms changed; absent where undefined. */
function order(
  changed: { [Field in keyof OfferTerms]?: OfferTerms[Field] | undefined } = {},
  around: Partial<OfferOrder> = {},
): OfferOrder {
  const terms = Object.fromEntries(
    Object.entries({ ...base, ...changed }).filter(([, value]) => value !== undefined),
  )
  return {
    terms: terms as OfferTerms,
    listingRef: PRODUCT,
    planRef: null,
    planKey: null,
    planShape: null,
    dimensions,
    buyerRefs: [INITECH],
    documents: [],
    submittedOn: '2027-01-10',
    ...around,
  }
}

const pay = (...rows: [on: 'acceptance' | Day, amount: string][]) =>
  rows.map(([on, amount]) => ({ on, amount }))

const renews = (native: object, changed: object = {}): OfferOrder =>
  order({ autoRenew: { times: 3 }, native: native as OfferTerms['native'], ...changed })

/** "Work with private offers using the AWS Marketplace APIs": each way to sell. */
export const good = {
  plain: order(),
  'two instalments': order({ payments: pay(['acceptance', '700.00'], ['2027-03-01', '500.00']) }),
  'first instalment on a day': order({
    payments: pay(['2027-01-20', '700.00'], ['2027-03-01', '500.00']),
  }),
  'paid only after acceptance has ended': order({ payments: pay(['2027-02-01', '1200.00']) }),
  'contract and use': order({ pricing: { contract: [seats, support], usage } }),
  'one price for all': order({
    pricing: { contract: [{ dimension: 'seats', quantity: '10' }], flat: '5000.00' },
  }),
  'pay as you go': order({ term: undefined, pricing: { usage } }),
  'a later start': order({ start: '2027-02-15' }),
  'a later start, in instalments': order({
    start: '2027-02-15',
    payments: pay(['2027-02-15', '600.00'], ['2027-08-15', '600.00']),
  }),
  'the buyer chooses': order({ native: { buyerConfigurable: true } }),
  'five years': order({ term: { months: 60 } }),
  'one month': order({ term: { months: 1 } }),
  'in euro': order({ currency: 'EUR' }),
  'in yen': order({
    currency: 'JPY',
    pricing: { contract: [{ dimension: 'seats', quantity: '10', price: '12000' }] },
  }),
  'own contract': order({ legal: { kind: 'custom', documents: ['doc_1'] } }, { documents: [eula] }),
  'standard contract amended': order(
    { legal: { kind: 'amended', documents: ['doc_1'] } },
    { documents: [eula] },
  ),
  'two buyer accounts': order({}, { buyerRefs: [INITECH, GLOBEX] }),
  'net payment': order({ native: { netPaymentDays: 60 } }),
  'one country': order({ native: { countryCodes: ['US'] } }),
  'renews at a fixed rise': renews({ renewal: { priceIncrease: { percent: '5.00' } } }),
  'renews, paid in parts': renews(
    {
      renewal: {
        priceIncrease: { percent: '5.00' },
        payments: [
          { offset: 'P0M', percent: '60.00' },
          { offset: 'P6M', percent: '40.00', dayOfMonth: 15 },
        ],
      },
    },
    { payments: pay(['acceptance', '700.00'], ['2027-03-01', '500.00']) },
  ),
  'renews within a range': renews({
    renewal: {
      priceIncrease: { min: '3.00', max: '10.00', default: '5.00' },
      lockoutDays: 30,
      adjustmentDeadlineDays: 60,
    },
  }),
  'new business, as we are told': order({ renewal: { attested: false } }),
  'renewal of a contract from elsewhere': order({ renewal: { attested: true } }),
  'renewal of another agreement': order({
    renewal: { of: 'agr_1', attested: true },
    native: { preExistingAgreement: { acquisitionChannel: 'External', pricingModel: 'Contract' } },
  }),
} as const satisfies Record<string, OfferOrder>

const broken = (path: string, changed: Parameters<typeof order>[0], around?: Partial<OfferOrder>) =>
  ({ path, order: order(changed, around) }) as const

/** One rule of AWS's broken each: synchronous validations and asynchronous errors of the offers' change types. */
export const bad = {
  'accept by a day that is over': broken('acceptBy', { acceptBy: '2027-01-09' }),
  'a name too long': broken('name', { name: 'x'.repeat(151) }),
  'a currency AWS has not': broken('currency', {
    currency: 'CHF',
  }),
  'use not in dollars': broken('currency', {
    currency: 'EUR',
    pricing: { contract: [seats], usage },
  }),
  'use of one dimension only': broken('pricing.usage', {
    pricing: { contract: [seats], usage: usage.slice(0, 1) },
  }),
  'a rate with nine decimals': broken('pricing.usage.0.rate', {
    pricing: { usage: [{ dimension: 'api_calls', rate: '0.001200001' }, usage[1]!] },
    term: undefined,
  }),
  'use of a dimension sold up front': broken('pricing.usage.2.dimension', {
    pricing: { contract: [seats], usage: [...usage, { dimension: 'seats', rate: '1' }] },
  }),
  'a contract for a metered dimension': broken('pricing.contract.0.dimension', {
    pricing: { contract: [{ ...seats, dimension: 'api_calls' }] },
  }),
  'a dimension the product has not': broken('pricing.contract.0.dimension', {
    pricing: { contract: [{ ...seats, dimension: 'rooms' }] },
  }),
  'a dimension twice': broken('pricing.contract.1.dimension', {
    pricing: { contract: [seats, seats] },
  }),
  'half a seat': broken('pricing.contract.0.quantity', {
    pricing: { contract: [{ ...seats, quantity: '10.5' }] },
  }),
  'nothing to pay for': broken('pricing', { pricing: {} }),
  'a charge before today': broken('payments.0.on', {
    payments: pay(['2027-01-09', '700.00'], ['2027-03-01', '500.00']),
  }),
  'two charges before acceptance ends': broken('payments.1.on', {
    payments: pay(['acceptance', '700.00'], ['2027-01-31', '500.00']),
  }),
  'two charges on one day': broken('payments.2.on', {
    payments: pay(['acceptance', '400.00'], ['2027-03-01', '400.00'], ['2027-03-01', '400.00']),
  }),
  'sixty-one charges': broken('payments', {
    term: { months: 60 },
    pricing: { contract: [{ ...seats, price: '610.00', quantity: '1' }] },
    payments: Array.from({ length: 61 }, (_, i) => ({
      on: `2027-${String(3 + Math.floor(i / 28)).padStart(2, '0')}-${String((i % 28) + 1).padStart(2, '0')}` as Day,
      amount: '10.00',
    })),
  }),
  'a charge after the agreement': broken('payments.1.on', {
    payments: pay(['acceptance', '700.00'], ['2028-03-01', '500.00']),
  }),
  'a start before acceptance ends': broken('start', { start: '2027-01-31' }),
  'more than five years': broken('term.months', { term: { months: 61 } }),
  'a contract without a term': broken('term', { term: undefined }),
  'a buyer account of eleven digits': broken('buyer', {}, { buyerRefs: ['11112222333'] }),
  'twenty-seven buyer accounts': broken(
    'buyer',
    {},
    {
      buyerRefs: Array.from({ length: 27 }, (_, i) => String(111122223333 + i)),
    },
  ),
  'own contract without a document': broken('legal.documents', {
    legal: { kind: 'custom', documents: [] },
  }),
  'a unit price with four decimals for the buyer to choose': broken('pricing.contract.0.price', {
    pricing: { contract: [{ ...seats, price: '120.0001' }] },
    native: { buyerConfigurable: true },
  }),
  'renewal of pay as you go': broken('autoRenew', {
    term: undefined,
    pricing: { usage },
    autoRenew: { times: 1 },
    native: { renewal: { priceIncrease: { percent: '5.00' } } },
  }),
  'a range without a deadline to choose': {
    path: 'native.renewal.adjustmentDeadlineDays',
    order: renews({ renewal: { priceIncrease: { min: '1.00', max: '9.00', default: '5.00' } } }),
  },
  'a deadline with a fixed rise': {
    path: 'native.renewal.adjustmentDeadlineDays',
    order: renews({ renewal: { priceIncrease: { percent: '5.00' }, adjustmentDeadlineDays: 60 } }),
  },
  'a deadline no longer than the lockout': {
    path: 'native.renewal.adjustmentDeadlineDays',
    order: renews({
      renewal: {
        priceIncrease: { min: '1.00', max: '9.00', default: '5.00' },
        lockoutDays: 30,
        adjustmentDeadlineDays: 30,
      },
    }),
  },
  'a range upside down': {
    path: 'native.renewal.priceIncrease',
    order: renews({
      renewal: {
        priceIncrease: { min: '9.00', max: '1.00', default: '5.00' },
        adjustmentDeadlineDays: 30,
      },
    }),
  },
  'a lockout longer than the agreement': {
    path: 'native.renewal.lockoutDays',
    order: renews({ renewal: { priceIncrease: { percent: '5.00' }, lockoutDays: 400 } }),
  },
  'renewal payments that are not the whole': {
    path: 'native.renewal.payments',
    order: renews({
      renewal: {
        priceIncrease: { percent: '5.00' },
        payments: [{ offset: 'P0M', percent: '99.00' }],
      },
    }),
  },
  'renewal payments twice on one day': {
    path: 'native.renewal.payments',
    order: renews({
      renewal: {
        priceIncrease: { percent: '5.00' },
        payments: [
          { offset: 'P1M', percent: '50.00' },
          { offset: 'P1M', percent: '50.00' },
        ],
      },
    }),
  },
  'renewal payments beyond the agreement': {
    path: 'native.renewal.payments.1.offset',
    order: renews({
      renewal: {
        priceIncrease: { percent: '5.00' },
        payments: [
          { offset: 'P0M', percent: '50.00' },
          { offset: 'P12M', percent: '50.00' },
        ],
      },
    }),
  },
} as const satisfies Record<string, { path: string; order: OfferOrder }>

/**
 * Refused by the adapter, taken by the marketplace. "Name" may hold no angle brackets in CreateOffer, and nothing is
 * said of UpdateInformation; "a last charge date that is before AgreementEndDate" does not say whose end, when only
 * the length is known; "a future AvailabilityEndDate" does not say whether today is one.
 */
export const cautious = {
  'a name with angle brackets': broken('name', { name: '<Initech>' }),
  'renewal without a price increase': broken('native.renewal', { autoRenew: { times: 3 } }),
  'a price increase and no renewal': broken('autoRenew', {
    native: { renewal: { priceIncrease: { percent: '5.00' } } },
  }),
  'payments that the buyer chooses': broken('payments', {
    payments: pay(['acceptance', '1200.00']),
    native: { buyerConfigurable: true },
  }),
  'a renewal of instalments without a word on how it is paid': {
    path: 'native.renewal.payments',
    order: renews(
      { renewal: { priceIncrease: { percent: '5.00' } } },
      { payments: pay(['acceptance', '700.00'], ['2027-03-01', '500.00']) },
    ),
  },
  'a charge after a month accepted at once': broken('payments.1.on', {
    term: { months: 1 },
    payments: pay(['acceptance', '700.00'], ['2027-02-15', '500.00']),
  }),
  'accept by today': broken('acceptBy', { acceptBy: '2027-01-10' }),
} as const satisfies Record<string, { path: string; order: OfferOrder }>

export const refusedLater = {
  order: order(
    { legal: { kind: 'custom', documents: ['doc_1'] } },
    { buyerRefs: ['000000000000'], documents: ['https://legal.invalid/initech.pdf'] },
  ),
  reasons: [
    { part: 'UpdateTargeting', code: 'INVALID_BUYER_ACCOUNTS' },
    { part: 'UpdateLegalTerms', code: 'INVALID_LEGAL_DOCUMENTS' },
  ],
}

export const refusedAtOnce = {
  'an unknown product': order({}, { listingRef: 'prod-nosuchproduct1' }),
  'a malformed account': order({}, { buyerRefs: ['initech'] }),
}

const day = fc.constantFrom<Day>(
  '2027-01-09',
  '2027-01-10',
  '2027-01-20',
  '2027-01-31',
  '2027-02-01',
  '2027-02-15',
  '2027-06-30',
  '2028-01-09',
  '2028-06-30',
)
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))

const contract = mostly<OfferTerms['pricing']['contract']>(
  [seats],
  [seats, support],
  [{ dimension: 'seats', quantity: '1' }],
  [{ ...seats, dimension: 'storage_gb' }],
  undefined,
)
const rates = mostly<OfferTerms['pricing']['usage']>(undefined, usage, usage.slice(1), [
  { dimension: 'support', rate: '1' },
])

/** Instalments that always add up: what does not is refused before any adapter sees it. */
const instalments = fc.option(
  fc.array(fc.oneof(fc.constant('acceptance' as const), day), { minLength: 1, maxLength: 3 }),
  { nil: undefined, freq: 2 },
)

const totalOf = (pricing: OfferTerms['pricing']): number | undefined => {
  if (pricing.flat !== undefined) return Number(pricing.flat)
  if (pricing.contract?.some(({ price }) => price === undefined)) return undefined
  return pricing.contract?.reduce((sum, row) => sum + Number(row.quantity) * Number(row.price), 0)
}

const renewal = { priceIncrease: { percent: '5.00' } }
const again = [{ offset: 'P0M', percent: '100.00' }]

const anyOrder = fc
  .record({
    contract,
    rates,
    instalments,
    acceptBy: mostly<Day>('2027-01-31', '2027-01-11', '2027-01-09', '2027-03-01'),
    start: mostly<'acceptance' | Day>('acceptance', '2027-02-15', '2027-01-31', '2027-02-01'),
    months: mostly<number | undefined>(12, 24, 60, 61, undefined),
    currency: mostly('USD', 'EUR', 'GBP', 'CHF'),
    native: mostly<object>({}, { buyerConfigurable: true }, { netPaymentDays: 45 }),
    renews: mostly(false, true),
    buyers: mostly([INITECH], [INITECH, GLOBEX], ['99']),
  })
  .map(({ contract, rates, instalments, months, buyers, native, renews, ...terms }) => {
    const flat = contract?.some(({ price }) => price === undefined) ? '900.00' : undefined
    const pricing = JSON.parse(JSON.stringify({ contract, usage: rates, flat }))
    const total = totalOf(pricing)
    const payments =
      instalments && total !== undefined && !('buyerConfigurable' in native)
        ? instalments.map((on, i) => ({
            on,
            amount: (i === 0 ? total - 10 * (instalments.length - 1) : 10).toFixed(2),
          }))
        : undefined
    return order(
      {
        ...terms,
        pricing,
        payments,
        term: months === undefined ? undefined : { months },
        native: (renews
          ? { ...native, renewal: { ...renewal, ...(payments && { payments: again }) } }
          : native) as OfferTerms['native'],
        autoRenew: renews ? { times: 2 } : undefined,
      },
      { buyerRefs: buyers },
    )
  })

export const drawn = fc.sample(anyOrder, { seed: 20_270_110, numRuns: 100 })
