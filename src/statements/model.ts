import type { Decimal } from '../kernel/decimal.ts'
import type { MoneyJson } from '../kernel/money.ts'
import type { Instant, Month } from '../kernel/time.ts'

/** What makes up records: an event as it was told, what a meter makes of one, what a contract adds. */
export const partKinds = ['event', 'meter', 'contract'] as const
export type PartKind = (typeof partKinds)[number]

/**
 * A number and the path that opens its rows. Of each row counts the first of the fields `sums` that is not null, and
 * nothing where all are; `count` is how many rows there are, null where nobody counted.
 */
export type Figure = {
  readonly value: Decimal
  readonly count: number | null
  readonly rows: string
  readonly sums: readonly string[]
  /** Of an amount; absent for a quantity. */
  readonly currency?: string | undefined
}

/** What a difference is between. `sent`: what was used and what was taken; `taken`: what we count and what is held. */
export const levels = ['sent', 'taken', 'billed', 'invoice'] as const
export type Level = (typeof levels)[number]

/**
 * How two sides compare. Nothing is settled by guess: `unknown` is where one side cannot be told, and `not_told` where
 * the marketplace says nothing of it.
 */
export const verdicts = [
  'agreed',
  'rounding',
  'pending',
  'differs',
  'rejected',
  'missing_there',
  'unknown_here',
  'not_told',
  'unsettled',
  'refused',
  'lost',
  'owed',
  'not_billed_yet',
  'never_billed',
  'billed_without_usage',
  'refunded',
  'unknown',
] as const
export type Verdict = (typeof verdicts)[number]

/** One comparison of an agreement, for the smallest period that both sides tell. */
export type Comparison = {
  readonly level: Level
  /** Null where it is about all of them together. */
  readonly dimension: string | null
  readonly from: Instant
  readonly to: Instant
  /** Where the other side comes from: an API, a report, invoice lines, or a single invoice. */
  readonly source: 'records' | 'api' | 'report' | 'lines' | 'invoice' | null
  /** An invoice's number. */
  readonly ref: string | null
  readonly ours: Decimal | null
  readonly theirs: Decimal | null
  /** Theirs above ours. */
  readonly quantity: Decimal | null
  readonly oursValue: MoneyJson | null
  readonly theirsValue: MoneyJson | null
  readonly value: MoneyJson | null
  readonly verdict: Verdict
  /** Opens the rows it is made of. */
  readonly rows: string
}

/** What a marketplace says it holds of one dimension and period beside what we count. */
export type Taken = {
  readonly dimension: string
  readonly source: 'api' | 'report'
  readonly from: Instant
  readonly to: Instant
  readonly accepted: Decimal
  readonly taken: Decimal
  readonly difference: Decimal
  readonly amount: Decimal | null
  readonly currency: string | null
  readonly isBilled: boolean
  readonly verdict: 'agreed' | 'pending' | 'differs' | 'rejected' | 'missing_there' | 'unknown_here'
}

/** What a marketplace answers that it invoiced, before tax; a credit is below zero. */
export type Invoice = {
  readonly invoiceRef: string
  readonly isCredit: boolean
  readonly month: Month
  readonly issuedAt: Instant
  readonly amount: Decimal
  readonly currency: string
}
