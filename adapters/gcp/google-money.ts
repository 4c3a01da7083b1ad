import { z } from 'zod'
import {
  type Decimal,
  divide,
  isDecimal,
  minus,
  plus,
  times,
  trim,
} from '../../src/kernel/decimal.ts'
import {
  amountFault,
  isCurrency,
  type MoneyJson,
  parseMoney,
  toJson,
} from '../../src/kernel/money.ts'

/** google.type.Money: whole units as text, and billionths; zeros are left out. */
export const googleMoney = z.looseObject({
  currencyCode: z.string().nullish(),
  units: z.union([z.string(), z.int().transform(String)]).nullish(),
  nanos: z.int().nullish(),
})
export type GoogleMoney = z.infer<typeof googleMoney>

/** google.type.Decimal. */
export const googleDecimal = z.looseObject({ value: z.string().nullish() })

const nanoPlaces = 9
const percentPlaces = 14

/** Its exact amount, and undefined where it is none. */
export function amountOf({ units, nanos }: GoogleMoney): Decimal | undefined {
  const whole = units || '0'
  const part = String(nanos ?? 0)
  if (!isDecimal(whole) || !isDecimal(part)) return undefined
  return plus(whole, divide(part, '1000000000', nanoPlaces))
}

/** As posted money; undefined where it is finer than the currency, or no money at all. */
export function moneyOf(told: GoogleMoney | null | undefined): MoneyJson | undefined {
  const exact = told ? amountOf(told) : undefined
  const currency = told?.currencyCode
  if (exact === undefined || !currency || !isCurrency(currency)) return undefined
  const amount = trim(exact)
  return amountFault(currency, amount) ? undefined : toJson(parseMoney(currency, amount))
}

/** What is left of an exact amount after a discount of so many percent; undefined for what is no percentage. */
export function discounted(
  exact: Decimal,
  percent: string | null | undefined,
): Decimal | undefined {
  const rate = percent || '0'
  if (!isDecimal(rate)) return undefined
  const left = times(exact, divide(minus('100', rate), '100', percentPlaces))
  return trim(left)
}
