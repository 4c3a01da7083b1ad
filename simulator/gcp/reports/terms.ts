import type { Table } from '../../world.ts'
import type { Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'

/** One stretch of an order on the same terms, kept when the order itself is forgotten. Simulated milliseconds. */
export type OrderTerm = {
  readonly id: string
  readonly entitlement: string
  readonly provider: string
  readonly service: string
  readonly account: string
  readonly billingAccount: string
  /** Service level. */
  readonly plan: string
  /** Standard offer, `pro-P1Y`, when it was bought without a private offer. */
  readonly planWord: string
  /** Bare id of the private offer whose prices hold; null at list price. */
  readonly privateOffer: string | null
  readonly isRenewal: boolean
  readonly startsAt: number
  readonly endsAt: number | null
  /** When it was left: by another term, or by the end of the order. */
  leftAt: number | null
}

export const orderTerms = (gcp: GcpContext): Table<OrderTerm> => gcp.world.table('gcp.orderTerms')

/**
 * Writes down which orders have come to be on which terms. Called whenever anything may have happened, so that
 * what was billed can be told after the order moved on.
 */
export function observeOrders(gcp: GcpContext): void {
  for (const order of gcp.entitlements.values()) {
    if (order.activatedAt !== null && order.termStartedAt !== null) observe(gcp, order)
  }
}

function observe(gcp: GcpContext, order: Entitlement): void {
  const table = orderTerms(gcp)
  const last = gcp.world.table<{ term: string }>('gcp.orderTerms.last').get(order.id)
  const current = last && table.get(last.term)
  const next = termOf(order)
  if (current?.id === next.id) {
    if (order.endedAt !== null && current.leftAt === null) {
      table.put(current.id, { ...current, leftAt: order.endedAt })
    }
    return
  }
  if (current && current.leftAt === null) {
    table.put(current.id, { ...current, leftAt: next.startsAt })
  }
  table.put(next.id, { ...next, leftAt: order.endedAt })
  gcp.world.table('gcp.orderTerms.last').put(order.id, { term: next.id })
}

function termOf(order: Entitlement): OrderTerm {
  const { terms, isAtListPrice, offerEndsAt, termStartedAt } = order
  const startsAt = (isAtListPrice ? offerEndsAt : termStartedAt) ?? 0
  const privateOffer = isAtListPrice ? null : terms.privateOffer
  return {
    id: [order.id, startsAt, privateOffer ?? terms.planWord].join('/'),
    entitlement: order.id,
    provider: order.provider,
    service: order.service,
    account: order.account,
    billingAccount: order.billingAccount,
    plan: terms.plan,
    planWord: terms.planWord,
    privateOffer,
    isRenewal: order.renewals > 0,
    startsAt,
    endsAt: isAtListPrice ? null : offerEndsAt,
    leftAt: null,
  }
}
