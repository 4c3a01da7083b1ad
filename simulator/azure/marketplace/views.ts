import type { Plan, TermUnit } from '../catalog-model.ts'
import { rawNumber } from '../exact-json.ts'
import type { Operation, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { ticks } from '../time.ts'

const NEVER = '0001-01-01T00:00:00'
const OPERATIONS = ['Delete', 'Update', 'Read']

/** Offer id as replies spell it: purchases of the preview carry a suffix (recordings). */
export const offerIdOf = (subscription: Subscription): string =>
  subscription.isPreview ? `${subscription.offerId}-preview` : subscription.offerId

/** What the customer, and so the publisher, may do: nothing but read what a provider bought. */
export const allowedOperations = (subscription: Subscription): string[] =>
  subscription.isCsp ? ['Read'] : OPERATIONS

/** A subscription as fulfilment answers it. The order of the operations varies, as in the recordings. */
export function subscriptionView(state: AzureState, one: Subscription): Record<string, unknown> {
  const allowed = allowedOperations(one)
  const turn = Number.parseInt(one.id.slice(0, 2), 16) % allowed.length
  return {
    id: one.id,
    publisherId: one.publisherId,
    offerId: offerIdOf(one),
    name: one.name,
    saasSubscriptionStatus: one.status,
    beneficiary: one.beneficiary,
    purchaser: one.purchaser,
    planId: one.planId,
    term: {
      ...(one.termStart === null ? {} : { startDate: `${one.termStart}T00:00:00Z` }),
      ...(one.termEnd === null ? {} : { endDate: `${one.termEnd}T00:00:00Z` }),
      termUnit: one.termUnit,
    },
    autoRenew: one.autoRenew,
    isTest: one.isTest,
    isFreeTrial: one.isFreeTrial,
    allowedCustomerOperations: [...allowed.slice(turn), ...allowed.slice(0, turn)],
    sandboxType: 'None',
    created: ticks(one.purchasedAt),
    lastModified: NEVER,
    ...(one.quantity === null ? {} : { quantity: one.quantity }),
    sessionMode: 'None',
    ...(state.settings().fulfilment.extraKeys ? { storeFront: 'AzurePortal' } : {}),
  }
}

/** An operation as fulfilment answers it: fewer fields until it has begun (recordings). */
export function operationView(one: Operation, subscription: Subscription): Record<string, unknown> {
  const isNew = one.status === 'NotStarted'
  return {
    id: one.id,
    activityId: one.activityId,
    publisherId: one.publisherId,
    offerId: offerIdOf(subscription),
    planId: one.planId,
    ...(isNew || one.quantity === null ? {} : { quantity: one.quantity }),
    operationRequestSource: one.source,
    subscriptionId: one.subscription,
    timeStamp: ticks(one.at),
    action: one.action,
    status: one.status,
    ...(one.errorMessage === null
      ? {}
      : { errorStatusCode: one.errorStatusCode, errorMessage: one.errorMessage }),
  }
}

/** Body of a webhook: the operation with the new values, the subscription as it was before a change. */
export function webhookBody(
  state: AzureState,
  operation: Operation,
  subscription: Subscription,
): Record<string, unknown> {
  const { term, ...rest }: any = subscriptionView(state, subscription)
  return {
    id: operation.id,
    activityId: operation.activityId,
    publisherId: operation.publisherId,
    offerId: offerIdOf(subscription),
    planId: operation.planId,
    ...(operation.quantity === null ? {} : { quantity: operation.quantity }),
    subscriptionId: operation.subscription,
    timeStamp: ticks(operation.at),
    action: operation.action,
    status: operation.status,
    operationRequestSource: operation.source,
    subscription: { ...rest, term: { ...term, chargeDuration: null } },
    purchaseToken: null,
  }
}

const TERM_WORDS: Record<TermUnit, string> = {
  P1M: '1 Month Subscription',
  P1Y: '1 Year Subscription',
  P2Y: '2 Year Subscription',
  P3Y: '3 Year Subscription',
  P4Y: '4 Year Subscription',
  P5Y: '5 Year Subscription',
}

/** A plan as `listAvailablePlans` answers it: list prices in US dollars, exact digits. */
export function planView(
  state: AzureState,
  plan: Plan,
  market: string,
  sourceOffer: string | null,
): Record<string, unknown> {
  const { pricing } = plan
  const meters = state.products.get(plan.product)?.meters ?? {}
  const included = (unit: TermUnit) =>
    Object.entries(pricing.meters).flatMap(([dimensionId, price]) => {
      const found = price.included.find((each) => each.termUnit === unit)
      return [{ dimensionId, units: found ? (found.quantity ?? 'Infinite') : '0' }]
    })
  return {
    planId: plan.planId,
    displayName: plan.name,
    isPrivate: plan.isPrivate,
    description: plan.description,
    ...(pricing.userLimits
      ? { minQuantity: pricing.userLimits.min, maxQuantity: pricing.userLimits.max }
      : {}),
    hasFreeTrials: pricing.hasFreeTrial,
    isPricePerSeat: pricing.mode === 'perUser',
    isStopSell: plan.isStopSell,
    market,
    planComponents: {
      recurrentBillingTerms: pricing.prices.map((each) => ({
        currency: 'USD',
        price: rawNumber(each.price),
        termUnit: each.termUnit,
        termDescription: TERM_WORDS[each.termUnit],
        ...(Object.keys(pricing.meters).length === 0
          ? {}
          : { meteredQuantityIncluded: included(each.termUnit) }),
      })),
      meteringDimensions: Object.entries(pricing.meters).map(([id, price]) => ({
        id,
        currency: 'USD',
        pricePerUnit: rawNumber(price.pricePerUnit),
        unitOfMeasure: meters[id]?.unitOfMeasure ?? '',
        displayName: meters[id]?.displayName ?? '',
      })),
    },
    ...(sourceOffer === null ? {} : { sourceOffers: [{ externalId: sourceOffer }] }),
  }
}
