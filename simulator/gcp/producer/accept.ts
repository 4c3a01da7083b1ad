import { createHash } from 'node:crypto'
import type { AcceptedOffer } from '../purchases.ts'
import { Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { isoMonths } from '../zone.ts'
import { centsText } from './amount.ts'
import { standardOfferOf } from './catalog.ts'
import { type Offer, offerOf, touch } from './model.ts'
import { orderToAmend } from './offer-amend.ts'
import { kindOfPrice, modelsOf, type PriceModel } from './offer-price.ts'
import { instalmentsOf, startOf, termEndOf } from './offer-value.ts'
import { millisOf } from './pacific.ts'

/**
 * The buyer's yes to a published private offer, by its name or bare id. Marks it ACCEPTED and returns what the
 * order needs. Throws `Refusal`: NOT_FOUND for an offer that is not this billing account's, and
 * FAILED_PRECONDITION when it is not open, is taken already, or no longer amends what it must.
 */
export function accept(gcp: GcpContext, offerName: string, billingAccount: string): AcceptedOffer {
  const offer = offerOf(gcp, offerName.slice(offerName.lastIndexOf('/') + 1))
  const account = billingAccount.replace('billingAccounts/', '')
  if (!offer || ['DRAFT', 'PUBLISHING'].includes(offer.state)) throw new Refusal('NOT_FOUND')
  if (offer.targetBillingAccount !== account) {
    throw new Refusal('NOT_FOUND', 'The offer was extended to another billing account.')
  }
  const deadline = millisOf(offer.document.fields.acceptDeadlineTime) ?? 0
  if (offer.state !== 'PUBLISHED' || deadline <= gcp.now()) {
    throw new Refusal('FAILED_PRECONDITION', `The offer is ${offer.state}, not open to accept.`)
  }
  const accepted = terms(gcp, offer)
  offer.state = 'ACCEPTED'
  offer.document.acceptedAt = gcp.now()
  gcp.timers.cancel(`producer.expire:${offer.id}`)
  touch(gcp, offer)
  return accepted
}

/** An offer's name as orders have it: with the project's number and a service nobody should interpret. */
export function orderOfferName(gcp: GcpContext, offer: Offer): string {
  const number = gcp.providers.get(offer.provider)?.projectNumber ?? '0'
  const digits = Number.parseInt(createHash('sha256').update(number).digest('hex').slice(0, 6), 16)
  const isOwn = gcp.settings().producer.offerParent === 'service'
  const service = isOwn ? offer.service : `service.endpoints.private-cp-${digits}.cloud.goog`
  return `projects/${number}/services/${service}/privateOffers/${offer.id}`
}

function terms(gcp: GcpContext, offer: Offer): AcceptedOffer {
  const { fields } = offer.document
  const single = fields.singleProductOffer
  const base = standardOfferOf(gcp, single.baseStandardOffer)
  if (!base) throw new Refusal('FAILED_PRECONDITION', 'The base standard offer has expired.')
  const amendsSomething = single.amendedPrivateOffer ?? single.amendedStandardOffer
  const order = amendsSomething ? orderToAmend(gcp, offer) : undefined
  if (amendsSomething && !order) {
    throw new Refusal('FAILED_PRECONDITION', 'There is no active order for the offer to amend.')
  }
  const { durationMonths, endPolicy, scheduledStartTime, maxRenewalCount } = fields.term
  const from = startOf(fields, gcp.now())
  const endsAt = termEndOf(fields, from) ?? from
  const months = endPolicy === 'AFTER_DURATION' ? durationMonths : null
  return {
    plan: base.plan.id,
    planWord: planWord(base.plan.id, base.plan.kind, months),
    offer: orderOfferName(gcp, offer),
    privateOffer: offer.id,
    service: offer.service,
    provider: offer.provider,
    priceModel: priceModel(modelsOf(fields)[0]),
    months,
    endsAt: months === null ? endsAt : null,
    startsAt: scheduledStartTime ? millisOf(scheduledStartTime) : null,
    renewalsMax: maxRenewalCount ?? 0,
    amends: order?.id ?? null,
    instalments: instalmentsOf(fields, from, endsAt).map((one, index) => ({
      startsAt: index === 0 && !scheduledStartTime ? null : one.startsAt,
      amount: centsText(one.amount),
    })),
  }
}

function planWord(plan: string, kind: 'subscription' | 'usage', months: number | null): string {
  return kind === 'subscription' && months !== null ? `${plan}-${isoMonths(months)}` : plan
}

function priceModel(model: PriceModel): AcceptedOffer['priceModel'] {
  const kind = kindOfPrice(model)
  if (kind === 'flat') return model.usage ? 'flat_usage' : 'flat'
  return kind === 'usage' ? 'usage' : 'commitment'
}
