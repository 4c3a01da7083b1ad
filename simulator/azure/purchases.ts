import type { TermUnit } from './catalog-model.ts'

export const STATUSES = [
  'PendingFulfillmentStart',
  'Subscribed',
  'Suspended',
  'Unsubscribed',
] as const
export type Status = (typeof STATUSES)[number]

/** A person and tenant, as fulfilment names them. */
export type Party = {
  readonly emailId: string
  readonly objectId: string
  readonly tenantId: string
  readonly puid: string
}

/** What was held from `at` on. Nothing is held before activation and after the end. */
export type Holding = {
  readonly at: number
  readonly planId: string
  readonly quantity: number | null
  readonly why:
    | 'purchase'
    | 'activation'
    | 'plan'
    | 'quantity'
    | 'renewal'
    | 'suspension'
    | 'reinstatement'
    | 'end'
  /** Days of the term then running; null before activation. `termEnd` is its last day. */
  readonly termStart: string | null
  readonly termEnd: string | null
}

/** A purchase: what fulfilment calls a subscription and analytics an asset. */
export type Subscription = {
  readonly id: string
  readonly publisherId: string
  readonly product: string
  /** Without the `-preview` that replies may carry. */
  readonly offerId: string
  name: string
  status: Status
  planId: string
  quantity: number | null
  termUnit: TermUnit
  /** How the buyer pays within the term, as the plan's price has it. */
  paymentUnit: TermUnit | null
  termStart: string | null
  termEnd: string | null
  autoRenew: boolean
  isPreview: boolean
  isTest: boolean
  isFreeTrial: boolean
  /** Bought through a cloud solution provider. */
  readonly isCsp: boolean
  readonly beneficiary: Party
  readonly purchaser: Party
  readonly billingAccountId: string
  /** Private offer it was bought on. */
  privateOffer: string | null
  readonly azureSubscriptionId: string
  readonly resourceUri: string
  readonly purchasedAt: number
  activatedAt: number | null
  suspendedAt: number | null
  endedAt: number | null
  /** Everything held so far, oldest first; billing is made from it. */
  holdings: Holding[]
}

export type Action =
  | 'Subscribe'
  | 'ChangePlan'
  | 'ChangeQuantity'
  | 'Renew'
  | 'Suspend'
  | 'Reinstate'
  | 'Unsubscribe'

/** One change of a subscription, asked for by the publisher (`Partner`) or the customer or Microsoft (`Azure`). */
export type Operation = {
  readonly id: string
  readonly activityId: string
  readonly subscription: string
  readonly publisherId: string
  readonly action: Action
  readonly source: 'Partner' | 'Azure'
  /** The values the change leads to. */
  readonly planId: string
  readonly quantity: number | null
  readonly at: number
  status: 'NotStarted' | 'InProgress' | 'Succeeded' | 'Failed' | 'Conflict'
  errorStatusCode: string | null
  errorMessage: string | null
}

/** Usage as accepted: one a subscription, dimension and hour. */
export type UsageEvent = {
  readonly id: string
  readonly subscription: string
  readonly dimension: string
  readonly planId: string
  /** Start of the hour. */
  readonly hour: number
  readonly effectiveStartTime: string
  readonly quantity: string
  readonly acceptedAt: number
  readonly resourceUri: string
  reconStatus: 'Submitted' | 'Accepted' | 'Mismatch' | 'Rejected'
  processedQuantity: string
}

/** One event on its way to a publisher's webhook. */
export type Delivery = {
  readonly id: string
  readonly operation: string
  readonly subscription: string
  readonly action: Action
  url: string
  readonly body: any
  readonly firstDue: number
  attempts: number
  state: 'waiting' | 'delivered' | 'refused' | 'given up' | 'dropped'
  lastAnswer: string
  deliveredAt: number | null
}
