import type { Table } from '../../world.ts'
import type { PrivateOffer } from '../purchases.ts'
import type { GcpContext } from '../state.ts'

/** What the seller wrote, as decoded proto JSON: camelCase, enums by name. */
export type OfferFields = any

/** The producer API's own part of a private offer. Instants are simulated milliseconds. */
export type OfferDocument = {
  fields: OfferFields
  readonly createdAt: number
  updatedAt: number
  /** When `publish` was called; terms are fixed from here. */
  submittedAt: number | null
  publishedAt: number | null
  acceptedAt: number | null
  cancelledAt: number | null
  cancellationNote: string
  /** Whether Google reviews it, and when it did. */
  isReviewed: boolean
  reviewedAt: number | null
  /** Terms as they stood at publish: exact decimal text, USD and percent. */
  published: Published | null
}

export type Published = {
  readonly serviceLevel: string
  readonly totalContractValue: string
  readonly currentPercent: string
  readonly renewalPercent: string | null
}

export type Offer = PrivateOffer & { document: OfferDocument }

/** A document of a private offer; `content` is base64. */
export type OfferPaper = {
  readonly id: string
  readonly offer: string
  documentType: string
  mimeType: string
  content: string
  readonly createdAt: number
  updatedAt: number
}

export const offerOf = (gcp: GcpContext, id: string): Offer | undefined =>
  gcp.privateOffers.get(id) as Offer | undefined

/** By `{offer}/{document}`. */
export const papers = (gcp: GcpContext): Table<OfferPaper> =>
  gcp.world.table('gcp.privateOfferDocuments')

export const papersOf = (gcp: GcpContext, offer: string): OfferPaper[] =>
  papers(gcp)
    .values()
    .filter((one) => one.offer === offer)

/** Stores an offer that changed now. */
export function touch(gcp: GcpContext, offer: Offer, at = gcp.now()): Offer {
  offer.document.updatedAt = Math.max(at, offer.document.updatedAt)
  gcp.privateOffers.put(offer.id, offer)
  return offer
}
