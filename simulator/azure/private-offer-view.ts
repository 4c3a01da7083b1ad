import type { PrivateOffer } from './catalog-model.ts'
import { compareVersions, schemaOf } from './catalog-versions.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

/**
 * A private offer as the API shows it to its publisher, or to the selling partner it names. Fields that
 * came with a newer schema than the one answered in are left out.
 */
export function offerView(
  state: AzureState,
  offer: PrivateOffer,
  viewer: { readonly publisherId: string; readonly version: string },
): any {
  const isPartner = offer.publisherId !== viewer.publisherId
  const isOld = compareVersions(viewer.version, '2023-07-15') < 0
  const { offerPricingType, ...rest } = isPartner
    ? partnerFields(state, offer)
    : ownFields(state, offer)
  const links = acceptanceLinks(offer)
  return {
    id: `private-offer/${offer.id}`,
    ...rest,
    ...(isOld ? {} : { offerPricingType }),
    state: isPartner ? (offer.partner?.state ?? offer.state) : offer.state,
    ...(offer.subState === null ? {} : { subState: offer.subState }),
    ...(rest.beneficiaries === undefined
      ? {}
      : {
          beneficiaries: rest.beneficiaries.map((one: any) => ({
            beneficiaryRecipients: null,
            ...one,
          })),
        }),
    ...(offer.startsOn === null ? {} : { start: offer.startsOn }),
    lastModified: dayOf(offer.modifiedAt),
    ...(links.length === 0 ? {} : { acceptanceLinks: links }),
    [isOld ? '_etag' : 'eTag']: offer.eTag,
    $schema: schemaOf(state, 'private-offer', viewer.version),
  }
}

/** Links the seller must send on; there are none until the offer waits for its customer. */
export function acceptanceLinks(offer: PrivateOffer) {
  if (offer.subState !== 'pendingAcceptance' && offer.subState !== 'accepted') return []
  return (offer.resource.beneficiaries ?? []).map((one: { readonly id: string }) => ({
    beneficiaryId: one.id,
    link: `https://aka.ms/privateOffer?offerId=${offer.id}`,
  }))
}

function ownFields(state: AzureState, offer: PrivateOffer): any {
  const { pricing } = offer.resource
  return {
    ...offer.resource,
    offerPricingType: offer.resource.offerPricingType ?? 'editExistingOfferPricingOnly',
    ...(pricing === undefined ? {} : { pricing: named(state, pricing) }),
  }
}

function partnerFields(state: AzureState, offer: PrivateOffer): any {
  const { pricing = [], termsAndConditionsDocs, notes: _, preparedBy: __, ...rest } = offer.resource
  return {
    ...rest,
    notificationContacts: [],
    ...offer.partner?.own,
    offerPricingType: offer.resource.offerPricingType ?? 'editExistingOfferPricingOnly',
    privateOfferType: 'multiPartyPromotionChannelPartner',
    originatorTermsAndConditionsDocs: termsAndConditionsDocs ?? [],
    termsAndConditionsDocs: offer.partner?.own.termsAndConditionsDocs ?? [],
    originatorPricing: named(state, pricing).map((one: any, at: number) => ({
      ...one,
      markupPercentage: offer.partner?.markups[at] ?? '0',
    })),
  }
}

function named(state: AzureState, pricing: any[]): any[] {
  return pricing.map((one) => {
    const product = state.products.get(String(one.product).split('/')[1] ?? '')
    const plan = state.plans.get(String(one.plan).split('/')[2] ?? '')
    return {
      ...one,
      ...(product ? { productName: product.alias } : {}),
      ...(plan ? { planName: plan.name } : {}),
    }
  })
}
