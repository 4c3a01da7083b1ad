import {
  compare,
  type Decimal,
  isNegative,
  isZero,
  least,
  minus,
  negate,
  plus,
} from '../kernel/decimal.ts'
import { type Hour, hourEnd, hourStart, type Instant } from '../kernel/time.ts'

/** Units of one dimension that an agreement's price includes in one period, and how much of them is used up. */
export type Allowance = {
  readonly startsAt: Instant
  /** Exclusive; null when it runs on. */
  readonly endsAt: Instant | null
  /** Null is without limit. */
  readonly quantity: Decimal | null
  readonly used: Decimal
  /** Units beyond them in the period. */
  readonly over: Decimal
}

/** What is left of a period's units; null is without limit. Less may be included today than was used before. */
export function leftOf({ quantity, used }: Allowance): Decimal | null {
  if (quantity === null) return null
  return compare(used, quantity) >= 0 ? '0' : minus(quantity, used)
}

/**
 * How much of an hour's quantity is included, and what is used up afterwards. An hour draws on every period that it
 * touches, the one that began first before the others: where one period follows another within the hour, what is
 * left of the old one goes first. What is taken back goes the other way: units beyond come first, then included ones
 * of the period that began last; the part of included ones is then negative.
 */
export function cover<Kept extends Allowance>(
  hour: Hour,
  quantity: Decimal,
  allowances: readonly Kept[],
): { readonly covered: Decimal; readonly allowances: readonly Kept[] } {
  if (isNegative(quantity)) return giveBack(hour, quantity, allowances)
  let rest = quantity
  const touched = allowances.filter((allowance) => touches(allowance, hour)).toSorted(byStart)
  const last = touched.at(-1)
  const after = allowances.toSorted(byStart).map((allowance) => {
    if (isZero(rest) || !touches(allowance, hour)) return allowance
    const drawn = least(rest, leftOf(allowance) ?? rest)
    rest = minus(rest, drawn)
    const over = allowance === last ? plus(allowance.over, rest) : allowance.over
    return { ...allowance, used: plus(allowance.used, drawn), over }
  })
  return { covered: minus(quantity, rest), allowances: after }
}

function giveBack<Kept extends Allowance>(
  hour: Hour,
  quantity: Decimal,
  allowances: readonly Kept[],
): { readonly covered: Decimal; readonly allowances: readonly Kept[] } {
  let rest = negate(quantity)
  let covered: Decimal = '0'
  const latestFirst = allowances.toSorted(byStart).toReversed()
  const after = latestFirst.map((allowance) => {
    if (isZero(rest) || !touches(allowance, hour)) return allowance
    const beyond = least(rest, allowance.over)
    const included = least(minus(rest, beyond), allowance.used)
    rest = minus(minus(rest, beyond), included)
    covered = minus(covered, included)
    return {
      ...allowance,
      used: minus(allowance.used, included),
      over: minus(allowance.over, beyond),
    }
  })
  return { covered, allowances: after.toReversed() }
}

/**
 * Whether an hour lies after every period we know of, and the agreement was not read since the last of them ended:
 * it may have been renewed, and then the hour has units of its own.
 */
export function isOutrun(hour: Hour, allowances: readonly Allowance[], readAt: Instant): boolean {
  const ends = allowances.map(({ endsAt }) => endsAt)
  const last = ends.reduce(
    (a, b) => (a === null || b === null ? null : a > b ? a : b),
    ends[0] ?? null,
  )
  return last !== null && last <= hourStart(hour) && readAt < last
}

const touches = ({ startsAt, endsAt }: Allowance, hour: Hour): boolean =>
  startsAt < hourEnd(hour) && (endsAt === null || endsAt > hourStart(hour))

const byStart = (a: Allowance, b: Allowance) =>
  a.startsAt < b.startsAt ? -1 : a.startsAt > b.startsAt ? 1 : 0
