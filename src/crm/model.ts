import type { Decimal } from '../kernel/decimal.ts'
import type { Currency } from '../kernel/money.ts'
import type { Day, Instant } from '../kernel/time.ts'

/**
 * The kinds of record kept in a sales system, parents first: a record links only to kinds before its own.
 * `opportunity` is the sales system's own record of the deal, on which a few of our facts are shown.
 */
export const crmKinds = ['offer', 'agreement', 'commitment', 'opportunity'] as const
export type CrmKind = (typeof crmKinds)[number]

export type OfferStatus =
  | 'draft'
  | 'awaiting_approval'
  | 'approved'
  | 'submitting'
  | 'publishing'
  | 'handed_off'
  | 'live'
  | 'withdrawing'
  | 'extending'
  | 'accepted'
  | 'expired'
  | 'withdrawn'
  | 'refused'

export type AgreementStatus =
  | 'pending'
  | 'active'
  | 'suspended'
  | 'cancelling'
  | 'expired'
  | 'cancelled'
  | 'replaced'
  | 'renewed'
  | 'terminated'
  | 'unknown'

/** Amounts are exact decimals in the row's `currency`; percents are numbers of hundredths (`3` is 3 %). Null is not known. */
export type CrmFields = {
  offer: {
    readonly provider: string
    readonly name: string
    readonly offerRef: string | null
    readonly listingRef: string | null
    readonly listingName: string | null
    readonly status: OfferStatus
    /** The marketplace's own words: what it said when it refused. */
    readonly nativeStatus: string | null
    readonly buyUrl: string | null
    readonly type: 'new' | 'renewal'
    readonly acceptBy: Day | null
    readonly startsOn: Day | null
    /** Last day, inclusive, as sales people read it. */
    readonly endsOn: Day | null
    readonly termMonths: string | null
    readonly currency: Currency
    readonly value: Decimal | null
    readonly feePercent: Decimal | null
    readonly netValue: Decimal | null
    /** The buyer's accounts at the marketplace, one a line. */
    readonly buyerRefs: string | null
    readonly payments: 'upfront' | 'schedule' | 'usage' | null
    readonly changedAt: Instant
  }
  agreement: {
    readonly provider: string
    readonly agreementRef: string
    readonly buyerRef: string
    readonly status: AgreementStatus
    readonly nativeStatus: string | null
    readonly acceptedAt: Instant | null
    readonly startsAt: Instant | null
    readonly endsAt: Instant | null
    readonly currency: Currency | null
    readonly value: Decimal | null
    readonly drawn: Decimal | null
    readonly remaining: Decimal | null
    readonly drawnAsOf: Instant | null
    readonly changedAt: Instant
  }
  commitment: {
    readonly provider: string
    readonly instrument: string
    readonly currency: Currency
    readonly committed: Decimal
    readonly startsOn: Day
    readonly endsOn: Day
    readonly drawnThroughUs: Decimal | null
    /** By everybody and of the current period, as are the next two. */
    readonly drawn: Decimal | null
    readonly remaining: Decimal | null
    /** What our sales may still draw: others may have used some of it. */
    readonly headroomAtMost: Decimal | null
    /** What to look at, one word each, comma-separated. */
    readonly flags: string | null
    readonly asOf: Day | null
    readonly confidence: 'high' | 'medium' | 'low' | null
    readonly changedAt: Instant
  }
  opportunity: {
    readonly status: OfferStatus
    readonly buyUrl: string | null
    readonly acceptBy: Day | null
    readonly currency: Currency
    readonly netValue: Decimal | null
  }
}

/** Links: the sales system's own ids (`account`, `opportunity`), or our key of another record (`offer`). */
export type CrmLinks = {
  offer: { readonly account?: string | null; readonly opportunity?: string | null }
  agreement: {
    readonly account?: string | null
    readonly opportunity?: string | null
    readonly offer?: string | null
  }
  commitment: { readonly account?: string | null }
  opportunity: { readonly offer?: string | null }
}

/**
 * Links that people may move there. They are told once and again when ours changes; absent from a row,
 * what stands there stays.
 */
export const sharedLinks = ['account', 'opportunity'] as const

/** A record as the sales system should hold it, in our words. */
export type CrmRow<Kind extends CrmKind = CrmKind> = {
  [K in Kind]: {
    readonly kind: K
    /** Our external id, which never changes; of an opportunity, the sales system's own id. */
    readonly key: string
    readonly fields: CrmFields[K]
    readonly links: CrmLinks[K]
  }
}[Kind]

export type CrmOutcome =
  | { readonly key: string; readonly is: 'saved'; readonly crmRef: string | null }
  /** Try the same row again later. */
  | { readonly key: string; readonly is: 'later'; readonly reason: string }
  /** Somebody must act; `reason` is the sales system's own words, with its code and fields. */
  | {
      readonly key: string
      readonly is: 'refused'
      readonly reason: string
      /** It refused an object or field as such, whatever the row holds: ask `missing`. */
      readonly lacking: boolean
    }

/** What the sales system lacks, or hides from us, before anything can be kept there. */
export type CrmMissing = {
  readonly object: string
  /** Empty when the object itself is missing. */
  readonly fields: readonly string[]
  readonly remedy: string
}

/** Calls of the day, by every program that uses the sales system. */
export type CrmBudget = { readonly used: number; readonly limit: number }

const headroomPercent = 10

/** Whether so few of the day's calls are left that we leave them to others. */
export const isScarce = ({ used, limit }: CrmBudget): boolean =>
  (limit - used) * 100 < limit * headroomPercent
