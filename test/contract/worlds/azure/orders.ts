import { GLOBEX, HOOLI, INITECH, UMBRELLA } from '../../../../simulator/azure/seed.ts'
import { addDays, addMonths, type Day, firstDay, monthOf } from '../../../../src/kernel/time.ts'
import type { Dimension, PlanShape } from '../../../../src/listings/model.ts'
import type { OfferOrder, OfferTerms } from '../../../../src/offers/model.ts'
import { ENTERPRISE, PER_SEAT, PRODUCT, TEAM } from '../../../azure-simulator/seller.ts'

type Changed = { [Field in keyof OfferTerms]?: OfferTerms[Field] | undefined }
export type Write = (changed?: Changed, around?: Partial<OfferOrder>) => OfferOrder

const dimensions: readonly Dimension[] = [
  { key: 'seats', name: 'Units of the plan', types: ['contract'] },
  { key: 'api_calls', name: 'API calls', types: ['usage'] },
  { key: 'storage_gb', name: 'Storage', types: ['usage'] },
]
const meters = ['api_calls', 'storage_gb']
const shape = (months: readonly number[]): PlanShape => ({
  charge: 'flat',
  months,
  meters,
  hasTrial: false,
  units: null,
})
/** The plans of the simulated product, as its listing tells them. */
export const team = { planRef: 'team', planKey: TEAM ?? '', planShape: shape([1, 12]) }
export const enterprise = {
  planRef: 'enterprise',
  planKey: ENTERPRISE ?? '',
  planShape: shape([12, 36]),
}
export const perSeat = {
  planRef: 'per-seat',
  planKey: PER_SEAT ?? '',
  planShape: {
    charge: 'per_unit',
    months: [1, 12],
    meters: [],
    hasTrial: false,
    units: { min: 1, max: 500 },
  },
} satisfies Partial<OfferOrder>
export const everyPlan = { planRef: null, planKey: null, planShape: null }

export const newPlan = { name: 'Initech 2027', description: 'Made for Initech' }
export const seats = (quantity: string, price: string) => ({
  contract: [{ dimension: 'seats', quantity, price }],
})
export const usage = [
  { dimension: 'api_calls', rate: '0.40' },
  { dimension: 'storage_gb', rate: '0.01' },
]
const partner = { partner: UMBRELLA.sellerId, discountPercent: '12', scope: 'single' } as const
const described = { partner: { name: 'Umbrella Apps', location: 'United States' } }
const terms = 'https://acme.example/legal/initech.pdf'

/** How an order is written on a day: a flat price for a year, with terms changed; absent where undefined. */
export const writeOn =
  (today: Day): Write =>
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
      listingRef: 'acme-analytics',
      ...team,
      dimensions,
      buyerRefs: [INITECH],
      documents: [],
      submittedOn: today,
      ...around,
    }
  }

/** The first day of a month so many months on. */
export const firstOf = (today: Day, months: number): Day =>
  addMonths(firstDay(monthOf(today)), months)
export const lastOf = (today: Day, months: number): Day => addDays(firstOf(today, months + 1), -1)

export const pay = (...rows: readonly (readonly [on: 'acceptance' | Day, amount: string])[]) =>
  rows.map(([on, amount]) => ({ on, amount }))

/** So many equal payments, a month or a year apart, the first at acceptance. */
export function every(today: Day, months: number, count: number, amount: string) {
  const second = addMonths(today, months)
  const later = Array.from({ length: count - 1 }, (_, i) => addMonths(second, months * i))
  return pay(['acceptance', amount], ...later.map((on) => [on, amount] as const))
}

