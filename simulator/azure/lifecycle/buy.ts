import { Impossible } from '../body.ts'
import { type Plan, type PrivateOffer, TERM_UNITS, type TermPrice } from '../catalog-model.ts'
import type { Buyer } from '../parties.ts'
import type { Party, Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { coveringOffer, covers, planOf, pricingFor } from './offers.ts'
import { purchased } from './start.ts'

/** Who buys for others: a cloud solution provider has his own tenant and people. */
const PROVIDER: Party = {
  emailId: 'orders@csp.example',
  objectId: '5a8e2d1c-7b34-4f96-8e0a-1d2c3b4a5f60',
  tenantId: 'c1d2e3f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f',
  puid: '1003200099887766',
}

/**
 * A purchase in the portal. `asked`: `offerId`, `planId`, `billingAccountId`, and as wanted `quantity`,
 * `termUnit`, `privateOfferId` (null buys at list price), `autoRenew`, `name`, `preview`, `csp`, `test`.
 */
export function buy(state: AzureState, asked: Record<string, any>): Subscription {
  const product = state.products.values().find((one) => one.offerId === asked.offerId)
  if (!product) throw new Impossible(404, `there is no offer ${asked.offerId}`)
  const plan = planOf(state, product.guid, String(asked.planId))
  if (!plan) throw new Impossible(404, `${asked.offerId} has no plan ${asked.planId}`)
  const buyer = state.buyers.get(String(asked.billingAccountId))
  if (!buyer) throw new Impossible(404, `there is no billing account ${asked.billingAccountId}`)
  if (plan.isStopSell) throw new Impossible(409, 'the plan is not on sale')
  const offer = offerFor(state, plan, buyer, asked.privateOfferId)
  const { mode, userLimits, prices } = pricingFor(plan, offer)
  const price = termOf(prices, asked.termUnit)
  const quantity = mode === 'perUser' ? seats(asked.quantity, userLimits) : null
  const name = String(asked.name ?? `${product.alias} for ${buyer.name}`)
  const id = state.ids.guid()
  const resource = name.replaceAll(/[^A-Za-z0-9]/g, '') || 'purchase'
  const subscription: Subscription = {
    id,
    publisherId: product.publisherId,
    product: product.guid,
    offerId: product.offerId,
    name,
    status: 'PendingFulfillmentStart',
    planId: plan.planId,
    quantity,
    termUnit: price.termUnit,
    paymentUnit: price.paymentUnit,
    termStart: null,
    termEnd: null,
    autoRenew: asked.autoRenew !== false,
    isPreview: asked.preview === true,
    isTest: asked.test === true,
    isFreeTrial: false,
    isCsp: asked.csp === true,
    beneficiary: partyOf(buyer),
    purchaser: asked.csp === true ? PROVIDER : partyOf(buyer),
    billingAccountId: buyer.billingAccountId,
    privateOffer: offer?.id ?? null,
    azureSubscriptionId: buyer.azureSubscriptionId,
    resourceUri: `/subscriptions/${buyer.azureSubscriptionId}/resourceGroups/marketplace/providers/Microsoft.SaaS/resources/${resource}-${id.slice(0, 8)}`,
    purchasedAt: state.now(),
    activatedAt: null,
    suspendedAt: null,
    endedAt: null,
    holdings: [],
  }
  purchased(state, subscription, state.now())
  return subscription
}

function offerFor(
  state: AzureState,
  plan: Plan,
  buyer: Buyer,
  wanted: unknown,
): PrivateOffer | null {
  const account = buyer.billingAccountId
  if (typeof wanted === 'string') {
    const offer = state.privateOffers.get(wanted.replace(/^private-offer\//, ''))
    if (!offer) throw new Impossible(404, `there is no private offer ${wanted}`)
    if (!covers(state, offer, plan, account)) {
      throw new Impossible(
        409,
        'the private offer was not accepted by this billing account, does not hold today or has another plan',
      )
    }
    return offer
  }
  const offer = wanted === null ? null : coveringOffer(state, plan, account)
  if (plan.isPrivate && !offer) throw new Impossible(409, 'the plan is private')
  return offer
}

function termOf(prices: readonly TermPrice[], wanted: unknown): TermPrice {
  if (wanted !== undefined && !TERM_UNITS.some((unit) => unit === wanted)) {
    throw new Impossible(422, `termUnit must be one of ${TERM_UNITS.join(', ')}`)
  }
  const price = prices.find((one) => wanted === undefined || one.termUnit === wanted)
  if (!price) throw new Impossible(409, `the plan has no term ${wanted}`)
  return price
}

function seats(
  quantity: unknown,
  limits: { readonly min: number; readonly max: number } | null,
): number {
  const { min, max } = limits ?? { min: 1, max: Number.MAX_SAFE_INTEGER }
  if (Number.isInteger(quantity) && Number(quantity) >= min && Number(quantity) <= max) {
    return Number(quantity)
  }
  throw new Impossible(422, `quantity must be a whole number within ${min} and ${max}`)
}

const partyOf = ({ emailId, objectId, tenantId, puid }: Buyer): Party => ({
  emailId,
  objectId,
  tenantId,
  puid,
})
