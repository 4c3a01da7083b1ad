import type { Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { send } from '../webhooks.ts'
import { hold, pendingOperation, record } from './operations.ts'

/**
 * Unsubscribes for good and tells the publisher. An operation that was still open fails. `by` is the
 * operation that asked for the end, or who did when there is none yet.
 */
export function endSubscription(
  state: AzureState,
  subscription: Subscription,
  at: number,
  by: Operation | Operation['source'],
): void {
  const { id } = subscription
  const asked = { action: 'Unsubscribe', status: 'Succeeded' } as const
  const operation =
    typeof by === 'string' ? record(state, subscription, at, { ...asked, source: by }) : by
  state.operations.put(operation.id, { ...operation, status: 'Succeeded' })
  for (let open = pendingOperation(state, subscription); open; ) {
    fail(state, open, 'The subscription has been unsubscribed.')
    open = pendingOperation(state, subscription)
  }
  subscription.status = 'Unsubscribed'
  subscription.endedAt = at
  for (const timer of ['term', 'lapse', 'activate', 'suspended']) {
    state.timers.cancel(`${timer}:${id}`)
  }
  hold(state, subscription, at, 'end')
  send(state, { ...operation, status: 'Succeeded' }, subscription, at)
}

/** Ends an operation as failed. */
export function fail(
  state: AzureState,
  operation: Operation,
  message: string,
  statusCode = '409',
): void {
  state.timers.cancel(`auto:${operation.id}`)
  state.operations.put(operation.id, {
    ...operation,
    status: 'Failed',
    errorStatusCode: statusCode,
    errorMessage: message,
  })
}
