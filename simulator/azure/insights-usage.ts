import Big from 'big.js'
import { billed, rateOf, reported } from './billing-money.ts'
import { unitPrice } from './billing-usage.ts'
import { common, month, yesNo } from './insights-facts.ts'
import type { Row } from './insights-select.ts'
import type { Subscription, UsageEvent } from './purchases.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

/**
 * ISVUsage: one row a subscription, dimension, plan and day. Charges are estimates in the month's rates;
 * what reconciliation rejected is missing, as it is from the bill.
 */
export function usageRows(state: AzureState, publisherId: string): Row[] {
  const latest = state.now() - state.settings().analytics.refreshMs
  const days = new Map<string, UsageEvent[]>()
  for (const event of state.usage.values()) {
    const subscription = state.subscriptions.get(event.subscription)
    if (subscription?.publisherId !== publisherId || event.reconStatus === 'Rejected') continue
    if (event.acceptedAt > latest) continue
    const key = [event.subscription, event.dimension, event.planId, dayOf(event.hour)].join('|')
    days.set(key, [...(days.get(key) ?? []), event])
  }
  return [...days.values()].flatMap((events) => {
    const subscription = state.subscriptions.get(events[0]?.subscription ?? '')
    return subscription ? usageRow(state, subscription, events) : []
  })
}

function usageRow(
  state: AzureState,
  subscription: Subscription,
  events: readonly UsageEvent[],
): Row[] {
  const [first] = events
  const price = first && unitPrice(state, subscription, first)
  if (!first || !price) return []
  const currency = state.buyers.get(subscription.billingAccountId)?.currency ?? 'USD'
  const payout = state.publishers.get(subscription.publisherId)?.payoutCurrency ?? 'USD'
  const quantity = events.reduce(
    (sum, one) => sum.plus(one.processedQuantity || one.quantity),
    Big(0),
  )
  const [toCustomer, toPayout] = [currency, payout].map((one) =>
    rateOf(state, 'USD', one, first.hour),
  )
  const amount = quantity.times(price.price)
  const meter = state.products.get(subscription.product)?.meters[first.dimension]
  const bought = { planId: first.planId, privateOffer: price.privateOffer }
  return [
    {
      ...common(state, subscription, bought),
      MonthStartDate: month(first.hour),
      SKUBillingType: 'Paid',
      IsInternal: yesNo(false),
      UsageDate: dayOf(first.hour),
      IsNewCustomer: yesNo(false),
      CustomerCurrencyCC: currency,
      PriceCC: reported(Big(price.price).times(toCustomer ?? '1')),
      PayoutCurrencyPC: payout,
      EstimatedPricePC: reported(Big(price.price).times(toPayout ?? '1')),
      UsageReference: first.id,
      UsageUnit: meter?.unitOfMeasure ?? '',
      MeteredUsage: quantity.toFixed(),
      EstimatedExtendedChargeCC: billed(amount.times(toCustomer ?? '1'), currency),
      EstimatedExtendedChargePC: reported(amount.times(toPayout ?? '1')),
      MeterId: first.dimension,
      MeterDimension: first.dimension,
      ListPriceUSD: price.listPrice,
      DiscountPriceUSD: price.price,
      PlanType: 'Metered',
    },
  ]
}
