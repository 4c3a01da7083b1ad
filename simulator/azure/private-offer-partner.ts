import type { PrivateOffer } from './catalog-model.ts'
import { JobFault, type JobScope } from './configure-refs.ts'

/** What a selling partner may write; price base, dates and products are the publisher's. */
const OWN_FIELDS = ['preparedBy', 'notificationContacts', 'termsAndConditionsDocs', 'notes']
const FIXED_FIELDS = ['name', 'variableStartDate', 'start', 'end', 'acceptBy', 'offerPricingType']

/**
 * The selling partner's step of a multiparty offer: draft, live or withdrawn, with a markup and terms of
 * its own ("Create a multiparty private offer": the seller's part).
 */
export function publishAsPartner(
  scope: JobScope,
  offer: PrivateOffer,
  resource: any,
): PrivateOffer {
  const conflict = (message: string): never => {
    throw new JobFault('Conflict', message, `private-offer/${offer.id}`)
  }
  const side = offer.partner
  if (!side || offer.state !== 'live')
    return conflict('The originator has not published the offer.')
  if (offer.subState === 'accepted') return conflict('The private offer has been accepted already.')
  if (resource.state === 'withdrawn') {
    if (side.state !== 'live') return conflict('Only a live private offer can be withdrawn.')
    return keepSide(scope, offer, { ...side, state: 'withdrawn' })
  }
  if (side.state === 'live') return conflict('A submitted private offer must be withdrawn first.')
  const changed = FIXED_FIELDS.find(
    (name) =>
      resource[name] !== undefined &&
      offer.resource[name] !== undefined &&
      resource[name] !== offer.resource[name],
  )
  if (changed) return conflict(`The selling partner cannot change ${changed}.`)
  const pricing: any[] = resource.originatorPricing ?? []
  if (pricing.some((one, at) => differs(one, offer.resource.pricing?.[at]))) {
    return conflict('The selling partner cannot change the pricing of the originator.')
  }
  const usual = resource.markupPercentage
  return keepSide(scope, offer, {
    ...side,
    state: resource.state,
    markups: side.markups.map((markup, at) =>
      String(pricing[at]?.markupPercentage ?? usual ?? markup),
    ),
    own: {
      ...side.own,
      ...Object.fromEntries(
        OWN_FIELDS.filter((name) => resource[name] !== undefined).map((name) => [
          name,
          resource[name],
        ]),
      ),
    },
  })
}

function differs(sent: any, held: any): boolean {
  if (held === undefined) return true
  return ['product', 'plan', 'discountType', 'discountPercentage'].some(
    (name) =>
      sent[name] !== undefined &&
      held[name] !== undefined &&
      JSON.stringify(sent[name]) !== JSON.stringify(held[name]),
  )
}

function keepSide(
  scope: JobScope,
  offer: PrivateOffer,
  partner: NonNullable<PrivateOffer['partner']>,
): PrivateOffer {
  return scope.state.privateOffers.put(offer.id, {
    ...offer,
    partner: { ...partner, modifiedAt: scope.at },
    subState: partner.state === 'live' ? 'pendingAcceptance' : 'pendingPartnerAction',
    modifiedAt: scope.at,
  })
}
