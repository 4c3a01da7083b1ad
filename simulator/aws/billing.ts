import Big from 'big.js'
import { durationMs } from '../duration.ts'
import type { Table } from '../world.ts'
import { type Agreement, acceptedTerm, usagePrice } from './agreements/model.ts'
import { feeRow, type Invoice, revenueRow, taxRow, writeRow } from './billing-rows.ts'
import type { Aws } from './context.ts'
import { usageTable } from './metering/store.ts'
import { money } from './money.ts'

const DAY_MS = 86_400_000
const USAGE_DAY = 3

export function invoices(aws: Aws): Table<Invoice> {
  return aws.world.table('aws.invoices')
}

/** Timer, and at acceptance: an upfront amount or an instalment is invoiced. */
export function charge(
  aws: Aws,
  { id, amount }: { readonly id: string; readonly amount: string },
  at: number,
): void {
  const agreement = aws.agreements.get(id)
  // Instalments of an agreement that was replaced or cancelled are no longer owed.
  if (agreement?.status !== 'ACTIVE' || Big(amount).eq(0)) return
  issue(aws, agreement, [{ amount, from: at, until: agreement.end ?? at }], at)
}

/** Timer, day 3 of a month: the usage of the month before is invoiced, one line a dimension. */
export function invoiceUsage(aws: Aws, _: unknown, at: number): void {
  const until = Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth(), 1)
  const last = new Date(until - DAY_MS)
  const from = Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), 1)
  const sums = new Map<string, Map<string, number>>()
  for (const record of usageTable(aws).values()) {
    if (record.hour < from || record.hour >= until) continue
    const mine = sums.get(record.agreementId) ?? new Map<string, number>()
    mine.set(record.dimension, (mine.get(record.dimension) ?? 0) + record.quantity)
    sums.set(record.agreementId, mine)
  }
  for (const [id, dimensions] of sums) {
    const agreement = aws.agreements.get(id)
    if (!agreement) continue
    const lines = [...dimensions].flatMap(([dimension, quantity]) => {
      const price = usagePrice(agreement, dimension)
      const amount = price === null ? null : money(Big(price).times(quantity), agreement.currency)
      return amount === null || Big(amount).eq(0) ? [] : [{ amount, from, until: until - 1000 }]
    })
    if (lines.length > 0) issue(aws, agreement, lines, at)
  }
  planUsageInvoices(aws, at)
}

/** Plans the next usage invoices after `at`. */
export function planUsageInvoices(aws: Aws, at: number): void {
  const date = new Date(at)
  const thisMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), USAGE_DAY)
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, USAGE_DAY)
  aws.timers.set('billing.usage', thisMonth > at ? thisMonth : next, {}, 'billing.usage')
}

/** Timer, and `POST /aws/buyer/pay`: the buyer pays; the seller is paid some days later. */
export function pay(aws: Aws, { id }: { readonly id: string }, at: number): void {
  const invoice = invoices(aws).get(id)
  if (!invoice || invoice.paidAt !== null) return
  invoice.paidAt = at
  invoices(aws).put(id, invoice)
  aws.timers.cancel(`pay:${id}`)
  const { disburseAfterDays, collectedRows } = aws.settings().billing
  if (collectedRows) {
    for (const row of invoice.rows)
      writeRow(aws, { ...row, action: 'COLLECTED', parent: row.id }, at)
  }
  const due = Math.ceil((at + disburseAfterDays * DAY_MS) / DAY_MS) * DAY_MS
  const { seller, currency } = invoice
  aws.timers.set(
    'billing.disburse',
    due,
    { seller, currency },
    `disburse:${seller}:${currency}:${due}`,
  )
}

/** Timer: everything paid long enough ago goes to the seller in one transfer a currency. */
export function disburse(
  aws: Aws,
  { seller, currency }: { readonly seller: string; readonly currency: string },
  at: number,
): void {
  const { disburseAfterDays, disbursedBalanceImpacting } = aws.settings().billing
  const ready = invoices(aws)
    .values()
    .filter((one) => one.seller === seller && one.currency === currency)
    .filter((one) => one.disbursedAt === null && one.paidAt !== null)
    .filter((one) => (one.paidAt ?? 0) + disburseAfterDays * DAY_MS <= at)
  const rows = ready.flatMap((one) => one.rows).filter((row) => row.balanceImpacting === '1')
  const net = rows.reduce((sum, row) => sum.plus(row.amount), Big(0))
  if (net.lte(0)) return
  const payout = aws.ids.hex(40)
  for (const row of rows) {
    writeRow(
      aws,
      {
        ...row,
        action: 'DISBURSED',
        amount: money(Big(row.amount).times(-1), currency),
        parent: row.id,
        disbursement: payout,
        balanceImpacting: disbursedBalanceImpacting,
      },
      at,
    )
  }
  writeRow(
    aws,
    {
      id: payout,
      invoice: null,
      from: 'AWS',
      to: seller,
      action: 'DISBURSED',
      type: 'DISBURSEMENT',
      amount: money(net, currency),
      currency,
      balanceImpacting: disbursedBalanceImpacting,
      bankTraceId: `TRACE${aws.ids.digits(10)}`,
      reference: `DRN${aws.ids.digits(8)}`,
    },
    at,
  )
  for (const one of ready) {
    one.disbursedAt = at
    invoices(aws).put(one.id, one)
  }
}

