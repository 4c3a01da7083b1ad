import type { Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { DAY_MS } from '../time.ts'
import { send } from '../webhooks.ts'
import { endSubscription } from './end.ts'
import { hold, record } from './operations.ts'

/** The buyer did not pay. */
export function suspend(state: AzureState, subscription: Subscription): void {
  const at = state.now()
  const { id } = subscription
  subscription.status = 'Suspended'
  subscription.suspendedAt = at
  hold(state, subscription, at, 'suspension')
  const due = at + state.settings().fulfilment.suspendedDays * DAY_MS
  state.timers.set('subscription.suspendedTooLong', due, { id }, `suspended:${id}`)
  const asked = { action: 'Suspend', source: 'Azure', status: 'Succeeded' } as const
  send(state, record(state, subscription, at, asked), subscription, at)
}

/** The buyer paid after all: the publisher is asked, and silence is a yes. */
export function reinstate(state: AzureState, subscription: Subscription): Operation {
  const asked = { action: 'Reinstate', source: 'Azure', status: 'InProgress' } as const
  const operation = record(state, subscription, state.now(), asked)
  send(state, operation, subscription, state.now())
  return operation
}

/** Timer: nobody paid for as long as Microsoft waits. */
export function suspendedTooLong(state: AzureState, { id }: { id: string }, at: number): void {
  const subscription = state.subscriptions.get(id)
  if (subscription?.status === 'Suspended') endSubscription(state, subscription, at, 'Azure')
}
