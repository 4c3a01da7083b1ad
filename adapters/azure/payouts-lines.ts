import {
  compare,
  type Decimal,
  divide,
  isNegative,
  isZero,
  minus,
  negate,
  plus,
  round,
  times,
} from '../../src/kernel/decimal.ts'
import { plainRef } from '../../src/kernel/text.ts'
import type { Day } from '../../src/kernel/time.ts'
import type { LineKind, OtherAmount, RevenueLine } from '../../src/revenue/model.ts'
import { CellFault, type Cells } from './revenue-cells.ts'
import { type Common, paidOut } from './revenue-lines.ts'

/** `Sent` of "Earning statuses" and "Payment statuses": the money has left Microsoft. */
const isSent = (cells: Cells): boolean => cells.text('paymentStatus')?.toLowerCase() === 'sent'

/**
 * The lines of one earning of "Transaction history" (earnings report): the price and the fee of an invoice line
 * (OrderId, LineItemId) as they were paid out, under the payment's id, which ISVRevenue does not have; and the tax that
 * Microsoft remits itself (taxRemitted). The price and fee as billed are in ISVRevenue, so that they are told here only
 * where that report is left out (`billsToo`). The fee is what the earning is less than the transaction: storeFee says
 * the same for information, and stays in the row. An earning that is not sent yet pays nothing out.
 */
export function earningLines(cells: Cells, billsToo: boolean): readonly RevenueLine[] {
  const common = earningCommon(cells)
  const price = needed(cells, 'transactionAmount')
  const earning = needed(cells, 'earningAmount')
  const isBack = isNegative(price)
  const ref = `${cells.needed('OrderId')}/${cells.needed('LineItemId')}`
  const nativeKind = [cells.text('transactionType'), cells.text('paymentStatus')]
    .map((word) => word ?? '')
    .join('/')
  const line = (kind: LineKind, amount: Decimal, others: readonly OtherAmount[]): RevenueLine => ({
    ...common,
    lineRef: `${ref}/${kind}`,
    kind,
    action: 'invoiced',
    nativeKind,
    amount,
    others,
  })
  const split = otherAmounts(cells, price, earning)
  const billed = [
    line(isBack ? 'gross_refund' : 'gross', price, split.price),
    line(isBack ? 'fee_refund' : 'fee', minus(earning, price), split.fee),
  ]
  const tax = cells.decimal('taxRemitted')
  const taxes =
    tax === null || isZero(tax)
      ? []
      : [line(isNegative(tax) ? 'marketplace_tax_refund' : 'marketplace_tax', tax, [])]
  return [
    ...(billsToo ? billed.map((one) => ({ ...one, payoutRef: null })) : []),
    ...taxes.map((one) => ({ ...one, payoutRef: null })),
    ...(isSent(cells) ? billed.map(paidOut) : []),
  ]
}

function earningCommon(cells: Cells): Common {
  const invoicedOn = cells.day('transactionDate', 'earningDate')
  if (invoicedOn === null) throw new CellFault('transactionDate', 'is empty')
  const currency = cells.currency('transactionCurrency')
  if (currency === null) throw new CellFault('transactionCurrency', 'is empty')
  return {
    parentRef: null,
    currency,
    invoiceRef: cells.any('invoiceNumber', 'OrderId'),
    invoicedOn,
    dueOn: null,
    usage: null,
    agreementRef: cells.text('assetId')?.toLowerCase() ?? null,
    offerRef: null,
    listingRef: null,
    payerRef: plainRef(cells.any('customerId', 'customerTenantId') ?? '') || null,
    payoutRef: cells.text('paymentId'),
    facts: {},
  }
}

/**
 * An earning is told in the payout currency and in dollars as a whole; the price's part is in proportion, the fee's is
 * the rest, so that both together are the earning to the last digit.
 */
function otherAmounts(cells: Cells, price: Decimal, earning: Decimal) {
  const paid = cells.decimal('earningAmountInLastPaymentCurrency')
  const paidIn = cells.currency('lastPaymentCurrency')
  const dollars = cells.decimal('earningAmountUSD')
  const known = [
    ...(paid === null || paidIn === null
      ? []
      : [{ role: 'payout' as const, whole: paid, currency: paidIn, part: null }]),
    ...(dollars === null
      ? []
      : [
          {
            role: 'usd' as const,
            whole: dollars,
            currency: 'USD',
            part: cells.decimal('transactionAmountUSD'),
          },
        ]),
  ].map((one) => ({ ...one, part: one.part ?? proportion(price, earning, one.whole) }))
  const amounts = (of: (one: (typeof known)[number]) => Decimal): OtherAmount[] =>
    known.map((one) => ({
      role: one.role,
      amount: of(one),
      currency: one.currency,
      rate: null,
      rateOn: null,
    }))
  return {
    price: amounts(({ part }) => part),
    fee: amounts(({ whole, part }) => minus(whole, part)),
  }
}

