import {
  addMonths,
  type Day,
  dayOf,
  firstDay,
  type Instant,
  monthOf,
  startOf,
} from '../../src/kernel/time.ts'
import type { LineAction, LineKind, RevenueLine } from '../../src/revenue/model.ts'
import type { Cells } from './feeds.ts'
import { endOfMoment } from './native-values.ts'

/** "Billing event data feed" of the Seller Guide: an action upon a transaction type; positive is owed to the seller. */
export function billingLine(cells: Cells, validFrom: Day): RevenueLine {
  const { text } = cells
  const lineRef = cells.needed('billing_event_id')
  const action = actions[text('action') ?? ''] ?? 'unknown'
  const kind = kindOf(cells, action)
  // A payout has no invoice; it counts for the day it was made.
  const invoicedOn = cells.day('invoice_date') ?? cells.day('action_date') ?? validFrom
  const usage = usageOf(cells)
  return {
    lineRef,
    parentRef: text('parent_billing_event_id'),
    action,
    kind,
    nativeKind: `${text('action') ?? ''}/${text('transaction_type') ?? ''}`,
    amount: cells.decimal('amount'),
    currency: cells.currency('currency'),
    others: [],
    invoiceRef: text('invoice_id'),
    invoicedOn,
    dueOn: cells.day('payment_due_date'),
    usage,
    ...(usage && { basis: basisOf(usage, invoicedOn) }),
    agreementRef: text('agreement_id'),
    offerRef: text('offer_id'),
    listingRef: text('product_id'),
    // Only the price is surely sent by the account that pays; a fee comes from the seller.
    payerRef:
      (kind === 'gross' ? text('from_account_id') : null) ?? text('end_user_account_id') ?? null,
    payoutRef: payoutOf(cells, kind, lineRef),
    facts: {},
  }
}

const actions: Readonly<Record<string, LineAction>> = {
  INVOICED: 'invoiced',
  FORGIVEN: 'forgiven',
  COLLECTED: 'collected',
  DISBURSED: 'disbursed',
}

const kinds: Readonly<Record<string, LineKind>> = {
  SELLER_REV_SHARE: 'gross',
  AWS_REV_SHARE: 'fee',
  SELLER_TAX_SHARE: 'seller_tax',
  AWS_TAX_SHARE: 'marketplace_tax',
  OTHER_SELLER_TAX_SHARE: 'other_tax',
  BALANCE_ADJUSTMENT: 'adjustment',
  DISBURSEMENT: 'payout',
  DISBURSEMENT_FAILURE: 'payout_failure',
  AWS_INFRA_SHARE: 'infrastructure',
  INFRA_FEE: 'infrastructure',
}
const refunds: Readonly<Partial<Record<LineKind, LineKind>>> = {
  gross: 'gross_refund',
  fee: 'fee_refund',
  seller_tax: 'seller_tax_refund',
  marketplace_tax: 'marketplace_tax_refund',
  other_tax: 'other_tax_refund',
  wholesale: 'wholesale_refund',
}

function kindOf(cells: Cells, action: LineAction): LineKind {
  const type = cells.text('transaction_type') ?? ''
  const isBack = /_(REFUND|CREDIT)$/.test(type)
  const kind = refine(cells, action, kinds[type.replace(/_(REFUND|CREDIT)$/, '')] ?? 'unknown')
  return isBack ? (refunds[kind] ?? 'unknown') : kind
}

/** What a reseller pays its manufacturer, and tax on the listing fee, share their words with other things. */
function refine({ text }: Cells, action: LineAction, kind: LineKind): LineKind {
  const charge = text('charge_variant')
  if (kind === 'gross')
    return charge === 'RESALE' && text('charge_side') === 'BUYING' ? 'wholesale' : 'gross'
  if (kind === 'marketplace_tax') {
    const isOnFee = charge === 'LISTING_FEE' || text('invoice_variant') === 'LISTING_FEE'
    return isOnFee ? 'other_tax' : 'marketplace_tax'
  }
  // An invoiced disbursement negates another row instead of moving money.
  if (kind === 'payout' && action !== 'disbursed') return 'unknown'
  return kind
}

/** Every line of a payout carries the payout's own id, the payout itself included. */
function payoutOf({ text }: Cells, kind: LineKind, lineRef: string): string | null {
  if (kind === 'payout') return lineRef
  const payout = text('disbursement_billing_event_id')
  return payout ?? (kind === 'payout_failure' ? text('parent_billing_event_id') : null)
}

/** Use is billed for a calendar month once it is over, on the second or third of the next; terms are charged ahead. */
function basisOf({ from, to }: { readonly from: Instant; readonly to: Instant }, invoicedOn: Day) {
  const month = firstDay(monthOf(from))
  const isMonth = from === startOf(month) && to === startOf(addMonths(month, 1))
  return isMonth && invoicedOn >= dayOf(to) ? 'usage' : 'term'
}

/** The feed's ends are the last second; ours are the moment after. */
function usageOf(cells: Cells): { readonly from: Instant; readonly to: Instant } | null {
  const from = cells.instant('usage_period_start_date')
  const last = cells.instant('usage_period_end_date')
  if (from === null || last === null) return null
  const to = endOfMoment(last)
  return from <= to ? { from, to } : null
}
