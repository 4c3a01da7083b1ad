import type { Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { DAY_MS, dayOf, startOf, termEndOf } from '../time.ts'
import { send } from '../webhooks.ts'
import { endSubscription } from './end.ts'
import { hold, record } from './operations.ts'

/** Starts a term on a day and plans what follows when its last day is over. */
export function beginTerm(state: AzureState, subscription: Subscription, day: string): void {
  subscription.termStart = day
  subscription.termEnd = termEndOf(day, subscription.termUnit)
  const due = startOf(subscription.termEnd) + DAY_MS
  const { id } = subscription
  state.timers.set('subscription.termEnd', due, { id }, `term:${id}`)
}

/** Timer: the last day of a term is over. A suspended subscription waits for its buyer. */
export function termEnds(state: AzureState, { id }: { id: string }, at: number): void {
  const subscription = state.subscriptions.get(id)
  if (subscription?.status !== 'Subscribed') return
  if (subscription.autoRenew) renew(state, subscription, at)
  else endSubscription(state, subscription, at, 'Azure')
}

/** A new term, or several when the subscription was suspended for long. */
export function renewIfOver(state: AzureState, subscription: Subscription, at: number): void {
  if (subscription.termEnd !== null && subscription.termEnd < dayOf(at)) {
    termEnds(state, { id: subscription.id }, at)
  }
}

function renew(state: AzureState, subscription: Subscription, at: number): void {
  const today = dayOf(at)
  while (subscription.termEnd !== null && subscription.termEnd < today) {
    beginTerm(state, subscription, dayOf(startOf(subscription.termEnd) + DAY_MS))
  }
  hold(state, subscription, at, 'renewal')
  const asked = { action: 'Renew', source: 'Azure', status: 'Succeeded' } as const
  send(state, record(state, subscription, at, asked), subscription, at)
}
