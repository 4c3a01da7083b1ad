import {
  compare,
  type Decimal,
  divide,
  isZero,
  minus,
  plus,
  round,
  times,
} from '../../src/kernel/decimal.ts'
import { addDays, addMonths, type Day, firstDay, monthOf } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { readNative } from './offer-native.ts'

const cents = 2

/** How the price of an order is told: so much off everything, or prices of its own. */
export type Discount =
  | { readonly is: 'percentage'; readonly percent: Decimal }
  | { readonly is: 'absolute' }

/**
 * A percentage comes off the recurring price and every meter alike ("Private offers: pricing"); there is none for use
 * alone. Through a partner both discounts come off, one after the other.
 */
export function discountOf({ terms }: OfferOrder): Discount {
  const { usageDiscountPercent } = terms.pricing
  if (usageDiscountPercent === undefined) return { is: 'absolute' }
  const kept = times(minus('100', usageDiscountPercent), wholesale(terms.reseller))
  return { is: 'percentage', percent: minus('100', kept) }
}

type Reseller = OfferOrder['terms']['reseller']

/** The share of a price that a partner is charged: 0.88 with 12 percent off. */
const wholesale = (reseller: Reseller): Decimal =>
  divide(minus('100', reseller?.discountPercent ?? '0'), '100', 14)

/** A price as the partner is charged it, or as it stands where there is none. Exact: `isCents` says if it can be sent. */
export const charged = (price: Decimal, { terms }: OfferOrder): Decimal =>
  terms.reseller ? times(price, wholesale(terms.reseller)) : price

export const isCents = (price: Decimal): boolean =>
  compare(round(price, cents, 'down'), price) === 0

/** Whether a recurring price is sold, and not use alone. */
export const hasRecurring = ({ terms }: OfferOrder): boolean =>
  (terms.pricing.contract ?? []).length > 0 || terms.pricing.flat !== undefined

export const isPerUser = ({ planShape }: OfferOrder): boolean => planShape?.charge === 'per_unit'

/** Seats of a per-user plan. */
export const seatsOf = ({ terms }: OfferOrder): Decimal | undefined =>
  terms.pricing.contract?.[0]?.quantity

/** What the recurring part costs; undefined while a price is missing. Rows are rounded one by one, as our total is. */
export function totalOf({ terms }: OfferOrder): Decimal | undefined {
  const { contract = [], flat } = terms.pricing
  if (flat !== undefined) return flat
  if (contract.length === 0 || contract.some(({ price }) => price === undefined)) return undefined
  return contract
    .map((row) => round(times(row.price ?? '0', row.quantity), cents))
    .reduce(plus, '0')
}

/** a ÷ b if that is a whole number of cents. */
export function inCents(a: Decimal, b: Decimal): Decimal | undefined {
  if (isZero(b)) return undefined
  const share = divide(a, b, cents)
  return compare(times(share, b), a) === 0 ? share : undefined
}

/** The plan's address in the Product Ingestion API, `plan/{product}/{plan}`. */
export const planOf = (order: OfferOrder): string | undefined =>
  readNative(order.terms.native).plan ?? order.planKey ?? undefined

/**
 * The product's address: that of the plan, or as `native` says; else the offer id, which a configure payload may use in
 * the place of a durable id ("Product Ingestion API: resource references").
 */
export function productOf(order: OfferOrder): string | { readonly externalID: string } {
  const [, product] = planOf(order)?.split('/') ?? []
  const named =
    product === undefined ? readNative(order.terms.native).product : `product/${product}`
  if (named !== undefined) return named
  return order.listingRef.startsWith('product/')
    ? order.listingRef
    : { externalID: order.listingRef }
}

/**
 * The last day the price holds, always a month's last: `native.end`, or that of the month in which an agreement ends
 * that is accepted as late as can be. A private price is what holds when the buyer subscribes, is billed or renews
 * ("Private offer dates" of the marketplace forum), so a shorter one would bring instalments and meters of the term
 * back to list price; the cost of the longer one is that a renewal before that day gets the private price as well,
 * which `native.end` can forbid. Undefined without a term: nobody knows.
 */
export function endOf({ terms }: OfferOrder): Day | undefined {
  const { end } = readNative(terms.native)
  if (end !== undefined || !terms.term) return end
  const begins = terms.start === 'acceptance' ? terms.acceptBy : terms.start
  return monthEnd(addDays(addMonths(begins, terms.term.months), -1))
}

export const monthEnd = (day: Day): Day => addDays(addMonths(firstDay(monthOf(day)), 1), -1)
