import { type Decimal, divide, plus, times } from '../kernel/decimal.ts'
import {
  add,
  type Money,
  minorDigits,
  portion,
  post,
  ratio,
  subtract,
  sum,
  toDecimal,
} from '../kernel/money.ts'
import { addMonths, type Day, daysBetween } from '../kernel/time.ts'

/** A term in whole months, or from a day to a day. */
export type Term = { readonly months: number } | { readonly start: Day; readonly endExclusive: Day }

export type ContractValues = {
  /** Committed charges over the term, before tax; use beyond what is committed is not in it. */
  readonly tcv: Money
  /** The recurring part in a year: × 12 ÷ months, or × 365 ÷ days when the term is not whole months. */
  readonly acv: Money
  readonly mrr: Money
  readonly arr: Money
}

/** The values a contract is spoken of by. The yearly and monthly figures are each rounded from the exact one. */
export function contractValues(recurring: Money, oneOff: Money, term: Term): ContractValues {
  const { per, of } = fractionOfYear(term)
  const yearly = (parts: string) =>
    post(
      recurring.currency,
      divide(times(toDecimal(recurring), of), times(per, parts), minorDigits(recurring.currency)),
    )
  const acv = yearly('1')
  return { tcv: add(recurring, oneOff), acv, arr: acv, mrr: yearly('12') }
}

function fractionOfYear(term: Term): { readonly per: Decimal; readonly of: Decimal } {
  const months = 'months' in term ? term.months : wholeMonths(term.start, term.endExclusive)
  if (months !== undefined) return { per: String(months), of: '12' }
  const { start, endExclusive } = term as { start: Day; endExclusive: Day }
  return { per: String(daysBetween(start, endExclusive)), of: '365' }
}

function wholeMonths(start: Day, endExclusive: Day): number | undefined {
  const about = Math.round(daysBetween(start, endExclusive) / 30.4375)
  return about > 0 && addMonths(start, about) === endExclusive ? about : undefined
}

/** A recurring contract, as the pipeline of committed revenue sees it. */
export type Recurring = {
  readonly mrr: Money
  readonly start: Day
  readonly endExclusive: Day
  readonly signed: Day | null
  /** The day the buyer said they will not renew. */
  readonly notice: Day | null
}

/** Committed monthly revenue on a day: what runs, plus what is signed to start, less what is known to end, by a horizon. */
export function committedRevenue(
  currency: string,
  contracts: readonly Recurring[],
  { asOf, horizon }: { readonly asOf: Day; readonly horizon: Day },
) {
  const total = (wanted: (c: Recurring) => boolean) =>
    sum(
      currency,
      contracts.filter(wanted).map((c) => c.mrr),
    )
  const runs = (c: Recurring) => c.start <= asOf && asOf < c.endExclusive
  const mrr = total(runs)
  const signedNotStarted = total(
    (c) => c.start > asOf && c.start <= horizon && c.signed !== null && c.signed <= asOf,
  )
  const knownChurn = total(
    (c) => runs(c) && c.notice !== null && c.notice <= asOf && c.endExclusive <= horizon,
  )
  const cmrr = subtract(add(mrr, signedNotStarted), knownChurn)
  return { mrr, signedNotStarted, knownChurn, cmrr, arr: portion(mrr, '12') }
}

/** Use has no ARR: a trailing quarter × 4, to be labelled a run rate. */
export const usageRunRate = (currency: string, months: readonly Money[]): Money =>
  portion(sum(currency, months), '4')

/** Prices of years with a yearly uplift, each rounded; the next year grows from the rounded price, or from the exact one. */
export function uplift(
  firstYear: Money,
  rate: Decimal,
  { years, from }: { readonly years: number; readonly from: 'rounded' | 'exact' },
): Money[] {
  const prices: Money[] = []
  let exact = toDecimal(firstYear)
  for (let year = 0; year < years; year += 1) {
    const price = post(firstYear.currency, exact)
    prices.push(price)
    exact = times(from === 'rounded' ? toDecimal(price) : exact, plus('1', rate))
  }
  return prices
}

export type ResellerDeal = {
  readonly wholesale: Money
  readonly buyerPrice: Money
  readonly feeRate: Decimal
  /** Which of the two the fee is taken on, and from whom: terms to be compared with the fee lines reported. */
  readonly feeBase: 'buyer_price' | 'wholesale'
  readonly feePayer: 'isv' | 'reseller'
}

/** What a sale through a reseller leaves each: margin is on the price, markup is on the cost. */
export function resellerSplit({ wholesale, buyerPrice, feeRate, feeBase, feePayer }: ResellerDeal) {
  const resellerMargin = subtract(buyerPrice, wholesale)
  const fee = portion(feeBase === 'wholesale' ? wholesale : buyerPrice, feeRate)
  return {
    resellerMargin,
    marginShare: ratio(resellerMargin, buyerPrice, 4),
    markupShare: ratio(resellerMargin, wholesale, 4),
    fee,
    isvNet: feePayer === 'isv' ? subtract(wholesale, fee) : wholesale,
    resellerNet: feePayer === 'reseller' ? subtract(resellerMargin, fee) : resellerMargin,
  }
}

export type Deductions = {
  readonly feeRate: Decimal
  /** Tax on the marketplace's fee, where it is taken from the payout. */
  readonly feeTaxRate: Decimal
  /** By treaty and form: the vendor's own setting per entity and country. */
  readonly withholdingRate: Decimal
  readonly withholdingBase: 'gross' | 'after_fee'
  /** The buyer's tax that we must remit: paid out to us, and owed on. */
  readonly taxToRemit: Money
}

/** What stays with the vendor of a gross amount, and what is paid out, tax to remit included. */
export function netToVendor(gross: Money, terms: Deductions) {
  const fee = portion(gross, terms.feeRate)
  const feeTax = portion(fee, terms.feeTaxRate)
  const base = terms.withholdingBase === 'gross' ? gross : subtract(gross, fee)
  const withholding = portion(base, terms.withholdingRate)
  const net = subtract(subtract(subtract(gross, fee), feeTax), withholding)
  return { fee, feeTax, withholding, net, disbursed: add(net, terms.taxToRemit) }
}
