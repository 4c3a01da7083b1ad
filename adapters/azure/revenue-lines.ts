import {
  compare,
  type Decimal,
  isNegative,
  minus,
  negate,
  times,
} from '../../src/kernel/decimal.ts'
import { plainRef } from '../../src/kernel/text.ts'
import { addMonths, type Day, endAfter, monthOf, startOf } from '../../src/kernel/time.ts'
import type { LineKind, OtherAmount, RevenueLine } from '../../src/revenue/model.ts'
import { CellFault, type Cells } from './revenue-cells.ts'
import { countryOf } from './revenue-country.ts'
import type { Settings } from './settings.ts'

/** A line without what only its place in the row tells. */
export type Common = Omit<
  RevenueLine,
  'lineRef' | 'kind' | 'action' | 'amount' | 'others' | 'nativeKind'
>

/** How ISVRevenue is read. `hasPayouts`: what is paid out is told by the payout exports, and not here. */
export type RevenueReading = { readonly settings: Settings; readonly hasPayouts: boolean }

/**
 * PayoutStatus of "Revenue dashboard in commercial marketplace analytics". All of these were billed to the buyer; that
 * the buyer has paid is never said, since an enterprise's purchases are paid out before it does. What is not eligible
 * for a payout, and any other word, is kept as unknown.
 */
const billed: ReadonlySet<string> = new Set([
  'sent',
  'unprocessed',
  'upcoming',
  'uncollected',
  'unreconciled',
  'rejected',
  'reprocessed',
])
const paid = 'sent'

/**
 * The lines of one row of ISVRevenue, which is an invoice line (PurchaseRecordId, LineItemId): its price before tax
 * (TransactionAmountCC), and the fee, by which the earning (EarningAmountCC) is less. Without payout exports a row that
 * is `Sent` also tells that both were paid out, with their signs turned. Amounts below zero give back.
 */
export function revenueLines(cells: Cells, reading: RevenueReading): readonly RevenueLine[] {
  const common = commonOf(cells)
  const price = cells.decimal('TransactionAmountCC')
  if (price === null) throw new CellFault('TransactionAmountCC', 'is empty')
  const earning = cells.decimal('EarningAmountCC')
  const money = moneyOf(cells, reading.settings, price)
  const status = cells.text('PayoutStatus')?.toLowerCase() ?? ''
  const ref = `${cells.needed('PurchaseRecordId')}/${cells.needed('LineItemId')}`
  const nativeKind = [cells.text('PayoutStatus'), cells.text('BillingModel')]
    .map((word) => word ?? '')
    .join('/')
  const line = (kind: LineKind, part: Part): RevenueLine => ({
    ...common,
    currency: money.currency,
    lineRef: `${ref}/${kind}`,
    kind,
    action: billed.has(status) ? 'invoiced' : 'unknown',
    nativeKind,
    amount: part.amount,
    others: part.others,
  })
  const isBack = isNegative(price)
  const parts = [
    line(isBack ? 'gross_refund' : 'gross', money.of('TransactionAmount', price)),
    ...(earning === null
      ? []
      : [line(isBack ? 'fee_refund' : 'fee', money.fee(minus(earning, price)))]),
  ]
  return status === paid && !reading.hasPayouts ? [...parts, ...parts.map(paidOut)] : parts
}

/** The same line as it was paid out: the balance it left, turned. */
export const paidOut = (line: RevenueLine): RevenueLine => ({
  ...line,
  lineRef: `${line.lineRef}/paid`,
  action: 'disbursed',
  amount: negate(line.amount),
  others: line.others.map((other) => ({ ...other, amount: negate(other.amount) })),
})

/**
 * AssetId is the subscription's id. The payer is the billing account, or where a row tells none (purchases through a
 * partner) the customer. A row is dated by the month it was billed for, the closest to an invoice's day that is told.
 */
function commonOf(cells: Cells): Omit<Common, 'currency'> & { readonly currency: '' } {
  const month = cells.day('MonthStartDate')
  if (month === null) throw new CellFault('MonthStartDate', 'is empty')
  return {
    parentRef: null,
    currency: '',
    invoiceRef: cells.text('PurchaseRecordId'),
    invoicedOn: month,
    dueOn: null,
    usage: usageOf(cells, month),
    ...basisOf(cells),
    agreementRef: cells.any('AssetId', 'OrderId')?.toLowerCase() ?? null,
    offerRef: privateOfferOf(cells),
    listingRef: cells.text('OfferId'),
    payerRef: plainRef(cells.any('BillingAccountId', 'CustomerId') ?? '') || null,
    payoutRef: null,
    facts: factsOf(cells),
  }
}

