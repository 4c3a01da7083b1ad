import { Hono } from 'hono'
import type { PrivateOffer } from './catalog-model.ts'
import { offerOf } from './configure-refs.ts'
import { kindOf } from './private-offer-shape.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

/**
 * The customer's side of private offers, as in the Azure portal's marketplace blade: what waits for the
 * billing account, and taking it ("Accept a private offer", Azure Marketplace documentation). Taking an
 * offer buys nothing and tells the publisher nothing.
 */
export function offerBuyerRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/private-offers', (c) => {
    const account = c.req.query('billingAccountId')
    const mine = state.privateOffers
      .values()
      .filter((offer) => offer.state !== 'draft' && offer.state !== 'deleted')
      .filter((offer) => account === undefined || beneficiariesOf(offer).includes(account))
    return c.json({ privateOffers: mine.map((offer) => portalView(state, offer)) })
  })
  routes.post('/accept', async (c) => {
    const body: any = await c.req.json().catch(() => ({}))
    const offer = offerOf(state, body.offerId)
    if (!offer) return c.json({ error: 'no such private offer' }, 404)
    const account = body.billingAccountId ?? beneficiariesOf(offer)[0]
    const why = refusalOf(state, offer, account)
    if (why !== null) return c.json({ error: why }, 409)
    return c.json(portalView(state, accept(state, offer, account)), 200)
  })
  return routes
}

/** Why a billing account cannot accept an offer now, or null when it can. */
export function refusalOf(
  state: AzureState,
  offer: PrivateOffer,
  billingAccountId: string | undefined,
): string | null {
  if (offer.state === 'withdrawn') return 'the private offer was withdrawn'
  if (offer.state !== 'live') return 'the private offer is not published'
  if (kindOf(offer.resource) === 'cspPromotion') return 'offers to CSP partners need no acceptance'
  if (offer.subState === 'accepted') return 'the private offer was accepted already'
  if (offer.subState === 'pendingPartnerAction') return 'the selling partner has not published it'
  if (billingAccountId === undefined || !beneficiariesOf(offer).includes(billingAccountId)) {
    return 'the private offer is for another billing account'
  }
  const today = dayOf(state.now())
  if (offer.resource.acceptBy && offer.resource.acceptBy < today) {
    return `the private offer had to be accepted by ${offer.resource.acceptBy}`
  }
  return null
}

function accept(state: AzureState, offer: PrivateOffer, billingAccountId: string): PrivateOffer {
  const now = state.now()
  return state.privateOffers.put(offer.id, {
    ...offer,
    subState: 'accepted',
    acceptance: { at: now, billingAccountId },
    startsOn: offer.startsOn ?? dayOf(now),
    modifiedAt: now,
  })
}

function beneficiariesOf(offer: PrivateOffer): string[] {
  return (offer.resource.beneficiaries ?? []).map((one: { readonly id: string }) => one.id)
}

/** The words of the portal: among them those the API never says, Expired and Ended. */
export function portalStatus(state: AzureState, offer: PrivateOffer): string {
  const today = dayOf(state.now())
  if (offer.state === 'withdrawn') return 'Withdrawn'
  if (offer.state === 'draft') return 'Draft'
  if (offer.endsOn !== null && offer.endsOn < today) return 'Ended'
  if (offer.subState === 'accepted' || offer.subState === null) return 'Accepted'
  if (offer.resource.acceptBy && offer.resource.acceptBy < today) return 'Expired'
  return offer.subState === 'pendingAcceptance' ? 'Pending acceptance' : 'Pending partner action'
}

function portalView(state: AzureState, offer: PrivateOffer) {
  return {
    offerId: offer.id,
    name: offer.resource.name,
    status: portalStatus(state, offer),
    acceptBy: offer.resource.acceptBy ?? null,
    startsOn: offer.startsOn,
    endsOn: offer.endsOn,
    preparedBy: offer.partner?.own.preparedBy ?? offer.resource.preparedBy ?? null,
    acceptance: offer.acceptance,
    items: offer.items.map((item) => ({
      product: item.product,
      offerId: state.products.get(item.product)?.offerId ?? null,
      plan: item.plan,
      planId: item.plan === null ? null : (state.plans.get(item.plan)?.planId ?? null),
    })),
  }
}
