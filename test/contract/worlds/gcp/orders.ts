import { addDays, addMonths, type Day } from '../../../../src/kernel/time.ts'
import type { Dimension } from '../../../../src/listings/model.ts'
import type { OfferOrder, OfferTerms } from '../../../../src/offers/model.ts'
import { SERVICE } from '../../../gcp-simulator/offers.ts'
import { ACME } from './cloud.ts'
import type { OffersBy } from './deals.ts'
import { GLOBEX, INITECH } from './purchases.ts'

type Changed = { [Field in keyof OfferTerms]?: OfferTerms[Field] | undefined }
export type Write = (changed?: Changed, around?: Partial<OfferOrder>) => OfferOrder

const meters = ['api_calls', 'storage_gb']
const sku = (id: string) => `${SERVICE}/skus/${id}`

/** The plans of the simulated product, as its listing tells them: without the API there is no address. */
export const plansBy = (by: OffersBy) => ({
  pro: {
    planRef: 'pro',
    planKey: by === 'api' ? `${SERVICE}/standardOffers/pro-P1Y` : null,
    planShape: { charge: 'flat', months: [1, 12], meters, hasTrial: null, units: null },
  } satisfies Partial<OfferOrder>,
  payg: {
    planRef: 'payg',
    planKey: by === 'api' ? `${SERVICE}/standardOffers/payg` : null,
    planShape: { charge: null, months: [], meters, hasTrial: null, units: null },
  } satisfies Partial<OfferOrder>,
  none: { planRef: null, planKey: null, planShape: null },
})

const skus: Readonly<Record<string, string>> = {
  api_calls: `payg=${sku('PAYGAPICALLS')} pro=${sku('PROAPICALLS')}`,
  storage_gb: `payg=${sku('PAYGSTORAGEG')} pro=${sku('PROSTORAGEGB')}`,
}
const dimension = (key: string, rate: string, by: OffersBy): Dimension => ({
  key,
  name: key,
  types: ['usage'],
  listRate: { rate, currency: 'USD' },
  ...(by === 'api' ? { dimensionRef: skus[key] ?? '' } : {}),
})

export const terms = 'https://acme.example/legal/initech.pdf'
export const seats = (quantity: string, price: string) => ({
  contract: [{ dimension: 'seats', quantity, price }],
})
export const rates = [
  { dimension: 'api_calls', rate: '0.04' },
  { dimension: 'storage_gb', rate: '0.0199' },
]
export const commitment = (overage: 'list' | 'discounted', discountPercent = '10') => ({
  commitment: { amount: '100000.00', discountPercent, overage },
})
export const pay = (...rows: readonly (readonly [on: 'acceptance' | Day, amount: string])[]) =>
  rows.map(([on, amount]) => ({ on, amount }))

/** How an order is written on a day: a flat price for a year, with terms changed; absent where undefined. */
export const writeOn =
  (today: Day, by: OffersBy): Write =>
  (changed = {}, around = {}) => {
    const base: OfferTerms = {
      name: 'Initech 2027',
      contacts: [{ name: 'Ada Buyer', email: 'ada@initech.example' }],
      acceptBy: addDays(today, 18),
      start: 'acceptance',
      term: { months: 12 },
      currency: 'USD',
      pricing: { flat: '5000.00' },
      legal: { kind: 'standard', documents: [] },
      native: {},
    }
    const entries = Object.entries({ ...base, ...changed })
    return {
      terms: Object.fromEntries(
        entries.filter(([, value]) => value !== undefined),
      ) as unknown as OfferTerms,
      listingRef: ACME.service,
      ...plansBy(by).pro,
      dimensions: [dimension('api_calls', '0.05', by), dimension('storage_gb', '0.02', by)],
      buyerName: 'Initech',
      buyerRefs: [INITECH],
      documents: [],
      submittedOn: today,
      ...around,
    }
  }

/** "Create and manage private offers using the API", "Pricing models for private offers". */
export function goodOn(
  today: Day,
  by: OffersBy,
): { plain: OfferOrder } & Record<string, OfferOrder> {
  const order = writeOn(today, by)
  return { plain: order(), ...termsOf(today, order), ...pricesOf(today, order, by) }
}

