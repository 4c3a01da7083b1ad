import { availablePlans, planOf } from '../lifecycle/offers.ts'
import { activationAsked } from '../lifecycle/start.ts'
import type { AzureState } from '../state.ts'
import { subscriptionOf } from './landing.ts'
import { forbidden, isOwn, ownSubscription } from './own.ts'
import { badRequest, type Call, type Handlers, type Reply, ServiceRefusal } from './service.ts'
import { offerIdOf, planView, subscriptionView } from './views.ts'

/** Reading subscriptions and their plans, resolving landing page tokens, activation. */
export const subscriptionHandlers: Handlers = {
  FulfillmentOperations_Resolve: resolve,
  FulfillmentOperations_ListSubscriptions: list,
  FulfillmentOperations_GetSubscription: (call) => ({
    status: 200,
    body: subscriptionView(call.state, ownSubscription(call)),
  }),
  FulfillmentOperations_ListAvailablePlans: listPlans,
  FulfillmentOperations_ActivateSubscription: activate,
}

function resolve(call: Call): Reply {
  const { state } = call
  const token = call.header('x-ms-marketplace-token')
  if (!token) throw badRequest(['The x-ms-marketplace-token header is required.'])
  const found = subscriptionOf(state, token)
  if (found === null) throw badRequest(['The token is malformed.'])
  if (found === 'expired') throw badRequest(['The token has expired.'])
  if (!isOwn(state, call.caller, found)) throw forbidden()
  return {
    status: 200,
    body: {
      id: found.id,
      subscriptionName: found.name,
      offerId: offerIdOf(found),
      planId: found.planId,
      ...(found.quantity === null ? {} : { quantity: found.quantity }),
      subscription: subscriptionView(state, found),
    },
  }
}

function list(call: Call): Reply {
  const { state, query } = call
  const own = state.subscriptions.values().filter((one) => isOwn(state, call.caller, one))
  const place = placeOf(query.continuationToken)
  if (place === null) throw badRequest(['The continuationToken is malformed.'])
  const sizes = state.settings().fulfilment.pageSizes
  const size = sizes[place.page % sizes.length] ?? 100
  const page = own.slice(place.from, place.from + size)
  const next = place.from + size
  const link = nextLink(state, { from: next, page: place.page + 1 })
  return {
    status: 200,
    body: {
      subscriptions: page.map((one) => subscriptionView(state, one)),
      ...(next < own.length ? { '@nextLink': link } : {}),
    },
  }
}

type Place = { readonly from: number; readonly page: number }

/** The token of a next page is JSON, as recorded: a range with hexadecimal bounds. */
function nextLink(state: AzureState, place: Place): string {
  const min = `05C1${(place.from * 256 + place.page).toString(16).toUpperCase().padStart(10, '0')}`
  const token = encodeURIComponent(JSON.stringify([{ token: null, range: { min, max: 'FF' } }]))
  const base = `${state.world.origin()}/azure/follow-up/api/saas/subscriptions/`
  return `${base}?continuationToken=${token.toLowerCase().replace('05c1', '05C1')}&api-version=2018-08-31`
}

function placeOf(token: string | undefined): Place | null {
  if (token === undefined) return { from: 0, page: 0 }
  try {
    const min: unknown = JSON.parse(token)[0].range.min
    const place = Number.parseInt(String(min).slice(4), 16)
    if (Number.isNaN(place)) return null
    return { from: Math.floor(place / 256), page: place % 256 }
  } catch {
    return null
  }
}

/** Plans the customer could have now; `sourceOffers` only for the plan asked for, if it is the purchased one. */
function listPlans(call: Call): Reply {
  const { state, query } = call
  const subscription = ownSubscription(call)
  const { product, billingAccountId, planId, privateOffer } = subscription
  const market = state.buyers.get(billingAccountId)?.country ?? 'US'
  const current = planOf(state, product, planId)
  const available = availablePlans(state, product, billingAccountId)
  const plans = current && !available.includes(current) ? [...available, current] : available
  const asked = plans.filter((plan) => query.planId === undefined || plan.planId === query.planId)
  return {
    status: 200,
    body: {
      plans: asked.map((plan) =>
        planView(state, plan, market, query.planId === planId ? privateOffer : null),
      ),
    },
  }
}

function activate(call: Call): Reply {
  const { state } = call
  const subscription = ownSubscription(call)
  switch (subscription.status) {
    case 'PendingFulfillmentStart':
      activationAsked(state, subscription)
      return { status: 200 }
    case 'Subscribed':
      if (state.settings().fulfilment.activateAgain === 'ok') return { status: 200 }
      throw badRequest(['The subscription is already active.'])
    case 'Suspended':
      throw badRequest(['The subscription is suspended.'])
    default:
      throw new ServiceRefusal(404, 'NotFound', 'The subscription is unsubscribed.')
  }
}
