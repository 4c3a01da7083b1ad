import Big from 'big.js'
import type { Charge } from './billing-charges.ts'
import { priceFor, withMarkup } from './catalog-price.ts'
import type { Subscription, UsageEvent } from './purchases.ts'
import type { AzureState } from './state.ts'
import { DAY_MS, dayOf } from './time.ts'

const PRICE_DECIMALS = 2

/** What one unit of a dimension costs at the hour of an event, or null when the plan has no such meter. */
export function unitPrice(state: AzureState, subscription: Subscription, event: UsageEvent) {
  const asked = { ...subscription, planId: event.planId }
  const found = priceFor(state, asked, event.hour)
  const meter = found?.meters[event.dimension]
  if (!found || !meter) return null
  const listed = found.plan.pricing.meters[event.dimension] ?? meter
  return {
    price: centsOf(meter.pricePerUnit),
    listPrice: centsOf(listed.pricePerUnit),
    privateOffer: found.privateOffer?.id ?? null,
    markupPercentage: found.markupPercentage,
  }
}

/**
 * A month's usage of a subscription as charges, one a dimension and price ("Metered billing FAQ": rated
 * after the month's end). What Microsoft's own reconciliation rejected is not billed.
 */
export function usageCharges(
  state: AzureState,
  subscription: Subscription,
  month: { readonly from: number; readonly until: number },
  dueAt: number,
): Charge[] {
  const groups = new Map<string, Charge>()
  for (const event of state.usage.values()) {
    if (event.subscription !== subscription.id || event.reconStatus === 'Rejected') continue
    if (event.hour < month.from || event.hour >= month.until) continue
    const price = unitPrice(state, subscription, event)
    if (!price) continue
    const { dimension, planId } = event
    const place = `u|${dimension}|${planId}|${price.price}|${price.privateOffer ?? ''}`
    const key = `${subscription.id}|${dayOf(month.from)}|${place}`
    const quantity = Big(groups.get(key)?.quantity ?? 0)
      .plus(event.processedQuantity || event.quantity)
      .toFixed()
    const amountUsd = Big(quantity).times(price.price).toFixed()
    groups.set(key, {
      key,
      kind: 'usage',
      dimension,
      dueAt,
      invoiceAt: dueAt,
      action: 'Usage',
      planId,
      quantity,
      termStart: dayOf(month.from),
      termEnd: dayOf(month.until - DAY_MS),
      listPriceUsd: price.listPrice,
      priceUsd: price.price,
      amountUsd,
      customerAmountUsd: withMarkup(amountUsd, price.markupPercentage),
      privateOffer: price.privateOffer,
    })
  }
  return [...groups.values()]
}

/** Prices of meters have two places; what lies beneath is cut off ("Metered billing FAQ"). */
function centsOf(price: string): string {
  return Big(price).round(PRICE_DECIMALS, Big.roundDown).toFixed()
}
