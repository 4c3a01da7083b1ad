import { Impossible } from '../body.ts'
import type { Entitlement, Terms } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { isoMonths } from '../zone.ts'
import { orderEnded } from './end.ts'
import { instantText, keep, tell } from './stamp.ts'
import { beginTerm } from './start.ts'
import { standardTerms } from './terms.ts'

/** What an order moves to, and when; null is as soon as it is approved. */
type Change = { readonly terms: Terms; readonly startsAt: number | null }

/** The buyer asks for another standard offer, at once or at the end of the term. */
export function changePlan(
  context: GcpContext,
  entitlement: Entitlement,
  plan: string,
  when: 'now' | 'term_end',
): Entitlement {
  const service = context.services.get(entitlement.service)
  if (!service) throw new Impossible(404, 'the service is gone')
  const terms = standardTerms(context, service, plan)
  if (terms.planWord === entitlement.terms.planWord && entitlement.terms.privateOffer === null) {
    throw new Impossible(409, `the order is on ${plan}`)
  }
  const startsAt = when === 'term_end' ? entitlement.offerEndsAt : null
  return requestChange(context, entitlement, { terms, startsAt }, context.now())
}

/** A change that waits for the seller. Google: a change is only possible while the order is active. */
export function requestChange(
  context: GcpContext,
  entitlement: Entitlement,
  change: Change,
  at: number,
): Entitlement {
  mustBeActive(entitlement)
  const state = 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL' as const
  const moved = keep(context, entitlement, at, { state, ...pendingOf(entitlement, change) })
  tell(context, moved, 'ENTITLEMENT_PLAN_CHANGE_REQUESTED', at, { fields: changeFields(change) })
  return moved
}

/** An amendment of a product whose offers need no approval. */
export function automaticChange(
  context: GcpContext,
  entitlement: Entitlement,
  change: Change,
  at: number,
): Entitlement {
  mustBeActive(entitlement)
  const moved = keep(context, entitlement, at, pendingOf(entitlement, change))
  const { terms } = change
  const fields = {
    ...changeFields(change),
    ...(terms.startsAt === null ? {} : { newOfferStartTime: instantText(terms.startsAt) }),
    newOfferEndTime: terms.endsAt === null ? '' : instantText(terms.endsAt),
  }
  tell(context, moved, 'ENTITLEMENT_OFFER_ACCEPTED', at, { fields })
  return approveChange(context, moved, at)
}

/** The seller's yes (or nobody's need of one): the change is made at its time. */
export function approveChange(
  context: GcpContext,
  entitlement: Entitlement,
  at: number,
): Entitlement {
  const { pending, id } = entitlement
  if (!pending) return entitlement
  const soonest = at + context.settings().procurement.activationMs
  const startsAt = Math.max(soonest, pending.startsAt ?? 0)
  context.timers.set('order.change', startsAt, { id }, `change:${id}`)
  const state = 'ENTITLEMENT_PENDING_PLAN_CHANGE' as const
  return keep(context, entitlement, at, { state, pending: { ...pending, startsAt } })
}

/** The change is off: refused by the seller, or withdrawn by the buyer. */
export function dropChange(context: GcpContext, entitlement: Entitlement, at: number): Entitlement {
  const { pending, id } = entitlement
  context.timers.cancel(`change:${id}`)
  if (pending?.terms.privateOffer) orderEnded(context, pending.terms, at)
  const state = 'ENTITLEMENT_ACTIVE' as const
  const kept = keep(context, entitlement, at, { state, pending: null })
  const fields = { newPlan: pending?.terms.planWord }
  tell(context, kept, 'ENTITLEMENT_PLAN_CHANGE_CANCELLED', at, { fields })
  return kept
}

/** Timer: an approved change takes place. */
export function changes(context: GcpContext, { id }: { id: string }, at: number): void {
  const entitlement = context.entitlements.get(id)
  const pending = entitlement?.pending
  if (!entitlement || !pending || entitlement.state !== 'ENTITLEMENT_PENDING_PLAN_CHANGE') return
  context.timers.cancel(`change:${id}`)
  orderEnded(context, entitlement.terms, at)
  const begun = beginTerm(context, entitlement, pending.terms, at)
  const fields = { newPlan: pending.terms.planWord }
  tell(context, begun, 'ENTITLEMENT_PLAN_CHANGED', at, { fields })
}

function mustBeActive(entitlement: Entitlement): void {
  if (entitlement.state !== 'ENTITLEMENT_ACTIVE') {
    throw new Impossible(409, `the order is ${entitlement.state}; only an active one can change`)
  }
}

function pendingOf(entitlement: Entitlement, change: Change): Partial<Entitlement> {
  const { offer } = change.terms
  const { offerHistory } = entitlement
  return { pending: change, offerHistory: offer ? [...offerHistory, offer] : offerHistory }
}

function changeFields({ terms }: Change): Record<string, unknown> {
  if (terms.privateOffer === null) return { newPlan: terms.planWord }
  return {
    newPendingPlan: terms.planWord,
    newPendingOffer: terms.offer,
    newPendingOfferDuration: terms.months === null ? '' : isoMonths(terms.months),
  }
}
