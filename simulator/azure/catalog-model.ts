/** Where Microsoft sends buyers and events, and whose tokens it takes; preview and live differ. */
export type TechnicalConfiguration = {
  landingPageUrl: string
  connectionWebhook: string
  tenantId: string
  appId: string
}

/** A SaaS offer. */
export type Product = {
  readonly guid: string
  readonly publisherId: string
  /** Offer id chosen by the publisher. */
  readonly offerId: string
  readonly type: 'softwareAsAService'
  alias: string
  readonly createdAt: number
  /** Made through `configure`: preview and live have it once it was published there. */
  readonly isMade: boolean
  live: TechnicalConfiguration
  preview: TechnicalConfiguration
  /** Custom meters by their id. */
  meters: Record<string, { readonly displayName: string; readonly unitOfMeasure: string }>
  listing: {
    readonly title: string
    readonly summary: string
    readonly description: string
    readonly categories: readonly string[]
  }
}

export type Plan = {
  readonly guid: string
  readonly product: string
  /** Plan id chosen by the publisher, or generated for a plan made by a private offer. */
  readonly planId: string
  name: string
  description: string
  isPrivate: boolean
  isStopSell: boolean
  /** As of a product. */
  readonly isMade: boolean
  /** Private offer that made this plan, and the public plan it was made from. */
  readonly privateOffer: string | null
  readonly basePlan: string | null
  pricing: Pricing
}

export const TERM_UNITS = ['P1M', 'P1Y', 'P2Y', 'P3Y', 'P4Y', 'P5Y'] as const
export type TermUnit = (typeof TERM_UNITS)[number]

/** What a plan costs, in US dollars. */
export type Pricing = {
  mode: 'flatRate' | 'perUser'
  /** Seats a buyer may take; only for `perUser`. */
  userLimits: { readonly min: number; readonly max: number } | null
  hasFreeTrial: boolean
  prices: TermPrice[]
  /** By meter id; absent means the plan does not have the meter. */
  meters: Record<string, MeterPrice>
}

export type TermPrice = {
  readonly termUnit: TermUnit
  /** How often the price is charged. Flexible schedules have none. */
  readonly paymentUnit: TermUnit | null
  /** Price of one payment, of one seat if per user. */
  readonly price: string
  /** Dated instalments instead of even payments. */
  readonly schedule?: {
    readonly initialCharge: { readonly amount: string; readonly note: string } | null
    readonly charges: readonly {
      readonly day: string
      readonly amount: string
      readonly note: string
    }[]
  }
}

export type MeterPrice = {
  readonly pricePerUnit: string
  /** Units the recurring fee includes, a term; null is without end. */
  readonly included: readonly { readonly termUnit: TermUnit; readonly quantity: string | null }[]
}

/** A private offer as Partner Center holds it: the resource as last published, and what came of it. */
export type PrivateOffer = {
  readonly id: string
  readonly publisherId: string
  /** The ingestion resource, unknown fields included. */
  resource: any
  state: 'draft' | 'live' | 'withdrawn' | 'deleted'
  subState: 'pendingAcceptance' | 'accepted' | 'pendingPartnerAction' | null
  /** Which billing account took it, and when. */
  acceptance: { readonly at: number; readonly billingAccountId: string } | null
  /** Days between which its prices hold; `startsOn` is set at acceptance when it was left open. */
  startsOn: string | null
  endsOn: string | null
  isRenewal: boolean
  /** Changes with every change of the resource. */
  eTag: string
  /** What the selling partner of a multiparty offer made of it; null for the other kinds. */
  partner: PartnerSide | null
  /** What can be bought on it, by public plan or by the plan it made. */
  items: PrivateOfferItem[]
  createdAt: number
  modifiedAt: number
}

/** The selling partner's half of a multiparty offer. */
export type PartnerSide = {
  readonly sellerId: string
  state: 'draft' | 'live' | 'withdrawn'
  /** Percent on top of the publisher's price, by the item's place in the offer. */
  markups: string[]
  /** The partner's own fields: terms, contacts, notes, who prepared it. */
  own: any
  modifiedAt: number
}

export type PrivateOfferItem = {
  readonly product: string
  /** Plan guid to buy; null is every plan of the product. */
  readonly plan: string | null
  readonly discountPercentage: string | null
  /** Absolute prices, when there are any. */
  readonly pricing: Pricing | null
}

/** One `configure` job. */
export type Job = {
  readonly id: string
  readonly publisherId: string
  status: 'notStarted' | 'running' | 'completed'
  result: 'pending' | 'succeeded' | 'failed' | 'cancelled'
  readonly startedAt: number
  endedAt: number | null
  resourceUri: string | null
  errors: { readonly code: string; readonly message: string; readonly resourceId?: string }[]
  /** Newest schema version of the request, and which resources it changes: one job at a time may. */
  readonly version: string
  readonly subjects: readonly string[]
  /** Ends at; null never. */
  readonly endsAt: number | null
  /** A scripted failure: after so many resources, with this error. */
  readonly script: {
    readonly code: string
    readonly message: string
    readonly after: number
  } | null
  /** Resources as sent, and the durable ids of those that were completed. */
  readonly asked: any[]
  done: string[]
  polls: number
  /** Polls less than a minute after the one before. */
  hastyPolls: number
  lastPollAt: number | null
}

/** One resource of a product in one of its targets, as last written; what nobody wrote is not here. */
export type WrittenResource = {
  readonly key: string
  readonly product: string
  readonly target: Target
  /** Durable id. */
  readonly id: string
  readonly resource: any
}

export type Target = 'draft' | 'preview' | 'live'

/** A line of a product's publish history. */
export type Submission = {
  readonly id: string
  readonly product: string
  readonly target: Target
  readonly createdAt: number
  status: 'running' | 'completed'
  result: 'pending' | 'succeeded' | 'failed'
}

/** A `price-and-availability-private-offer-plan` resource as applied, amounts as exact text. */
export type StoredPrice = {
  /** Durable id. */
  readonly id: string
  readonly publisherId: string
  /** Guids. */
  readonly product: string
  readonly plan: string
  readonly offerPricingType: string
  readonly resource: any
  readonly pricing: Pricing
}
