import { type Draft, type Fault, fault, type Handler } from './draft.ts'
import { availableUntil, buyersOf, type Entity, isExpired, isReleased } from './model.ts'

const OFFERS_MIN = 2
const OFFERS_MAX = 7

export function createOfferSet(draft: Draft, id: string, details: any): Entity {
  return {
    id,
    type: 'OfferSet',
    owner: draft.account,
    revision: 0,
    createdAt: draft.at,
    modifiedAt: draft.at,
    details: { Id: id, Name: details.Name, State: 'Draft', AssociatedOffers: [] },
    facts: {},
  }
}

/** Change types of offer sets ("AWS Marketplace Catalog API reference", work with offer sets). */
export const offerSetChanges: Record<string, Handler> = {
  UpdateInformation: {
    apply: (_, set, details) => {
      Object.assign(set.details, details)
      return []
    },
  },
  AssociateOffers: { apply: associate },
  DisassociateOffers: {
    apply: (_, set, details) =>
      closed(set) ??
      keepOffers(set, (id) => !details.Offers.some((one: any) => one.OfferId === id)),
  },
  AssociateSolution: {
    apply: () => [fault('INCOMPATIBLE_SOLUTION_ASSOCIATION', "The solution doesn't exist.")],
  },
  DisassociateSolution: { apply: (_, set) => closed(set) ?? [] },
  ReleaseOfferSet: { apply: () => [], check: release },
}

function closed(set: Entity): Fault[] | null {
  if (set.details.State === 'Draft') return null
  return [fault('INVALID_UPDATE_REQUEST', 'The offer set is already released.')]
}

function keepOffers(set: Entity, wanted: (id: string) => boolean): Fault[] {
  set.details.AssociatedOffers = set.details.AssociatedOffers.filter((one: any) =>
    wanted(one.OfferId),
  )
  return []
}

function associate(draft: Draft, set: Entity, details: any): Fault[] {
  const refused = closed(set)
  if (refused) return refused
  const faults: Fault[] = []
  for (const { OfferId } of details.Offers) {
    const offer = draft.get(OfferId)
    if (offer?.owner !== draft.account || offer.details.OfferSetId !== set.id) {
      faults.push(
        fault(
          'INCOMPATIBLE_OFFER_SET_REFERENCE',
          `Offer ${OfferId} doesn't refer to the offer set.`,
        ),
      )
    } else {
      set.details.AssociatedOffers.push({ OfferId })
    }
  }
  if (set.details.AssociatedOffers.length > OFFERS_MAX) {
    faults.push(fault('TOO_MANY_OFFERS', `Provide up to ${OFFERS_MAX} offers.`))
  }
  return faults
}

function release(draft: Draft, set: Entity): Fault[] {
  const refused = closed(set)
  if (refused) return refused
  const offers: Entity[] = set.details.AssociatedOffers.flatMap(
    (one: any) => draft.get(one.OfferId) ?? [],
  )
  const faults: Fault[] = []
  const say = (code: string, message: string) => faults.push(fault(code, message))
  if (!set.details.BuyerNotes) say('MISSING_BUYER_NOTES', 'Provide BuyerNotes.')
  if (offers.length < OFFERS_MIN) say('MISSING_OFFERS', `Provide at least ${OFFERS_MIN} offers.`)
  const differ = (read: (offer: Entity) => unknown) =>
    new Set(offers.map((offer) => JSON.stringify(read(offer)))).size > 1
  const currency = (offer: Entity) =>
    offer.details.Terms.find((term: any) => term.CurrencyCode)?.CurrencyCode
  if (differ(currency)) say('INCONSISTENT_OFFER_CURRENCY_CODE', 'Use one currency.')
  if (differ(availableUntil)) {
    say('INCONSISTENT_OFFER_AVAILABILITY_END_DATE', 'Use one AvailabilityEndDate.')
  }
  if (differ((offer) => [...buyersOf(offer)].sort())) {
    say('INCONSISTENT_OFFER_TARGETING_RULE', 'Use the same targeting for all offers.')
  }
  if (offers.some((offer) => !isReleased(offer))) say('DRAFT_OFFERS', 'Release all offers first.')
  if (offers.some((offer) => isExpired(offer, draft.at)))
    say('EXPIRED_OFFERS', 'Use offers that are not expired.')
  if (faults.length === 0) {
    set.details.State = 'Released'
    set.facts.releasedAt = draft.at
  }
  return faults
}
