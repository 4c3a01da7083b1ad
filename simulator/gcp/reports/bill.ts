import { basisPoints, type Nanos, roundToCents, share } from '../producer/amount.ts'
import { offerOf } from '../producer/model.ts'
import type { GcpContext } from '../state.ts'
import type { OrderTerm } from './terms.ts'

const STANDARD_PERCENT = '97'

/** One row of what Google billed a buyer in a Pacific month. Amounts in billionths of a US dollar, whole cents. */
export type BillLine = {
  readonly id: string
  readonly term: OrderTerm
  readonly kind: 'fee' | 'usage' | 'refund'
  readonly skuId: string
  readonly skuTitle: string
  /** Exact decimal text. */
  readonly quantity: string
  readonly unit: string
  /** What the buyer was charged, credits used up taken off. */
  readonly charges: Nanos
  readonly credits: Nanos
  /** The vendor's share of it. */
  readonly dueVendor: Nanos
  readonly reason: string
}

/** The vendor's share of an amount on these terms, to the cent: as published with the offer, or 97 %. */
export function dueOf(gcp: GcpContext, term: OrderTerm, amount: Nanos): Nanos {
  const offer = term.privateOffer === null ? undefined : offerOf(gcp, term.privateOffer)
  const { currentPercent, renewalPercent } = offer?.document.published ?? {
    currentPercent: STANDARD_PERCENT,
    renewalPercent: null,
  }
  const percent = term.isRenewal ? (renewalPercent ?? currentPercent) : currentPercent
  return roundToCents(share(amount, basisPoints(percent)))
}