/** "Private offers: pricing", "Create a direct ISV to customer private offer", "Create a multiparty private offer". */
export function goodOn(today: Day): { plain: OfferOrder } & Record<string, OfferOrder> {
  const order = writeOn(today)
  const documents = [terms]
  const legal = { kind: 'custom', documents: ['doc_1'] } as const
  return {
    plain: order(),
    'a month': order({ term: { months: 1 }, pricing: { flat: '450.00' } }),
    'a price of one row': order({ pricing: seats('1', '4000.00') }),
    'a price of two rows': order({
      pricing: {
        contract: [
          { dimension: 'seats', quantity: '2', price: '1000.00' },
          { dimension: 'seats', quantity: '1', price: '50.50' },
        ],
      },
    }),
    'seats of a public plan': order({ pricing: seats('10', '180.00') }, perSeat),
    'seats of a plan of its own': order(
      { pricing: seats('10', '180.00'), native: { newPlan, userLimits: { min: 5, max: 20 } } },
      perSeat,
    ),
    'just so many seats': order({ pricing: seats('10', '9.99'), native: { newPlan } }, perSeat),
    'a percentage off a plan': order({ pricing: { usageDiscountPercent: '20' } }),
    'a percentage off every plan': order({ pricing: { usageDiscountPercent: '12.5' } }, everyPlan),
    'a percentage off another product besides': order({
      native: { also: [{ product: PRODUCT, plan: ENTERPRISE, discountPercent: '5' }] },
    }),
    'meters at prices of their own': order({ pricing: { flat: '5000.00', usage } }),
    'meters alone': order({
      term: undefined,
      pricing: { usage },
      native: { end: lastOf(today, 12) },
    }),
    'units of meters in the price': order({
      native: { newPlan, includedQuantities: { api_calls: 2000, storage_gb: 'infinite' } },
    }),
    'a term that only a plan of its own has': order({
      term: { months: 60 },
      native: { newPlan },
    }),
    'paid by the month on a plan of its own': order({
      pricing: { flat: '6000.00' },
      payments: every(today, 1, 12, '500.00'),
      native: { newPlan },
    }),
    'three years, paid by the year as the plan has it': order(
      {
        term: { months: 36 },
        pricing: { flat: '60000.00' },
        payments: every(today, 12, 3, '20000.00'),
      },
      enterprise,
    ),
    'a flexible schedule': order({
      payments: pay(
        ['acceptance', '1000.00'],
        [addDays(today, 90), '1500.00'],
        [addDays(today, 200), '2500.00'],
      ),
    }),
    'a flexible schedule with nothing at purchase': order(
      { payments: pay([addDays(today, 30), '4999.99'], [addDays(today, 31), '0.01']) },
      enterprise,
    ),
    'from the first of a month': order({ start: firstOf(today, 2) }),
    'own terms': order({ legal }, { documents }),
    'an account of several': order(
      { native: { billingAccount: GLOBEX } },
      { buyerRefs: [INITECH, GLOBEX] },
    ),
    'an enterprise enrolment': order({}, { buyerRefs: [HOOLI] }),
    'one billing group': order({ native: { billingGroups: ['north'] } }),
    'a renewal, as somebody vouches': order({ renewal: { attested: true } }),
    'new business, as we are told': order({ renewal: { attested: false } }),
    'through a partner': order({ reseller: partner, native: described }, enterprise),
    'a percentage, through a partner': order({
      pricing: { usageDiscountPercent: '20' },
      reseller: partner,
      native: { ...described, notes: 'Call before noon' },
    }),
    'own terms, through a partner': order(
      { reseller: partner, native: described, legal, pricing: seats('10', '100.00') },
      { documents: [terms, 'https://acme.example/legal/use.pdf'], ...perSeat },
    ),
  }
}

/** What Microsoft's first answer refuses: "Private offer API troubleshooting". */
export function refusedAtOnceOn(today: Day): Record<string, OfferOrder> {
  const order = writeOn(today)
  const contact = { name: 'Ada Buyer', email: 'ada@initech.example' }
  return {
    'a name with a mark': order({ name: 'Initech #1' }),
    'six contacts': order({ contacts: Array.from({ length: 6 }, () => contact) }),
    'a contact that is no address': order({ contacts: [{ name: 'Ada', email: 'nobody' }] }),
  }
}

/** What a job finds, at its first resource: it goes no further. */
export const refusedLaterOn = (today: Day) => ({
  order: writeOn(today)({}, { planKey: `${PRODUCT.replace('product', 'plan')}/none` }),
  reasons: [{ part: `${PRODUCT.replace('product', 'plan')}/none`, code: 'notFound' }],
})

export { described, partner, terms }
