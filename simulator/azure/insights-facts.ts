import type { PrivateOffer } from './catalog-model.ts'
import type { Row } from './insights-select.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

const NO_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'

/** Columns that mean the same in every dataset: who bought what, how, and on which private offer. */
export function common(
  state: AzureState,
  subscription: Subscription,
  bought: { readonly planId: string; readonly privateOffer: string | null },
): Row {
  const product = state.products.get(subscription.product)
  const plan = state.plans
    .values()
    .find((one) => one.product === subscription.product && one.planId === bought.planId)
  const buyer = state.buyers.get(subscription.billingAccountId)
  const sku = bought.planId
  return {
    // All zeros for SaaS; the purchase is told by AssetId and ReferenceId.
    MarketplaceSubscriptionId: NO_SUBSCRIPTION,
    OfferType: 'SaaS',
    AzureLicenseType: licenseType(state, subscription),
    MarketplaceLicenseType: 'Billed through Azure',
    Sku: sku,
    SKU: sku,
    PlanId: sku,
    IsPreviewSKU: yesNo(subscription.isPreview),
    CloudInstanceName: 'AzureGlobal',
    ServicePlanName: plan?.name ?? '',
    OfferName: product?.alias ?? '',
    OfferId: subscription.offerId,
    DeploymentMethod: 'SaaS',
    CustomerCountry: buyer?.country ?? '',
    CustomerCompanyName: buyer?.name ?? '',
    CustomerName: buyer?.name ?? '',
    CustomerId: subscription.purchaser.tenantId,
    BillingAccountId: subscription.billingAccountId,
    ReferenceId: subscription.id,
    IsPrivatePlan: yesNo(plan?.isPrivate ?? false),
    ...offerColumns(state, bought.privateOffer),
  }
}

export function licenseType(state: AzureState, subscription: Subscription): string {
  if (subscription.isCsp) return 'Cloud Solution Provider'
  const buyer = state.buyers.get(subscription.billingAccountId)
  return buyer?.kind === 'EA' ? 'Enterprise' : 'Pay as You Go'
}

export function yesNo(value: boolean): string {
  return value ? 'True' : 'False'
}

/** `2026-03-01`, the month of a moment. */
export function month(at: number): string {
  return `${dayOf(at).slice(0, 7)}-01`
}

/** `2026-03-15T23:06:06Z`; empty for what has not happened. */
export function stamp(at: number | null): string {
  return at === null ? '' : `${new Date(at).toISOString().slice(0, 19)}Z`
}

function offerColumns(state: AzureState, id: string | null): Row {
  const offer = id === null ? undefined : state.privateOffers.get(id)
  const prefix = state.settings().analytics.privateOfferPrefix ? 'private-offer/' : ''
  return {
    IsPrivateOffer: yesNo(offer !== undefined),
    PrivateOfferId: offer ? `${prefix}${offer.id}` : '',
    PrivateOfferName: offer?.resource.name ?? '',
    MultiParty: yesNo(offer?.partner != null),
    PartnerInfo: offer ? partnerName(offer) : '',
    SalesNotes: offer?.resource.notes ?? '',
  }
}

function partnerName(offer: PrivateOffer): string {
  return offer.partner ? String(offer.resource.partners?.[0]?.partnerName ?? '') : ''
}
