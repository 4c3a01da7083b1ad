import { compare, minus, round, times, total as totalOfDecimals } from '../kernel/decimal.ts'
import { amountFault, type Money, minorDigits, parseMoney, sum } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import { addDays, addMonths, type Day } from '../kernel/time.ts'
import type { Instalment } from './instalments.ts'
import type { OfferTerms } from './model.ts'

/** What the contract part costs; `none` without one. A `faulty` one names every reason why it cannot be told. */
export type Total =
  | { readonly is: 'none' }
  | { readonly is: 'known'; readonly amount: Money }
  | { readonly is: 'faulty'; readonly faults: readonly Violation[] }

/** The flat total, or the priced rows: each is unit price times quantity, rounded once. When both are given they agree. */
export function totalOf({ currency, pricing }: OfferTerms): Total {
  const { contract = [], flat } = pricing
  if (contract.length === 0 && flat === undefined) return { is: 'none' }
  const faults: Violation[] = []
  if (flat !== undefined) faults.push(...tooMuch(currency, flat, 'pricing.flat'))
  const rows = contract.flatMap(({ price, quantity }, i) => {
    if (price === undefined) return []
    const exact = round(times(price, quantity), minorDigits(currency))
    faults.push(...tooMuch(currency, exact, `pricing.contract.${i}`))
    return [exact]
  })
  const isPriced = rows.length > 0 && rows.length === contract.length
  const added = round(totalOfDecimals(rows), minorDigits(currency))
  if (isPriced && faults.length === 0) faults.push(...tooMuch(currency, added, 'pricing.contract'))
  if (flat === undefined) faults.push(...unpriced(contract))
  else if (isPriced && faults.length === 0) faults.push(...disagreement(currency, flat, added))
  if (faults.length > 0) return { is: 'faulty', faults }
  return { is: 'known', amount: parseMoney(currency, flat ?? added) }
}

const wholeDigitsMax = 18

/** A total is at most a twelfth of what can be posted, so that its value in a year can be, whatever the term. */
function tooMuch(currency: string, amount: string, path: string): Violation[] {
  const isVast = (amount.split('.')[0]?.length ?? 0) > wholeDigitsMax
  const fault = isVast
    ? 'is too large'
    : (amountFault(currency, amount) ?? amountFault(currency, times(amount, '12')))
  return fault === undefined ? [] : [{ path, message: fault }]
}

const unpriced = (rows: NonNullable<OfferTerms['pricing']['contract']>): Violation[] =>
  rows.flatMap(({ price }, i) =>
    price === undefined
      ? [{ path: `pricing.contract.${i}.price`, message: 'give a price, or pricing.flat' }]
      : [],
  )

function disagreement(currency: string, flat: string, rows: string): Violation[] {
  if (compare(flat, rows) === 0) return []
  const off = difference(currency, flat, rows)
  const message = `is ${currency} ${off.by} ${off.is} than the rows, which come to ${rows}`
  return [{ path: 'pricing.flat', message }]
}

/** By how much the first is more or less than the second, with the currency's decimals. */
export function difference(
  currency: string,
  a: string,
  b: string,
): { by: string; is: 'more' | 'less' } {
  const isLess = compare(a, b) < 0
  const by = round(isLess ? minus(b, a) : minus(a, b), minorDigits(currency))
  return { by, is: isLess ? 'less' : 'more' }
}

/** A charge and the day it falls on if the buyer accepts on the day the order is frozen. */
export type ScheduledPayment = Instalment & { readonly when: 'acceptance' | Day }

export type PaymentSchedule = {
  readonly rows: readonly ScheduledPayment[]
  readonly total: Money
  readonly paid: Money
  /** The charges add up to the total exactly. */
  readonly matches: boolean
}

/** What the buyer is charged and when; undefined while amounts cannot be read, or for use alone. */
export function scheduleOf(terms: OfferTerms, submittedOn: Day): PaymentSchedule | undefined {
  const total = totalOf(terms)
  if (total.is !== 'known') return undefined
  const rows = paymentsOf(terms, submittedOn, total.amount)
  if (!rows) return undefined
  const paid = sum(
    terms.currency,
    rows.map(({ amount }) => amount),
  )
  return { rows, total: total.amount, paid, matches: paid.minor === total.amount.minor }
}

function paymentsOf(
  { currency, payments }: OfferTerms,
  submittedOn: Day,
  total: Money,
): ScheduledPayment[] | undefined {
  if (!payments) return [{ when: 'acceptance', on: submittedOn, amount: total }]
  if (payments.some(({ amount }) => amountFault(currency, amount) !== undefined)) return undefined
  return payments.map(({ on, amount }) => ({
    when: on,
    on: on === 'acceptance' ? submittedOn : on,
    amount: parseMoney(currency, amount),
  }))
}

/** The last day the agreement can have, if it is accepted as late as possible; undefined when it has no end. */
export function lastDayOf({ acceptBy, start, term }: OfferTerms): Day | undefined {
  if (!term) return undefined
  return addDays(addMonths(start === 'acceptance' ? acceptBy : start, term.months), -1)
}
