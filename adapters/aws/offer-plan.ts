import { isDecimal } from '../../src/kernel/decimal.ts'
import {
  amountFault,
  charge,
  isCurrency,
  type Money,
  parseMoney,
  sum,
  toDecimal,
} from '../../src/kernel/money.ts'
import { addDays, addMonths, type Day } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { readNative } from './offer-native.ts'

/** One invoice of a payment schedule. `at` is where the request says so. */
export type Invoice = { readonly on: Day; readonly amount: string; readonly at: string }

/** How AWS is told the price of an order. */
export type PricingShape = {
  /** The buyer picks quantities; charged in full when the buyer accepts. */
  readonly isConfigurable: boolean
  readonly hasContract: boolean
  readonly hasUsage: boolean
}

export function shapeOf({ terms }: OfferOrder): PricingShape {
  const { contract = [], flat, usage = [] } = terms.pricing
  const hasContract = contract.length > 0 || flat !== undefined
  const { buyerConfigurable = false } = readNative(terms.native)
  return { isConfigurable: buyerConfigurable, hasContract, hasUsage: usage.length > 0 }
}

/** What the contract grants: the rows, or one unit of the only contract dimension where a flat price names none. */
export function grantsOf({ terms, dimensions }: OfferOrder): readonly {
  readonly dimension: string
  readonly quantity: string
}[] {
  const rows = terms.pricing.contract ?? []
  if (rows.length > 0 || terms.pricing.flat === undefined) return rows
  const [only, ...others] = dimensions.filter(({ types }) => types.includes('contract'))
  return only && others.length === 0 ? [{ dimension: only.key, quantity: '1' }] : []
}

/**
 * The payment schedule of a fixed contract. AWS charges a row dated on or before the acceptance when the buyer
 * accepts, so that is how "on acceptance" is said: dated the day the order was frozen.
 */
export function invoicesOf(order: OfferOrder): readonly Invoice[] {
  const { payments } = order.terms
  if (payments)
    return payments.map(({ on, amount }, i) => ({
      on: on === 'acceptance' ? order.submittedOn : on,
      amount,
      at: `payments.${i}`,
    }))
  const total = totalOf(order)
  if (total === undefined) return []
  return [{ on: order.submittedOn, amount: toDecimal(total), at: 'pricing' }]
}

/** What the contract part costs; undefined when a price is missing or cannot be read. */
export function totalOf({ terms }: OfferOrder): Money | undefined {
  const { currency, pricing } = terms
  if (!isCurrency(currency)) return undefined
  if (pricing.flat !== undefined)
    return amountFault(currency, pricing.flat) ? undefined : parseMoney(currency, pricing.flat)
  const parts: Money[] = []
  for (const { price, quantity } of pricing.contract ?? []) {
    if (price === undefined || !isDecimal(price) || !isDecimal(quantity)) return undefined
    parts.push(charge({ currency, price }, quantity))
  }
  return parts.length === 0 ? undefined : sum(currency, parts)
}

/** When the agreement would run if the buyer accepted at once; undefined when it runs until cancelled. */
export function spanOf({
  terms,
  submittedOn,
}: OfferOrder): { readonly start: Day; readonly endExclusive: Day } | undefined {
  if (!terms.term) return undefined
  const start = terms.start === 'acceptance' ? submittedOn : terms.start
  return { start, endExclusive: addMonths(start, terms.term.months) }
}

/** AWS's agreements end at 23:59:59.999 of their last day. */
export const lastDay = (endExclusive: Day): Day => addDays(endExclusive, -1)
