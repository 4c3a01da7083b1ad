/**
 * One line of a purchase record: a recurring charge, an instalment, seats added in between, or a month's
 * usage of a dimension. Amounts are exact decimal text; days `2026-05-01`; instants simulated milliseconds.
 */
export type OrderLine = {
  /** LineItemId. */
  readonly id: string
  readonly subscription: string
  readonly publisherId: string
  /** PurchaseRecordId, one a subscription and term. */
  readonly purchaseRecordId: string
  readonly kind: 'recurring' | 'instalment' | 'proration' | 'usage'
  /** What the line is made of once: subscription, term and place in it. */
  readonly key: string
  readonly dimension: string | null
  /** When it falls due, and from when on it may be invoiced. */
  readonly dueAt: number
  readonly invoiceAt: number
  readonly action: 'Purchase' | 'Renewed' | 'QuantityChanged' | 'PlanChanged' | 'Usage'
  readonly planId: string
  /** Seats, 1 for flat rates, or units of the dimension. */
  readonly quantity: string
  readonly termStart: string
  readonly termEnd: string
  /** Prices of one payment or unit, in US dollars. */
  readonly listPriceUsd: string
  readonly priceUsd: string
  /** What the publisher sold it for, and what the customer pays: a partner's markup lies between. */
  readonly amountUsd: string
  readonly customerAmountUsd: string
  readonly privateOffer: string | null
  readonly version: number
  invoice: string | null
  /** Fell away before it was invoiced: cancelled in time, or never reinstated. */
  isDropped: boolean
}

export type Invoice = {
  readonly id: string
  readonly billingAccountId: string
  readonly currency: string
  readonly issuedOn: string
  readonly issuedAt: number
  readonly lines: readonly {
    readonly orderLine: string
    /** In the customer's currency, before tax. */
    readonly amount: string
    readonly tax: string
  }[]
  readonly total: string
  readonly tax: string
  status: 'issued' | 'paid' | 'unpaid' | 'writtenOff'
  paidAt: number | null
}

/** A row of transaction history and of the revenue report. CC is the customer's currency, PC the seller's. */
export type Earning = {
  readonly id: string
  readonly subscription: string
  readonly publisherId: string
  readonly orderLine: string
  readonly purchaseRecordId: string
  readonly invoice: string
  readonly transactionId: string
  readonly transactionType: 'purchase' | 'refund' | 'reversal' | 'chargeback'
  readonly billingModel: 'SubscriptionBased' | 'UsageBased'
  readonly transactionOn: string
  readonly currencyCC: string
  readonly currencyPC: string
  readonly amountCC: string
  readonly amountPC: string
  readonly amountUSD: string
  /** Units of the target one unit of the customer's currency buys, of that month. */
  readonly ratePC: string
  readonly rateUSD: string
  readonly rateOn: string
  /** `97`, `98.5`: percent of the amount that is the seller's. */
  readonly earningPercent: string
  readonly earningCC: string
  readonly earningPC: string
  readonly earningUSD: string
  readonly storeFeeCC: string
  readonly taxCC: string
  readonly earnedOn: string
  /** Day it is meant to be paid; null while the customer's money is not there. */
  payableOn: string | null
  status: EarningStatus
  payment: string | null
  sentOn: string | null
}

/** `Uncollected` shows in the revenue report only. */
export type EarningStatus =
  | 'Uncollected'
  | 'Unprocessed'
  | 'Upcoming'
  | 'Sent'
  | 'Rejected'
  | 'Reprocessed'

export type Payment = {
  /** On the bank statement. */
  readonly id: string
  readonly publisherId: string
  readonly currency: string
  readonly earned: string
  readonly earnedUSD: string
  readonly withheldTax: string
  readonly serviceFeeTax: string
  readonly salesTax: string
  readonly total: string
  readonly status: 'Sent'
  readonly sentOn: string
}
