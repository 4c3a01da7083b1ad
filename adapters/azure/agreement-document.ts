import { createHash } from 'node:crypto'
import type {
  AgreementState,
  Awaits,
  Charge,
  Included,
  ToldAgreement,
} from '../../src/agreements/model.ts'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { charge, isCurrency, type MoneyJson, toJson } from '../../src/kernel/money.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { plainRef } from '../../src/kernel/text.ts'
import {
  dayMs,
  endAfter,
  type Instant,
  later,
  readInstant,
  startOf,
} from '../../src/kernel/time.ts'
import {
  type AvailablePlan,
  billingTerm,
  isAtListPrice,
  ratesOf,
  sourceOffer,
} from './available-plans.ts'
import type { Settings } from './settings.ts'
import { isPending, type Subscription, withoutPreview } from './subscription.ts'

/** "SaaS fulfillment Subscription APIs v2": a subscription that is not activated within 30 days is cancelled. */
const activateWithinDays = 30

type Documents = {
  readonly read: Subscription
  readonly plan: AvailablePlan | undefined
  readonly native: unknown
}

/**
 * A subscription in our words. The marketplace does not say when it changed (`lastModified` is retired), nor when or
 * why it ended: one that would not have renewed and is past its term expired, any other was cancelled.
 */
export function readAgreement(
  { read, plan, native }: Documents,
  settings: Settings,
  readAt: Instant,
): ToldAgreement {
  const { id, term } = read
  const created = momentOf(read.created)
  const startsAt = momentOf(term?.startDate) ?? created
  const buyerRef = plainRef(read.beneficiary?.tenantId ?? read.purchaser?.tenantId ?? '')
  if (startsAt === undefined || !buyerRef)
    throw new Problem('internal', `Microsoft’s subscription ${id} has no date or no tenant`)
  const endsAt = endOf(read)
  const value = priceOf(read, plan, settings)
  const state = stateOf(read, endsAt, readAt)
  return {
    agreementRef: id,
    initialRef: id,
    offerRef: sourceOffer(plan),
    listingRef: read.offerId ? withoutPreview(read.offerId) : null,
    planRef: read.planId ?? null,
    buyerRef,
    licenseRefs: [id],
    state,
    nativeStatus: read.saasSubscriptionStatus ?? '',
    awaits: awaitsOf(read, created),
    acceptedAt: created ?? startsAt,
    startsAt,
    endsAt,
    changedAt: null,
    value,
    usageRates: ratesOf(plan),
    charges: value && term?.startDate ? [{ at: startsAt, amount: value } satisfies Charge] : [],
    entitlements: entitlementsOf(read, settings, state, endsAt),
    included: includedOf(read, plan, endsAt),
    fingerprint: fingerprintOf(read),
    native,
  }
}

const states: Readonly<Record<string, AgreementState>> = {
  NotStarted: { is: 'pending' },
  PendingFulfillmentStart: { is: 'pending' },
  Subscribed: { is: 'active' },
  Suspended: { is: 'suspended' },
}

function stateOf(read: Subscription, endsAt: Instant | null, readAt: Instant): AgreementState {
  const word = read.saasSubscriptionStatus ?? ''
  if (word !== 'Unsubscribed') return states[word] ?? { is: 'unknown', word }
  const isOver = read.autoRenew === false && endsAt !== null && endsAt <= readAt
  return { is: 'ended', how: isOver ? 'expired' : 'cancelled' }
}

const awaitsOf = (read: Subscription, created: Instant | undefined): Awaits | null =>
  isPending(read)
    ? { what: 'activation', by: created ? later(created, activateWithinDays * dayMs) : null }
    : null

/** A date-time with or without an offset, which then is UTC; .NET writes year 1 where there is none. */
function momentOf(text: string | null | undefined): Instant | undefined {
  if (!text) return undefined
  const written = text.trim().replace(/(\.\d{9})\d+/, '$1')
  return readInstant(/Z$|[+-]\d\d:\d\d$/.test(written) ? written : `${written}Z`)
}

/** A term's end is its last day, told as that day's midnight; before activation there is none. */
function endOf({ term }: Subscription): Instant | null {
  const last = momentOf(term?.endDate)
  return last === undefined ? null : startOf(endAfter(last))
}

const seatsOf = ({ quantity }: Subscription): string | null =>
  quantity && isDecimal(quantity) ? quantity : null

/** Seats are what the buyer may use; a flat plan entitles to nothing that is counted. */
function entitlementsOf(
  read: Subscription,
  { seatsDimension }: Settings,
  state: AgreementState,
  endsAt: Instant | null,
): ToldAgreement['entitlements'] {
  const quantity = seatsOf(read)
  if (quantity === null || state.is === 'ended') return []
  return [{ dimension: seatsDimension, quantity, licenseRef: read.id, expiresAt: endsAt }]
}

/**
 * What the buyer pays for a term: known where it is the list price of exactly this term, paid once. What a private
 * offer costs, or a term paid in parts, this API does not tell, and a price is that of one payment. A month is paid
 * once; how years are paid `chargeDuration` could say, which is null in all samples of the documents, or the settings.
 */
function priceOf(
  read: Subscription,
  plan: AvailablePlan | undefined,
  { longTerms }: Settings,
): MoneyJson | null {
  const { termUnit, chargeDuration } = read.term ?? {}
  if (read.isFreeTrial || !termUnit || !isAtListPrice(plan)) return null
  const isOnce = termUnit === 'P1M' || longTerms === 'paid_at_once'
  if (chargeDuration ? chargeDuration !== termUnit : !isOnce) return null
  const { currency, price } = billingTerm(plan, termUnit) ?? {}
  if (!currency || !isCurrency(currency) || !price || !isDecimal(price)) return null
  const seats = plan?.isPricePerSeat ? seatsOf(read) : '1'
  return seats === null ? null : toJson(charge({ currency, price }, seats))
}

const withoutLimit = /^(infinite|unlimited)$/i

/** Included units begin anew with each term: "Metered billing for SaaS using the commercial marketplace". */
function includedOf(
  read: Subscription,
  plan: AvailablePlan | undefined,
  endsAt: Instant | null,
): readonly Included[] {
  const from = momentOf(read.term?.startDate)
  if (from === undefined) return []
  const told = billingTerm(plan, read.term?.termUnit ?? null)?.meteredQuantityIncluded ?? []
  return told.flatMap(({ dimensionId: dimension, units, isInfinite }) => {
    const isEndless = isInfinite === true || withoutLimit.test(units ?? '')
    if (!isEndless && !(units && isDecimal(units))) return []
    return [{ dimension, quantity: isEndless ? null : (units ?? null), from, until: endsAt }]
  })
}

/** Of everything the list shows of a subscription, what makes a difference here; orders of words do not. */
export function fingerprintOf(read: Subscription): string {
  const { term, beneficiary, purchaser } = read
  const parts = [
    read.saasSubscriptionStatus,
    read.planId,
    read.quantity,
    read.offerId,
    read.name,
    term?.startDate,
    term?.endDate,
    term?.termUnit,
    term?.chargeDuration,
    read.autoRenew,
    read.isFreeTrial,
    beneficiary?.tenantId,
    purchaser?.tenantId,
    (read.allowedCustomerOperations ?? []).toSorted().join(),
  ]
  const text = JSON.stringify(parts.map((part) => part ?? null))
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
