/** Part of Google's surface that a service account is linked to, and that a fault names. */
export const APIS = ['procurement', 'producer', 'serviceControl', 'pubsub', 'storage'] as const
export type Api = (typeof APIS)[number]

/** A seller: its marketplace project, which is also its provider (partner) id. */
export type Provider = {
  /** `acme-public`; project id and provider id. */
  readonly id: string
  readonly title: string
  /** As in `projects/528009937268/…` of an entitlement's offer name. */
  readonly projectNumber: string
  /** `projects/cloudcommerceproc-prod/topics/acme-public` */
  readonly topic: string
  /** Bucket the reports are written to. */
  readonly reportBucket: string
  /** The workload identity pool provider whose tokens may act for the seller's service accounts. */
  readonly workloadIdentityAudience: string
}

/** A service account, as Producer Portal's technical integration knows it. */
export type ServiceAccount = {
  readonly email: string
  readonly provider: string
  /** `client_id` of its key file, `sub` of tokens about it. */
  readonly uniqueId: string
  readonly keys: readonly { readonly id: string; readonly publicPem: string }[]
  /** Whether the account is linked (Billing integration) or has the role, by API. */
  readonly linked: Readonly<Record<Api, boolean>>
  readonly isDisabled: boolean
}

/** A buyer's Cloud Billing account. */
export type BillingAccount = {
  readonly id: string
  readonly name: string
  readonly domain: string
  readonly country: string
  /** Billing disabled by the buyer or by Google. */
  readonly isDisabled: boolean
  readonly isClosed: boolean
  /** A reseller's sub-account names its parent. */
  readonly resellerParent: string | null
  /** The provider that registered it as its own test account; only such accounts may be reset. */
  readonly testOf: string | null
}

/** A product and its technical configuration in Producer Portal. */
export type Service = {
  /** `acme-analytics.endpoints.acme-public.cloud.goog` */
  readonly name: string
  readonly title: string
  readonly provider: string
  readonly signUpUrl: string
  readonly loginUrl: string
  /** Whether the login URL is posted a token (single sign-on) or merely opened. */
  readonly singleSignOn: boolean
  /** `aud` of sign-up tokens; null is the host of the sign-up URL. */
  readonly audience: string | null
  /** Orders of private offers need no approval by the seller. */
  readonly automaticApproval: boolean
  /** One buyer may hold several orders of the product. */
  readonly multipleOrders: boolean
  /** The account-created message is sent. */
  readonly accountNotifications: boolean
  readonly isResellable: boolean
  readonly serviceConfigId: string
  readonly plans: readonly Plan[]
  readonly metrics: readonly Metric[]
}

/** A service level. What it costs is said by its standard offers. */
export type Plan = {
  readonly id: string
  readonly title: string
  /** What an order falls back to when its private offer ends: a subscription ends, usage goes on at list price. */
  readonly kind: 'subscription' | 'usage'
  /** Whether orders of it report usage. */
  readonly hasUsage: boolean
  readonly standardOffers: readonly StandardOffer[]
}

export type StandardOffer = {
  /** Plan with an ISO duration suffix where there are several: `pro-P1Y`. */
  readonly id: string
  /** Null for usage plans, which have no term. */
  readonly months: number | null
  /** USD for each interval of `months`, decimal text; null without a flat fee. */
  readonly fee: string | null
}

/** A metric of the service config. */
export type Metric = {
  /** Name below the service: `pro_api_calls`, reported as `{service}/pro_api_calls`. */
  readonly id: string
  readonly plan: string
  readonly title: string
  readonly type: 'INT64' | 'DOUBLE'
  readonly unit: string
  /** USD a unit, decimal text. */
  readonly listRate: string
  readonly skuId: string
}
