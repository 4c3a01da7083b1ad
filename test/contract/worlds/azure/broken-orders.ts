import { GLOBEX, INITECH } from '../../../../simulator/azure/seed.ts'
import { addDays, type Day } from '../../../../src/kernel/time.ts'
import type { OfferOrder } from '../../../../src/offers/model.ts'
import {
  described,
  everyPlan,
  firstOf,
  lastOf,
  newPlan,
  partner,
  pay,
  perSeat,
  seats,
  terms,
  usage,
  type Write,
  writeOn,
} from './orders.ts'

type Broken = Record<string, { readonly path: string; readonly order: OfferOrder }>
const contact = { name: 'Ada Buyer', email: 'ada@initech.example' }

const breaking =
  (order: Write) =>
  (path: string, ...written: Parameters<Write>) => ({ path, order: order(...written) })

/** One rule of Microsoft's broken each. */
export function badOn(today: Day): Broken {
  const broken = breaking(writeOn(today))
  const tenant = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'
  return {
    'a name with a mark': broken('name', { name: 'Initech #1' }),
    'a name with an umlaut': broken('name', { name: 'Müller' }),
    'a name too long': broken('name', { name: 'x'.repeat(129) }),
    'accept by a day that is over': broken('acceptBy', { acceptBy: addDays(today, -1) }),
    'a start inside a month': broken('start', { start: addDays(firstOf(today, 1), 1) }),
    'a start in a month that is over': broken('start', { start: firstOf(today, -1) }),
    'an end inside a month': broken('native.end', {
      native: { end: addDays(lastOf(today, 12), -1) },
    }),
    'an end before the last day to accept': broken('native.end', {
      acceptBy: addDays(lastOf(today, 1), 1),
      native: { end: lastOf(today, 1) },
    }),
    'no last day': broken('term', { term: undefined, pricing: { usage } }),
    'a buyer with a tenant only': broken('buyer', {}, { buyerRefs: [tenant] }),
    'six contacts': broken('contacts', { contacts: Array.from({ length: 6 }, () => contact) }),
    'a term of seven months': broken('term.months', { term: { months: 7 }, native: { newPlan } }),
    'a term that the plan is not sold for': broken('term.months', { term: { months: 24 } }),
    'half a seat': broken(
      'pricing.contract.0.quantity',
      { pricing: seats('10.5', '180.00'), native: { newPlan } },
      perSeat,
    ),
    'limits upside down': broken(
      'native.userLimits',
      { pricing: seats('10', '180.00'), native: { newPlan, userLimits: { min: 20, max: 5 } } },
      perSeat,
    ),
    'meters of a plan sold by the seat': broken(
      'pricing.usage',
      { pricing: { ...seats('10', '180.00'), usage } },
      perSeat,
    ),
    'a percentage of nothing': broken('pricing.usageDiscountPercent', {
      pricing: { usageDiscountPercent: '0.001' },
    }),
    'a price without a plan': broken('plan', {}, everyPlan),
    'a plan whose address is not known': broken('plan', {}, { planKey: null }),
    'a flexible schedule by the seat': broken(
      'payments',
      {
        pricing: seats('10', '100.00'),
        payments: pay(['acceptance', '400.00'], [addDays(today, 80), '600.00']),
      },
      perSeat,
    ),
    'a flexible schedule of a month': broken('payments', {
      term: { months: 1 },
      payments: pay(['acceptance', '2000.00'], [addDays(today, 20), '3000.00']),
    }),
    'two payments on one day': broken('payments.2.on', {
      payments: pay(
        ['acceptance', '1000.00'],
        [addDays(today, 80), '2000.00'],
        [addDays(today, 80), '2000.00'],
      ),
    }),
    'units of a meter that the product has not': broken('native.includedQuantities.rooms', {
      native: { newPlan, includedQuantities: { rooms: 1 } },
    }),
  }
}

/** Our request could not say it, would say less, or the documents leave a doubt: see the adapter's rules. */
export function cautiousOn(today: Day): Broken {
  const broken = breaking(writeOn(today))
  const legal = { kind: 'custom', documents: ['doc_1'] } as const
  return {
    'two accounts and no choice': broken(
      'native.billingAccount',
      {},
      { buyerRefs: [INITECH, GLOBEX] },
    ),
    'two documents': broken('legal.documents', { legal }, { documents: [terms, terms] }),
    'a document that is no PDF': broken(
      'legal.documents.0',
      { legal },
      { documents: ['https://acme.example/terms.docx'] },
    ),
    'renewal by itself': broken('autoRenew', { autoRenew: { times: 1 } }),
    'user limits of a flat plan': broken('native.userLimits', {
      native: { newPlan, userLimits: { min: 1, max: 5 } },
    }),
    'user limits of a public plan': broken(
      'native.userLimits',
      { pricing: seats('10', '180.00'), native: { userLimits: { min: 5, max: 20 } } },
      perSeat,
    ),
    'units of meters in the price of a public plan': broken('native.includedQuantities', {
      native: { includedQuantities: { api_calls: 2000 } },
    }),
    'a flat price of a plan sold by the seat': broken('pricing.contract', {}, perSeat),
    'two rows of seats': broken(
      'pricing.contract.1',
      { pricing: { contract: [...seats('10', '1.00').contract, ...seats('2', '1.00').contract] } },
      perSeat,
    ),
    'a meter for less than a cent': broken('pricing.usage.0.rate', {
      pricing: { flat: '5000.00', usage: [{ dimension: 'api_calls', rate: '0.005' }] },
    }),
    'a meter for cents and a half': broken('pricing.usage.0.rate', {
      pricing: { flat: '5000.00', usage: [{ dimension: 'api_calls', rate: '0.125' }] },
    }),
    'a percentage beside a price': broken('pricing.flat', {
      pricing: { flat: '5000.00', usageDiscountPercent: '10' },
    }),
    'two payments at acceptance': broken('payments', {
      payments: pay(['acceptance', '1000.00'], ['acceptance', '4000.00']),
    }),
    'a partner without a name': broken('native.partner', { reseller: partner }),
    'a partner whose id is none': broken('reseller.partner', {
      reseller: { ...partner, partner: 'umbrella apps' },
      native: described,
    }),
    'a partner for several customers': broken('reseller.scope', {
      reseller: { ...partner, scope: 'multi' },
      native: described,
    }),
    'a note to no partner': broken('native.notes', { native: { notes: 'Call before noon' } }),
    'billing groups through a partner': broken('native.billingGroups', {
      reseller: partner,
      native: { ...described, billingGroups: ['north'] },
    }),
    'a plan of its own without a word': broken('native.newPlan.description', {
      native: { newPlan: { name: 'Initech' } },
    }),
  }
}
