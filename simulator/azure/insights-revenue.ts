import type { Earning } from './billing-model.ts'
import { common, month } from './insights-facts.ts'
import type { Row } from './insights-select.ts'
import type { AzureState } from './state.ts'
import { startOf } from './time.ts'

/** ISVRevenue: one row an earning, uncollected ones included; what is taken back is a negative row. */
export function revenueRows(state: AzureState, publisherId: string): Row[] {
  const latest = state.now() - state.settings().analytics.refreshMs
  return state.earnings
    .values()
    .filter((earning) => earning.publisherId === publisherId)
    .filter((earning) => startOf(earning.earnedOn) <= latest)
    .flatMap((earning) => revenueRow(state, earning))
}

function revenueRow(state: AzureState, earning: Earning): Row[] {
  const line = state.orderLines.get(earning.orderLine)
  const subscription = state.subscriptions.get(earning.subscription)
  if (!line || !subscription) return []
  const buyer = state.buyers.get(subscription.billingAccountId)
  const isCustomers = state.settings().analytics.earningCurrency === 'customer'
  const isBlank = subscription.isCsp || state.settings().analytics.blankCustomers
  const shown = (text: string | undefined) => (isBlank ? '' : (text ?? ''))
  const facts = common(state, subscription, {
    planId: line.planId,
    privateOffer: line.privateOffer,
  })
  return [
    {
      ...facts,
      AssetId: subscription.id,
      SalesChannel: subscription.isCsp ? 'CSP' : 'Direct',
      CustomerCity: shown(buyer?.city),
      CustomerCompanyName: shown(buyer?.name),
      CustomerEmail: shown(buyer?.emailId),
      CustomerName: shown(buyer?.name),
      CustomerState: shown(buyer?.state),
      EarningAmountCC: earning.earningCC,
      EarningAmountPC: earning.earningPC,
      EarningAmountUSD: earning.earningUSD,
      EarningCurrencyCode: isCustomers ? earning.currencyCC : earning.currencyPC,
      EarningExchangeRatePC: earning.ratePC,
      EstimatedPayoutMonth: earning.payableOn === null ? '' : `${earning.payableOn.slice(0, 7)}-01`,
      Revenue: earning.amountCC,
      EstimatedRevenuePC: earning.amountPC,
      EstimatedRevenueUSD: earning.amountUSD,
      ExchangeRateDate: earning.rateOn,
      ExchangeRatePC: earning.ratePC,
      ExchangeRateUSD: earning.rateUSD,
      PayoutStatus: earning.status,
      IncentiveRate: earning.earningPercent,
      TrialDeployment: 'False',
      LineItemId: line.id,
      MonthStartDate: month(startOf(earning.transactionOn)),
      PaymentInstrumentType: buyer?.kind === 'EA' ? 'Enterprise agreement' : 'Invoice',
      PaymentSentDate: earning.sentOn ?? '',
      PurchaseRecordId: line.purchaseRecordId,
      Quantity: line.quantity,
      TermEndDate: line.termEnd,
      TermStartDate: line.termStart,
      TransactionAmountCC: earning.amountCC,
      TransactionAmountPC: earning.amountPC,
      TransactionAmountUSD: earning.amountUSD,
      BillingModel: earning.billingModel,
      Units: line.quantity,
    },
  ]
}
