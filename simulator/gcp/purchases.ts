/** A buyer as one provider sees it. */
export type Account = {
  readonly id: string
  readonly provider: string
  readonly billingAccount: string
  readonly createdMicros: number
  updatedMicros: number
  /** The one approval there is. `since` is simulated milliseconds. */
  signup: {
    state: 'PENDING' | 'APPROVED' | 'REJECTED'
    reason: string
    updatedMicros: number
    since: number
  }
}

export type EntitlementState =
  | 'ENTITLEMENT_ACTIVATION_REQUESTED'
  | 'ENTITLEMENT_ACTIVE'
  | 'ENTITLEMENT_PENDING_CANCELLATION'
  | 'ENTITLEMENT_CANCELLED'
  | 'ENTITLEMENT_PENDING_PLAN_CHANGE'
  | 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL'

/** What a standard or private offer gives an order. Instants are Pacific midnights. */
export type Terms = {
  /** Service level, `pro`. */
  readonly plan: string
  /** What `Entitlement.plan` says: the service level, with a duration where it was bought for one. */
  readonly planWord: string
  /** `projects/{number}/services/{s}/privateOffers/{id}` or `…/standardOffers/{id}`; null for usage plans. */
  readonly offer: string | null
  /** Bare id of the private offer, or null. */
  readonly privateOffer: string | null
  readonly priceModel: 'flat' | 'flat_usage' | 'usage' | 'commitment'
  /** Months of the term; null with a fixed end or without a term. */
  readonly months: number | null
  readonly endsAt: number | null
  /** When it is scheduled to start; null is at once. */
  readonly startsAt: number | null
  /** How often the term renews; null is without end. */
  readonly renewalsMax: number | null
}

/** What accepting a private offer hands to the order; `instalments` in the order they fall due. */
export type AcceptedOffer = Terms & {
  readonly privateOffer: string
  readonly offer: string
  /** Service name of the product. */
  readonly service: string
  readonly provider: string
  /** Whether it must replace the offer of an order that the buyer has (bare entitlement id), or makes a new one. */
  readonly amends: string | null
  readonly instalments: readonly { readonly startsAt: number | null; readonly amount: string }[]
}

export type Entitlement = {
  /** Also the order id. */
  readonly id: string
  readonly provider: string
  readonly account: string
  readonly billingAccount: string
  readonly service: string
  state: EntitlementState
  terms: Terms
  /** The seller (or automatic approval) said yes; until the start it waits. */
  isApproved: boolean
  /** When it starts, once approved. */
  startsAt: number | null
  /** Begin and end of the term that runs. */
  termStartedAt: number | null
  offerEndsAt: number | null
  renewals: number
  /** The private offer it was bought with has ended, and usage is billed at list price. */
  isAtListPrice: boolean
  /** The order's end, where it has one. */
  subscriptionEndsAt: number | null
  pending: { readonly terms: Terms; readonly startsAt: number | null } | null
  /** Service Control's consumer, `project_number:625643682501`. */
  readonly consumer: string
  /** Whether its usage is reported at all. */
  hasUsage: boolean
  /** When the consumer id shows, after becoming active. */
  consumerShowsAt: number | null
  readonly benefitIds: readonly string[]
  messageToUser: string
  cancellationReason: string
  activatedAt: number | null
  endedAt: number | null
  /** Every private offer it was ever on or asked to move to, by name. */
  offerHistory: string[]
  readonly createdMicros: number
  updatedMicros: number
}

/**
 * A private offer as everybody here needs it; `document` is the producer API's own. The lifecycle of orders
 * moves `ACCEPTED` to `ENDED` when the term of the order ends.
 */
export type PrivateOffer = {
  /** Last segment of its name. */
  readonly id: string
  /** `projects/{p}/locations/global/privateOffers/{id}` */
  readonly name: string
  readonly provider: string
  readonly service: string
  state: 'DRAFT' | 'PUBLISHING' | 'PUBLISHED' | 'ACCEPTED' | 'CANCELLED' | 'EXPIRED' | 'ENDED'
  readonly targetBillingAccount: string | null
  endedAt: number | null
  document: any
}
