import Big from 'big.js'
import { nextPayout, reverse, scheduledPayout } from './billing-earnings.ts'
import type { Earning, Invoice, Payment } from './billing-model.ts'
import { billed } from './billing-money.ts'
import type { AzureState } from './state.ts'
import { DAY_MS, dayOf, startOf } from './time.ts'

/** Payments to publishers, by payment id. */
export function payments(state: AzureState) {
  return state.world.table<Payment>('azure.payments')
}

/** The buyer has paid an invoice: what was uncollected is now waiting for its payout. */
export function collect(state: AzureState, invoice: Invoice): void {
  if (invoice.status === 'paid' || invoice.status === 'writtenOff') return
  const now = state.now()
  state.invoices.put(invoice.id, { ...invoice, status: 'paid', paidAt: now })
  for (const earning of ofInvoice(state, invoice)) {
    if (earning.status !== 'Uncollected') continue
    const line = state.orderLines.get(earning.orderLine)
    const scheduled = line ? scheduledPayout(state, line, false) : ''
    const next = nextPayout(state, now)
    const payableOn = scheduled > next ? scheduled : next
    state.earnings.put(earning.id, { ...earning, status: 'Unprocessed', payableOn })
  }
}

/** Nobody will pay an invoice: money already paid out for it is taken back ("Nonpayment", payout policy). */
export function giveUp(state: AzureState, invoice: Invoice): void {
  if (invoice.status === 'paid' || invoice.status === 'writtenOff') return
  state.invoices.put(invoice.id, { ...invoice, status: 'writtenOff' })
  for (const earning of ofInvoice(state, invoice)) {
    if (earning.transactionType !== 'purchase') continue
    if (earning.status === 'Uncollected') {
      state.earnings.put(earning.id, { ...earning, status: 'Rejected' })
      continue
    }
    const left = remaining(state, earning)
    if (left.gt(0)) reverse(state, earning, 'chargeback', left.toFixed())
  }
}

/** What of an earning's transaction has not been refunded or charged back, in the customer's currency. */
export function remaining(state: AzureState, earning: Earning): Big {
  return state.earnings
    .values()
    .filter((one) => one.orderLine === earning.orderLine)
    .filter((one) => one.publisherId === earning.publisherId)
    .reduce((sum, one) => sum.plus(one.amountCC), Big(0))
}

/** Marks earnings whose payout comes near as Upcoming. */
export function announce(state: AzureState): void {
  const ahead = state.settings().billing.upcomingDays * DAY_MS
  const until = dayOf(state.now() + ahead)
  for (const earning of state.earnings.values()) {
    if (earning.status !== 'Unprocessed' || earning.payableOn === null) continue
    if (earning.payableOn <= until) {
      state.earnings.put(earning.id, { ...earning, status: 'Upcoming' })
    }
  }
}

/** Pays every publisher what is payable by today; under the threshold it waits for the next month. */
export function payOut(state: AzureState): void {
  const today = dayOf(state.now())
  for (const publisher of state.publishers.values()) {
    const due = state.earnings
      .values()
      .filter((one) => one.publisherId === publisher.id && isWaiting(one))
      .filter((one) => one.payableOn !== null && one.payableOn <= today)
    if (due.length === 0) continue
    const usd = due.reduce((sum, one) => sum.plus(one.earningUSD), Big(0))
    if (usd.lt(state.settings().payouts.minimumUsd)) {
      const payableOn = nextPayout(state, startOf(today))
      for (const one of due) state.earnings.put(one.id, { ...one, payableOn })
      continue
    }
    const payment = pay(state, publisher.id, publisher.payoutCurrency, due)
    for (const one of due) {
      state.earnings.put(one.id, { ...one, status: 'Sent', payment: payment.id, sentOn: today })
    }
  }
}

/** When an earning next becomes Upcoming, in simulated milliseconds, or null. */
export function nextAnnouncement(state: AzureState): number | null {
  const ahead = state.settings().billing.upcomingDays * DAY_MS
  const dues = state.earnings
    .values()
    .filter((one) => one.status === 'Unprocessed' && one.payableOn !== null)
    .map((one) => startOf(one.payableOn ?? '') - ahead)
  return dues.length === 0 ? null : Math.min(...dues)
}

function pay(
  state: AzureState,
  publisherId: string,
  currency: string,
  due: readonly Earning[],
): Payment {
  const { withholdingRate, serviceFeeTaxRate } = state.settings().payouts
  const sum = (of: (one: Earning) => string) =>
    due.reduce((total, one) => total.plus(of(one)), Big(0))
  const earned = sum((one) => one.earningPC)
  const fees = sum((one) => one.amountPC).minus(earned)
  const withheldTax = billed(earned.times(withholdingRate), currency)
  const serviceFeeTax = billed(fees.times(serviceFeeTaxRate), currency)
  const id = state.ids.digits(12)
  return payments(state).put(id, {
    id,
    publisherId,
    currency,
    earned: billed(earned, currency),
    earnedUSD: billed(
      sum((one) => one.earningUSD),
      'USD',
    ),
    withheldTax,
    serviceFeeTax,
    salesTax: billed('0', currency),
    total: billed(Big(billed(earned, currency)).minus(withheldTax).minus(serviceFeeTax), currency),
    status: 'Sent',
    sentOn: dayOf(state.now()),
  })
}

function isWaiting(earning: Earning): boolean {
  return earning.status === 'Unprocessed' || earning.status === 'Upcoming'
}

function ofInvoice(state: AzureState, invoice: Invoice): Earning[] {
  return state.earnings.values().filter((one) => one.invoice === invoice.id)
}
