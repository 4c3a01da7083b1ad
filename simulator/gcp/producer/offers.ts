import { badRequest, Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { parentOf, standardOfferOf } from './catalog.ts'
import { decode, type Violation } from './codec.ts'
import { patched } from './mask.ts'
import { type Offer, offerOf, papers, papersOf, touch } from './model.ts'
import { mustBe, planExpiry } from './offer-lifecycle.ts'
import { draftFaults, extensionFaults } from './offer-rules.ts'

/** The private offer of a project, by bare id. Throws `NOT_FOUND`. */
export function findOffer(gcp: GcpContext, project: string, id: string): Offer {
  const offer = offerOf(gcp, id)
  if (!offer || offer.provider !== project) throw new Refusal('NOT_FOUND')
  return offer
}

/** Offers of a project that lists show by now, oldest first. */
export function listedOffers(gcp: GcpContext, project: string): Offer[] {
  const { listLagMs } = gcp.settings().producer
  return (gcp.privateOffers.values() as Offer[]).filter(
    (one) => one.provider === project && one.document.createdAt + listLagMs <= gcp.now(),
  )
}

/** A new draft. Incomplete is fine, too long or malformed is not. */
export function createOffer(gcp: GcpContext, project: string, body: unknown): Offer {
  const fields = readOffer(body)
  const id = gcp.ids.guid()
  const now = gcp.now()
  const offer: Offer = {
    id,
    name: `${parentOf(project)}/privateOffers/${id}`,
    provider: project,
    state: 'DRAFT',
    endedAt: null,
    ...keys(gcp, fields),
    document: {
      fields,
      createdAt: now,
      updatedAt: now,
      submittedAt: null,
      publishedAt: null,
      acceptedAt: null,
      cancelledAt: null,
      cancellationNote: '',
      isReviewed: false,
      reviewedAt: null,
      published: null,
    },
  }
  gcp.privateOffers.put(id, offer)
  return offer
}

/** Overwrites fields of a draft; of a published offer only its deadline, and only to a later day. */
export function updateOffer(gcp: GcpContext, offer: Offer, body: unknown, mask: string): Offer {
  const wanted = readOffer(body)
  const { value, faults, paths } = patched('PrivateOffer', offer.document.fields, wanted, mask)
  refuse(faults)
  if (offer.state !== 'DRAFT') {
    const isExtension = paths.length === 1 && paths[0] === 'acceptDeadlineTime'
    mustBe(offer, isExtension ? ['PUBLISHED'] : ['DRAFT'], 'updated')
    refuse(extensionFaults(offer, value.acceptDeadlineTime, gcp.now()))
  }
  refuse(draftFaults(value))
  const { name: _, ...fields } = value
  const changed: Offer = { ...offer, ...keys(gcp, fields) }
  changed.document = { ...offer.document, fields }
  touch(gcp, changed)
  if (changed.state === 'PUBLISHED') planExpiry(gcp, changed)
  return changed
}

/** Removes a draft; one with documents only with `force`. */
export function deleteOffer(gcp: GcpContext, offer: Offer, force: boolean): void {
  mustBe(offer, ['DRAFT'], 'deleted')
  const children = papersOf(gcp, offer.id)
  if (children.length > 0 && !force) {
    throw new Refusal('FAILED_PRECONDITION', `${offer.name} has documents; use force to delete it.`)
  }
  for (const one of children) papers(gcp).delete(`${offer.id}/${one.id}`)
  gcp.privateOffers.delete(offer.id)
}

/** Throws INVALID_ARGUMENT with all faults, when there are any. */
export function refuse(faults: readonly Violation[]): void {
  if (faults.length > 0) throw badRequest(faults)
}

function readOffer(body: unknown): any {
  const { value, faults } = decode('PrivateOffer', body ?? {})
  refuse(faults)
  const { name: _, ...fields } = value
  refuse(draftFaults(fields))
  return fields
}

/** What everybody else reads of an offer: whom it is for and of which product. */
function keys(gcp: GcpContext, fields: any) {
  const base = standardOfferOf(gcp, fields.singleProductOffer?.baseStandardOffer ?? '')
  const buyer: string | undefined = fields.customer?.targetBillingAccount
  return {
    service: base?.service.name ?? '',
    targetBillingAccount: buyer?.replace('billingAccounts/', '') ?? null,
  }
}
