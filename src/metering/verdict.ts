import {
  compare,
  type Decimal,
  isNegative,
  isZero,
  minus,
  negate,
  plus,
} from '../kernel/decimal.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import type { HeldUsage } from './model.ts'

/**
 * How a day's usage compares with what its marketplace holds. `pending`: not settled at either side, or too fresh to
 * judge. `missing_there`: it holds nothing of what it accepted. `unknown_here`: it holds what we never sent.
 */
export const readBackVerdicts = [
  'agreed',
  'pending',
  'differs',
  'rejected',
  'missing_there',
  'unknown_here',
] as const
export type ReadBackVerdict = (typeof readBackVerdicts)[number]

/** What we count of one agreement, dimension and day. */
export type Counted = {
  readonly accepted: Decimal
  /** When the newest of it was accepted; null when nothing was. */
  readonly newestAt: Instant | null
  /** Something was sent, and its outcome was not known when the marketplace was asked. */
  readonly isMoving: boolean
}
export type Held = Pick<
  HeldUsage,
  'submitted' | 'processed' | 'verdict' | 'planRef' | 'nativeStatus'
> & {
  /** What it comes to, where that is told with it. */
  readonly amount?: Decimal | null | undefined
  readonly currency?: string | null | undefined
  /** Whether that was billed, or is an estimate. */
  readonly isBilled?: boolean | undefined
}

/** A marketplace may lag so long before what it does not show counts as missing or different. */
const lagUsualMs = dayMs

/** The verdict, and what the marketplace holds above what we count: of what it will bill, where it says that. */
export function compareWith(
  held: Held | null,
  counted: Counted,
  now: Instant,
  lagMs = lagUsualMs,
): { readonly verdict: ReadBackVerdict; readonly difference: Decimal } {
  const difference = minus(held?.processed ?? held?.submitted ?? '0', counted.accepted)
  return { verdict: verdictOf(held, counted, now, lagMs), difference }
}

function verdictOf(
  held: Held | null,
  counted: Counted,
  now: Instant,
  lagMs: number,
): ReadBackVerdict {
  const { accepted, newestAt, isMoving } = counted
  if (held?.verdict === 'rejected') return 'rejected'
  if (isMoving) return 'pending'
  const isFresh = newestAt !== null && later(newestAt, lagMs) > now
  if (held === null) {
    if (isZero(accepted)) return 'agreed'
    return isFresh ? 'pending' : 'missing_there'
  }
  if (isZero(accepted) && !isZero(held.submitted)) return 'unknown_here'
  if (held.verdict === 'differs') return 'differs'
  if (isSame(held, accepted)) return held.verdict === 'agreed' ? 'agreed' : 'pending'
  return isFresh ? 'pending' : 'differs'
}

function isSame({ verdict, submitted, processed }: Held, accepted: Decimal): boolean {
  const isEqual =
    verdict === 'agreed' ? sameAsDouble : (a: Decimal, b: Decimal) => compare(a, b) === 0
  return isEqual(submitted, accepted) && (processed === null || isEqual(processed, accepted))
}

/** A double keeps any decimal of so many digits. */
const doubleDigits = 15

/** Whether a quantity that went through a double may be ours: it differs by at most half of the last digit kept. */
export function sameAsDouble(told: Decimal, ours: Decimal): boolean {
  const apart = minus(told, ours)
  const distance = isNegative(apart) ? negate(apart) : apart
  return compare(distance, halfUnit(magnitude(ours) - doubleDigits + 1)) <= 0
}

/** The power of ten of the first digit: 0 for 7, 2 for 123, -3 for 0.004. */
function magnitude(value: Decimal): number {
  const [whole = '', places = ''] = value.replace('-', '').split('.')
  if (whole !== '0') return whole.length - 1
  const zeros = places.search(/[1-9]/)
  return zeros < 0 ? 0 : -zeros - 1
}

/** Half of a power of ten. */
const halfUnit = (power: number): Decimal =>
  power > 0 ? `5${'0'.repeat(power - 1)}` : `0.${'0'.repeat(-power)}5`

const gravity = ['agreed', 'pending', 'unknown', 'differs', 'rejected'] as const

/** What a marketplace holds under several plans, as one: sums, and the gravest verdict. */
export const together = (a: Held, b: Held): Held => ({
  submitted: plus(a.submitted, b.submitted),
  processed: a.processed === null || b.processed === null ? null : plus(a.processed, b.processed),
  verdict: gravity.indexOf(a.verdict) >= gravity.indexOf(b.verdict) ? a.verdict : b.verdict,
  planRef: joined(a.planRef, b.planRef),
  nativeStatus: joined(a.nativeStatus, b.nativeStatus) ?? '',
  ...worth(a, b),
})

/** Amounts of two currencies have no sum. */
function worth(a: Held, b: Held): Pick<Held, 'amount' | 'currency' | 'isBilled'> {
  if (a.amount === undefined && b.amount === undefined) return {}
  const isTold = a.amount != null && b.amount != null && a.currency === b.currency
  return isTold
    ? { amount: plus(a.amount, b.amount), currency: a.currency, isBilled: a.isBilled && b.isBilled }
    : { amount: null, currency: null, isBilled: false }
}

const joined = (a: string | null, b: string | null): string | null =>
  [...new Set([a, b].flatMap((text) => text?.split(', ') ?? []))].join(', ') || null
