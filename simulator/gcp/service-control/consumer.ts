import { IN_SERVICE } from '../orders/end.ts'
import type { Service } from '../parties.ts'
import type { Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'

/** Why a consumer cannot be served, as `CheckError.code`, with the words that go with it. */
export type Trouble = {
  readonly code: string
  readonly detail: string
  /** google.rpc code and words for everybody. */
  readonly status: { readonly code: number; readonly message: string }
}

const CONSUMER = /^(?:project_number:|project:|projects\/)(\d+)$/

/** Digits of a consumer's project, whichever way the id is spelled; undefined when it is none. */
export const projectNumberOf = (consumerId: string): string | undefined =>
  CONSUMER.exec(consumerId)?.[1]

/** The order a consumer id reports for, whatever its state. */
export function orderOf(gcp: GcpContext, consumerId: string): Entitlement | undefined {
  const number = projectNumberOf(consumerId)
  if (number === undefined) return undefined
  return gcp.entitlements.values().find((one) => projectNumberOf(one.consumer) === number)
}

/**
 * What keeps a consumer from being served now (CheckError.Code): a purged order is not found, a closed account
 * is a deleted project, disabled billing is itself, and an order not yet or no longer active is a service that
 * is not activated.
 */
export function troubleOf(
  gcp: GcpContext,
  service: Service,
  consumerId: string,
): Trouble | undefined {
  const number = projectNumberOf(consumerId)
  if (number === undefined) {
    return trouble(
      'CONSUMER_INVALID',
      `Consumer '${consumerId}' is invalid.`,
      'Consumer invalid.',
      3,
    )
  }
  const order = orderOf(gcp, consumerId)
  if (!order) {
    return trouble('NOT_FOUND', `Project ${number} was not found.`, 'Consumer was not found.', 5)
  }
  const buyer = gcp.billingAccounts.get(order.billingAccount)
  if (order.service === service.name && buyer?.isClosed) {
    return trouble('PROJECT_DELETED', `Project ${number} has been deleted.`, 'Project deleted.', 7)
  }
  if (order.service !== service.name || !IN_SERVICE.includes(order.state)) {
    const detail = `Service '${service.name}' is not enabled for consumer '${consumerId}'.`
    return trouble('SERVICE_NOT_ACTIVATED', detail, 'API not activated on project.', 7)
  }
  if (!buyer?.isDisabled) return undefined
  const detail = `Billing is disabled for project ${number}.`
  return trouble('BILLING_DISABLED', detail, 'Billing is disabled for the consumer project.', 7)
}

const trouble = (code: string, detail: string, message: string, rpc: number): Trouble => ({
  code,
  detail,
  status: { code: rpc, message },
})
