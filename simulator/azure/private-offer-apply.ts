import type { PartnerSide, PrivateOffer } from './catalog-model.ts'
import { JobFault, type JobScope, offerOf } from './configure-refs.ts'
import { readItems, stopSale } from './private-offer-items.ts'
import { publishAsPartner } from './private-offer-partner.ts'
import { checkLive, checkMove, checkOverlap, checkUpgrade } from './private-offer-rules.ts'
import { kindOf } from './private-offer-shape.ts'

/** Fields the service owns or that mean something only inside the request. */
const NOT_KEPT = [
  'id',
  '$schema',
  'resourceName',
  'state',
  'subState',
  'eTag',
  '_etag',
  'lastModified',
  'acceptanceLinks',
  'validations',
]

/**
 * Applies one `private-offer` resource of a job: creates, changes, publishes, withdraws or deletes
 * ("Manage existing private offers via API"). Throws the `JobFault` the job ends with.
 */
export function applyOffer(scope: JobScope, resource: any): PrivateOffer {
  const existing = resource.id === undefined ? undefined : ownOffer(scope, resource.id)
  if (kindOf(resource) === 'multipartyPromotionChannelPartner') {
    if (!existing) throw new JobFault('notFound', 'The resource was not found.', resource.id)
    return publishAsPartner(scope, existing, resource)
  }
  if (existing) {
    checkMove(existing, resource.state)
    checkETag(scope, existing, resource)
    if (kindOf(existing.resource) !== kindOf(resource)) {
      throw new JobFault('Conflict', 'The type of a private offer cannot be changed.', resource.id)
    }
  }
  if (existing && (resource.state === 'withdrawn' || resource.state === 'deleted')) {
    stopSale(scope.state, existing, true)
    return keep(scope, { ...existing, state: resource.state, subState: null })
  }
  return keep(scope, publish(scope, existing, resource))
}

/** The offer as its publisher, or the selling partner it names, may touch it. */
function ownOffer(scope: JobScope, reference: unknown): PrivateOffer {
  const found = offerOf(scope.state, reference)
  const seller = scope.state.publishers.get(scope.publisherId)?.sellerId
  const isMine = found?.publisherId === scope.publisherId
  if (!found || !(isMine || (found.partner && found.partner.sellerId === seller))) {
    throw new JobFault('notFound', 'The requested resource was not found.', String(reference))
  }
  return structuredClone(found)
}

function publish(scope: JobScope, existing: PrivateOffer | undefined, resource: any): PrivateOffer {
  const isLive = resource.state === 'live'
  if (isLive) checkLive(scope, resource)
  const upgraded = resource.upgradedFrom ? checkUpgrade(scope, resource) : undefined
  const isRenewal = resource.customerContractRenewal === true
  if (existing && resource.customerContractRenewal !== undefined) {
    if (isRenewal !== existing.isRenewal) {
      throw new JobFault(
        'Conflict',
        'customerContractRenewal can be set only when the private offer is created.',
        resource.id,
      )
    }
  }
  const id = existing?.id ?? scope.state.ids.guid()
  const full = upgraded ? { ...carried(upgraded), ...resource } : resource
  const { items, pricing } = readItems(scope, id, full)
  const offer: PrivateOffer = {
    id,
    publisherId: scope.publisherId,
    resource: kept({ ...full, ...(full.pricing === undefined ? {} : { pricing }) }),
    state: isLive ? 'live' : 'draft',
    subState: isLive ? firstSubState(resource) : null,
    acceptance: null,
    startsOn: full.start ?? null,
    endsOn: full.end ?? null,
    isRenewal: existing?.isRenewal ?? isRenewal,
    eTag: '',
    partner: isLive ? partnerSide(scope, full) : null,
    items,
    createdAt: existing?.createdAt ?? scope.at,
    modifiedAt: scope.at,
  }
  if (offer.partner) checkOverlap(scope, offer)
  if (isLive) stopSale(scope.state, offer, false)
  return offer
}

/** What an upgrade takes from the accepted offer when it does not say otherwise. */
function carried(old: PrivateOffer) {
  const { beneficiaries, pricing, offerPricingType, preparedBy } = old.resource
  return { beneficiaries, pricing, offerPricingType, preparedBy }
}

function firstSubState(resource: any): PrivateOffer['subState'] {
  const kind = kindOf(resource)
  if (kind === 'cspPromotion') return null
  return kind === 'customerPromotion' ? 'pendingAcceptance' : 'pendingPartnerAction'
}

function partnerSide(scope: JobScope, resource: any): PartnerSide | null {
  const [partner] = resource.partners ?? []
  if (kindOf(resource) !== 'multipartyPromotionOriginator') return null
  return {
    sellerId: String(partner?.id),
    state: 'draft',
    markups: (resource.pricing ?? []).map(() => '0'),
    own: {},
    modifiedAt: scope.at,
  }
}

function checkETag(scope: JobScope, existing: PrivateOffer, resource: any): void {
  const sent = resource.eTag ?? resource._etag
  if (sent === undefined || !scope.state.settings().ingestion.checkETag) return
  if (sent !== existing.eTag) {
    throw new JobFault(
      'Conflict',
      'The resource was changed since it was read: its eTag is another.',
      String(resource.id),
    )
  }
}

function kept(resource: any): any {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !NOT_KEPT.includes(name)))
}

function keep(scope: JobScope, offer: PrivateOffer): PrivateOffer {
  const eTag = `"${scope.state.ids.hex(8)}-0000-0800-0000-${scope.state.ids.hex(8)}0000"`
  return scope.state.privateOffers.put(offer.id, { ...offer, eTag, modifiedAt: scope.at })
}
