import Big from 'big.js'
import { addMonths } from '../duration.ts'
import type { Charge } from './billing-charges.ts'
import { earn } from './billing-earnings.ts'
import type { Invoice, OrderLine } from './billing-model.ts'
import { billed, rateOf } from './billing-money.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { DAY_MS, dayOf } from './time.ts'
import { createTimers } from './timers.ts'

export function billingTimers(state: AzureState) {
  return createTimers(state.world, 'azure.billingTimers')
}

/** Keeps a charge as a line of its purchase record, once; later calls with its key change nothing. */
export function keepLine(state: AzureState, subscription: Subscription, charge: Charge): void {
  const keys = state.world.table<{ line: string }>('azure.orderLineKeys')
  if (keys.has(charge.key)) return
  const id = state.ids.guid()
  keys.put(charge.key, { line: id })
  const others = state.orderLines.values().filter((one) => one.subscription === subscription.id)
  state.orderLines.put(id, {
    ...charge,
    id,
    subscription: subscription.id,
    publisherId: subscription.publisherId,
    purchaseRecordId: purchaseRecord(state, subscription.id, charge.termStart),
    version: others.length + 1,
    invoice: null,
    isDropped: false,
  })
}

/** Invoices every line whose time has come: one invoice a billing account. */
export function issueDue(state: AzureState): void {
  const now = state.now()
  const byAccount = new Map<string, OrderLine[]>()
  for (const line of state.orderLines.values()) {
    if (line.invoice !== null || line.isDropped || line.invoiceAt > now) continue
    const subscription = state.subscriptions.get(line.subscription)
    if (!subscription || !isOwed(state, subscription, line)) {
      state.orderLines.put(line.id, { ...line, isDropped: true })
      continue
    }
    const mine = byAccount.get(subscription.billingAccountId) ?? []
    byAccount.set(subscription.billingAccountId, [...mine, line])
  }
  for (const [account, lines] of byAccount) issue(state, account, lines)
}

/** When the next line is to be invoiced, or null. */
export function nextIssue(state: AzureState): number | null {
  const dues = state.orderLines
    .values()
    .filter((line) => line.invoice === null && !line.isDropped)
    .map((line) => line.invoiceAt)
  return dues.length === 0 ? null : Math.min(...dues)
}

/** The flat fee of a purchase cancelled early is not billed, metered usage is. Nothing costs nothing. */
function isOwed(state: AzureState, subscription: Subscription, line: OrderLine): boolean {
  if (Big(line.customerAmountUsd).eq(0) || subscription.isFreeTrial) return false
  const free = subscription.purchasedAt + state.settings().billing.freeCancellationMs
  return line.kind === 'usage' || subscription.endedAt === null || subscription.endedAt > free
}

function issue(state: AzureState, billingAccountId: string, lines: readonly OrderLine[]): void {
  const now = state.now()
  const buyer = state.buyers.get(billingAccountId)
  const currency = buyer?.currency ?? 'USD'
  const { taxPercent, payAfterDays, clawbackMonths } = state.settings().billing
  const rate = rateOf(state, 'USD', currency, now)
  const invoiced = lines.map((line) => {
    const amount = billed(Big(line.customerAmountUsd).times(rate), currency)
    const tax = billed(
      Big(amount)
        .times(taxPercent[buyer?.country ?? ''] ?? '0')
        .div(100),
      currency,
    )
    return { orderLine: line.id, amount, tax }
  })
  const total = (of: 'amount' | 'tax') =>
    billed(
      invoiced.reduce((sum, one) => sum.plus(one[of]), Big(0)),
      currency,
    )
  const id = `G${state.ids.digits(9)}`
  const invoice: Invoice = state.invoices.put(id, {
    id,
    billingAccountId,
    currency,
    issuedOn: dayOf(now),
    issuedAt: now,
    lines: invoiced,
    total: total('amount'),
    tax: total('tax'),
    status: 'issued',
    paidAt: null,
  })
  for (const [place, line] of lines.entries()) {
    state.orderLines.put(line.id, { ...line, invoice: id })
    earn(state, line, invoice, invoiced[place]?.tax ?? '0')
  }
  const timers = billingTimers(state)
  if (payAfterDays !== null) timers.set('invoice.paid', now + payAfterDays * DAY_MS, { id })
  timers.set('invoice.givenUp', addMonths(now, clawbackMonths), { id })
}

function purchaseRecord(state: AzureState, subscription: string, termStart: string): string {
  const records = state.world.table<{ id: string }>('azure.purchaseRecords')
  const key = `${subscription}|${termStart}`
  const known = records.get(key) ?? records.put(key, { id: state.ids.guid() })
  return known.id
}
