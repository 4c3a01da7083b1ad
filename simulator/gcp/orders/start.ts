import type { Account, Entitlement, Terms } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { keep, tell } from './stamp.ts'
import { endOf, planOf } from './terms.ts'

/**
 * Plans the start of an approved order: after a short delay, or at its scheduled time. Nothing starts before
 * the account is approved, whoever approved the order.
 */
export function scheduleStart(
  context: GcpContext,
  entitlement: Entitlement,
  at: number,
  by: 'seller' | 'automatic',
): Entitlement {
  const account = context.accounts.get(entitlement.account)
  if (account?.signup.state !== 'APPROVED') return entitlement
  const { activationMs, automaticActivationMs } = context.settings().procurement
  const soonest = at + (by === 'seller' ? activationMs : automaticActivationMs)
  const startsAt = Math.max(soonest, entitlement.terms.startsAt ?? 0)
  const { id, terms } = entitlement
  context.timers.set('order.start', startsAt, { id }, `start:${id}`)
  return keep(context, entitlement, at, { startsAt, offerEndsAt: endOf(terms, startsAt) })
}

/** What an account's approval sets going: orders that waited for nothing else. */
export function startWaiting(context: GcpContext, account: Account, at: number): void {
  for (const one of context.entitlements.values()) {
    const isWaiting =
      one.account === account.id &&
      one.state === 'ENTITLEMENT_ACTIVATION_REQUESTED' &&
      one.isApproved &&
      one.startsAt === null
    if (isWaiting) scheduleStart(context, one, at, 'automatic')
  }
}

/** Timer: an approved order becomes active. */
export function starts(context: GcpContext, { id }: { id: string }, at: number): void {
  const entitlement = context.entitlements.get(id)
  if (entitlement?.state !== 'ENTITLEMENT_ACTIVATION_REQUESTED') return
  const begun = beginTerm(context, { ...entitlement, activatedAt: at }, entitlement.terms, at)
  tell(context, begun, 'ENTITLEMENT_ACTIVE', at)
}

/** Puts an order on these terms from now: it is active, and its term runs. */
export function beginTerm(
  context: GcpContext,
  entitlement: Entitlement,
  terms: Terms,
  at: number,
): Entitlement {
  const offerEndsAt = endOf(terms, at)
  const { id, consumerShowsAt } = entitlement
  const kind = planOf(context, { ...entitlement, terms })?.kind
  if (offerEndsAt === null) context.timers.cancel(`term:${id}`)
  else context.timers.set('order.termEnd', offerEndsAt, { id }, `term:${id}`)
  return keep(context, entitlement, at, {
    state: 'ENTITLEMENT_ACTIVE',
    terms,
    pending: null,
    startsAt: null,
    termStartedAt: at,
    offerEndsAt,
    renewals: 0,
    isAtListPrice: false,
    subscriptionEndsAt: kind === 'subscription' && !terms.privateOffer ? offerEndsAt : null,
    hasUsage: terms.priceModel !== 'flat',
    consumerShowsAt: consumerShowsAt ?? at + context.settings().procurement.usageIdDelayMs,
  })
}
