import type { Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { dayOf } from '../time.ts'
import { send } from '../webhooks.ts'
import { endSubscription, fail } from './end.ts'
import { coveringOffer, planOf, pricingFor } from './offers.ts'
import { hold, record } from './operations.ts'
import { beginTerm, renewIfOver } from './term.ts'

/** A change the customer made in the portal: the publisher is asked at once. */
export function customerChange(
  state: AzureState,
  subscription: Subscription,
  to: { readonly planId: string } | { readonly quantity: number },
): Operation {
  const action = 'planId' in to ? 'ChangePlan' : 'ChangeQuantity'
  const asked = { action, source: 'Azure', status: 'InProgress', ...to } as const
  const operation = record(state, subscription, state.now(), asked)
  send(state, operation, subscription, state.now())
  return operation
}

/** A change the publisher asked for by PATCH or DELETE: it starts a little later. */
export function publisherChange(
  state: AzureState,
  subscription: Subscription,
  asked:
    | { readonly action: 'ChangePlan'; readonly planId: string }
    | { readonly action: 'ChangeQuantity'; readonly quantity: number }
    | { readonly action: 'Unsubscribe' },
): Operation {
  const rest = { source: 'Partner', status: 'NotStarted' } as const
  const operation = record(state, subscription, state.now(), { ...asked, ...rest })
  const due = state.now() + state.settings().fulfilment.operationStartMs
  state.timers.set('operation.begin', due, { id: operation.id })
  return operation
}

/** Timer: a publisher's operation starts. A change to what is in force already ends as Conflict. */
export function begins(state: AzureState, { id }: { id: string }, at: number): void {
  const operation = state.operations.get(id)
  const subscription = operation && state.subscriptions.get(operation.subscription)
  if (!subscription || operation.status !== 'NotStarted') return
  if (operation.action === 'Unsubscribe') {
    state.operations.put(id, { ...operation, status: 'InProgress' })
    const due = at + state.settings().fulfilment.operationStartMs
    state.timers.set('operation.unsubscribe', due, { id })
    return
  }
  const isSame =
    operation.planId === subscription.planId && operation.quantity === subscription.quantity
  const next = state.operations.put(id, {
    ...operation,
    status: isSame ? 'Conflict' : 'InProgress',
  })
  if (!isSame) send(state, next, subscription, at)
}

/** Timer: a DELETE of the publisher has been carried out. */
export function unsubscribes(state: AzureState, { id }: { id: string }, at: number): void {
  const operation = state.operations.get(id)
  const subscription = operation && state.subscriptions.get(operation.subscription)
  if (subscription && operation.status === 'InProgress') {
    endSubscription(state, subscription, at, operation)
  }
}

/** Ends an operation in progress: with success what it leads to comes into force. False when it had ended before. */
export function settle(
  state: AzureState,
  id: string,
  at: number,
  outcome:
    | { readonly is: 'success' }
    | { readonly is: 'failure'; readonly message: string; readonly statusCode: string },
): boolean {
  const operation = state.operations.get(id)
  const subscription = operation && state.subscriptions.get(operation.subscription)
  if (!subscription || operation.status !== 'InProgress') return false
  state.timers.cancel(`auto:${id}`)
  state.timers.cancel(`exhausted:${id}`)
  if (outcome.is === 'failure') {
    fail(state, operation, outcome.message, outcome.statusCode)
    return true
  }
  state.operations.put(id, { ...operation, status: 'Succeeded' })
  apply(state, subscription, operation, at)
  return true
}

/** Timer: the publisher said 200 and nothing since; that is a yes. */
export function answersByItself(state: AzureState, { id }: { id: string }, at: number): void {
  settle(state, id, at, { is: 'success' })
}

/** Timer: the publisher could not be told for too long. */
export function exhausted(state: AzureState, { id }: { id: string }, at: number): void {
  const message = 'The webhook could not be delivered.'
  settle(state, id, at, { is: 'failure', message, statusCode: '500' })
}

function apply(
  state: AzureState,
  subscription: Subscription,
  operation: Operation,
  at: number,
): void {
  switch (operation.action) {
    case 'ChangePlan':
      changePlan(state, subscription, operation.planId, at)
      hold(state, subscription, at, 'plan')
      return
    case 'ChangeQuantity':
      subscription.quantity = operation.quantity
      hold(state, subscription, at, 'quantity')
      return
    case 'Reinstate':
      subscription.status = 'Subscribed'
      subscription.suspendedAt = null
      state.timers.cancel(`suspended:${subscription.id}`)
      hold(state, subscription, at, 'reinstatement')
      renewIfOver(state, subscription, at)
  }
}

/**
 * The term goes on when the new plan has one of the same length; otherwise its first term starts today. Seats are a
 * matter of plans priced per user alone; one that had none begins with the fewest the plan takes.
 */
function changePlan(
  state: AzureState,
  subscription: Subscription,
  planId: string,
  at: number,
): void {
  const plan = planOf(state, subscription.product, planId)
  if (!plan) return
  const offer = coveringOffer(state, plan, subscription.billingAccountId)
  const { prices, mode, userLimits } = pricingFor(plan, offer)
  const seats = mode === 'perUser' ? (subscription.quantity ?? userLimits?.min ?? 1) : null
  const same = prices.find((price) => price.termUnit === subscription.termUnit)
  subscription.planId = planId
  subscription.quantity = seats
  subscription.privateOffer = offer?.id ?? null
  subscription.paymentUnit = (same ?? prices[0])?.paymentUnit ?? null
  if (same || !prices[0]) return
  subscription.termUnit = prices[0].termUnit
  beginTerm(state, subscription, dayOf(at))
}
