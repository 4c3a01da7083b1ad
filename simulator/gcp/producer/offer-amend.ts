import type { Service } from '../parties.ts'
import type { Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { nanosOf } from './amount.ts'
import { parentOf, standardOfferName, standardOfferOf } from './catalog.ts'
import { type Offer, offerOf } from './model.ts'
import { kindOfPrice, modelsOf } from './offer-price.ts'
import { millisOf } from './pacific.ts'
import type { Faults } from './rule-parts.ts'

const HERE = 'single_product_offer'
const IN_SERVICE = [
  'ENTITLEMENT_ACTIVE',
  'ENTITLEMENT_PENDING_CANCELLATION',
  'ENTITLEMENT_PENDING_PLAN_CHANGE',
  'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
]

/** `{requiredPrivateOffer}`, `{requiredStandardOffer}`, `{optionalOffers}` or `{}` (ResolveAmendmentTarget). */
export type AmendmentTarget = {
  readonly requiredPrivateOffer?: string
  readonly requiredStandardOffer?: string
  readonly optionalOffers?: { readonly privateOffers: readonly string[] }
}

/** Which offer a new one must or may amend, from the orders a billing account has of a product. */
export function amendmentTarget(
  gcp: GcpContext,
  service: Service,
  billingAccount: string,
): AmendmentTarget {
  const orders = ordersOf(gcp, service, billingAccount)
  const names = orders.flatMap((order) => privateOfferName(service, order) ?? [])
  if (service.multipleOrders) {
    return names.length === 0 ? {} : { optionalOffers: { privateOffers: names } }
  }
  const [order] = orders
  if (!order) return {}
  const required = privateOfferName(service, order)
  if (required !== null) return { requiredPrivateOffer: required }
  return { requiredStandardOffer: standardOfferName(service, standardIdOf(service, order)) }
}

/** The order in service that is on an offer, named as an amendment names it; undefined when there is none. */
export function orderToAmend(gcp: GcpContext, record: Offer): Entitlement | undefined {
  const { amendedPrivateOffer, amendedStandardOffer } = record.document.fields.singleProductOffer
  const service = gcp.services.get(record.service)
  if (!service || record.targetBillingAccount === null) return undefined
  const wanted = lastOf(amendedPrivateOffer ?? amendedStandardOffer ?? '')
  return ordersOf(gcp, service, record.targetBillingAccount).find((order) =>
    amendedPrivateOffer
      ? order.terms.privateOffer === wanted
      : order.terms.privateOffer === null && standardIdOf(service, order) === wanted,
  )
}

/** Whether it amends what it must, and fits what it amends (SingleProductOffer.amended_offer). */
export function amendmentRules(gcp: GcpContext, faults: Faults, record: Offer): void {
  const single = record.document.fields.singleProductOffer
  const base = standardOfferOf(gcp, single.baseStandardOffer ?? '')
  const buyer = record.document.fields.customer?.targetBillingAccount?.split('/')[1]
  if (!base || !buyer) return
  targetRule(faults, single, amendmentTarget(gcp, base.service, buyer))
  if (single.amendedStandardOffer) standardRules(gcp, faults, single)
  if (single.amendedPrivateOffer) privateRules(gcp, faults, record)
}

function targetRule(faults: Faults, single: any, target: AmendmentTarget): void {
  const { amendedPrivateOffer: toPrivate, amendedStandardOffer: toStandard } = single
  const { requiredPrivateOffer, requiredStandardOffer, optionalOffers } = target
  const id = (name: string | undefined) => lastOf(name ?? '')
  if (requiredPrivateOffer && id(toPrivate) !== id(requiredPrivateOffer)) {
    faults.add(`${HERE}.amended_private_offer`, `The offer must amend ${requiredPrivateOffer}.`)
  }
  if (requiredStandardOffer && id(toStandard) !== id(requiredStandardOffer)) {
    faults.add(`${HERE}.amended_standard_offer`, `The offer must amend ${requiredStandardOffer}.`)
  }
  const isOptional = optionalOffers?.privateOffers.some((name) => id(name) === id(toPrivate))
  if (toPrivate && !requiredPrivateOffer && !isOptional) {
    faults.add(`${HERE}.amended_private_offer`, 'The billing account has no active order for it.')
  }
  if (toStandard && !requiredStandardOffer) {
    faults.add(`${HERE}.amended_standard_offer`, 'The billing account has no active order for it.')
  }
}

function standardRules(gcp: GcpContext, faults: Faults, single: any): void {
  const amended = standardOfferOf(gcp, single.amendedStandardOffer)
  const field = `${HERE}.amended_standard_offer`
  if (!amended) {
    faults.add(field, `${field} does not exist.`)
    return
  }
  const base = standardOfferOf(gcp, single.baseStandardOffer)
  if (base?.service.name !== amended.service.name) {
    faults.add(field, 'It must be of the same service as the base standard offer.')
  }
  const isFlat = kindOfPrice(firstModel(single)) === 'flat'
  if (isFlat !== (amended.offer.fee !== null)) {
    faults.add(field, 'The price model is not compatible with that of the amended offer.')
  }
}

function privateRules(gcp: GcpContext, faults: Faults, record: Offer): void {
  const offer = record.document.fields
  const field = `${HERE}.amended_private_offer`
  const amended = offerOf(gcp, lastOf(offer.singleProductOffer.amendedPrivateOffer))
  if (!amended || amended.provider !== record.provider) {
    faults.add(field, `${field} does not exist.`)
    return
  }
  if (amended.service !== record.service) {
    faults.add(field, 'It must be of the same service as the base standard offer.')
  }
  const order = gcp.entitlements.values().find((one) => one.terms.privateOffer === amended.id)
  const endsAt = order?.offerEndsAt ?? null
  const isOver = amended.state === 'ENDED' || (endsAt !== null && endsAt <= gcp.now())
  if (isOver) return
  const old = amended.document.fields
  if (offer.offerDealType === 'NEW' && old.offerDealType !== 'NEW') {
    faults.add('offer_deal_type', `NEW is not allowed when amending ${old.offerDealType}.`)
  }
  compatibilityRules(faults, offer, old)
  timeRules(faults, offer, { endsAt, old, now: gcp.now() })
  const upcoming = order?.pending?.startsAt ?? null
  const deadline = offer.acceptDeadlineTime ? millisOf(offer.acceptDeadlineTime) : null
  if (upcoming !== null && deadline !== null && deadline > upcoming) {
    faults.add('accept_deadline_time', 'An accepted amendment starts before this deadline.')
  }
}

/** The rules while the term of the amended offer runs (Active Term Restrictions). */
function compatibilityRules(faults: Faults, offer: any, old: any): void {
  const next = kindOfPrice(firstModel(offer.singleProductOffer))
  const last = kindOfPrice(firstModel(old.singleProductOffer))
  const isFit = next === last || (last === 'usage' && next !== 'flat')
  if (!isFit) {
    faults.add(HERE, 'The price model is not compatible with that of the amended private offer.')
  }
  const before = old.singleProductOffer.standardIntervalPrice
  const after = offer.singleProductOffer.standardIntervalPrice
  const field = `${HERE}.standard_interval_price.standard_interval`
  if (after && !before) {
    faults.add(field, 'The amended offer has custom installments, so must this.')
  }
  const isUsage = next === 'usage' || last === 'usage'
  if (after && before && !isUsage && frequency(after) !== frequency(before)) {
    faults.add(field, 'Switching between different standard frequencies is not supported.')
  }
  const amount = after?.priceModel?.commitment?.commitmentAmount
  const amountBefore = before?.priceModel?.commitment?.commitmentAmount
  if (amount && amountBefore && nanosOf(amount) < nanosOf(amountBefore)) {
    const path = `${HERE}.standard_interval_price.price_model.commitment.commitment_amount`
    faults.add(path, 'The commitment amount must be equal or higher than on the amended offer.')
  }
}

function timeRules(
  faults: Faults,
  offer: any,
  amended: { readonly endsAt: number | null; readonly old: any; readonly now: number },
): void {
  const installments: any[] = amended.old.singleProductOffer.customIntervalPrice?.installments ?? []
  const nextDue = installments
    .map((one) => (one.startTime ? millisOf(one.startTime) : null))
    .find((at) => at !== null && at > amended.now)
  const times = {
    accept_deadline_time: offer.acceptDeadlineTime,
    'term.scheduled_start_time': offer.term?.scheduledStartTime,
  }
  for (const [field, time] of Object.entries(times)) {
    const at = time ? millisOf(time) : null
    if (at !== null && amended.endsAt !== null && at > amended.endsAt) {
      faults.add(field, `${field} must be before or equal to the amended offer's end time.`)
    }
    if (at !== null && nextDue && at > nextDue) {
      faults.add(field, `${field} must not be after the next installment of the amended offer.`)
    }
  }
}

function ordersOf(gcp: GcpContext, service: Service, billingAccount: string): Entitlement[] {
  return gcp.entitlements
    .values()
    .filter(
      (one) =>
        one.service === service.name &&
        one.billingAccount === billingAccount &&
        IN_SERVICE.includes(one.state),
    )
}

function privateOfferName(service: Service, order: Entitlement): string | null {
  const { privateOffer } = order.terms
  return privateOffer === null
    ? null
    : `${parentOf(service.provider)}/privateOffers/${privateOffer}`
}

/** The standard offer an order is on, by the word of its plan. */
function standardIdOf(service: Service, order: Entitlement): string {
  const offers = service.plans.flatMap((plan) => plan.standardOffers)
  const { offer, planWord, plan } = order.terms
  const wanted = offer === null ? planWord : lastOf(offer)
  return offers.find((one) => one.id === wanted)?.id ?? plan
}

const firstModel = (single: any) => modelsOf({ singleProductOffer: single })[0]

const lastOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** Prorated or not, monthly is monthly. */
const frequency = (price: any): string => String(price.standardInterval).split('_')[0] ?? ''