/** The private offer's guid, with or without its prefix. */
export const privateOfferOf = (cells: Cells): string | null =>
  cells.text('PrivateOfferId')?.replace(/^private-offer\//, '') ?? null

function basisOf(cells: Cells): Pick<RevenueLine, 'basis'> {
  const model = cells.text('BillingModel')?.toLowerCase()
  if (model === 'usagebased') return { basis: 'usage' }
  return model === 'subscriptionbased' ? { basis: 'term' } : {}
}

/** Use is billed by the month; a subscription for its term, whose last day is inclusive. */
function usageOf(cells: Cells, month: Day): RevenueLine['usage'] {
  if (cells.text('BillingModel')?.toLowerCase() === 'usagebased') {
    const first: Day = `${monthOf(month)}-01`
    return { from: startOf(first), to: startOf(addMonths(first, 1)) }
  }
  const from = cells.day('TermStartDate')
  const last = cells.day('TermEndDate')
  return from && last && from <= last ? { from: startOf(from), to: startOf(endAfter(last)) } : null
}

/**
 * What a row tells of what the drawdown rules ask: the customer's country, and that a purchase through a Cloud Solution
 * Provider is on the provider's subscription. Whether it was made in the Azure portal no column says.
 */
function factsOf(cells: Cells): RevenueLine['facts'] {
  const country = countryOf(cells.text('CustomerCountry'))
  const channel = cells.any('SalesChannel', 'AzureLicenseType')?.toLowerCase() ?? ''
  const isCsp = channel.startsWith('cloud solution provider') || channel === 'csp'
  return {
    ...(country === null ? {} : { 'line.country': country }),
    ...(isCsp ? { 'line.subscriptionOnAgreement': false } : {}),
  }
}

type Part = { readonly amount: Decimal; readonly others: readonly OtherAmount[] }

/**
 * The row's three currencies: the customer's (CC), the publisher's payout currency (PC) and US dollars. The report has
 * one currency column, EarningCurrencyCode, described as the customer's; `earningCurrency` of the settings says if that
 * is wrong for an account. A row that says dollars and tells other dollars beside them proves it wrong, and is broken.
 */
function moneyOf(cells: Cells, settings: Settings, price: Decimal) {
  const { earningCurrency, payoutCurrency } = settings.reports
  const named = cells.currency(
    'TransactionCurrency',
    'TransactionCurrencyCode',
    'CustomerCurrencyCC',
  )
  const code = cells.currency('EarningCurrencyCode')
  const currency = named ?? (earningCurrency === 'customer' ? code : null)
  if (currency === null)
    throw new CellFault('EarningCurrencyCode', 'does not tell the customer’s currency')
  const dollars = cells.decimal('TransactionAmountUSD')
  if (currency === 'USD' && dollars !== null && apart(price, dollars))
    throw new CellFault(
      'EarningCurrencyCode',
      'says USD, yet the amount in US dollars is another: see earningCurrency in the settings',
    )
  const payout =
    cells.currency('PayoutCurrencyPC', 'PayoutCurrency') ??
    (earningCurrency === 'payout' ? code : (payoutCurrency ?? null))
  const rateOn = cells.day('ExchangeRateDate')
  const other = (role: 'payout' | 'usd', amount: Decimal | null, own: Decimal): OtherAmount[] => {
    const known = role === 'payout' ? payout : 'USD'
    if (amount === null || known === null) return []
    const rate = cells.decimal(role === 'payout' ? 'ExchangeRatePC' : 'ExchangeRateUSD')
    const isRate = rate !== null && rateOn !== null && !apart(times(own, rate), amount)
    return [
      { role, amount, currency: known, rate: isRate ? rate : null, rateOn: isRate ? rateOn : null },
    ]
  }
  const feeIn = (suffix: 'PC' | 'USD'): Decimal | null => {
    const whole = cells.decimal(`TransactionAmount${suffix}`)
    const left = cells.decimal(`EarningAmount${suffix}`)
    return whole === null || left === null ? null : minus(left, whole)
  }
  return {
    currency,
    of: (column: 'TransactionAmount', amount: Decimal): Part => ({
      amount,
      others: [
        ...other('payout', cells.decimal(`${column}PC`), amount),
        ...other('usd', cells.decimal(`${column}USD`), amount),
      ],
    }),
    fee: (amount: Decimal): Part => ({
      amount,
      others: [...other('payout', feeIn('PC'), amount), ...other('usd', feeIn('USD'), amount)],
    }),
  }
}

/** Whether two amounts differ by more than the cent that rounding may cost. */
function apart(a: Decimal, b: Decimal): boolean {
  const off = minus(a, b)
  return compare(isNegative(off) ? negate(off) : off, '0.01') > 0
}
