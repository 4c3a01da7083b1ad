import {
  compare,
  type Decimal,
  divide,
  isZero,
  least,
  minus,
  plus,
  times,
  trim,
} from '../kernel/decimal.ts'

/** A price for units up to and including `upTo`; null is for all that are left. */
export type Tier = { readonly upTo: Decimal | null; readonly rate: Decimal }

/**
 * What units of one dimension cost over one period. `graduated`: each unit by the tier it falls in. `volume`: all of
 * them by the tier the last one falls in. `package`: whole blocks, begun ones in full.
 */
export type Price =
  | { readonly model: 'flat'; readonly rate: Decimal }
  | { readonly model: 'graduated' | 'volume'; readonly tiers: readonly Tier[] }
  | { readonly model: 'package'; readonly block: Decimal; readonly price: Decimal }

/** Quantities have at most this many decimals. */
const quantityPlaces = 12

/** What so many units of a period cost in all: an exact amount. Units are not negative. */
export function costOf(price: Price, units: Decimal): Decimal {
  if (price.model === 'package') return times(divide(units, price.block, 0, 'up'), price.price)
  const segment = segmentsOf(price).find(({ upTo }) => upTo === null || compare(units, upTo) <= 0)
  return segment ? plus(segment.base, times(units, segment.rate)) : '0'
}

/** What the units from one count of the period to another cost: negative downwards, and over a volume cliff. */
export const worth = (price: Price, from: Decimal, to: Decimal): Decimal =>
  minus(costOf(price, to), costOf(price, from))

/**
 * How many of `units`, after those the period has seen, an amount covers before it is first used up. Where money
 * becomes units it is cut to 12 decimals downward, so however usage is split the same units are covered.
 */
export function afford(price: Price, seen: Decimal, units: Decimal, amount: Decimal): Decimal {
  const wanted = plus(seen, units)
  const reach =
    price.model === 'package'
      ? blocksReach(price, seen, wanted, amount)
      : segmentsReach(price, seen, wanted, amount)
  return minus(least(wanted, reach), seen)
}

function blocksReach(
  { block, price }: Extract<Price, { model: 'package' }>,
  seen: Decimal,
  wanted: Decimal,
  amount: Decimal,
): Decimal {
  if (isZero(price)) return wanted
  const begun = divide(seen, block, 0, 'up')
  return times(plus(begun, divide(amount, price, 0, 'floor')), block)
}

function segmentsReach(
  price: Exclude<Price, { model: 'package' }>,
  seen: Decimal,
  wanted: Decimal,
  amount: Decimal,
): Decimal {
  const ceiling = plus(costOf(price, seen), amount)
  let at = seen
  for (const { upTo, base, rate } of segmentsOf(price)) {
    if (upTo !== null && compare(upTo, at) <= 0) continue
    const end = upTo ?? wanted
    const reach = isZero(rate)
      ? compare(base, ceiling) <= 0
        ? end
        : at
      : divide(minus(ceiling, base), rate, quantityPlaces, 'floor')
    if (compare(reach, at) <= 0) return at
    if (compare(reach, end) < 0 || upTo === null) return reach
    at = upTo
  }
  return at
}

/** Within a segment so many units cost `base + units × rate`. */
type Segment = { readonly upTo: Decimal | null; readonly base: Decimal; readonly rate: Decimal }

function segmentsOf(price: Exclude<Price, { model: 'package' }>): readonly Segment[] {
  if (price.model === 'flat') return [{ upTo: null, base: '0', rate: price.rate }]
  if (price.model === 'volume') return price.tiers.map((tier) => ({ ...tier, base: '0' }))
  let base: Decimal = '0'
  return price.tiers.map((tier, i) => {
    const before = price.tiers[i - 1]
    if (before?.upTo) base = plus(base, times(before.upTo, minus(before.rate, tier.rate)))
    return { ...tier, base }
  })
}

/** Where a volume price falls: beyond `at` units more cost less, until `until` units cost as much again. */
export type Cliff = { readonly at: Decimal; readonly cost: Decimal; readonly until: Decimal | null }

/** Every count of units beyond which more units cost less. `until` is cut to 12 decimals; null is never. */
export function cliffsOf(price: Price): Cliff[] {
  if (price.model !== 'volume') return []
  return price.tiers.flatMap(({ upTo, rate }, i) => {
    const next = price.tiers[i + 1]
    if (upTo === null || next === undefined || compare(next.rate, rate) >= 0) return []
    const cost = times(upTo, rate)
    const until = isZero(next.rate) ? null : trim(divide(cost, next.rate, quantityPlaces, 'down'))
    return [{ at: upTo, cost, until }]
  })
}
