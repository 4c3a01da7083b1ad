import type {
  AgreementViewSummary,
  DescribeAgreementOutput,
} from '@aws-sdk/client-marketplace-agreement'
import type {
  AgreementState,
  Charge,
  EndedHow,
  Entitlement,
  RemoteAgreement,
} from '../../src/agreements/model.ts'
import { compare, isZero } from '../../src/kernel/decimal.ts'
import type { MoneyJson } from '../../src/kernel/money.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, instant } from '../../src/kernel/time.ts'
import { licensesOf } from './entitlements.ts'
import { readEnd, readMoney } from './native-values.ts'
import type { Term, Terms } from './terms.ts'

/** Everything AWS says about one agreement: SearchAgreements, DescribeAgreement, GetAgreementTerms, GetEntitlements. */
export type Documents = {
  readonly summary: AgreementViewSummary
  readonly detail: DescribeAgreementOutput
  readonly terms: Terms
  readonly accepted: readonly Term[]
  readonly entitlements: readonly Entitlement[]
  /** GetEntitlements' own answer. */
  readonly native: unknown
}

/** One agreement in our words. Throws `internal` when AWS leaves out what makes it an agreement. */
export function readAgreement(agreementRef: string, documents: Documents): RemoteAgreement {
  const { summary, detail, terms, accepted, entitlements, native } = documents
  const acceptance = detail.acceptanceTime ?? summary.acceptanceTime
  const buyerRef = detail.acceptor?.accountId ?? summary.acceptor?.accountId
  if (!acceptance || !buyerRef)
    throw new Problem('internal', `AWS agreement ${agreementRef} has no acceptance or no acceptor`)
  const acceptedAt = instant(acceptance)
  const proposal = detail.proposalSummary ?? summary.proposalSummary
  const nativeStatus = detail.status ?? summary.status ?? ''
  const value = readMoney(
    detail.estimatedCharges?.currencyCode,
    detail.estimatedCharges?.agreementValue,
  )
  return {
    agreementRef,
    initialRef: detail.initialAgreementId ?? summary.initialAgreementId ?? agreementRef,
    offerRef: proposal?.offerId ?? null,
    listingRef: proposal?.resources?.[0]?.id ?? null,
    planRef: null,
    buyerRef,
    licenseRefs: licensesOf(summary.entitlements),
    state: readState(nativeStatus),
    nativeStatus,
    awaits: null,
    acceptedAt,
    startsAt: instant(detail.startTime ?? summary.startTime ?? acceptance),
    endsAt: readEnd(detail.endTime ?? summary.endTime),
    changedAt: instant(summary.lastUpdateTime ?? acceptance),
    value,
    usageRates: terms.usageRates,
    charges: chargesOf(terms, value, acceptedAt),
    entitlements,
    included: [],
    fingerprint: null,
    native: { summary, agreement: detail, terms: accepted, entitlements: native },
  }
}

/** DescribeAgreement's statuses; ARCHIVED, ROLLED_BACK and SUPERSEDED have no documented meaning. */
const endedHow: Readonly<Record<string, EndedHow>> = {
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
  RENEWED: 'renewed',
  REPLACED: 'replaced',
  TERMINATED: 'terminated',
}

function readState(status: string): AgreementState {
  if (status === 'ACTIVE') return { is: 'active' }
  const how = endedHow[status]
  return how ? { is: 'ended', how } : { is: 'unknown', word: status }
}

/**
 * The schedule; without one the whole contract is billed at acceptance ("Viewing and subscribing to a private offer"
 * of the Buyer Guide). Told only where the terms add up to the agreement's value: after an amendment they do not,
 * and AWS does not say when the amendment was billed.
 */
function chargesOf(terms: Terms, value: MoneyJson | null, acceptedAt: Instant): readonly Charge[] {
  const { scheduled, upfront } = terms
  if (scheduled.length > 0 || !upfront || !value) return scheduled
  const isWhole =
    upfront.currency === value.currency &&
    !isZero(value.amount) &&
    compare(upfront.amount, value.amount) === 0
  return isWhole ? [{ at: acceptedAt, amount: value }] : []
}