/** A transfer came back from the bank: a row of its own, whose parent is the failed one. */
export function failDisbursement(aws: Aws, id: string): string | null {
  const rows = aws.world.table<Record<string, string>>('aws.billing')
  const payout = rows.get(id)
  if (payout?.transaction_type !== 'DISBURSEMENT') return 'there is no such disbursement'
  if (rows.values().some((row) => row.parent_billing_event_id === id))
    return 'it has failed already'
  const { currency = 'USD', balance_impacting: impacting } = payout
  writeRow(
    aws,
    {
      invoice: null,
      from: payout.to_account_id ?? '',
      to: 'AWS',
      action: 'DISBURSED',
      type: 'DISBURSEMENT_FAILURE',
      amount: money(Big(payout.amount ?? '0').times(-1), currency),
      currency,
      balanceImpacting: impacting === '1' ? '1' : '0',
      parent: id,
    },
    aws.now(),
  )
  return null
}

/** AWS gives money back to the buyer; returns why not, or nothing. */
export function refund(aws: Aws, invoiceId: string, amount: string): string | null {
  const at = aws.now()
  const original = invoices(aws).get(invoiceId)
  const agreement = original && aws.agreements.get(original.agreementId)
  if (!original || !agreement) return 'there is no such invoice'
  if (original.type !== 'INVOICE') return 'only invoices can be refunded'
  if (!/^\d+(\.\d+)?$/.test(amount) || Big(amount).eq(0)) return 'the amount must be positive'
  if (Big(amount).gt(refundable(aws, original))) return 'the amount is more than is left'
  const negative = money(Big(amount).times(-1), original.currency)
  const line = { amount: negative, from: original.from, until: original.until }
  const memo = issue(aws, agreement, [line], at, original)
  if (original.paidAt !== null) pay(aws, { id: memo.id }, at)
  return null
}

/** What of an invoice has not been given back yet. */
export function refundable(aws: Aws, invoice: Invoice): Big {
  return invoices(aws)
    .values()
    .filter((one) => one.originalId === invoice.id)
    .reduce((left, one) => left.plus(one.amount), Big(invoice.amount))
}

function issue(
  aws: Aws,
  agreement: Agreement,
  lines: readonly { amount: string; from: number; until: number }[],
  at: number,
  original: Invoice | null = null,
): Invoice {
  const first = lines[0]
  const invoice: Invoice = {
    id: aws.ids.digits(10),
    buyerInvoiceId: `EUINUS26-${aws.ids.digits(6)}`,
    type: original ? 'CREDIT_MEMO' : 'INVOICE',
    originalId: original?.id ?? null,
    agreementId: agreement.id,
    seller: agreement.proposer,
    buyer: agreement.acceptor,
    productId: agreement.productId,
    offerId: agreement.offerId,
    currency: agreement.currency,
    amount: money(
      lines.reduce((sum, line) => sum.plus(line.amount), Big(0)),
      agreement.currency,
    ),
    issuedAt: at,
    dueAt: at + dueMs(aws, agreement, at),
    from: first?.from ?? at,
    until: first?.until ?? at,
    paidAt: null,
    disbursedAt: null,
    rows: [],
  }
  lines.forEach((line, place) => {
    const lineId = `${invoice.id}-${place + 1}`
    invoice.rows.push(revenueRow(aws, invoice, line, lineId, original))
    invoice.rows.push(...taxRow(aws, invoice, line, lineId, original))
    invoice.rows.push(...feeRow(aws, agreement, invoice, line, lineId, original))
  })
  invoices(aws).put(invoice.id, invoice)
  for (const row of invoice.rows) writeRow(aws, row, at)
  const { payAfterDays } = aws.settings().billing
  if (payAfterDays !== null) {
    const due = original ? (original.paidAt ?? at) : at + payAfterDays * DAY_MS
    aws.timers.set('billing.pay', Math.max(at, due), { id: invoice.id }, `pay:${invoice.id}`)
  }
  return invoice
}

function dueMs(aws: Aws, agreement: Agreement, at: number): number {
  const period = acceptedTerm(agreement, 'netPaymentTerm')?.paymentDuePeriod
  return period ? (durationMs(period, at) ?? 0) : aws.settings().billing.dueDays * DAY_MS
}
