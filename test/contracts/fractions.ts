/** Exact fractions, for reckoning beside the product with none of its arithmetic. */
export type Fraction = { readonly over: bigint; readonly under: bigint }

export function fraction(text: string): Fraction {
  const [whole = '0', places = ''] = text.replace('-', '').split('.')
  const over = BigInt(whole + places)
  return reduce(text.startsWith('-') ? -over : over, 10n ** BigInt(places.length))
}

export const whole = (n: bigint): Fraction => ({ over: n, under: 1n })
export const add = (a: Fraction, b: Fraction): Fraction =>
  reduce(a.over * b.under + b.over * a.under, a.under * b.under)
export const take = (a: Fraction, b: Fraction): Fraction => add(a, multiply(b, whole(-1n)))
export const multiply = (a: Fraction, b: Fraction): Fraction =>
  reduce(a.over * b.over, a.under * b.under)
export const isMore = (a: Fraction, b: Fraction): boolean => a.over * b.under > b.over * a.under
export const lesser = (a: Fraction, b: Fraction): Fraction => (isMore(a, b) ? b : a)
export const greater = (a: Fraction, b: Fraction): Fraction => (isMore(a, b) ? a : b)
export const sum = (all: readonly Fraction[]): Fraction => all.reduce(add, whole(0n))
/** The whole number of times that b goes into a, a begun time counted. */
export const begun = (a: Fraction, b: Fraction): bigint => {
  const top = a.over * b.under
  const bottom = a.under * b.over
  return top % bottom === 0n ? top / bottom : top / bottom + 1n
}
/** To whole cents, half away from zero. */
export const toCents = (a: Fraction): Fraction => {
  const sign = a.over < 0n ? -1n : 1n
  const twice = (a.over * sign * 200n) / a.under
  return reduce(sign * ((twice + 1n) / 2n), 100n)
}
export const isEqual = (a: Fraction, b: Fraction): boolean => a.over * b.under === b.over * a.under

function reduce(over: bigint, under: bigint): Fraction {
  let [a, b] = [over < 0n ? -over : over, under]
  while (b !== 0n) [a, b] = [b, a % b]
  return a === 0n ? { over: 0n, under: 1n } : { over: over / a, under: under / a }
}

type Tiers = readonly { readonly upTo: string | null; readonly rate: string }[]
export type PlainPrice =
  | { readonly model: 'flat'; readonly rate: string }
  | { readonly model: 'graduated' | 'volume'; readonly tiers: Tiers }
  | { readonly model: 'package'; readonly block: string; readonly price: string }

/** What so many units of one period cost, reckoned for all of them at once. */
export function cost(price: PlainPrice, units: Fraction): Fraction {
  if (price.model === 'flat') return multiply(units, fraction(price.rate))
  if (price.model === 'package')
    return multiply(whole(begun(units, fraction(price.block))), fraction(price.price))
  if (price.model === 'volume') {
    const tier = price.tiers.find(({ upTo }) => upTo === null || !isMore(units, fraction(upTo)))
    return multiply(units, fraction(tier?.rate ?? '0'))
  }
  return sum(
    price.tiers.map(({ upTo, rate }, i) => {
      const from = fraction(price.tiers[i - 1]?.upTo ?? '0')
      const to = upTo === null ? units : lesser(units, fraction(upTo))
      return multiply(greater(take(to, from), whole(0n)), fraction(rate))
    }),
  )
}

const grain = 10n ** 12n
const grains = (n: bigint): Fraction => reduce(n, grain)

/**
 * How many units a balance covers before it is first used up, to 12 decimals: searched for, tier by tier, as costs
 * rise within each.
 */
export function covered(price: PlainPrice, units: Fraction, balance: Fraction): Fraction {
  const most = (units.over * grain) / units.under
  const bounds =
    'tiers' in price
      ? price.tiers.map(({ upTo }) =>
          upTo === null ? most : (fraction(upTo).over * grain) / fraction(upTo).under,
        )
      : [most]
  let reached = 0n
  for (const bound of bounds) {
    const end = bound < most ? bound : most
    if (end <= reached) continue
    let [low, high] = [reached, end]
    while (low < high) {
      const middle = (low + high + 1n) / 2n
      if (isMore(cost(price, grains(middle)), balance)) high = middle - 1n
      else low = middle
    }
    reached = low
    if (low < end) break
  }
  return grains(reached)
}
