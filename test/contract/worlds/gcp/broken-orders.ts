import { addDays, addMonths, type Day } from '../../../../src/kernel/time.ts'
import type { OfferOrder } from '../../../../src/offers/model.ts'
import type { OffersBy } from './deals.ts'
import { commitment, pay, plansBy, rates, seats, terms, type Write, writeOn } from './orders.ts'
import { GLOBEX, INITECH } from './purchases.ts'

type Broken = Record<string, { readonly path: string; readonly order: OfferOrder }>
const awsAccount = '123456789012'
const aLot = '1000000000.01'

const breaking =
  (order: Write) =>
  (path: string, ...written: Parameters<Write>) => ({ path, order: order(...written) })

/** One rule of Google's broken each: proto PrivateOffer, and what a plan can be sold by. */
export const badOn = (today: Day, by: OffersBy): Broken => ({
  ...brokenTerms(today, by),
  ...brokenPayments(today, by),
  ...brokenPrices(today, by),
})

function brokenTerms(today: Day, by: OffersBy): Broken {
  const broken = breaking(writeOn(today, by))
  const { payg, none } = plansBy(by)
  return {
    'a name too long': broken('name', { name: 'x'.repeat(257) }),
    'a note too long': broken('note', { note: 'x'.repeat(121) }),
    'nobody to talk to': broken('contacts', { contacts: [] }),
    'accept by a day that is over': broken('acceptBy', { acceptBy: addDays(today, -1) }),
    'three months to accept and a day': broken('acceptBy', { acceptBy: addMonths(today, 3) }),
    'a start in more than a year': broken('start', { start: addDays(addMonths(today, 12), 1) }),
    'a start today': broken('start', { start: today }),
    'to be accepted on the day it starts': broken('acceptBy', { start: addDays(today, 18) }),
    'no length': broken('term', { term: undefined, pricing: { usageDiscountPercent: '20' } }, payg),
    'half a month': broken('term.months', { term: { months: 1.5 } }),
    'no plan': broken('plan', {}, none),
    'a buyer without a billing account': broken('buyer', {}, { buyerRefs: [awsAccount] }),
    'renewed beyond seven years': broken('autoRenew.times', { autoRenew: { times: 7 } }),
    'use alone, renewed': broken(
      'autoRenew',
      { pricing: { usageDiscountPercent: '20' }, autoRenew: { times: 1 } },
      payg,
    ),
    'a schedule, renewed': broken('autoRenew', {
      payments: pay(['acceptance', '5000.00']),
      autoRenew: { times: 1 },
    }),
  }
}

function brokenPayments(today: Day, by: OffersBy): Broken {
  const broken = breaking(writeOn(today, by))
  const acceptBy = addDays(today, 18)
  const [later, over] = [addMonths(today, 5), addMonths(acceptBy, 13)]
  return {
    'a payment while it can be accepted': broken('payments.1.on', {
      payments: pay(['acceptance', '1000.00'], [acceptBy, '4000.00']),
    }),
    'a payment after the end': broken('payments.1.on', {
      payments: pay(['acceptance', '1000.00'], [over, '4000.00']),
    }),
    'nothing at acceptance': broken('payments', { payments: pay([later, '5000.00']) }),
    'two payments on one day': broken('payments.2.on', {
      payments: pay(['acceptance', '1000.00'], [later, '1000.00'], [later, '3000.00']),
    }),
    'two payments at acceptance': broken('payments.1.on', {
      payments: pay(['acceptance', '1000.00'], ['acceptance', '4000.00']),
    }),
    'a payment of more than a billion': broken('payments.0.amount', {
      pricing: { flat: '1000000001.01' },
      payments: pay(['acceptance', aLot], [later, '1.00']),
    }),
  }
}

