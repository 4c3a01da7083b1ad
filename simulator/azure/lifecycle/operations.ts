import type { Action, Holding, Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'

/** Records an operation of a subscription. */
export function record(
  state: AzureState,
  subscription: Subscription,
  at: number,
  asked: {
    readonly action: Action
    readonly source: Operation['source']
    readonly status: Operation['status']
    readonly planId?: string
    readonly quantity?: number | null
  },
): Operation {
  const id = state.ids.guid()
  return state.operations.put(id, {
    id,
    activityId: id,
    subscription: subscription.id,
    publisherId: subscription.publisherId,
    action: asked.action,
    source: asked.source,
    planId: asked.planId ?? subscription.planId,
    quantity: asked.quantity === undefined ? subscription.quantity : asked.quantity,
    at,
    status: asked.status,
    errorStatusCode: null,
    errorMessage: null,
  })
}

/** The operation of a subscription that has not come to an end yet. */
export function pendingOperation(state: AzureState, subscription: Subscription) {
  return state.operations
    .values()
    .find(
      (one) =>
        one.subscription === subscription.id && ['NotStarted', 'InProgress'].includes(one.status),
    )
}

/** Keeps the subscription and notes what is held from now on, for the bills. */
export function hold(
  state: AzureState,
  subscription: Subscription,
  at: number,
  why: Holding['why'],
): void {
  const { planId, quantity, termStart, termEnd } = subscription
  subscription.holdings.push({ at, planId, quantity, why, termStart, termEnd })
  state.subscriptions.put(subscription.id, subscription)
}
