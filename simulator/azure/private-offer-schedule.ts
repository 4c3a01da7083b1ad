import Big from 'big.js'
import type { TermPrice, TermUnit } from './catalog-model.ts'

const DECIMAL = /^\d+(\.\d+)?$/
const DAY = /^\d{4}-\d{2}-\d{2}$/

/**
 * A price paid in dated instalments ("Flexible billing schedule", Partner Center documentation: at most
 * 70 charges, each on a day of its own, flat rate only). Whether they must add up to `price` is not said
 * there; a schedule that does not is refused.
 */
export function flexiblePrice(
  flexible: any,
  termUnit: TermUnit,
  installmentsMax: number,
  refuse: (message: string) => never,
): TermPrice {
  const initial = flexible.initialCharge
  const charges = (flexible.billingSchedule ?? []).map((one: any) => ({
    day: String(one?.chargeDate),
    amount: amount(one?.pricePerPaymentInUsd, refuse),
    note: String(one?.note ?? ''),
  }))
  if (charges.length > installmentsMax) {
    return refuse(`A flexible schedule has at most ${installmentsMax} charges.`)
  }
  const days = charges.map((one: { day: string }) => one.day)
  if (days.some((day: string) => !DAY.test(day) || Number.isNaN(Date.parse(day)))) {
    return refuse('chargeDate must be a date.')
  }
  if (new Set(days).size < days.length) {
    return refuse('Each charge of a flexible schedule must have a date of its own.')
  }
  const initialCharge = initial
    ? {
        amount: amount(initial.pricePerPaymentInUsd, refuse),
        note: String(initial.note ?? ''),
      }
    : null
  const price = amount(flexible.price, refuse)
  const total = charges.reduce(
    (sum: Big, one: { amount: string }) => sum.plus(one.amount),
    Big(initialCharge?.amount ?? 0),
  )
  if (!total.eq(price)) return refuse('The charges do not add up to the price.')
  charges.sort((left: { day: string }, right: { day: string }) => (left.day < right.day ? -1 : 1))
  return { termUnit, paymentUnit: null, price, schedule: { initialCharge, charges } }
}

function amount(given: unknown, refuse: (message: string) => never): string {
  if (!DECIMAL.test(String(given))) return refuse('Invalid pricing.')
  return Big(String(given)).toFixed()
}
