import { createHash } from 'node:crypto'
import type {
  AgreementState,
  Awaits,
  RemoteAgreement,
  ToldAgreement,
} from '../../src/agreements/model.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { plainRef } from '../../src/kernel/text.ts'
import { dayMs, type Instant, later, readInstant } from '../../src/kernel/time.ts'
import { type AcceptedOffer, chargesOf, scheduledStart, worthOf } from './accepted-offer.ts'
import {
  buyerOf,
  type Entitlement,
  idOf,
  isApproved,
  privateOfferOf,
  serviceOf,
  states,
} from './entitlement.ts'
import { planRefOf } from './metrics.ts'
import type { GcpSettings } from './settings.ts'

/** A term that ended is told within this time; what is cancelled later had gone on without a term. */
const endToldWithinMs = 2 * dayMs
/** How long an end may lie behind before an order that is still active counts as one without end. */
const renewalToldWithinMs = dayMs

type Documents = {
  readonly read: Entitlement
  /** As it came. */
  readonly native: unknown
  readonly offer: AcceptedOffer | undefined
  readonly rates: RemoteAgreement['usageRates']
}

/**
 * An entitlement in our words: "Manage customer entitlements". Google tells no time of acceptance but the order's making.
 */
export function readAgreement(
  { read, native, offer, rates }: Documents,
  settings: GcpSettings,
  readAt: Instant,
): ToldAgreement {
  const agreementRef = idOf(read)
  const createdAt = momentOf(read.createTime) ?? momentOf(read.updateTime)
  if (createdAt === undefined)
    throw new Problem('internal', `Google’s entitlement ${agreementRef} has no date`)
  const isWaiting = read.state === states.requested
  const scheduled = isWaiting ? momentOf(read.newOfferStartTime) : undefined
  const startsAt = scheduled ?? scheduledStart(offer) ?? createdAt
  return {
    agreementRef,
    initialRef: agreementRef,
    offerRef: privateOfferOf(read.offer),
    listingRef: serviceOf(read),
    planRef: read.plan ? planRefOf(settings, serviceOf(read), read.plan) : null,
    buyerRef: plainRef(buyerOf(read)),
    licenseRefs: read.usageReportingId ? [read.usageReportingId] : [],
    state: stateOf(read),
    nativeStatus: read.state ?? '',
    awaits: awaitsOf(read),
    acceptedAt: createdAt,
    startsAt,
    endsAt: endOf(read, readAt),
    changedAt: momentOf(read.updateTime) ?? null,
    value: worthOf(offer),
    usageRates: rates,
    charges: chargesOf(offer, startsAt),
    entitlements: [],
    included: [],
    fingerprint: fingerprintOf(read, readAt),
    native,
  }
}

const stateByWord: Readonly<Record<string, AgreementState>> = {
  [states.requested]: { is: 'pending' },
  [states.active]: { is: 'active' },
  [states.changing]: { is: 'active' },
  [states.changeRequested]: { is: 'active' },
  [states.cancelling]: { is: 'cancelling' },
  [states.suspended]: { is: 'suspended' },
}

/** Why it ended goes by its dates: of `cancellationReason` Google says that its words may change. */
function stateOf(read: Entitlement): AgreementState {
  const word = read.state ?? ''
  if (word !== states.cancelled) return stateByWord[word] ?? { is: 'unknown', word }
  const end = termEnd(read)
  const endedAt = momentOf(read.updateTime)
  const isOver =
    end !== undefined &&
    endedAt !== undefined &&
    end <= endedAt &&
    endedAt < later(end, endToldWithinMs)
  return { is: 'ended', how: isOver ? 'expired' : 'cancelled' }
}

function awaitsOf(read: Entitlement): Awaits | null {
  if (read.state === states.requested && !isApproved(read)) return { what: 'approval', by: null }
  if (read.state !== states.changeRequested || !read.newPendingPlan) return null
  const offerRef = privateOfferOf(read.newPendingOffer)
  return { what: 'change', by: null, planRef: read.newPendingPlan, offerRef }
}

const termEnd = (read: Entitlement): Instant | undefined =>
  momentOf(read.offerEndTime) ?? momentOf(read.subscriptionEndTime)

/**
 * Until when it runs. A usage-based private offer that ends leaves its order active at list price, with the end in
 * the past: "Manage entitlements for private offers".
 */
function endOf(read: Entitlement, readAt: Instant): Instant | null {
  const end = termEnd(read)
  return end === undefined || isPastTerm(read, readAt) ? null : end
}

/** Whether an order goes on after its term, without another. */
export function isPastTerm(read: Entitlement, readAt: Instant): boolean {
  const end = termEnd(read)
  const goesOn = stateByWord[read.state ?? '']?.is === 'active'
  return goesOn && end !== undefined && later(end, renewalToldWithinMs) <= readAt
}

const momentOf = (text: string | null | undefined): Instant | undefined =>
  text ? readInstant(text) : undefined

/** Of all that the list shows of an entitlement, and whether its term is over. */
export function fingerprintOf(read: Entitlement, readAt: Instant): string {
  const parts = Object.entries(read).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([parts, isPastTerm(read, readAt)])
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
