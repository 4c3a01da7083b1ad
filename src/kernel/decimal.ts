import { Big } from 'big.js'

/** Our own constructor, so nobody else's settings reach our arithmetic. Strict: it refuses JS numbers. */
const Exact = Big()
Exact.strict = true
Exact.DP = 24
Exact.NE = -100
Exact.PE = 100

/** An exact decimal as text, e.g. `"0.00120000"`. Arithmetic goes through this file; text compares with `compare`. */
export type Decimal = string & { readonly __decimal?: never }

const pattern = /^-?(0|[1-9]\d*)(\.\d+)?$/

/** Whether a text is a plain decimal (no exponent, no leading plus or zeros) within these bounds of digits. */
export function isDecimal(text: string, wholeDigitsMax = 26, placesMax = 12): boolean {
  if (!pattern.test(text)) return false
  const [whole = '', places = ''] = text.replace('-', '').split('.')
  return whole.length <= wholeDigitsMax && places.length <= placesMax
}

const plain = (value: Big): Decimal => (value.eq('0') ? '0' : value.toFixed())

export const plus = (a: Decimal, b: Decimal): Decimal => plain(new Exact(a).plus(b))
export const minus = (a: Decimal, b: Decimal): Decimal => plain(new Exact(a).minus(b))
export const times = (a: Decimal, b: Decimal): Decimal => plain(new Exact(a).times(b))
export const negate = (a: Decimal): Decimal => plain(new Exact(a).neg())
export const total = (values: readonly Decimal[]): Decimal => values.reduce(plus, '0')
/** -1, 0 or 1. */
export const compare = (a: Decimal, b: Decimal): -1 | 0 | 1 => new Exact(a).cmp(b)
export const isZero = (a: Decimal): boolean => new Exact(a).eq('0')
export const isNegative = (a: Decimal): boolean => new Exact(a).lt('0')
export const least = (a: Decimal, b: Decimal): Decimal => (compare(a, b) <= 0 ? a : b)

/** The largest whole number that is not above, as text: 2.9 → 2, -2.1 → -3. */
export function floor(a: Decimal): Decimal {
  const value = new Exact(a)
  const cut = value.round(0, 0)
  return plain(cut.gt(value) ? cut.minus('1') : cut)
}

/**
 * How a tie or a remainder is settled. Ours is `half_away_from_zero`, so that a refund mirrors its charge; the
 * others are how some statements and libraries round, needed only to check them (`half_up` ties towards +∞).
 */
export type Rounding = 'half_away_from_zero' | 'half_even' | 'down' | 'up' | 'half_up' | 'floor'
const modes = { down: 0, half_away_from_zero: 1, half_even: 2, up: 3 } as const

/** Rounded to exactly `places` digits after the point, zeros kept: round('1', 2) is '1.00'. */
export function round(a: Decimal, places: number, mode: Rounding = 'half_away_from_zero'): Decimal {
  if (mode === 'floor' || mode === 'half_up') return roundDown(a, places, mode)
  const text = new Exact(a).toFixed(places, modes[mode])
  return /^-0(\.0+)?$/.test(text) ? text.slice(1) : text
}

function roundDown(a: Decimal, places: number, mode: 'floor' | 'half_up'): Decimal {
  const unit = new Exact(`1e-${places}`)
  const lifted = mode === 'half_up' ? new Exact(a).plus(unit.times('0.5')) : new Exact(a)
  const cut = lifted.round(places, 0)
  return round(plain(cut.gt(lifted) ? cut.minus(unit) : cut), places, 'down')
}

/** a ÷ b to `places` digits, rounded once. Throws RangeError when b is zero. */
export function divide(
  a: Decimal,
  b: Decimal,
  places: number,
  mode: Rounding = 'half_away_from_zero',
): Decimal {
  if (isZero(b)) throw new RangeError('division by zero')
  // One rounding only: the quotient is cut with digits to spare, and a sticky digit keeps ties honest.
  const wide = Big()
  wide.strict = true
  wide.DP = places + 40
  wide.RM = 0
  const quotient = new wide(a).div(b)
  const sticky = quotient.times(b).eq(a) ? '' : '1'
  return round(`${quotient.toFixed(places + 40)}${sticky}`, places, mode)
}

/** Without trailing zeros after the point: `'1.500'` → `'1.5'`. */
export const trim = (a: Decimal): Decimal => plain(new Exact(a))
