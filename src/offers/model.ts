import type { Decimal } from '../kernel/decimal.ts'
import { idField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { MoneyJson } from '../kernel/money.ts'
import type { Code, Reason, Violation } from '../kernel/problem.ts'
import type { Day, Instant } from '../kernel/time.ts'
import { utc } from '../kernel/zone.ts'
import type { Dimension, PlanShape } from '../listings/model.ts'

export type Pricing = {
  /** Sold up front for the term: unit price for the whole term, times quantity. */
  readonly contract?:
    | readonly {
        readonly dimension: string
        readonly quantity: Decimal
        readonly price?: string | undefined
      }[]
    | undefined
  /** Total of the contract part. With priced `contract` rows both must agree. */
  readonly flat?: string | undefined
  /** Price of one unit of use, at most 12 decimals (a marketplace may take fewer). */
  readonly usage?: readonly { readonly dimension: string; readonly rate: Decimal }[] | undefined
  /** Off the public price of use. */
  readonly usageDiscountPercent?: Decimal | undefined
  /** An amount the buyer commits to use up. */
  readonly commitment?:
    | {
        readonly amount: string
        readonly discountPercent: Decimal
        readonly overage: 'list' | 'discounted'
      }
    | undefined
}

/** What the seller promises one buyer, as the caller wrote it: amounts are decimal strings in `currency`. */
export type OfferTerms = {
  readonly name: string
  readonly note?: string | undefined
  readonly contacts: readonly { readonly name: string; readonly email: string }[]
  /** Last day on which the buyer can accept. */
  readonly acceptBy: Day
  readonly start: 'acceptance' | Day
  /** Absent for pay as you go. */
  readonly term?: { readonly months: number } | undefined
  readonly currency: string
  readonly pricing: Pricing
  /** Absent with contract pricing: all of it at acceptance. */
  readonly payments?:
    | readonly { readonly on: 'acceptance' | Day; readonly amount: string }[]
    | undefined
  readonly legal: {
    readonly kind: 'standard' | 'amended' | 'custom'
    readonly documents: readonly string[]
  }
  /** The answer to "is it a renewal?": of which agreement, where it is one of ours, and whether somebody vouches for it. */
  readonly renewal?: { readonly of?: string | undefined; readonly attested: boolean } | undefined
  readonly autoRenew?: { readonly times: number } | undefined
  readonly reseller?:
    | {
        readonly partner: string
        readonly discountPercent: Decimal
        readonly scope: 'single' | 'multi'
        readonly until?: Day | undefined
      }
    | undefined
  readonly crm?: { readonly opportunity: string } | undefined
  /** What only this marketplace has; its adapter's schema checks it. */
  readonly native: Readonly<Record<string, unknown>>
}

/** Everything an adapter needs to build its request. Frozen when the offer is submitted, so a repeat is identical. */
export type OfferOrder = {
  readonly terms: OfferTerms
  readonly listingRef: string
  readonly planRef: string | null
  /** The plan's address for offers, where that is another than `planRef`. */
  readonly planKey: string | null
  readonly planShape: PlanShape | null
  readonly dimensions: readonly Dimension[]
  /** What the buyer is called here; absent in an order that is older than this. */
  readonly buyerName?: string | undefined
  /** The buyer's accounts at this marketplace. */
  readonly buyerRefs: readonly string[]
  /** Addresses of the contract documents, in the order of `terms.legal.documents`. */
  readonly documents: readonly string[]
  /** The day the order was frozen: charges "on acceptance" carry a date somewhere. */
  readonly submittedOn: Day
}

export type PricingPart = 'contract' | 'flat' | 'usage' | 'usageDiscountPercent' | 'commitment'

/** How marketplaces differ, as data, so that a wrong request fails before anything is sent. */
export type OfferTraits = {
  readonly currencies: readonly string[]
  readonly monthsMax: number
  readonly paymentsMax: number
  /** Decimals a usage rate may have. */
  readonly rateDecimalsMax: number
  readonly acceptWithinDaysMax: number | null
  readonly pricing: readonly PricingPart[]
  /** A whole number of units, or any decimal. */
  readonly contractQuantity: 'whole' | 'decimal'
  /** Where `named`, what is sold up front is a price for the term, and units only words: any name will do. Absent: listed. */
  readonly contractUnits?: 'listed' | 'named' | undefined
  /** The time zone whose days an offer's days are; absent: UTC. */
  readonly timeZone?: string | undefined
  /** Whether a person types offers in at the marketplace, from a sheet that we make; absent: we publish them. */
  readonly byHand?: boolean | undefined
  /** Whether an offer can go through a reseller; absent: not here. */
  readonly reseller?: boolean | undefined
  /** Whether it must be said if an offer is a renewal: a lower fee hangs on it, and it cannot be said later. */
  readonly renewalQuestion?: boolean | undefined
  /** Least time between two questions about one operation, whoever asks; absent: a few seconds. */
  readonly pollSeconds?: number | undefined
  /** How often a live offer is looked at, where nobody tells that it was accepted; absent: never. */
  readonly lookEveryMinutes?: number | undefined
}

/** Whose days an offer's days are. */
export const zoneOf = ({ timeZone }: Pick<OfferTraits, 'timeZone'>): string => timeZone ?? utc

/** What an offer is at the marketplace now. `unknown` keeps a word that we do not know, and stops nothing. */
export type OfferStanding =
  | { readonly is: 'open' }
  | { readonly is: 'accepted'; readonly at: Instant | null }
  | { readonly is: 'withdrawn' }
  | { readonly is: 'expired' }
  | { readonly is: 'unknown'; readonly word: string }

/** What a person types in at the marketplace, in the order and the words of its form. */
export type Sheet = {
  readonly title: string
  /** Where it is typed in. */
  readonly url: string
  readonly sections: readonly {
    readonly title: string
    readonly rows: readonly {
      readonly field: string
      readonly value: string
      readonly note?: string | undefined
    }[]
  }[]
}

/** What the newest look at the marketplace saw. */
export type Looked = { readonly at: Instant; readonly standing: OfferStanding }

/** An operation under way: `key` makes its repeat safe, `tries` counts how often the other side failed at it. */
type Underway = { readonly key: string; readonly tries: number; readonly since: Instant }
/** `buyUrl` null: nobody has told us where the buyer accepts. */
type Published = { readonly offerRef: string; readonly buyUrl: string | null }
/** With a `sheet` a person makes the change at the marketplace, and says so. */
type Change = { readonly operation: string | null; readonly sheet?: Sheet | undefined }

/** A change to a live offer that the marketplace would not make. */
export type ChangeRefused = {
  readonly change: 'withdraw' | 'extend'
  readonly at: Instant
  readonly reasons: readonly Reason[]
}

/** Until `publishing` it is ours alone; from then on the marketplace's word is the truth. */
export type OfferState =
  | { readonly is: 'draft' }
  /** `askedAt`: when it was first sent under this key; whether that arrived is not known yet. Null: never. */
  | ({ readonly is: 'submitting'; readonly askedAt: Instant | null } & Underway)
  | ({ readonly is: 'publishing'; readonly operation: string } & Underway)
  /** A person types it in at the marketplace; nobody has told us yet that it is there. */
  | {
      readonly is: 'handed_off'
      readonly sheet: Sheet
      readonly key: string
      readonly since: Instant
    }
  | ({ readonly is: 'live'; readonly changeRefused?: ChangeRefused | undefined } & Published)
  /** `on` is the day the change was asked for. `operation` null: the marketplace has not been told yet. */
  | ({ readonly is: 'withdrawing'; readonly on: Day } & Change & Published & Underway)
  | ({ readonly is: 'extending'; readonly acceptBy: Day } & Change & Published & Underway)
  /** `agreement` null: the buyer has accepted the terms and not subscribed to them yet. */
  | {
      readonly is: 'accepted'
      readonly offerRef: string
      readonly acceptedAt: Instant
      readonly agreement: Id<'agr'> | null
      /** How often we reminded people that nobody has subscribed yet. */
      readonly reminders: number
    }
  /** `offerRef` null: it was handed off, and nobody told us that it was there. */
  | { readonly is: 'expired'; readonly offerRef: string | null }
  /** With `reasons` it was taken down for a change, and the marketplace would not put it back. */
  | {
      readonly is: 'withdrawn'
      readonly offerRef: string | null
      readonly reasons?: readonly Reason[] | undefined
    }
  | { readonly is: 'refused'; readonly reasons: readonly Reason[] }

export const stateNames = [
  'draft',
  'submitting',
  'publishing',
  'handed_off',
  'live',
  'withdrawing',
  'extending',
  'accepted',
  'expired',
  'withdrawn',
  'refused',
] as const satisfies readonly OfferState['is'][]

/** The marketplace's fee on the committed value, by the rules in force when it was computed. */
export type QuotedFee =
  | {
      readonly is: 'known'
      readonly rate: Decimal
      readonly amount: MoneyJson
      readonly rules: readonly string[]
      readonly confidence: 'contract' | 'official' | 'secondary' | 'unconfirmed'
    }
  | { readonly is: 'unknown'; readonly rules: readonly string[]; readonly reason: string }

/** What an offer is worth: computed while it is a draft, frozen when it is submitted. */
export type Quote = {
  /** Committed charges over the term, before tax; use is not in it. */
  readonly tcv: MoneyJson
  readonly acv: MoneyJson
  readonly fee: QuotedFee
  /** Null while the fee is unknown. */
  readonly net: MoneyJson | null
  /** Another rate for all of it starts within a tenth above this value. */
  readonly nextTier: { readonly from: MoneyJson; readonly rate: Decimal } | null
}

/** What the newest attempt to speak to the marketplace ran into; it is tried again unless the job stopped. */
export type OfferProblem = {
  readonly at: Instant
  readonly code: Code
  readonly message: string
}

export type Offer = {
  readonly id: Id<'offer'>
  readonly connection: Id<'conn'>
  readonly listing: Id<'lst'>
  readonly plan: Id<'plan'> | null
  readonly buyer: Id<'buyer'>
  readonly terms: OfferTerms
  readonly state: OfferState
  /** What was sent; null before the first submission and again once the offer is amended. */
  readonly order: OfferOrder | null
  /** The key it was sent under. */
  readonly sentKey: string | null
  /** Null while the money of a draft does not add up. */
  readonly quote: Quote | null
  readonly problem: OfferProblem | null
  /** Null where nobody has looked, or nobody needs to. */
  readonly looked: Looked | null
  /** Whose days its days are. */
  readonly timeZone: string
  /** No buyer can have accepted it before; null until it is handed off or live. */
  readonly openSince: Instant | null
  /** Agreements of its buyer that may have come of it: a person says which. */
  readonly mayBe: readonly Id<'agr'>[]
  /** How many keys its operations have used. */
  readonly keysUsed: number
  /** When its job is to look again. */
  readonly dueAt: Instant | null
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** A contract document, by its address; never changed. */
export type ContractDocument = {
  readonly id: Id<'doc'>
  readonly name: string
  readonly url: string
  readonly createdAt: Instant
}

/** The key of an offer's nth operation: what its marketplace knows a repeat by. */
export const keyOf = (id: Id<'offer'>, n: number): string => (n === 1 ? id : `${id}-${n}`)

/** Whether it goes on with a contract that there was, here or elsewhere. `attested: false` alone is new business. */
export const isRenewal = ({ renewal }: Pick<OfferTerms, 'renewal'>): boolean =>
  renewal?.of !== undefined || renewal?.attested === true

/** The marketplace's own id of the offer, once it has one. */
export const offerRefOf = (state: OfferState): string | null =>
  'offerRef' in state ? state.offerRef : null

export const offerId = idField('offer', 'An offer')
export const documentId = idField('doc', 'A contract document')

export type { Reason, Violation }
