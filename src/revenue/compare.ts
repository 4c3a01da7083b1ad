import { type Decimal, divide, type Rounding, times } from '../kernel/decimal.ts'
import { type Currency, type Money, minorDigits, money } from '../kernel/money.ts'

/** A whole unit is the most that any number of rounded parts may explain. */
const toleranceMaxUnits = 1n

/**
 * How far a sum of rounded parts may lie from the rounded sum: half a minor unit a part, rounded up, at most 1.00.
 * A difference equal to it is inside.
 */
export function tolerance(currency: Currency, parts: number): Money {
  const most = toleranceMaxUnits * 10n ** BigInt(minorDigits(currency))
  const halves = (BigInt(parts) + 1n) / 2n
  return money(currency, halves < most ? halves : most)
}

/**
 * The fee a report implies: −fee ÷ gross. Reports may cut it at 4 digits, so it is compared within one of its own
 * last digits, never for equality.
 */
export const effectiveRate = (
  fee: Decimal,
  gross: Decimal,
  places: number,
  mode?: Rounding,
): Decimal => divide(times(fee, '-1'), gross, places, mode)