const centsPlaces = 2
const proportion = (price: Decimal, earning: Decimal, whole: Decimal): Decimal =>
  isZero(earning) ? whole : divide(times(price, whole), earning, centsPlaces)

/**
 * The lines of one payment of "Payments": the payout, and the taxes that make it differ from its earnings, each as
 * owed and as settled with the payout, so that both the month and the payout add up. Withheld tax and tax on the fee
 * lower it, sales tax that the publisher has to remit raises it. A payment that came back is a payout and its failure.
 * Any other status has moved no money yet and tells nothing.
 */
export function paymentLines(cells: Cells): readonly RevenueLine[] {
  const payment = cells.needed('paymentID')
  const status = cells.text('paymentStatus')?.toLowerCase() ?? ''
  const hasFailed = failed.has(status)
  if (!isSent(cells) && !hasFailed) return []
  const paidOn = cells.day('paymentDate')
  if (paidOn === null) throw new CellFault('paymentDate', 'is empty')
  const total = needed(cells, 'totalPayment')
  const common = paymentCommon(cells, payment, paidOn)
  const line = (kind: LineKind, amount: Decimal, name: string): RevenueLine => ({
    ...common,
    lineRef: `payment/${payment}/${cells.any('programName') ?? ''}/${name}`,
    kind,
    action: 'disbursed',
    nativeKind: `payment/${cells.text('paymentStatus') ?? ''}`,
    amount,
  })
  const taxes = taxesOf(cells, total).flatMap(({ kind, name, amount }) => {
    const owed = { ...line(kind, amount, name), action: 'invoiced' as const, payoutRef: null }
    return [owed, line(kind, negate(amount), `${name}/paid`)]
  })
  const payout = line('payout', total, 'payout')
  return hasFailed ? [payout, line('payout_failure', negate(total), 'failure')] : [...taxes, payout]
}

const failed: ReadonlySet<string> = new Set(['failed', 'reversed', 'rejected', 'incorrect payment'])

function paymentCommon(cells: Cells, payoutRef: string, paidOn: Day): Common & { others: [] } {
  const currency = cells.currency('currencyCode')
  if (currency === null) throw new CellFault('currencyCode', 'is empty')
  return {
    parentRef: null,
    currency,
    invoiceRef: null,
    invoicedOn: paidOn,
    dueOn: null,
    usage: null,
    agreementRef: null,
    offerRef: null,
    listingRef: null,
    payerRef: null,
    payoutRef,
    facts: {},
    others: [],
  }
}

type Tax = { readonly kind: LineKind; readonly name: string; readonly amount: Decimal }

/** The documents show no sign: an amount that lowers the payout may stand there as a loss or as a size. */
function taxesOf(cells: Cells, total: Decimal): readonly Tax[] {
  const withheld = cells.decimal('withheldTax') ?? '0'
  const onFee = cells.decimal('serviceFeeTax') ?? '0'
  const sales = cells.decimal('salesTax') ?? '0'
  const earned = cells.decimal('earned')
  const asLoss = earned !== null && same([earned, withheld, onFee, sales], total)
  const lowered = (size: Decimal) => (asLoss ? size : negate(size))
  const all: readonly Tax[] = [
    { kind: 'other_tax', name: 'withheldTax', amount: lowered(withheld) },
    { kind: 'other_tax', name: 'serviceFeeTax', amount: lowered(onFee) },
    { kind: 'seller_tax', name: 'salesTax', amount: sales },
  ]
  return all.filter(({ amount }) => !isZero(amount))
}

const same = (parts: readonly Decimal[], total: Decimal): boolean =>
  compare(round(parts.reduce(plus, '0'), 2), round(total, 2)) === 0

function needed(cells: Cells, column: string): Decimal {
  const value = cells.decimal(column)
  if (value === null) throw new CellFault(column, 'is empty')
  return value
}
