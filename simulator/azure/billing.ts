import { addMonths } from '../duration.ts'
import { chargesOf, usageDueAt } from './billing-charges.ts'
import { billingTimers, issueDue, keepLine, nextIssue } from './billing-invoices.ts'
import { announce, collect, giveUp, nextAnnouncement, payOut } from './billing-payouts.ts'
import { usageCharges } from './billing-usage.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { startOf } from './time.ts'

/** Up to where a subscription's charges were made, as long as nothing else was held since. */
type Cursor = { readonly holdings: number; readonly next: number | null }

/** Does everything of billing and payouts that has fallen due by the clock. */
export function billingTick(state: AzureState): void {
  plan(state)
  for (const subscription of state.subscriptions.values()) draw(state, subscription)
  const timers = billingTimers(state)
  for (let timer = timers.take(state.now()); timer; timer = timers.take(state.now())) {
    HANDLERS[timer.kind]?.(state, timer.data, timer.due)
  }
  if ((nextIssue(state) ?? Number.POSITIVE_INFINITY) <= state.now()) issueDue(state)
  if ((nextAnnouncement(state) ?? Number.POSITIVE_INFINITY) <= state.now()) announce(state)
}

export function billingNextDue(state: AzureState): number | null {
  plan(state)
  const drawn = state.subscriptions.values().map((one) => {
    const cursor = cursors(state).get(one.id)
    return cursor?.holdings === one.holdings.length ? cursor.next : state.now()
  })
  const dues = [
    ...drawn,
    nextIssue(state),
    nextAnnouncement(state),
    billingTimers(state).next(),
  ].filter((due) => due !== null)
  return dues.length === 0 ? null : Math.min(...dues)
}

const HANDLERS: Record<string, (state: AzureState, data: any, at: number) => void> = {
  'usage.rate': rateUsage,
  payout: (state) => payOut(state),
  'invoice.paid': (state, { id }) => {
    const invoice = state.invoices.get(id)
    if (invoice?.status === 'issued') collect(state, invoice)
  },
  'invoice.givenUp': (state, { id }) => {
    const invoice = state.invoices.get(id)
    if (invoice?.status === 'unpaid') giveUp(state, invoice)
  },
}

/** Makes lines of the charges that fell due; remembers when the next does. */
function draw(state: AzureState, subscription: Subscription): void {
  const now = state.now()
  const cursor = cursors(state).get(subscription.id)
  const isCurrent = cursor?.holdings === subscription.holdings.length
  if (isCurrent && (cursor.next === null || cursor.next > now)) return
  const charges = chargesOf(state, subscription)
  for (const charge of charges) {
    if (charge.dueAt <= now) keepLine(state, subscription, charge)
  }
  const later = charges.map((charge) => charge.dueAt).filter((due) => due > now)
  cursors(state).put(subscription.id, {
    holdings: subscription.holdings.length,
    next: later.length === 0 ? null : Math.min(...later),
  })
}

/** Timer: the month before is final. Rated and invoiced at once. */
function rateUsage(state: AzureState, _: unknown, at: number): void {
  const thisMonth = startOf(`${new Date(at).toISOString().slice(0, 7)}-01`)
  const month = { from: addMonths(thisMonth, -1), until: thisMonth }
  for (const subscription of state.subscriptions.values()) {
    for (const charge of usageCharges(state, subscription, month, at)) {
      keepLine(state, subscription, charge)
    }
  }
}

/** Plans the monthly rating and payout; both are always planned. */
function plan(state: AzureState): void {
  const timers = billingTimers(state)
  const planned = timers.values().map((timer) => timer.id)
  const now = state.now()
  if (!planned.includes('usage.rate')) {
    const here = usageDueAt(state, addMonths(now, -1))
    timers.set('usage.rate', here > now ? here : usageDueAt(state, now), {}, 'usage.rate')
  }
  if (!planned.includes('payout')) {
    const { payoutDay } = state.settings().billing
    const date = new Date(now)
    const here = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), payoutDay)
    const due =
      here > now ? here : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, payoutDay)
    timers.set('payout', due, {}, 'payout')
  }
}

function cursors(state: AzureState) {
  return state.world.table<Cursor>('azure.billingCursors')
}
