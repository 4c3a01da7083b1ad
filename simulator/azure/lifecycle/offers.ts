import type { Plan, Pricing, PrivateOffer } from '../catalog-model.ts'
import type { AzureState } from '../state.ts'
import { dayOf } from '../time.ts'

/** The plan of that plan id in a product. */
export function planOf(state: AzureState, product: string, planId: string): Plan | undefined {
  return state.plans.values().find((one) => one.product === product && one.planId === planId)
}

/** Whether an accepted private offer lets this billing account buy the plan today. */
export function covers(
  state: AzureState,
  offer: PrivateOffer,
  plan: Plan,
  billingAccountId: string,
): boolean {
  const today = dayOf(state.now())
  return (
    offer.acceptance?.billingAccountId === billingAccountId &&
    (offer.startsOn === null || offer.startsOn <= today) &&
    (offer.endsOn === null || offer.endsOn >= today) &&
    itemOf(offer, plan) !== undefined
  )
}

/** The private offer a purchase of the plan is made on, or null: its price holds for the whole billing account. */
export function coveringOffer(
  state: AzureState,
  plan: Plan,
  billingAccountId: string,
): PrivateOffer | null {
  const found = state.privateOffers
    .values()
    .filter((offer) => covers(state, offer, plan, billingAccountId))
  return found.find((offer) => offer.id === plan.privateOffer) ?? found[0] ?? null
}

/** Prices a buyer gets for a plan, with or without a private offer. Percentages are taken off when billing. */
export function pricingFor(plan: Plan, offer: PrivateOffer | null): Pricing {
  return (offer && itemOf(offer, plan)?.pricing) ?? plan.pricing
}

/** Plans a billing account may take: the public ones on sale, and the private ones it accepted an offer for. */
export function availablePlans(
  state: AzureState,
  product: string,
  billingAccountId: string,
): Plan[] {
  return state.plans
    .values()
    .filter((plan) => plan.product === product)
    .filter((plan) => !plan.isPrivate || coveringOffer(state, plan, billingAccountId) !== null)
}

const itemOf = (offer: PrivateOffer, plan: Plan) =>
  offer.items.find(
    (item) => item.product === plan.product && (item.plan === null || item.plan === plan.guid),
  )
