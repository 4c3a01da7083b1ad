import Big from 'big.js'
import type { OrderLine } from './billing-model.ts'
import { billed, rateOf } from './billing-money.ts'
import { customerRows, retentionRows, visitRows } from './insights-customers.ts'
import { common, month, stamp, yesNo } from './insights-facts.ts'
import { revenueRows } from './insights-revenue.ts'
import type { Row } from './insights-select.ts'
import { usageRows } from './insights-usage.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'

const STATUSES: Readonly<Record<Subscription['status'], string>> = {
  PendingFulfillmentStart: 'Active',
  Subscribed: 'Active',
  Suspended: 'Warning',
  Unsubscribed: 'Canceled',
}

/** Every row of a dataset a publisher may see, made of what the marketplace holds at this moment. */
export function rowsOf(state: AzureState, publisherId: string, dataset: string): Row[] {
  switch (dataset) {
    case 'ISVOrder':
    case 'ISVOrderV2':
      return orderRows(state, publisherId)
    case 'ISVUsage':
      return usageRows(state, publisherId)
    case 'ISVRevenue':
      return revenueRows(state, publisherId)
    case 'ISVCustomer':
      return customerRows(state, publisherId)
    case 'ISVOfferRetention':
      return retentionRows(state, publisherId)
    case 'ISVMarketplaceInsights':
      return visitRows(state, publisherId)
    default:
      // Software as a service has no deployments to tell the quality of.
      return []
  }
}

function orderRows(state: AzureState, publisherId: string): Row[] {
  const latest = state.now() - state.settings().analytics.refreshMs
  return state.orderLines
    .values()
    .filter((line) => line.publisherId === publisherId && line.kind !== 'usage')
    .filter((line) => line.dueAt <= latest)
    .flatMap((line) => {
      const subscription = state.subscriptions.get(line.subscription)
      return subscription ? [orderRow(state, subscription, line)] : []
    })
}

function orderRow(state: AzureState, subscription: Subscription, line: OrderLine): Row {
  const facts = common(state, subscription, {
    planId: line.planId,
    privateOffer: line.privateOffer,
  })
  const currency = state.buyers.get(subscription.billingAccountId)?.currency ?? 'USD'
  const rate = rateOf(state, 'USD', currency, line.invoiceAt)
  const charges = billed(Big(line.amountUsd).times(rate), currency)
  const isEnded = subscription.endedAt !== null
  return {
    ...facts,
    MonthStartDate: month(line.dueAt),
    OrderId: subscription.id,
    AssetId: subscription.id,
    OrderQuantity: line.quantity,
    Quantity: line.quantity,
    IsNewCustomer: yesNo(line.action === 'Purchase'),
    OrderStatus: isEnded && !subscription.autoRenew ? 'Expired' : STATUSES[subscription.status],
    OrderCancelDate: isEnded ? stamp(subscription.endedAt) : '',
    OrderPurchaseDate: stamp(subscription.activatedAt),
    TrialEndDate: '',
    TermStartDate: line.termStart,
    TermEndDate: line.termEnd,
    PurchaseRecordId: line.purchaseRecordId,
    PurchaseRecordLineItemId: line.id,
    HasTrial: yesNo(subscription.isFreeTrial),
    IsTrial: yesNo(subscription.isFreeTrial),
    IsTrialDeployment: yesNo(subscription.isFreeTrial),
    estimatedcharges: line.isDropped ? billed('0', currency) : charges,
    BilledRevenue: line.invoice === null ? '' : charges,
    Currency: currency,
    BillingTerm: termWord(subscription.termUnit),
    BillingPlan:
      subscription.paymentUnit === null ? 'Flexible' : termWord(subscription.paymentUnit),
    OrderAction: line.action,
    QuantityChanged: line.action === 'QuantityChanged' ? line.quantity : '',
    AutoRenew: yesNo(subscription.autoRenew),
    EventTimestamp: stamp(line.dueAt),
    OrderVersion: String(line.version),
    ListPriceUSD: line.listPriceUsd,
    DiscountPriceUSD: line.priceUsd,
    BillingId: line.invoice ?? '',
  }
}

/** `1-month`, `3-year`. */
function termWord(unit: string): string {
  return `${unit.slice(1, -1)}-${unit.endsWith('M') ? 'month' : 'year'}`
}
