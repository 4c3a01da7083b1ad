import { type Currency, isCurrency, minorDigits } from './currency.ts'
import { type Decimal, divide, isDecimal, round, times } from './decimal.ts'
import { Problem } from './problem.ts'

export { type Currency, isCurrency, minorDigits } from './currency.ts'

/** An amount that moves: whole minor units, never a fraction of a cent. */
export type Money = { readonly currency: Currency; readonly minor: bigint }

/** A price per unit, exact to at most 12 decimals. It never moves by itself: `charge` turns it into money. */
export type Rate = { readonly currency: Currency; readonly price: Decimal }

/** How money looks in JSON: a decimal string with exactly the currency's digits. */
export type MoneyJson = { readonly currency: string; readonly amount: string }

/** Digits before the point that a posted amount may have: Postgres bigint holds 18 digits of minor units safely. */
const minorUnitsMax = 10n ** 18n

export const money = (currency: Currency, minor: bigint): Money => ({ currency, minor })
export const zero = (currency: Currency): Money => money(currency, 0n)

/** What is wrong with an amount as text, or undefined: not ISO's currency, not a decimal, too many places, too large. */
export function amountFault(currency: string, amount: string): string | undefined {
  if (!isCurrency(currency)) return `${currency} is not an ISO 4217 currency`
  if (!isDecimal(amount, 30, 30)) return 'must be a decimal string such as "1200.00"'
  const places = amount.split('.')[1]?.length ?? 0
  const digits = minorDigits(currency)
  if (places > digits) return `${currency} has at most ${digits} decimals`
  const minor = toMinor(amount, digits)
  if (minor >= minorUnitsMax || -minor >= minorUnitsMax) return 'is too large'
  return undefined
}

/** Reads `"1200.00"` exactly. Throws `invalid` with what is wrong; never rounds. */
export function parseMoney(currency: Currency, amount: string): Money {
  const fault = amountFault(currency, amount)
  if (fault) throw new Problem('invalid', `amount ${amount} ${fault}`)
  return money(currency, toMinor(amount, minorDigits(currency)))
}

function toMinor(amount: string, digits: number): bigint {
  const [whole = '0', places = ''] = amount.replace('-', '').split('.')
  const minor = BigInt(whole + places.padEnd(digits, '0'))
  return amount.startsWith('-') ? -minor : minor
}

export function toDecimal({ currency, minor }: Money): string {
  const digits = minorDigits(currency)
  const sign = minor < 0n ? '-' : ''
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0')
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

export const toJson = (value: Money): MoneyJson => ({
  currency: value.currency,
  amount: toDecimal(value),
})
export const fromJson = (value: MoneyJson): Money => parseMoney(value.currency, value.amount)

export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency)
    throw new Problem('internal', `cannot add ${b.currency} to ${a.currency}`)
  return money(a.currency, a.minor + b.minor)
}
export const subtract = (a: Money, b: Money): Money => add(a, money(b.currency, -b.minor))
export const sum = (currency: Currency, parts: readonly Money[]): Money =>
  parts.reduce(add, zero(currency))

/** An exact amount posted: rounded half away from zero to the ISO exponent. */
export const post = (currency: Currency, exact: Decimal): Money =>
  parseMoney(currency, round(exact, minorDigits(currency)))

/** rate × quantity as money. With `post`, on which it stands, the only place that rounds. */
export const charge = (rate: Rate, quantity: Decimal): Money =>
  post(rate.currency, times(rate.price, quantity))

/** A share of an amount, rounded once: `portion(amount, '0.03')` is a 3 % fee. */
export const portion = (amount: Money, share: Decimal): Money =>
  charge({ currency: amount.currency, price: share }, toDecimal(amount))

/**
 * An amount in another currency, by the price there of one whole unit here. Convert once, from the source:
 * there and back again is not the identity.
 */
export const convert = (amount: Money, price: Rate): Money => charge(price, toDecimal(amount))

/** a ÷ b of one currency, to `places` digits. Throws RangeError when b is zero. */
export function ratio(a: Money, b: Money, places: number): Decimal {
  if (a.currency !== b.currency)
    throw new Problem('internal', `cannot compare ${b.currency} with ${a.currency}`)
  return divide(a.minor.toString(), b.minor.toString(), places)
}

/**
 * Splits a total by whole, non-negative weights without losing a minor unit: largest remainder first,
 * ties to the lowest index, and a negative total is the mirror of its positive.
 */
export function split(amount: Money, weights: readonly bigint[]): Money[] {
  const all = weights.reduce((a, b) => a + b, 0n)
  if (all <= 0n || weights.some((w) => w < 0n))
    throw new RangeError('weights must be non-negative and not all zero')
  const sign = amount.minor < 0n ? -1n : 1n
  const positive = amount.minor * sign
  const parts = weights.map((w) => ({ base: (positive * w) / all, rest: (positive * w) % all }))
  const left = Number(positive - parts.reduce((a, p) => a + p.base, 0n))
  const order = parts.map((_, i) => i).sort((a, b) => compareRest(parts, a, b))
  const lucky = new Set(order.slice(0, left))
  return parts.map((p, i) => money(amount.currency, sign * (p.base + (lucky.has(i) ? 1n : 0n))))
}

function compareRest(parts: readonly { rest: bigint }[], a: number, b: number): number {
  const difference = (parts[b]?.rest ?? 0n) - (parts[a]?.rest ?? 0n)
  return difference === 0n ? a - b : difference > 0n ? 1 : -1
}
