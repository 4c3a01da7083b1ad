import {
  compare,
  type Decimal,
  floor,
  isNegative,
  isZero,
  least,
  minus,
  plus,
  round,
  times,
  total,
  trim,
} from '../kernel/decimal.ts'
import {
  amountFault,
  charge,
  type MoneyJson,
  minorDigits,
  type Rate,
  toJson,
} from '../kernel/money.ts'
import type { Allocation, MeteringTraits } from './model.ts'

/** How a record's exact quantity splits: what the price includes, what is sent for it, and what goes on to the next. */
export type Frozen = {
  readonly carriedIn: Decimal
  readonly covered: Decimal
  readonly rated: Decimal
  readonly sent: Decimal
  readonly carriedOut: Decimal
}

/**
 * What is sent for a record: the whole part of what was carried and its own quantity beyond what is `covered`, at
 * most what one report can hold; the rest is carried on. What was carried is beyond it already. Where more was taken
 * back than there is, nothing is sent and what is missing is carried as a negative. Because the rest moves on the moment
 * this is decided, whatever becomes of what is sent, no unit is in two records, however many are under way.
 */
export function freeze(
  carry: Decimal,
  quantity: Decimal,
  { quantity: takes, quantityMax }: Pick<MeteringTraits, 'quantity' | 'quantityMax'>,
  covered: Decimal = '0',
): Frozen {
  const running = plus(carry, minus(quantity, covered))
  const whole = takes === 'whole' ? floor(running) : running
  const sent = isNegative(running) ? '0' : least(whole, quantityMax)
  return {
    carriedIn: trim(carry),
    covered: trim(covered),
    rated: '0',
    sent: trim(sent),
    carriedOut: trim(minus(running, sent)),
  }
}

/** Money at a rate; null when the rate is not known or the amount is beyond what money can hold. */
export function worth(rate: Rate | undefined, quantity: Decimal): MoneyJson | null {
  if (rate === undefined) return null
  const exact = round(times(rate.price, quantity), minorDigits(rate.currency))
  return amountFault(rate.currency, exact) ? null : toJson(charge(rate, quantity))
}

/**
 * Splits what is sent by the tags its events carried, so that the parts add up to it: by largest remainder of a unit,
 * or of the twelfth decimal where decimals are taken, ties to the earlier. Beyond `allocationsMax` the smallest go
 * without tags; where it is zero the marketplace takes no parts.
 */
export function apportion(
  sent: Decimal,
  exact: readonly Allocation[],
  { quantity, allocationsMax }: Pick<MeteringTraits, 'quantity' | 'allocationsMax'>,
): Allocation[] {
  if (allocationsMax === 0) return []
  const parts = foldSmallest(exact, allocationsMax)
  const all = total(parts.map((part) => part.quantity))
  // What was taken back under other tags than it came with leaves no shares to tell.
  if (isZero(sent) || isZero(all) || parts.some((part) => isNegative(part.quantity))) return []
  const weights = parts.map((part) => scaled(part.quantity))
  const isWhole = quantity === 'whole'
  const quantities = splitWhole(isWhole ? BigInt(sent) : scaled(sent), weights)
  return parts
    .map((part, index) => {
      const share = quantities[index] ?? 0n
      return { ...part, quantity: isWhole ? String(share) : unscaled(share) }
    })
    .filter((part) => part.quantity !== '0')
}

function foldSmallest(parts: readonly Allocation[], max: number): readonly Allocation[] {
  const isTagged = ({ tags }: Allocation) => Object.keys(tags).length > 0
  if (parts.length <= max) return parts
  const sorted = parts.filter(isTagged).toSorted((a, b) => compare(b.quantity, a.quantity))
  const kept = sorted.slice(0, max - 1)
  const rest = [...sorted.slice(max - 1), ...parts.filter((part) => !isTagged(part))]
  return [...kept, { quantity: total(rest.map((part) => part.quantity)), tags: {} }]
}

const places = 12
const scaled = (quantity: Decimal): bigint => BigInt(round(quantity, places).replace('.', ''))
const unscaled = (units: bigint): Decimal => {
  const digits = String(units).padStart(places + 1, '0')
  return trim(`${digits.slice(0, -places)}.${digits.slice(-places)}`)
}

function splitWhole(whole: bigint, weights: readonly bigint[]): bigint[] {
  const all = weights.reduce((a, b) => a + b, 0n)
  const parts = weights.map((weight, index) => ({
    index,
    base: (whole * weight) / all,
    rest: (whole * weight) % all,
  }))
  const left = Number(whole - parts.reduce((a, part) => a + part.base, 0n))
  const order = parts.toSorted((a, b) =>
    a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1,
  )
  const lucky = new Set(order.slice(0, left).map((part) => part.index))
  return parts.map((part) => part.base + (lucky.has(part.index) ? 1n : 0n))
}
