import { type Decimal, isDecimal, trim } from '../../src/kernel/decimal.ts'
import { amountFault, type MoneyJson, parseMoney, toJson } from '../../src/kernel/money.ts'
import { endAfter, type Instant, instant, startOf } from '../../src/kernel/time.ts'

/** AWS writes an agreement without an end as this year, or not at all. */
const endlessYear = '9999'
const lastSecond = 'T23:59:59'

/** An amount as AWS writes it (`"1200.00"`, `"0.0"`), or null when it is none. */
export function readMoney(
  currency: string | undefined,
  text: string | undefined,
): MoneyJson | null {
  if (!currency || !text || !isDecimal(text, 18, 12)) return null
  const amount = trim(text)
  return amountFault(currency, amount) ? null : toJson(parseMoney(currency, amount))
}

/** Ends in AWS's words are the last moment; ours are the first moment after. Null when there is none. */
export function readEnd(end: Date | undefined | null): Instant | null {
  if (!end) return null
  const last = instant(end)
  return last.startsWith(endlessYear) ? null : endOfMoment(last)
}

/** 23:59:59 of a day, with or without a fraction, is the midnight after; any other moment is itself. */
export const endOfMoment = (last: Instant): Instant =>
  last.slice(10, 19) === lastSecond ? startOf(endAfter(last)) : last

/** A number of the API's JSON as an exact decimal, or null for what is none (fractions in exponent form). */
export function readQuantity(value: number | undefined | null): Decimal | null {
  if (value === undefined || value === null) return null
  const text = Number.isSafeInteger(value) ? value.toFixed(0) : String(value)
  return isDecimal(text) ? text : null
}
