import type { Plan, Pricing, PrivateOffer, PrivateOfferItem, StoredPrice } from './catalog-model.ts'
import { JobFault, type JobScope, planOf, planRef, productOf, textOf } from './configure-refs.ts'
import type { AzureState } from './state.ts'

/** What a pricing list leads to: what can be bought, and the list as Partner Center keeps it. */
export type ReadItems = { readonly items: PrivateOfferItem[]; readonly pricing: any[] }

/** Prices written for private offers, by durable id. */
export function offerPrices(state: AzureState) {
  return state.world.table<StoredPrice>('azure.offerPrices')
}

/**
 * Resolves a private offer's pricing list. Plans that the offer makes come into being here, hidden from
 * all but the customer who accepts ("Private offers API": which field belongs to which pricing type).
 */
export function readItems(scope: JobScope, offerId: string, resource: any): ReadItems {
  const type = resource.offerPricingType ?? 'editExistingOfferPricingOnly'
  const read = (resource.pricing ?? []).map((one: any) => {
    if (type === 'vmSoftwareReservations') {
      throw invalid('Software reservations need a virtual machine offer.', resource)
    }
    return type === 'editExistingOfferPricingOnly'
      ? existing(scope, one, resource)
      : customised(scope, one, resource, offerId)
  })
  return {
    items: read.map((one: { item: PrivateOfferItem }) => one.item),
    pricing: read.map((one: { kept: unknown }) => one.kept),
  }
}

function existing(scope: JobScope, one: any, resource: any) {
  const product = productOf(scope, one.product)
  if (one.basePlan || one.newPlanDetails) {
    throw invalid('basePlan and newPlanDetails need customised plans.', resource)
  }
  const hasPlan = one.plan !== undefined && one.plan !== null
  const plan = hasPlan ? planOf(scope, product, one.plan) : null
  if (plan?.privateOffer) {
    throw invalid('A plan made by a private offer cannot be offered again.', resource)
  }
  if (one.discountType === 'absolute' && plan === null) {
    throw invalid('Absolute pricing needs a plan.', resource)
  }
  const stored = one.discountType === 'absolute' ? priceOf(scope, one) : null
  if (stored && stored.plan !== plan?.guid) {
    throw invalid('The price details belong to another plan.', resource)
  }
  const item: PrivateOfferItem = {
    product: product.guid,
    plan: plan?.guid ?? null,
    discountPercentage: one.discountType === 'percentage' ? String(one.discountPercentage) : null,
    pricing: stored && plan ? overlaid(plan.pricing, stored.pricing) : null,
  }
  const kept = {
    ...one,
    product: `product/${product.guid}`,
    ...(plan ? { plan: planRef(plan) } : {}),
    ...(stored ? { priceDetails: stored.id } : {}),
  }
  return { item, kept }
}

/** A plan's prices with those of an offer in their place: what the offer does not price stays. */
function overlaid(base: Pricing, own: Pricing): Pricing {
  const prices = base.prices.map(
    (one) =>
      own.prices.find(
        (two) => two.termUnit === one.termUnit && two.paymentUnit === one.paymentUnit,
      ) ?? one,
  )
  return { ...base, prices, meters: { ...base.meters, ...own.meters } }
}

function customised(scope: JobScope, one: any, resource: any, offerId: string) {
  const product = productOf(scope, one.product)
  if (one.basePlan === undefined)
    throw invalid('basePlan is needed for a customised plan.', resource)
  const base = planOf(scope, product, one.basePlan)
  const { name, description } = one.newPlanDetails ?? {}
  if (!name || !description) {
    throw invalid('newPlanDetails needs a name and a description.', resource)
  }
  if (one.discountType !== 'absolute') {
    throw invalid('Customised plans need absolute pricing.', resource)
  }
  const stored = priceOf(scope, one)
  if (stored.plan !== base.guid) {
    throw invalid('The price details belong to another plan.', resource)
  }
  const known = scope.state.plans
    .values()
    .find((plan) => plan.privateOffer === offerId && plan.name === name)
  const plan: Plan = {
    guid: known?.guid ?? scope.state.ids.guid(),
    product: product.guid,
    planId: known?.planId ?? scope.state.ids.word(`${base.planId.slice(0, 20)}-`, 8),
    name,
    description,
    isPrivate: true,
    isStopSell: resource.state !== 'live',
    isMade: true,
    privateOffer: offerId,
    basePlan: base.guid,
    pricing: { ...stored.pricing, meters: { ...base.pricing.meters, ...stored.pricing.meters } },
  }
  scope.state.plans.put(plan.guid, plan)
  const item: PrivateOfferItem = {
    product: product.guid,
    plan: plan.guid,
    discountPercentage: null,
    pricing: plan.pricing,
  }
  const kept = {
    ...one,
    product: `product/${product.guid}`,
    plan: planRef(plan),
    basePlan: planRef(base),
    priceDetails: stored.id,
  }
  return { item, kept }
}

function priceOf(scope: JobScope, one: any): StoredPrice {
  const given = one.priceDetails
  const id = typeof given === 'string' ? given : scope.made.get(given?.resourceName)
  const found = id === undefined ? undefined : offerPrices(scope.state).get(id)
  if (!found || found.publisherId !== scope.publisherId) {
    const name = textOf(given)
    throw new JobFault('notFound', `The resource '${name}' was not found.`, name)
  }
  return found
}

/** Stops the sale of the plans an offer made, or opens it again. */
export function stopSale(state: AzureState, offer: PrivateOffer, isStopSell: boolean): void {
  for (const plan of state.plans.values()) {
    if (plan.privateOffer === offer.id) state.plans.put(plan.guid, { ...plan, isStopSell })
  }
}

function invalid(message: string, resource: any): JobFault {
  return new JobFault('invalidResource', message, resource.resourceName ?? resource.id)
}
