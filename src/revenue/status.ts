import { type Money, subtract } from '../kernel/money.ts'
import { type Day, daysBetween } from '../kernel/time.ts'

export type PayoutStatus =
  | 'Failed'
  | 'Disbursed'
  | 'Partially disbursed'
  | 'Disbursement reversed'
  | 'Not disbursed'

export type Payout = {
  readonly sellerNet: Money
  /** Components as reported when paid out: the sign of what was billed, reversed. */
  readonly disbursedNet: Money
  readonly hasDisbursement: boolean
  readonly lastFailed: boolean
}

/** Where a receivable stands: paid (a cent too much is still paid), in part, taken back, failed, or not at all. */
export function payoutStatus(payout: Payout): PayoutStatus {
  if (payout.lastFailed) return 'Failed'
  if (!payout.hasDisbursement) return 'Not disbursed'
  if (payout.disbursedNet.minor === 0n && payout.sellerNet.minor !== 0n)
    return 'Disbursement reversed'
  const undisbursed = payout.sellerNet.minor + payout.disbursedNet.minor
  const isPaid = payout.sellerNet.minor < 0n ? undisbursed >= 0n : undisbursed <= 0n
  return isPaid ? 'Disbursed' : 'Partially disbursed'
}

/** What of a net amount is not collected, collected but not paid out, and not paid out at all. */
export function collectionSplit(net: Money, collected: Money, disbursedNet: Money) {
  return {
    uncollected: subtract(net, collected),
    awaitingDisbursement: subtract(collected, negative(disbursedNet)),
    undisbursed: subtract(net, negative(disbursedNet)),
  }
}
const negative = ({ currency, minor }: Money): Money => ({ currency, minor: -minor })

const buckets = [
  [0, 'Not due'],
  [30, '1-30'],
  [60, '31-60'],
  [90, '61-90'],
  [120, '91-120'],
] as const

/** How late a receivable is on a day, in the buckets sellers know from their marketplaces' own reports. */
export const ageing = (due: Day, on: Day): string =>
  buckets.find(([days]) => daysBetween(due, on) <= days)?.[1] ?? '121+'

/** The buyer's payment term as printed: `Net 30 days`. */
export function paymentTerm(invoiced: Day, due: Day): string {
  const days = daysBetween(invoiced, due)
  return days > 180 ? 'Net 180+ days' : `Net ${days} days`
}