function termsOf(today: Day, order: Write): Record<string, OfferOrder> {
  const start = addMonths(today, 2)
  const legal = { kind: 'custom', documents: ['doc_1'] } as const
  return {
    'a month': order({ term: { months: 1 }, pricing: { flat: '450.00' } }),
    'a term that is no interval': order({ term: { months: 7 } }),
    'seven years': order({ term: { months: 84 } }),
    'from a day on': order({ start }),
    'from a day on, paid on days': order({
      start,
      payments: pay([start, '2000.00'], [addMonths(start, 6), '3000.00']),
    }),
    'for as long as there is to accept': order({ acceptBy: addDays(addMonths(today, 3), -1) }),
    'renewed twice': order({ autoRenew: { times: 2 } }),
    'own terms': order({ legal }, { documents: [terms] }),
    'a renewal, as somebody vouches': order({ renewal: { attested: true } }),
    'new business, as we are told': order({ renewal: { attested: false } }),
    'moved from elsewhere': order({ native: { dealType: 'MIGRATION' } }),
    'one of several accounts': order(
      { native: { billingAccount: GLOBEX } },
      { buyerRefs: [INITECH, GLOBEX] },
    ),
    'with notes and names': order({
      note: 'Three seats on us',
      native: {
        customer: 'Initech LLC',
        partnerContact: { contact: 'Jane Seller', email: 'jane@acme.example' },
        internalNote: 'Call before noon',
      },
    }),
  }
}

function pricesOf(today: Day, order: Write, by: OffersBy): Record<string, OfferOrder> {
  const { payg } = plansBy(by)
  const later = addMonths(today, 5)
  const paid = pay(['acceptance', '60000.00'], [later, '40000.00'])
  return {
    'what it buys, in words': order({
      pricing: {
        contract: [
          { dimension: 'seats', quantity: '10', price: '180.00' },
          { dimension: 'support', quantity: '1', price: '20.50' },
        ],
      },
    }),
    'a schedule': order({ payments: pay(['acceptance', '1000.01'], [later, '3999.99']) }),
    'by the month': order({ pricing: { flat: '6000.00' }, native: { interval: 'monthly' } }),
    'by the quarter': order({ pricing: { flat: '6000.00' }, native: { interval: 'quarterly' } }),
    'by months of the calendar': order({
      pricing: { flat: '6000.00' },
      native: { interval: 'monthly_prorated' },
    }),
    'use at rates of its own': order({ pricing: { flat: '5000.00', usage: rates } }),
    'a percentage off use': order({ pricing: { flat: '5000.00', usageDiscountPercent: '12.5' } }),
    'a percentage off use, and a rate': order({
      pricing: { flat: '5000.00', usage: rates.slice(0, 1), usageDiscountPercent: '5' },
    }),
    'use alone': order({ pricing: { usageDiscountPercent: '20' } }, payg),
    'rates alone': order({ pricing: { usage: rates } }, payg),
    'a commitment, the rest at list price': order({ pricing: commitment('list') }, payg),
    'a commitment, all use at a discount': order({ pricing: commitment('discounted') }, payg),
    'a commitment in payments': order({ pricing: commitment('list'), payments: paid }, payg),
    'credit on top': order(
      {
        pricing: commitment('discounted'),
        payments: paid,
        native: { additionalCredit: '500.00', discardPreviousCreditBalance: true },
      },
      payg,
    ),
    'spend that is promised besides': order({
      native: { additionalContractValue: { amount: '9000.00', skus: [sku('PROAPICALLS')] } },
    }),
  }
}

/** What only Google knows: of the billing account, the plan and the SKUs. */
export function refusedAtOnceOn(today: Day): Record<string, OfferOrder> {
  const order = writeOn(today, 'api')
  return {
    'a billing account that nobody has': order({}, { buyerRefs: ['FFFFFF-FFFFFF-FFFFFF'] }),
    'a plan that nobody sells': order({}, { planKey: `${SERVICE}/standardOffers/gold` }),
    'a SKU of another plan': order({
      pricing: { flat: '5000.00', usage: rates.slice(0, 1) },
      native: { skus: { api_calls: sku('PAYGAPICALLS') } },
    }),
  }
}
