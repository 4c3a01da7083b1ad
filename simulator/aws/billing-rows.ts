import Big from 'big.js'
import type { Agreement } from './agreements/model.ts'
import { type Aws, millis } from './context.ts'
import { money } from './money.ts'

export type Invoice = {
  readonly id: string
  readonly buyerInvoiceId: string
  readonly type: 'INVOICE' | 'CREDIT_MEMO'
  /** The invoice a credit memo takes back from. */
  readonly originalId: string | null
  readonly agreementId: string
  readonly seller: string
  readonly buyer: string
  readonly productId: string
  readonly offerId: string
  readonly currency: string
  /** Before tax. */
  readonly amount: string
  readonly issuedAt: number
  readonly dueAt: number
  readonly from: number
  readonly until: number
  paidAt: number | null
  disbursedAt: number | null
  readonly rows: BillingRow[]
}

/** One billing event before it becomes a feed row. Accounts are AWS account ids, or `AWS`. */
export type BillingRow = {
  readonly id?: string
  readonly invoice: Omit<Invoice, 'rows'> | null
  readonly from: string
  readonly to: string
  readonly action: 'INVOICED' | 'COLLECTED' | 'DISBURSED'
  readonly type: string
  /** Positive is owed to the seller. */
  readonly amount: string
  readonly currency: string
  readonly balanceImpacting: '0' | '1'
  readonly parent?: string | undefined
  readonly disbursement?: string
  readonly lineId?: string
  readonly variant?: 'PURCHASE' | 'LISTING_FEE'
  readonly bankTraceId?: string
  readonly reference?: string
}

type Line = { readonly amount: string; readonly from: number; readonly until: number }

export function revenueRow(
  aws: Aws,
  invoice: Invoice,
  line: Line,
  lineId: string,
  original: Invoice | null,
): BillingRow {
  return {
    ...common(aws, invoice, lineId, original, 'SELLER_REV_SHARE'),
    from: invoice.buyer,
    to: invoice.seller,
    amount: line.amount,
    balanceImpacting: '1',
    variant: 'PURCHASE',
  }
}

/** Tax AWS collects and remits itself: told to the seller, never owed to him. */
export function taxRow(
  aws: Aws,
  invoice: Invoice,
  line: Line,
  lineId: string,
  original: Invoice | null,
): BillingRow[] {
  const { taxRate } = aws.settings().billing
  if (taxRate === null || Big(taxRate).eq(0)) return []
  return [
    {
      ...common(aws, invoice, lineId, original, 'AWS_TAX_SHARE'),
      from: invoice.buyer,
      to: 'AWS',
      amount: money(Big(line.amount).times(taxRate), invoice.currency),
      balanceImpacting: '0',
      variant: 'PURCHASE',
    },
  ]
}

/** The listing fee: a share of the whole amount, by the tier of the total contract value. */
export function feeRow(
  aws: Aws,
  agreement: Agreement,
  invoice: Invoice,
  line: Line,
  lineId: string,
  original: Invoice | null,
): BillingRow[] {
  const amount = money(Big(line.amount).times(feeRate(aws, agreement)).times(-1), invoice.currency)
  if (Big(amount).eq(0)) return []
  return [
    {
      ...common(aws, invoice, lineId, original, 'AWS_REV_SHARE'),
      from: invoice.seller,
      to: 'AWS',
      amount,
      balanceImpacting: '1',
      variant: 'LISTING_FEE',
    },
  ]
}

/** Stores a billing event; the next feed that is written tells of it. */
export function writeRow(aws: Aws, row: BillingRow, at: number): void {
  const { invoice } = row
  const product = invoice ? invoice.productId : ''
  const id =
    row.action === 'INVOICED' || !row.invoice ? (row.id ?? aws.ids.hex(40)) : aws.ids.hex(40)
  const invoiced = row.action === 'INVOICED'
  aws.world.table<Record<string, string>>('aws.billing').put(id, {
    billing_event_id: id,
    from_account_id: row.from,
    to_account_id: row.to,
    end_user_account_id: invoice?.buyer ?? '',
    product_id: product,
    action: row.action,
    transaction_type: row.type,
    parent_billing_event_id: row.parent ?? '',
    disbursement_billing_event_id: row.disbursement ?? '',
    amount: row.amount,
    currency: row.currency,
    disbursement_amount: '',
    disbursement_currency: '',
    balance_impacting: row.balanceImpacting,
    invoice_date: invoice ? day(invoice.issuedAt) : '',
    payment_due_date: invoice ? day(invoice.dueAt) : '',
    usage_period_start_date: invoice ? second(invoice.from) : '',
    usage_period_end_date: invoice ? second(invoice.until) : '',
    invoice_id: invoice?.id ?? '',
    billing_address_id: invoice ? `address:${invoice.buyer}` : '',
    transaction_reference_id: '',
    buyer_transaction_reference_id: '',
    bank_trace_id: row.bankTraceId ?? '',
    broker_id: 'AWS_INC',
    agreement_id: invoice?.agreementId ?? '',
    offer_id: invoice?.offerId ?? '',
    disbursement_reference_number: row.reference ?? '',
    catalog: 'AWSMarketplace',
    buyer_invoice_id: invoice?.buyerInvoiceId ?? '',
    buyer_invoice_date: invoice ? day(invoice.issuedAt) : '',
    invoice_variant: invoiced ? (row.variant ?? '') : '',
    action_date: second(at),
    line_item_id: row.lineId ?? '',
    buyer_line_item_id: row.lineId ?? '',
    charge_variant: invoiced && row.variant === 'LISTING_FEE' ? 'LISTING_FEE' : '',
    charge_side: invoiced && row.type.startsWith('SELLER') ? 'SELLING' : '',
    recipient_account_id: '',
    // When the event happened; becomes `valid_from`.
    valid_from: second(at),
  })
}

function common(
  aws: Aws,
  invoice: Invoice,
  lineId: string,
  original: Invoice | null,
  type: string,
) {
  const { rows: _, ...plain } = invoice
  return {
    id: aws.ids.hex(40),
    invoice: plain,
    action: 'INVOICED' as const,
    type: original ? `${type}_REFUND` : type,
    currency: invoice.currency,
    lineId,
    parent: original?.rows.find((row) => row.type === type)?.id,
  }
}

function feeRate(aws: Aws, agreement: Agreement): string {
  const { feeTiers, publicFeeRate, renewalFeeRate } = aws.settings().billing
  if (agreement.renewalsDone > 0) return renewalFeeRate
  if (!agreement.isPrivate) return publicFeeRate
  const tier = feeTiers.findLast((one) => Big(agreement.value).gte(one.from))
  return tier?.rate ?? '0'
}

function day(at: number): string {
  return `${millis(at).slice(0, 10)}T00:00:00Z`
}

function second(at: number): string {
  return `${millis(at).slice(0, 19)}Z`
}
