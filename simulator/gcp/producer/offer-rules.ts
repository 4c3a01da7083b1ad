import type { BillingAccount } from '../parties.ts'
import type { GcpContext } from '../state.ts'
import { standardOfferOf } from './catalog.ts'
import type { Violation } from './codec.ts'
import { type Offer, papersOf } from './model.ts'
import { amendmentRules } from './offer-amend.ts'
import { priceRules } from './offer-price-rules.ts'
import { millisOf, plusMonths, startOfDay } from './pacific.ts'
import { createFaults, type Faults } from './rule-parts.ts'

const TITLE_MAX = 256
const INTERNAL_NOTE_MAX = 1500
const CUSTOMER_NOTE_MAX = 120
const FEATURE_NAME_MAX = 128
const FEATURE_VALUE_MAX = 3000
const ACCEPT_MONTHS_MAX = 3
const START_MONTHS_MAX = 12
const TERM_MONTHS_MAX = 84
const BILLING_ACCOUNT = /^billingAccounts\/([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})$/
const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S}\p{Z}]*$/u
const RENEWABLE = [
  'MONTHLY_PRORATED',
  'MONTHLY_NOT_PRORATED',
  'QUARTERLY_NOT_PRORATED',
  'YEARLY_NOT_PRORATED',
]

/** Lengths are checked whenever an offer is written; everything else only to publish it. */
export function draftFaults(offer: any): readonly Violation[] {
  const faults = createFaults()
  lengths(faults, offer, false)
  return faults.found
}

/**
 * Everything that keeps an offer from being published now (PrivateOffer, PrivateOfferDocument: the comments of
 * each field). Empty when nothing does.
 */
export function publishFaults(gcp: GcpContext, record: Offer): readonly Violation[] {
  const offer = record.document.fields
  const now = gcp.now()
  const faults = createFaults()
  lengths(faults, offer, true)
  if (!offer.offerDealType) {
    faults.add('offer_deal_type', 'offer_deal_type must be set to publish the offer.')
  }
  faults.email('customer.email', offer.customer?.email)
  faults.email('partner_contact.email', offer.partnerContact?.email)
  customerRules(gcp, faults, offer)
  const startsAt = termRules(faults, offer, now)
  deadlineRules(faults, offer, now)
  paperRules(gcp, faults, record)
  if (offer.singleProductOffer) {
    featureRules(faults, offer.singleProductOffer.features ?? [])
    priceRules(gcp, faults, { offer, project: record.provider, startsAt })
    amendmentRules(gcp, faults, record)
  } else {
    faults.add('single_product_offer', 'single_product_offer must be set to publish the offer.')
  }
  return faults.found
}

/** What keeps a published offer from being open until another day: only later, within 3 months of publishing. */
export function extensionFaults(record: Offer, time: any, now: number): readonly Violation[] {
  const faults = createFaults()
  const { fields, publishedAt, submittedAt } = record.document
  const deadline = faults.midnight('accept_deadline_time', time, now)
  const before = millisOf(fields.acceptDeadlineTime) ?? 0
  if (deadline !== null && deadline < before) {
    faults.add('accept_deadline_time', 'accept_deadline_time can only be extended.')
  }
  const from = publishedAt ?? submittedAt ?? now
  deadlineRules(faults, { ...fields, acceptDeadlineTime: time }, now, from)
  return faults.found.filter(
    (one, index, all) => all.findIndex((two) => two.description === one.description) === index,
  )
}

function lengths(faults: Faults, offer: any, isPublish: boolean): void {
  const { customer = {}, partnerContact = {} } = offer
  faults.text('title', offer.title, TITLE_MAX, isPublish)
  faults.text('internal_note', offer.internalNote, INTERNAL_NOTE_MAX)
  faults.text('customer_note', offer.customerNote, CUSTOMER_NOTE_MAX)
  faults.text('customer.entity_title', customer.entityTitle, TITLE_MAX, isPublish)
  faults.text('customer.contact', customer.contact, TITLE_MAX, isPublish)
  faults.text('partner_contact.contact', partnerContact.contact, TITLE_MAX, isPublish)
}

function customerRules(gcp: GcpContext, faults: Faults, offer: any): void {
  const field = 'customer.target_billing_account'
  const name = offer.customer?.targetBillingAccount
  if (!name) {
    faults.add(field, `${field} must be set to publish the offer.`)
    return
  }
  const id = BILLING_ACCOUNT.exec(name)?.[1]
  if (!id) {
    faults.add(field, `${field} must be billingAccounts/XXXXXX-XXXXXX-XXXXXX.`)
    return
  }
  const account = gcp.billingAccounts.get(id)
  if (!account || account.isClosed) {
    faults.add(field, `The billing account does not exist.`)
    return
  }
  const isParent = gcp.billingAccounts.values().some((one) => one.resellerParent === id)
  if (isParent) faults.add(field, 'A reseller parent billing account cannot be targeted.')
  if (account.resellerParent !== null) resellerRule(gcp, faults, { offer, account, field })
}

function resellerRule(
  gcp: GcpContext,
  faults: Faults,
  asked: { readonly offer: any; readonly account: BillingAccount; readonly field: string },
): void {
  const base = standardOfferOf(gcp, asked.offer.singleProductOffer?.baseStandardOffer ?? '')
  if (base?.service.isResellable) return
  faults.add(
    asked.field,
    `${asked.account.id} is a reseller subaccount; the service is not resold.`,
  )
}

