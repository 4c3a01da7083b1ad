import { type Decimal, isNegative, isZero, minus, negate } from '../../src/kernel/decimal.ts'
import type { Month } from '../../src/kernel/time.ts'
import type { LineKind, RevenueLine } from '../../src/revenue/model.ts'
import { lastOf } from './reply.ts'
import type { Cells } from './revenue-cells.ts'
import type { Period } from './revenue-name.ts'

/** Header spellings of the amounts; "Charges and usage reports" shows none of them as they stand in a file. */
export const charged = ['Charges', 'Charge']
export const due = ['Due Vendor', 'Amount Due Vendor', 'Due to Vendor']
export const currencyCode = ['Currency', 'Currency Code']

const entity = ['Google Entity', 'Entity']
const account = ['Account ID']
const insightsAccount = ['Insights Account ID', 'External Account ID']
const quote = ['Private Offer ID', 'Quote_id']

/** What a row is about: everything that breaks the report down, and nothing that a later version of it may correct. */
export const chargeKey = (cells: Cells): readonly (string | null)[] => [
  cells.needed('SKU'),
  cells.text(...entity),
  cells.text('Resource'),
  cells.text(...account),
  cells.text(...insightsAccount),
  cells.text('Location'),
  cells.text(...quote),
  cells.text('Payment Schedule'),
  cells.text('Unit', 'Usage Unit'),
  cells.text('Refund Reason'),
  cells.currency(...currencyCode),
]

/**
 * The lines of one row of "Charges and usage": what the customer was charged, and the fee, by which what is due to the
 * vendor is less; charges below zero give back. What of earlier refunds is taken back this month (Refund Balance
 * Deducted) lowers what is due, unless the row itself is the refund. Once the month's Disbursements report is there
 * (`isPaid`) the same is told as paid out by the row's Google entity, except what is withheld while the customer does not
 * pay; what is released of earlier months is part of the payout of that name. What is abandoned is told by Disbursements
 * in one sum, and stays in the row here, or it would count twice.
 */
export function chargeLines(
  cells: Cells,
  ref: string,
  { period, isPaid }: { readonly period: Period; readonly isPaid: boolean },
): readonly RevenueLine[] {
  const gross = cells.amount(...charged)
  const fee = minus(cells.amount(...due), gross)
  const isBack = isNegative(gross)
  const common = commonOf(cells, period)
  const line = (kind: LineKind, name: string, amount: Decimal): RevenueLine => ({
    ...common,
    lineRef: `${ref}|${name}`,
    kind,
    action: 'invoiced',
    amount,
  })
  const deducted = isBack ? '0' : size(cells, 'Refund Balance Deducted This Month')
  const owed = [
    line(isBack ? 'gross_refund' : 'gross', isBack ? 'gross_refund' : 'gross', gross),
    line(isBack ? 'fee_refund' : 'fee', isBack ? 'fee_refund' : 'fee', fee),
    ...(isZero(deducted) ? [] : [line('adjustment', 'refund_deducted', negate(deducted))]),
  ]
  return isPaid ? [...owed, ...paidOut(cells, owed, period.month, line)] : owed
}

/** The same lines as they were paid out: the balance they left, turned; then what is held back of it, or let go. */
function paidOut(
  cells: Cells,
  owed: readonly RevenueLine[],
  month: Month,
  line: (kind: LineKind, name: string, amount: Decimal) => RevenueLine,
): readonly RevenueLine[] {
  const payoutRef = payoutRefOf(month, cells.text(...entity) ?? '')
  const paid = { action: 'disbursed', usage: null } as const
  const withheld = size(cells, 'Withheld')
  const released = size(cells, 'Released')
  return [
    ...owed.map((one) => ({
      ...one,
      ...paid,
      lineRef: `${one.lineRef}|paid`,
      amount: negate(one.amount),
      payoutRef,
    })),
    ...(isZero(withheld)
      ? []
      : [{ ...line('adjustment', 'withheld', withheld), ...paid, payoutRef }]),
    ...(isZero(released)
      ? []
      : [
          {
            ...line('adjustment', 'released', negate(released)),
            ...paid,
            payoutRef: payoutRefOf(month, 'Released Payout'),
          },
        ]),
  ]
}

/** Payouts have no id; each row of Disbursements is one, of a month and an entity. */
export const payoutRefOf = (month: Month, name: string): string => `${month}/${name}`

/** How much, whatever sign it is written with. */
function size(cells: Cells, column: string): Decimal {
  const told = cells.decimal(column) ?? '0'
  return isNegative(told) ? negate(told) : told
}

type Common = Omit<RevenueLine, 'lineRef' | 'kind' | 'action' | 'amount'>

/**
 * The account is what the report calls it: an id of its own for the billing account, by which the seller's other reports
 * may or may not go. A private offer is told by its quote's id, or the offer's last segment.
 */
const commonOf = (cells: Cells, { usage, invoicedOn }: Period): Common => ({
  usage,
  invoicedOn,
  parentRef: null,
  nativeKind: [
    cells.text('Payment Schedule'),
    cells.text('Refund Reason'),
    cells.text('Payment Type'),
  ]
    .map((word) => word ?? '')
    .join('/'),
  currency: cells.currency(...currencyCode),
  others: [],
  invoiceRef: null,
  dueOn: null,
  agreementRef: null,
  offerRef: bareOf(cells.text(...quote)),
  listingRef: bareOf(cells.text('solution_id')),
  payerRef: cells.text(...account, ...insightsAccount),
  payoutRef: null,
  facts: countryOf(cells.text('Location')),
})

/** The bare id behind a resource name. */
export const bareOf = (ref: string | null): string | null => (ref && lastOf(ref)) || null

/** A country's code, with the state after a slash for the United States and Canada. */
function countryOf(location: string | null): RevenueLine['facts'] {
  const [, country] = /^([A-Z]{2})(\/|$)/.exec(location ?? '') ?? []
  return country === undefined ? {} : { 'line.country': country }
}
