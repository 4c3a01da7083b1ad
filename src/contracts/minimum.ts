import { compare, type Decimal, divide, minus, times } from '../kernel/decimal.ts'
import { type Currency, minorDigits } from '../kernel/money.ts'

/** What is missing of a minimum after what was spent: never negative. */
export const trueUp = (minimum: Decimal, spent: Decimal): Decimal =>
  compare(minimum, spent) > 0 ? minus(minimum, spent) : '0'

/** An amount for some of the days it is for, rounded once to the currency's decimals, half away from zero. */
export const byDays = (currency: Currency, amount: Decimal, days: number, of: number): Decimal =>
  days === of ? amount : divide(times(amount, String(days)), String(of), minorDigits(currency))
