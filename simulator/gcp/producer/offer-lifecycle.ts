import { badRequest, Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { centsText, type Nanos } from './amount.ts'
import { standardOfferOf } from './catalog.ts'
import { type Offer, offerOf, touch } from './model.ts'
import { publishFaults } from './offer-rules.ts'
import { totalContractValue, vendorPercents } from './offer-value.ts'
import { millisOf } from './pacific.ts'

const HOUR_MS = 3_600_000
const REVIEW_ABOVE: Nanos = 10_000_000n * 1_000_000_000n

/** What happens to offers by themselves: they are reviewed, published, and expire. */
export function registerOffers(gcp: GcpContext): void {
  gcp.timers.on('producer.publish', ({ id }, at) => published(gcp, id, at))
  gcp.timers.on('producer.expire', ({ id }, at) => expired(gcp, id, at))
}

/** Publishes a draft, or with `validateOnly` says whether it could be. */
export function publish(gcp: GcpContext, offer: Offer, validateOnly: boolean): void {
  mustBe(offer, ['DRAFT'], 'published')
  const faults = publishFaults(gcp, offer)
  if (faults.length > 0) {
    const { message, details } = badRequest(faults)
    throw new Refusal(gcp.settings().producer.publishStatus, message, details)
  }
  if (validateOnly) return
  const { document } = offer
  const { fields } = document
  const now = gcp.now()
  const total = totalContractValue(fields, now)
  const { current, renewal } = vendorPercents(fields, total)
  document.published = {
    serviceLevel: standardOfferOf(gcp, fields.singleProductOffer.baseStandardOffer)?.plan.id ?? '',
    totalContractValue: centsText(total),
    currentPercent: current,
    renewalPercent: renewal,
  }
  offer.state = 'PUBLISHING'
  document.submittedAt = now
  document.isReviewed = isReviewed(gcp, fields, total)
  const { publishMs, reviewHours } = gcp.settings().producer
  const due = now + (document.isReviewed ? reviewHours * HOUR_MS : publishMs)
  touch(gcp, offer)
  if (due <= now) published(gcp, offer.id, now)
  else gcp.timers.set('producer.publish', due, { id: offer.id }, `producer.publish:${offer.id}`)
}

/** Takes an offer back before anybody accepted it. */
export function cancel(gcp: GcpContext, offer: Offer, note: string): void {
  mustBe(offer, ['PUBLISHING', 'PUBLISHED'], 'cancelled')
  offer.state = 'CANCELLED'
  offer.document.cancelledAt = gcp.now()
  offer.document.cancellationNote = note
  gcp.timers.cancel(`producer.publish:${offer.id}`)
  gcp.timers.cancel(`producer.expire:${offer.id}`)
  touch(gcp, offer)
}

/** Plans the expiry of a published offer, again when its deadline moved. */
export function planExpiry(gcp: GcpContext, offer: Offer): void {
  const deadline = millisOf(offer.document.fields.acceptDeadlineTime)
  if (deadline === null) return
  gcp.timers.set('producer.expire', deadline, { id: offer.id }, `producer.expire:${offer.id}`)
}

/** Refuses what an offer's state does not allow, in the words of `google.rpc.PreconditionFailure`. */
export function mustBe(offer: Offer, states: readonly string[], done: string): void {
  if (states.includes(offer.state)) return
  const description = `A private offer in state ${offer.state} cannot be ${done}.`
  throw new Refusal('FAILED_PRECONDITION', description, [
    {
      '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
      violations: [{ type: 'STATE', subject: offer.name, description }],
    },
  ])
}

function published(gcp: GcpContext, id: string, at: number): void {
  const offer = offerOf(gcp, id)
  if (offer?.state !== 'PUBLISHING') return
  offer.state = 'PUBLISHED'
  offer.document.publishedAt = at
  if (offer.document.isReviewed) offer.document.reviewedAt = at
  touch(gcp, offer, at)
  planExpiry(gcp, offer)
}

function expired(gcp: GcpContext, id: string, at: number): void {
  const offer = offerOf(gcp, id)
  if (offer?.state !== 'PUBLISHED') return
  offer.state = 'EXPIRED'
  touch(gcp, offer, at)
}

function isReviewed(gcp: GcpContext, fields: any, total: Nanos): boolean {
  const { review } = gcp.settings().producer
  const isLarge = total > REVIEW_ABOVE
  const isOld = fields.offerDealType !== 'NEW'
  if (review === 'both') return isLarge && isOld
  if (review === 'either') return isLarge || isOld
  return review === 'always'
}
