import { configurationOf } from '../configuration.ts'
import type { Caller } from '../identity/caller.ts'
import type { Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { type Call, ServiceRefusal } from './service.ts'

/** Whether the caller is the application the offer's technical configuration names, of the tenant it names. */
export function isOwn(state: AzureState, caller: Caller, subscription: Subscription): boolean {
  const configuration = configurationOf(state, subscription)
  return (
    configuration?.appId === caller.app.clientId && configuration.tenantId === caller.app.tenantId
  )
}

/** The subscription the path names; 404 when there is none, 403 when it is another application's. */
export function ownSubscription(call: Call): Subscription {
  const subscription = call.state.subscriptions.get(call.path.subscriptionId?.toLowerCase() ?? '')
  if (!subscription) {
    throw new ServiceRefusal(404, 'NotFound', 'The subscription could not be found.')
  }
  if (!isOwn(call.state, call.caller, subscription)) throw forbidden()
  return subscription
}

export const forbidden = (): ServiceRefusal =>
  new ServiceRefusal(403, 'Forbidden', 'The client is not authorized to access this subscription.')
