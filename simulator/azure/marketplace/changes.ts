import { NumberToken } from '../exact-json.ts'
import { publisherChange, settle } from '../lifecycle/change.ts'
import { availablePlans, coveringOffer, planOf, pricingFor } from '../lifecycle/offers.ts'
import { pendingOperation } from '../lifecycle/operations.ts'
import type { Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { ownSubscription } from './own.ts'
import { badRequest, type Call, type Handlers, type Reply, ServiceRefusal } from './service.ts'
import { allowedOperations, operationView } from './views.ts'

const ANSWERED = ['ChangePlan', 'ChangeQuantity', 'Reinstate']
const FINISHED = ['Renew', 'Suspend', 'Unsubscribe']

/** Changes of a subscription by the publisher, and the operations behind all changes. */
export const changeHandlers: Handlers = {
  FulfillmentOperations_UpdateSubscription: update,
  FulfillmentOperations_DeleteSubscription: remove,
  SubscriptionOperations_ListOperations: list,
  SubscriptionOperations_GetOperationStatus: (call) => {
    const { operation, subscription } = operationOf(call)
    const isHidden =
      FINISHED.includes(operation.action) &&
      operation.source === 'Azure' &&
      call.state.settings().fulfilment.finishedOperation === 'missing'
    if (isHidden) throw notFound(call.state)
    return { status: 200, body: operationView(operation, subscription) }
  },
  SubscriptionOperations_UpdateOperationStatus: answer,
}

function update(call: Call): Reply {
  const { state, body } = call
  const subscription = ownSubscription(call)
  const quantity = body.quantity instanceof NumberToken ? Number(body.quantity.text) : undefined
  const planId: string | undefined = body.planId
  if ((planId === undefined) === (quantity === undefined)) {
    throw badRequest(['Either planId or quantity must be given, not both.'])
  }
  const isBusy = pendingOperation(state, subscription) !== undefined
  if (isBusy && state.settings().fulfilment.pendingChange === '409') throw busy()
  const why = whyNot(state, subscription, planId, quantity)
  if (why !== null) throw badRequest([why])
  const asked =
    planId === undefined
      ? ({ action: 'ChangeQuantity', quantity: Number(quantity) } as const)
      : ({ action: 'ChangePlan', planId } as const)
  return accepted(state, publisherChange(state, subscription, asked))
}

/** Why a plan or a number of seats cannot be had, or null. */
export function whyNot(
  state: AzureState,
  subscription: Subscription,
  planId: string | undefined,
  quantity: number | undefined,
): string | null {
  const { status, product, billingAccountId } = subscription
  if (status !== 'Subscribed') return 'The subscription is not in the Subscribed state.'
  if (!allowedOperations(subscription).includes('Update')) {
    return 'Update is not among the allowedCustomerOperations of the subscription.'
  }
  if (pendingOperation(state, subscription)) return 'Another operation is in progress.'
  const isRefused = state.settings().fulfilment.sameChange === '400'
  if (planId !== undefined) {
    if (isRefused && planId === subscription.planId) return 'The plan is the current plan.'
    const plan = planOf(state, product, planId)
    const known = plan && availablePlans(state, product, billingAccountId).includes(plan)
    return known && !plan.isStopSell ? null : 'The plan is not available to the subscription.'
  }
  const plan = planOf(state, product, subscription.planId)
  const pricing = plan && pricingFor(plan, coveringOffer(state, plan, billingAccountId))
  if (pricing?.mode !== 'perUser') return 'The plan is not priced per user.'
  if (isRefused && quantity === subscription.quantity) return 'The quantity is the current one.'
  const { min, max } = pricing.userLimits ?? { min: 1, max: Number.MAX_SAFE_INTEGER }
  const fits = Number.isInteger(quantity) && Number(quantity) >= min && Number(quantity) <= max
  return fits ? null : `The quantity must be within ${min} and ${max}.`
}

function remove(call: Call): Reply {
  const { state } = call
  const subscription = ownSubscription(call)
  if (subscription.status === 'Unsubscribed') {
    throw badRequest(['The subscription is already unsubscribed.'])
  }
  if (!allowedOperations(subscription).includes('Delete')) {
    throw badRequest(['Delete is not among the allowedCustomerOperations of the subscription.'])
  }
  if (pendingOperation(state, subscription)) throw busy()
  return accepted(state, publisherChange(state, subscription, { action: 'Unsubscribe' }))
}

const busy = () => new ServiceRefusal(409, 'Conflict', 'Another operation is in progress.')

/** 202 with the headers of the recordings: the operation's id also serves as request and correlation id. */
function accepted(state: AzureState, operation: Operation): Reply {
  const path = `saas/subscriptions/${operation.subscription}/operations/${operation.id}`
  return {
    status: 202,
    headers: {
      'operation-location': `${state.world.origin()}/azure/follow-up/api/${path}?api-version=2018-08-31`,
      'operation-id': operation.id,
      'retry-after': '10',
      'content-length': '0',
      'x-ms-requestid': operation.id,
      'x-ms-correlationid': operation.id,
    },
  }
}

/** Only operations that wait for an answer, and those only after a while. */
function list(call: Call): Reply {
  const { state } = call
  const { unknownOperations, emptyOperations, operationListDelayMs } = state.settings().fulfilment
  const empty = emptyOperations === 'object' ? { status: 200, body: {} } : { status: 200 }
  const isKnown = state.subscriptions.has(call.path.subscriptionId?.toLowerCase() ?? '')
  if (!isKnown && unknownOperations === 'empty') return empty
  const subscription = ownSubscription(call)
  const found = state.operations
    .values()
    .filter((one) => one.subscription === subscription.id && one.status === 'InProgress')
    .filter((one) => ANSWERED.includes(one.action))
    .filter((one) => one.at + operationListDelayMs <= state.now())
  if (found.length === 0) return empty
  return {
    status: 200,
    body: { operations: found.map((one) => operationView(one, subscription)) },
  }
}

function answer(call: Call): Reply {
  const { state, body } = call
  const { operation } = operationOf(call)
  if (body.status === undefined) throw badRequest(['The status is required.'])
  if (operation.source === 'Partner' && state.settings().fulfilment.patchOwnOperation === '500') {
    throw new ServiceRefusal(500, 'InternalServerError', 'An unexpected error occurred.')
  }
  const outcome =
    body.status === 'Success'
      ? ({ is: 'success' } as const)
      : ({ is: 'failure', message: 'The publisher refused.', statusCode: '400' } as const)
  if (!settle(state, operation.id, state.now(), outcome)) {
    throw new ServiceRefusal(409, 'Conflict', 'The operation has already come to an end.')
  }
  return { status: 200 }
}

function operationOf(call: Call): { operation: Operation; subscription: Subscription } {
  const { state } = call
  const subscription = ownSubscription(call)
  const operation = state.operations.get(call.path.operationId?.toLowerCase() ?? '')
  if (operation?.subscription !== subscription.id) {
    throw notFound(state)
  }
  return { operation, subscription }
}

function notFound(state: AzureState): ServiceRefusal {
  return state.settings().fulfilment.unknownOperation === '400'
    ? badRequest(['The operation could not be found.'])
    : new ServiceRefusal(404, 'NotFound', 'The operation could not be found.')
}
