import { Impossible } from '../body.ts'
import type { Plan, Service, StandardOffer } from '../parties.ts'
import type { Entitlement, Terms } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { termEnd } from '../zone.ts'

/** What buying a standard offer (`pro-P1Y`) gives. */
export function standardTerms(context: GcpContext, service: Service, offerId: string): Terms {
  const plan = service.plans.find((one) => one.standardOffers.some(({ id }) => id === offerId))
  const offer = plan?.standardOffers.find(({ id }) => id === offerId)
  if (!plan || !offer) throw new Impossible(404, `${service.name} has no plan ${offerId}`)
  const number = context.providers.get(service.provider)?.projectNumber
  const name = `projects/${number}/services/${service.name}/standardOffers/${offerId}`
  return {
    plan: plan.id,
    planWord: offerId,
    // A usage plan is bought without an offer (Entitlement.offer: empty if no offer was used).
    offer: offer.months === null ? null : name,
    privateOffer: null,
    priceModel: priceModel(plan, offer),
    months: offer.months,
    endsAt: null,
    startsAt: null,
    renewalsMax: null,
  }
}

function priceModel(plan: Plan, offer: StandardOffer): Terms['priceModel'] {
  if (offer.fee === null) return 'usage'
  return plan.hasUsage ? 'flat_usage' : 'flat'
}

/** The service level that an entitlement is on. */
export function planOf(context: GcpContext, entitlement: Entitlement): Plan | undefined {
  const service = context.services.get(entitlement.service)
  return service?.plans.find((one) => one.id === entitlement.terms.plan)
}

/** When a term that begins then ends; null without a term. */
export function endOf(terms: Terms, startsAt: number): number | null {
  if (terms.endsAt !== null) return terms.endsAt
  return terms.months === null ? null : termEnd(startsAt, terms.months)
}
