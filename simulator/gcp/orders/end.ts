import { Impossible } from '../body.ts'
import type { Account, Entitlement, EntitlementState, Terms } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { keep, tell, tellAccount } from './stamp.ts'
import { endOf, planOf } from './terms.ts'

const DAY_MS = 86_400_000

/** States in which the buyer may use the product (Google: EntitlementState). */
export const IN_SERVICE: readonly EntitlementState[] = [
  'ENTITLEMENT_ACTIVE',
  'ENTITLEMENT_PENDING_CANCELLATION',
  'ENTITLEMENT_PENDING_PLAN_CHANGE',
  'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
]

/** The buyer cancels: at once, or a subscription at the end of its term. */
export function cancel(
  context: GcpContext,
  entitlement: Entitlement,
  when: 'now' | 'term_end',
): Entitlement {
  const at = context.now()
  const { state } = entitlement
  if (state === 'ENTITLEMENT_CANCELLED') throw new Impossible(409, 'the order is cancelled')
  if (state === 'ENTITLEMENT_ACTIVATION_REQUESTED') {
    return endOrder(context, entitlement, 'user-aborted', at)
  }
  if (when === 'now') return endOrder(context, entitlement, 'user-cancelled', at)
  if (state !== 'ENTITLEMENT_ACTIVE') throw new Impossible(409, `the order is ${state}`)
  if (entitlement.offerEndsAt === null || entitlement.isAtListPrice) {
    throw new Impossible(409, 'the order has no term; it is cancelled at once')
  }
  const moved = keep(context, entitlement, at, { state: 'ENTITLEMENT_PENDING_CANCELLATION' })
  tell(context, moved, 'ENTITLEMENT_PENDING_CANCELLATION', at)
  return moved
}

/** The buyer lets the order renew after all. */
export function revertCancellation(context: GcpContext, entitlement: Entitlement): Entitlement {
  const at = context.now()
  if (entitlement.state !== 'ENTITLEMENT_PENDING_CANCELLATION') {
    throw new Impossible(409, 'the order is not to be cancelled')
  }
  const kept = keep(context, entitlement, at, { state: 'ENTITLEMENT_ACTIVE' })
  tell(context, kept, 'ENTITLEMENT_CANCELLATION_REVERTED', at)
  return kept
}

/** Ends an order: it is said to be cancelling, and then is cancelled. */
export function endOrder(
  context: GcpContext,
  entitlement: Entitlement,
  reason: string,
  at: number,
): Entitlement {
  const { id } = entitlement
  const { cancellingMs } = context.settings().procurement
  if (IN_SERVICE.includes(entitlement.state))
    tell(context, entitlement, 'ENTITLEMENT_CANCELLING', at)
  if (cancellingMs === 0) return cancelled(context, entitlement, reason, at)
  context.timers.set('order.cancelled', at + cancellingMs, { id, reason }, `cancelled:${id}`)
  return entitlement
}

/** The order is over; 60 days later it is deleted. */
export function cancelled(
  context: GcpContext,
  entitlement: Entitlement,
  reason: string,
  at: number,
): Entitlement {
  const { id, offerEndsAt } = entitlement
  for (const timer of ['start', 'term', 'change', 'cancelled'])
    context.timers.cancel(`${timer}:${id}`)
  const purgeAt = at + context.settings().procurement.purgeDays * DAY_MS
  context.timers.set('order.purge', purgeAt, { id }, `purge:${id}`)
  orderEnded(context, entitlement.terms, at)
  if (entitlement.pending) orderEnded(context, entitlement.pending.terms, at)
  const hasRun = entitlement.activatedAt !== null
  const ended = keep(context, entitlement, at, {
    state: 'ENTITLEMENT_CANCELLED',
    cancellationReason: reason,
    endedAt: at,
    pending: null,
    offerEndsAt: hasRun && offerEndsAt !== null ? Math.min(offerEndsAt, at) : null,
  })
  tell(context, ended, 'ENTITLEMENT_CANCELLED', at)
  return ended
}

/** The private offer of an order that ended (or left it) is over. */
export function orderEnded(context: GcpContext, terms: Terms, at: number): void {
  const offer =
    terms.privateOffer === null ? undefined : context.privateOffers.get(terms.privateOffer)
  if (offer?.state !== 'ACCEPTED') return
  context.privateOffers.put(offer.id, { ...offer, state: 'ENDED', endedAt: at })
}

/**
 * Timer: a term ends. It renews, or moves to what it was changed to; without a renewal a subscription ends,
 * and usage goes on at list price with its end in the past (Google: Pricing models for private offers).
 */
export function termEnds(
  context: GcpContext,
  { id }: { id: string },
  at: number,
  change: (context: GcpContext, data: { id: string }, at: number) => void,
): void {
  const entitlement = context.entitlements.get(id)
  if (!entitlement || !IN_SERVICE.includes(entitlement.state)) return
  const { terms, renewals, pending, state } = entitlement
  if (state === 'ENTITLEMENT_PENDING_PLAN_CHANGE' && (pending?.startsAt ?? 0) <= at) {
    change(context, { id }, at)
    return
  }
  const isLeaving = state === 'ENTITLEMENT_PENDING_CANCELLATION'
  if (!isLeaving && (terms.renewalsMax === null || renewals < terms.renewalsMax)) {
    renew(context, entitlement, at)
    return
  }
  if (terms.privateOffer !== null) {
    orderEnded(context, terms, at)
    const staysOn = !isLeaving && planOf(context, entitlement)?.kind === 'usage'
    const kept = keep(
      context,
      entitlement,
      at,
      staysOn ? { isAtListPrice: true, hasUsage: true } : {},
    )
    tell(context, kept, 'ENTITLEMENT_OFFER_ENDED', at)
    if (staysOn) return
    cancelled(context, kept, isLeaving ? 'user-cancelled' : 'expired', at)
    return
  }
  cancelled(context, entitlement, isLeaving ? 'user-cancelled' : 'expired', at)
}

function renew(context: GcpContext, entitlement: Entitlement, at: number): void {
  const { id, terms } = entitlement
  const offerEndsAt = endOf(terms, at)
  if (offerEndsAt === null || offerEndsAt <= at) return
  context.timers.set('order.termEnd', offerEndsAt, { id }, `term:${id}`)
  const renewed = keep(context, entitlement, at, {
    offerEndsAt,
    termStartedAt: at,
    renewals: entitlement.renewals + 1,
    subscriptionEndsAt: entitlement.subscriptionEndsAt === null ? null : offerEndsAt,
  })
  tell(context, renewed, 'ENTITLEMENT_RENEWED', at)
}

/** Timer: a cancelled order is forgotten. */
export function purges(context: GcpContext, { id }: { id: string }, at: number): void {
  const entitlement = context.entitlements.get(id)
  if (!entitlement) return
  context.entitlements.delete(id)
  tell(context, entitlement, 'ENTITLEMENT_DELETED', at)
}

/** Ends every order of the account that is not over. */
export function endAll(context: GcpContext, account: Account, reason: string, at: number): void {
  for (const one of context.entitlements.values()) {
    if (one.account !== account.id || one.state === 'ENTITLEMENT_CANCELLED') continue
    endOrder(context, one, reason, at)
  }
}

/** Timer: an account that was closed is deleted; reading it is a 404 from now on. */
export function deletesAccount(context: GcpContext, { id }: { id: string }, at: number): void {
  const account = context.accounts.get(id)
  if (!account) return
  context.accounts.delete(id)
  tellAccount(context, account, 'ACCOUNT_DELETED', at)
}