/** The term; returns when the offer starts, as far as that is known, for what depends on it. */
function termRules(faults: Faults, offer: any, now: number): number | null {
  const { term } = offer
  if (!term) {
    faults.add('term', 'term must be set to publish the offer.')
    return null
  }
  const startsAt = startRules(faults, term, now)
  endRules(faults, term, startsAt ?? startOfDay(now), now)
  renewalRules(faults, offer)
  return startsAt
}

function startRules(faults: Faults, term: any, now: number): number | null {
  const field = 'term.scheduled_start_time'
  if (!term.startPolicy) {
    faults.add('term.start_policy', 'term.start_policy must be set to publish the offer.')
  }
  if (term.startPolicy === 'IMMEDIATE' && term.scheduledStartTime) {
    faults.add(field, `${field} cannot be combined with IMMEDIATE.`)
  }
  if (term.startPolicy !== 'SCHEDULED_START_TIME') return null
  const startsAt = faults.midnight(field, term.scheduledStartTime, now)
  if (startsAt !== null && startsAt > plusMonths(now, START_MONTHS_MAX)) {
    faults.add(field, `${field} cannot exceed one year from the time of publish.`)
  }
  return startsAt
}

function endRules(faults: Faults, term: any, startsAt: number, now: number): void {
  const { endPolicy, durationMonths } = term
  if (!endPolicy) faults.add('term.end_policy', 'term.end_policy must be set to publish the offer.')
  if (endPolicy === 'MATCH_AMENDED_OFFER') {
    faults.add('term.end_policy', 'MATCH_AMENDED_OFFER is currently not supported.')
  }
  if (endPolicy === 'AFTER_DURATION' && !(durationMonths > 0)) {
    faults.add('term.duration_months', 'term.duration_months must be positive.')
  }
  if (endPolicy !== 'SCHEDULED_END_TIME') return
  const field = 'term.scheduled_end_time'
  const endsAt = faults.midnight(field, term.scheduledEndTime, now)
  if (endsAt === null) return
  if (endsAt <= startsAt) faults.add(field, `${field} must be after the start of the offer.`)
  if (endsAt > plusMonths(startsAt, TERM_MONTHS_MAX)) {
    faults.add(field, 'The maximum possible offer duration cannot exceed 7 years.')
  }
}

function renewalRules(faults: Faults, offer: any): void {
  const { maxRenewalCount: renewals = 0, durationMonths = 0 } = offer.term
  const field = 'term.max_renewal_count'
  if (renewals < 0) faults.add(field, `${field} must be non-negative.`)
  const interval = offer.singleProductOffer?.standardIntervalPrice?.standardInterval
  if (renewals > 0 && !RENEWABLE.includes(interval)) {
    faults.add(field, 'Only monthly, quarterly and yearly standard interval offers can be renewed.')
  }
  if ((1 + Math.max(renewals, 0)) * durationMonths > TERM_MONTHS_MAX) {
    const most = 'The maximum possible offer duration, including all renewal terms,'
    faults.add('term.duration_months', `${most} cannot exceed 7 years.`)
  }
}

/** The deadline lies ahead, within 3 months, and before anything of the offer itself begins. */
function deadlineRules(faults: Faults, offer: any, now: number, publishedAt = now): void {
  const field = 'accept_deadline_time'
  const deadline = faults.midnight(field, offer.acceptDeadlineTime, now)
  if (deadline === null) return
  if (deadline > plusMonths(startOfDay(publishedAt), ACCEPT_MONTHS_MAX)) {
    faults.add(field, `${field} must be at most 3 months from the time of publishing.`)
  }
  const { startPolicy, endPolicy, scheduledStartTime, scheduledEndTime } = offer.term ?? {}
  const start = startPolicy === 'SCHEDULED_START_TIME' && scheduledStartTime
  const end = endPolicy === 'SCHEDULED_END_TIME' && scheduledEndTime
  if (start && deadline > (millisOf(start) ?? deadline)) {
    faults.add(field, `${field} must be before or equal to the scheduled start time.`)
  }
  if (end && deadline > (millisOf(end) ?? deadline)) {
    faults.add(field, `${field} must be before or equal to the scheduled end time.`)
  }
}

function featureRules(faults: Faults, features: readonly any[]): void {
  const seen = new Set<string>()
  features.forEach((feature, index) => {
    const field = `single_product_offer.features[${index}]`
    const name = feature.displayName ?? ''
    faults.text(`${field}.display_name`, name, FEATURE_NAME_MAX, true)
    faults.text(`${field}.value`, feature.value, FEATURE_VALUE_MAX)
    if (!PRINTABLE.test(name) || !PRINTABLE.test(feature.value ?? '')) {
      faults.add(field, `${field} has characters that are not allowed.`)
    }
    if (seen.has(name)) faults.add(`${field}.display_name`, 'display_name values must be unique.')
    seen.add(name)
  })
}

function paperRules(gcp: GcpContext, faults: Faults, record: Offer): void {
  if (papersOf(gcp, record.id).length > 0) return
  faults.add(
    'documents',
    'A private offer must include a EULA, either standard or custom, or a statement of work.',
  )
}
