import { type Decimal, negate, plus } from '../kernel/decimal.ts'
import type { Currency } from '../kernel/money.ts'
import { type Day, daysBetween } from '../kernel/time.ts'
import { byDays } from './minimum.ts'

/** An amount that is for the days from `start` on, of a whole that has `of` days. */
export type Line = {
  readonly amount: Decimal
  readonly start: Day
  readonly endExclusive: Day
  readonly of: number
}

export type Repair = {
  readonly usedDays: number
  readonly unusedDays: number
  /** Takes the unused days of the old line back: not above zero. */
  readonly repair: Decimal
  /** The new line for its own days. */
  readonly charge: Decimal
  readonly net: Decimal
}

/**
 * Changes an amount in the middle of its days. The old line is never edited: a negative one for the days from
 * `effective` on and a new one from there, each rounded on its own. Either may be missing.
 */
export function repaired(
  currency: Currency,
  effective: Day,
  old: Line | null,
  next: Line | null,
): Repair {
  const usedDays = old ? daysBetween(old.start, effective) : 0
  const unusedDays = old ? daysFrom(old, effective) : 0
  const repair = old ? negate(byDays(currency, old.amount, unusedDays, old.of)) : '0'
  const charge = next ? byDays(currency, next.amount, daysFrom(next, effective), next.of) : '0'
  return { usedDays, unusedDays, repair, charge, net: plus(repair, charge) }
}

const daysFrom = ({ start, endExclusive }: Line, effective: Day): number =>
  Math.max(0, daysBetween(effective > start ? effective : start, endExclusive))
