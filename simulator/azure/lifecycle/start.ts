import type { Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { DAY_MS, dayOf } from '../time.ts'
import { send } from '../webhooks.ts'
import { endSubscription } from './end.ts'
import { hold, record } from './operations.ts'
import { beginTerm } from './term.ts'

/** Keeps a purchase, which waits from now on for the publisher to activate it. */
export function purchased(state: AzureState, subscription: Subscription, at: number): void {
  hold(state, subscription, at, 'purchase')
  const { id } = subscription
  const due = at + state.settings().fulfilment.activateWithinDays * DAY_MS
  state.timers.set('subscription.lapse', due, { id }, `lapse:${id}`)
  if (!state.settings().webhooks.subscribeEvents) return
  const asked = { action: 'Subscribe', source: 'Azure', status: 'Succeeded' } as const
  send(state, record(state, subscription, at, asked), subscription, at)
}

/** The publisher has asked for activation, which takes its time. Asking again changes nothing. */
export function activationAsked(state: AzureState, subscription: Subscription): void {
  const { id } = subscription
  const due = state.now() + state.settings().fulfilment.activationMs
  if (state.timers.values().some((timer) => timer.id === `activate:${id}`)) return
  state.timers.set('subscription.activate', due, { id }, `activate:${id}`)
}

/** Timer: activation is done, or has failed, which ends the subscription. Billing starts here. */
export function activates(state: AzureState, { id }: { id: string }, at: number): void {
  const subscription = state.subscriptions.get(id)
  if (subscription?.status !== 'PendingFulfillmentStart') return
  if (failsNow(state)) {
    endSubscription(state, subscription, at, 'Azure')
    return
  }
  state.timers.cancel(`lapse:${id}`)
  subscription.status = 'Subscribed'
  subscription.activatedAt = at
  beginTerm(state, subscription, dayOf(at))
  hold(state, subscription, at, 'activation')
}

/** Timer: nobody activated the purchase in time. */
export function lapses(state: AzureState, { id }: { id: string }, at: number): void {
  const subscription = state.subscriptions.get(id)
  if (subscription?.status === 'PendingFulfillmentStart') {
    endSubscription(state, subscription, at, 'Azure')
  }
}

const failures = (state: AzureState) => state.world.table<{ left: number }>('azure.failures')

/** Makes the next activations fail. */
export function failActivations(state: AzureState, count: number): void {
  failures(state).put('activation', { left: count })
}

function failsNow(state: AzureState): boolean {
  const left = failures(state).get('activation')?.left ?? 0
  if (left > 0) failures(state).put('activation', { left: left - 1 })
  return left > 0
}
