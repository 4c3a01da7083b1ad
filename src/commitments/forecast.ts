import { compare, type Decimal, divide, times } from '../kernel/decimal.ts'
import { add, type Money, money, portion, subtract, toDecimal, zero } from '../kernel/money.ts'
import { addDays, type Day, daysBetween } from '../kernel/time.ts'

/** Where pace stops being fine, as consumed share over elapsed share; and from what share a cap is near. */
export type Thresholds = {
  readonly shortfallBelow: Decimal
  readonly watchBelow: Decimal
  readonly earlyAbove: Decimal
  readonly capNearFrom: Decimal
}

export const thresholds: Thresholds = {
  shortfallBelow: '0.80',
  watchBelow: '0.95',
  earlyAbove: '1.10',
  capNearFrom: '0.80',
}

export type PaceFlag = 'AT_RISK_SHORTFALL' | 'WATCH' | 'ON_TRACK' | 'EARLY_EXHAUSTION'
export type CapFlag = 'OK' | 'CAP_NEAR' | 'CAP_REACHED'

/** A speed: so much in so many days, and over which window that was seen. */
export type Burn = {
  readonly method: 'term_to_date' | 'trailing'
  readonly counted: Money
  readonly days: number
}

export type Position = {
  readonly amount: Money
  readonly start: Day
  readonly endExclusive: Day
  /** The day looked from; it has not elapsed yet. */
  readonly asOf: Day
  readonly consumed: Money
  /** Instalments agreed and still to be invoiced before the end; `burn` must then leave instalments out. */
  readonly scheduled: Money
  readonly burn: Burn
}

export type Forecast = {
  readonly method: Burn['method']
  readonly windowDays: number
  readonly termDays: number
  readonly elapsedDays: number
  /** Per day, to 6 decimals; zero before anything has elapsed. */
  readonly dailyRate: Decimal
  readonly remaining: Money
  /** To 4 decimals; null before the first day has elapsed. */
  readonly pace: Decimal | null
  readonly projectedAtEnd: Money
  readonly projectedShortfall: Money
  /** May lie after the end; null when nothing burns. */
  readonly exhaustionDate: Day | null
  readonly flag: PaceFlag | null
}

const daysAheadMax = 365_000

/** Straight-line burn from where a tranche stands: exact until each figure is rounded for itself. */
export function forecast(at: Position, limits: Thresholds = thresholds): Forecast {
  const termDays = daysBetween(at.start, at.endExclusive)
  const elapsedDays = Math.min(termDays, Math.max(0, daysBetween(at.start, at.asOf)))
  const remaining = above(at.amount, at.consumed)
  const projectedAtEnd = add(
    add(at.consumed, at.scheduled),
    burned(at.burn, Math.max(0, daysBetween(at.asOf, at.endExclusive))),
  )
  const pace = paceOf(at, elapsedDays, termDays)
  return {
    method: at.burn.method,
    windowDays: at.burn.days,
    termDays,
    elapsedDays,
    dailyRate: at.burn.days > 0 ? divide(toDecimal(at.burn.counted), String(at.burn.days), 6) : '0',
    remaining,
    pace: pace && divide(pace, '1', 4),
    projectedAtEnd,
    projectedShortfall: above(at.amount, projectedAtEnd),
    exhaustionDate: exhaustion(remaining, at.burn, at.asOf),
    flag: pace && paceFlag(pace, limits),
  }
}

/** How a pace reads: each bound belongs to the better side, but for the upper one, which is still on track. */
export function paceFlag(pace: Decimal, limits: Thresholds = thresholds): PaceFlag {
  if (compare(pace, limits.shortfallBelow) < 0) return 'AT_RISK_SHORTFALL'
  if (compare(pace, limits.watchBelow) < 0) return 'WATCH'
  return compare(pace, limits.earlyAbove) <= 0 ? 'ON_TRACK' : 'EARLY_EXHAUSTION'
}

/** How full a ceiling is by what we know has counted; others may have filled more. */
export function capFlag(limit: Money, counted: Money, limits: Thresholds = thresholds): CapFlag {
  if (counted.minor >= limit.minor) return 'CAP_REACHED'
  const near = times(limit.minor.toString(), limits.capNearFrom)
  return compare(counted.minor.toString(), near) >= 0 ? 'CAP_NEAR' : 'OK'
}

/**
 * What is missing at a tranche's end, and who pays for it: invoiced in full, unless the contract carries up to a
 * share of the tranche forward.
 */
export function shortfall(
  amount: Money,
  consumed: Money,
  carryForward: Decimal | null,
): { readonly shortfall: Money; readonly carriedForward: Money; readonly invoiced: Money } {
  const missing = above(amount, consumed)
  const most = carryForward === null ? zero(amount.currency) : portion(amount, carryForward)
  const carriedForward = missing.minor < most.minor ? missing : most
  return { shortfall: missing, carriedForward, invoiced: subtract(missing, carriedForward) }
}

/** a − b, or nothing when b is more. */
export const above = (a: Money, b: Money): Money =>
  a.minor > b.minor ? subtract(a, b) : zero(a.currency)

function paceOf({ amount, consumed }: Position, elapsed: number, term: number): Decimal | null {
  if (elapsed <= 0 || amount.minor <= 0n) return null
  const done = consumed.minor * BigInt(term)
  return divide(done.toString(), (amount.minor * BigInt(elapsed)).toString(), 24)
}

function burned({ counted, days }: Burn, ahead: number): Money {
  if (days <= 0) return zero(counted.currency)
  const minor = divide((counted.minor * BigInt(ahead)).toString(), String(days), 0)
  return money(counted.currency, BigInt(minor))
}

function exhaustion(remaining: Money, { counted, days }: Burn, asOf: Day): Day | null {
  if (days <= 0 || counted.minor <= 0n) return null
  const needed = remaining.minor * BigInt(days)
  const ahead = (needed + counted.minor - 1n) / counted.minor
  return ahead > BigInt(daysAheadMax) ? null : addDays(asOf, Number(ahead))
}
