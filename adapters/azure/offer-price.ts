import { type Decimal, plus, round, trim } from '../../src/kernel/decimal.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { AzureClient } from './client.ts'
import { jsonNumber } from './exact-json.ts'
import { readNative } from './offer-native.ts'
import { type Billing, billingOf } from './offer-payments.ts'
import {
  charged,
  hasRecurring,
  inCents,
  isPerUser,
  planOf,
  productOf,
  seatsOf,
} from './offer-plan.ts'

export const priceName = 'price'

/** How an offer's prices relate to the plan it names. */
export type Sale = {
  /** `offerPricingType`, on the offer and its price alike. */
  readonly pricingType: string
  readonly newPlan: { readonly name: string; readonly description: string } | null
  readonly offerSchema: string
  readonly priceSchema: string
}

const existing = 'editExistingOfferPricingOnly'

/**
 * Prices of the plan as it is, or a customised plan made from it. Terms cannot be added to a plan, and the one sample
 * of dated payments that is known sells them on a plan of its own: without `native.newPlan` that plan is called like
 * the offer.
 */
export function saleOf(order: OfferOrder, { settings }: AzureClient): Sale {
  const { dated, newPlanType } = settings.offers
  const { privateOfferSchema, priceSchema, flexiblePriceSchema } = settings.versions
  const { name, note } = order.terms
  const asked = readNative(order.terms.native).newPlan ?? null
  if (billingOf(order)?.is !== 'dated')
    return {
      pricingType: asked ? newPlanType : existing,
      newPlan: asked,
      offerSchema: privateOfferSchema,
      priceSchema,
    }
  const own = dated.plan === 'new' ? { name, description: note?.trim() || name } : null
  const newPlan = asked ?? own
  return {
    pricingType: newPlan ? dated.planType : existing,
    newPlan,
    offerSchema: dated.offerSchema,
    priceSchema: flexiblePriceSchema,
  }
}

/**
 * The `price-and-availability-private-offer-plan` of an order with prices of its own. `pricePerPaymentInUsd` is what
 * one payment costs, for one seat on a per-user plan; a meter's is its unit price. A plan whose kind of charge is not
 * known is priced without `recurrentPriceMode`, as Microsoft's own sample for existing plans is.
 */
export function priceResource(order: OfferOrder, azure: AzureClient): object {
  const sale = saleOf(order, azure)
  const { endpoints } = azure.settings
  const recurrentPrice = recurrent(order, sale)
  const customMeters = meters(order)
  return {
    $schema: `${endpoints.schemas}/price-and-availability-private-offer-plan/${sale.priceSchema}`,
    resourceName: priceName,
    product: productOf(order),
    plan: planOf(order),
    offerPricingType: sale.pricingType,
    pricing: {
      ...(recurrentPrice ? { recurrentPrice } : {}),
      ...(customMeters ? { customMeters } : {}),
    },
  }
}

function recurrent(order: OfferOrder, { newPlan }: Sale): object | undefined {
  const billing = billingOf(order)
  if (!hasRecurring(order) || !billing) return undefined
  const charge = order.planShape?.charge ?? null
  return {
    ...(charge === null ? {} : { recurrentPriceMode: modes[charge] }),
    priceInputOption: 'usd',
    ...(isPerUser(order) && newPlan ? { userLimits: userLimits(order) } : {}),
    prices: [billing.is === 'equal' ? optionPrice(order, billing) : datedPrice(order, billing)],
  }
}

const modes = { flat: 'flatRate', per_unit: 'perUser' } as const

/**
 * The seats the total is reckoned with, so that what the buyer takes is what the offer says. Only a customised plan
 * has limits of its own ("Create a direct ISV to customer private offer": saasNewCustomizedPlans); a public plan keeps
 * those it has, and its buyer takes what they allow at the price of a seat.
 */
function userLimits(order: OfferOrder): object {
  const seats = Number(seatsOf(order) ?? '1')
  return readNative(order.terms.native).userLimits ?? { min: seats, max: seats }
}

/** Months as Microsoft writes a length: whole years where they are. */
export const lengthOf = (months: number): { type: 'month' | 'year'; value: number } =>
  months % 12 === 0 ? { type: 'year', value: months / 12 } : { type: 'month', value: months }

function optionPrice(order: OfferOrder, billing: Extract<Billing, { is: 'equal' }>): object {
  return {
    billingTerm: lengthOf(order.terms.term?.months ?? 0),
    paymentOption: lengthOf(billing.stepMonths),
    pricePerPaymentInUsd: amount(perPayment(order, billing) ?? '0', order),
  }
}

/** One payment of the whole, or of one seat; undefined when that is no whole number of cents. */
export const perPayment = (
  order: OfferOrder,
  billing: Extract<Billing, { is: 'equal' }>,
): Decimal | undefined =>
  isPerUser(order) ? inCents(billing.amount, seatsOf(order) ?? '1') : billing.amount

function datedPrice(order: OfferOrder, billing: Extract<Billing, { is: 'dated' }>): object {
  const of = billing.rows.length
  return {
    contractDuration: lengthOf(order.terms.term?.months ?? 0),
    flexibleSchedule: {
      price: amount(totalDated(billing), order),
      initialCharge: {
        pricePerPaymentInUsd: amount(billing.initial, order),
        note: 'Due at purchase',
      },
      billingSchedule: billing.rows.map((row, i) => ({
        chargeDate: row.on,
        pricePerPaymentInUsd: amount(row.amount, order),
        note: `Payment ${i + 1} of ${of}`,
      })),
    },
  }
}

const totalDated = ({ initial, rows }: Extract<Billing, { is: 'dated' }>): Decimal =>
  rows.map((row) => row.amount).reduce(plus, initial)

/** A meter keeps its included quantities unless `native` names others; it must be enabled on the plan already. */
function meters(order: OfferOrder): object | undefined {
  const { term, native, pricing } = order.terms
  const { includedQuantities = {} } = readNative(native)
  const rates = new Map((pricing.usage ?? []).map((row) => [row.dimension, row.rate]))
  const keys = [...new Set([...rates.keys(), ...Object.keys(includedQuantities)])]
  if (keys.length === 0) return undefined
  const billingTerm = lengthOf(term?.months ?? 1)
  const one = (key: string) => {
    const rate = rates.get(key)
    const included = includedQuantities[key]
    const isInfinite = included === 'infinite'
    return {
      ...(rate === undefined ? {} : { pricePerPaymentInUsd: amount(rate, order) }),
      ...(included === undefined
        ? {}
        : {
            includedQuantities: [
              { billingTerm, ...(isInfinite ? {} : { quantity: included }), isInfinite },
            ],
          }),
    }
  }
  return {
    priceInputOption: 'usd',
    meters: Object.fromEntries(keys.map((key) => [key, one(key)])),
  }
}

/** A price as a number of the request, digit for digit; what is no whole number of cents is cut, and refused before. */
const amount = (price: Decimal, order: OfferOrder): unknown =>
  jsonNumber(trim(round(charged(price, order), 2, 'down')))