function brokenPrices(today: Day, by: OffersBy): Broken {
  const broken = breaking(writeOn(today, by))
  const { payg } = plansBy(by)
  return {
    'more than a billion': broken('pricing.flat', { pricing: { flat: aLot } }),
    'a flat fee of a plan for use': broken('pricing.flat', {}, payg),
    'a commitment on a plan with a fee': broken('pricing.commitment', {
      pricing: commitment('list'),
    }),
    'more than everything off': broken('pricing.usageDiscountPercent', {
      pricing: { flat: '5000.00', usageDiscountPercent: '101' },
    }),
    'two rows of one name': broken('pricing.contract.1.dimension', {
      pricing: { contract: [...seats('1', '10.00').contract, ...seats('2', '20.00').contract] },
    }),
    'a row with a long name': broken('pricing.contract.0.dimension', {
      pricing: { contract: [{ dimension: 'x'.repeat(129), quantity: '1', price: '10.00' }] },
    }),
  }
}

/** Our request could not say it, would say less, or Google would do something else than was meant. */
export function cautiousOn(today: Day, by: OffersBy): Broken {
  const broken = breaking(writeOn(today, by))
  const { payg } = plansBy(by)
  const start = addMonths(today, 2)
  const legal = { kind: 'custom', documents: ['doc_1'] } as const
  const off = (usageDiscountPercent: string) => ({ flat: '5000.00', usageDiscountPercent })
  const use = (rate: string) => ({ flat: '5000.00', usage: [{ dimension: 'api_calls', rate }] })
  return {
    'a name of blanks': broken('name', { name: ' ' }),
    'two accounts and no choice': broken(
      'native.billingAccount',
      {},
      { buyerRefs: [INITECH, GLOBEX] },
    ),
    'amended terms': broken(
      'legal.kind',
      { legal: { kind: 'amended', documents: ['doc_1'] } },
      { documents: [terms] },
    ),
    'two documents': broken('legal.documents', { legal }, { documents: [terms, terms] }),
    'a percentage of three decimals': broken('pricing.usageDiscountPercent', {
      pricing: off('12.345'),
    }),
    'a rate above the list price': broken('pricing.usage.0.rate', { pricing: use('0.06') }),
    'a rate that is no percentage': broken('pricing.usage.0.rate', { pricing: use('0.0333333') }),
    'a rate of what nobody prices': broken('pricing.usage.0.rate', {
      pricing: { flat: '5000.00', usage: [{ dimension: 'rooms', rate: '1' }] },
    }),
    'a plan with a fee, for use alone': broken('pricing.flat', { pricing: { usage: rates } }),
    'a fee and a commitment': broken('pricing.commitment', {
      pricing: { flat: '5000.00', ...commitment('list') },
    }),
    'a discounted commitment and rates': broken(
      'pricing.usage',
      { pricing: { ...commitment('list'), usage: rates } },
      payg,
    ),
    'an interval that does not fit': broken('native.interval', {
      term: { months: 7 },
      native: { interval: 'quarterly' },
    }),
    'an interval whose payments are no cents': broken('native.interval', {
      native: { interval: 'monthly' },
    }),
    'credit of more than a million': broken('native.additionalCredit', {
      native: { additionalCredit: '1000000.01' },
    }),
    'a payment at acceptance of what starts later': broken('payments.0.on', {
      start,
      payments: pay(['acceptance', '5000.00']),
    }),
    'a renewal that nobody vouches for': broken('renewal.attested', {
      renewal: { of: 'agr_1', attested: false },
    }),
    'a renewal that is a migration': broken('native.dealType', {
      renewal: { attested: true },
      native: { dealType: 'MIGRATION' },
    }),
    'a deadline that is no day': broken('native.acceptDeadlineTime', {
      native: { acceptDeadlineTime: '2027-02-01T07:59:00Z' },
    }),
    ...(by === 'api' && {
      'a document that anybody may change on its way': broken(
        'legal.documents.0',
        { legal },
        { documents: [terms.replace('https', 'http')] },
      ),
    }),
  }
}
