import type { GcpContext } from '../state.ts'
import { moneyOf, nanosOfText } from './amount.ts'
import { encode } from './codec.ts'
import { type Offer, papersOf } from './model.ts'
import { isPriced, startOf, termEndOf, timeline, totalContractValue } from './offer-value.ts'
import { dateTimeOf } from './pacific.ts'

const METADATA = ['title', 'offerDealType', 'customer', 'acceptDeadlineTime']

export type Shown = { readonly isFull: boolean; readonly enums: 'name' | 'number' }

/** A private offer as the API shows it: `isFull` with value, share and timeline (PrivateOfferView). */
export function offerResource(gcp: GcpContext, offer: Offer, shown: Shown): object {
  const { document } = offer
  const isBrief = !shown.isFull && gcp.settings().producer.basicView === 'metadata'
  const fields = isBrief
    ? Object.fromEntries(
        Object.entries(document.fields).filter(([name]) => METADATA.includes(name)),
      )
    : document.fields
  const resource = {
    ...fields,
    name: offer.name,
    state: offer.state,
    createTime: time(document.createdAt),
    updateTime: time(Math.max(document.updatedAt, offer.endedAt ?? 0)),
    publishTime: time(document.publishedAt),
    acceptTime: time(document.acceptedAt),
    cancelTime: time(document.cancelledAt),
    endTime: offer.state === 'ENDED' ? time(offer.endedAt) : undefined,
    cancellationNote: document.cancellationNote,
    ...(document.isReviewed
      ? { publishRequirementGoogleReview: { reviewApproveTime: time(document.reviewedAt) } }
      : {}),
    ...(isBrief ? {} : { singleProductOffer: singleProduct(gcp, offer, shown.isFull) }),
    ...(shown.isFull && document.fields.term ? { term: term(gcp, offer) } : {}),
  }
  return encode('PrivateOffer', resource, shown.enums)
}

/** A document of an offer with its content (PrivateOfferDocument). */
export function paperResource(
  gcp: GcpContext,
  offer: Offer,
  id: string,
  enums: Shown['enums'],
): object | undefined {
  const paper = papersOf(gcp, offer.id).find((one) => one.id === id)
  if (!paper) return undefined
  const resource = {
    name: `${offer.name}/documents/${paper.id}`,
    createTime: time(paper.createdAt),
    updateTime: time(paper.updatedAt),
    documentType: paper.documentType,
    mimeType: paper.mimeType,
    ...(paper.content === '' ? {} : { inlineContent: paper.content }),
  }
  return encode('PrivateOfferDocument', resource, enums)
}

/** When the running term of an offer began and ends, as far as its order or its schedule says. */
export function termOf(gcp: GcpContext, offer: Offer): { startsAt: number; endsAt: number } | null {
  const { fields } = offer.document
  const order = gcp.entitlements.values().find((one) => one.terms.privateOffer === offer.id)
  if (order?.termStartedAt && order.offerEndsAt) {
    return { startsAt: order.termStartedAt, endsAt: order.offerEndsAt }
  }
  const { scheduledStartTime, scheduledEndTime } = fields.term ?? {}
  if (!scheduledStartTime && !scheduledEndTime) return null
  const startsAt = startOf(fields, gcp.now())
  const endsAt = termEndOf(fields, startsAt)
  return endsAt === null ? null : { startsAt, endsAt }
}

function singleProduct(gcp: GcpContext, offer: Offer, isFull: boolean): object | undefined {
  const { fields, published } = offer.document
  const single = fields.singleProductOffer
  if (!single) return undefined
  const level = published ? { serviceLevel: published.serviceLevel } : {}
  if (!isFull) return { ...single, ...level }
  const known = termOf(gcp, offer)
  return {
    ...single,
    ...level,
    ...value(gcp, offer),
    ...(known
      ? { effectiveInstallmentTimeline: timeline(fields, known.startsAt, known.endsAt) }
      : {}),
    ...(published
      ? {
          revenueShare: {
            currentTermVendorNetRevenuePercent: { value: published.currentPercent },
            ...(published.renewalPercent === null
              ? {}
              : { renewalTermVendorNetRevenuePercent: { value: published.renewalPercent } }),
          },
        }
      : {}),
  }
}

function value(gcp: GcpContext, offer: Offer): object {
  const { fields, published } = offer.document
  if (published) {
    const total = moneyOf(nanosOfText(published.totalContractValue))
    return { contractValue: { totalContractValue: total } }
  }
  if (!isPriced(fields)) return {}
  return { contractValue: { totalContractValue: moneyOf(totalContractValue(fields, gcp.now())) } }
}

function term(gcp: GcpContext, offer: Offer): object {
  const known = offer.state === 'ENDED' ? null : termOf(gcp, offer)
  const { term: written } = offer.document.fields
  return known ? { ...written, effectiveTermEndTime: dateTimeOf(known.endsAt) } : written
}

const time = (ms: number | null): string | undefined =>
  ms === null ? undefined : new Date(ms).toISOString()
