import type { Code, Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import type { Report } from './model.ts'

/** Trouble in plain words, as it is kept. */
export type Trouble = { readonly code: Code; readonly message: string }

/** A product whose usage a marketplace forbids to tell, while it takes that of others. */
export type Blocked = {
  readonly until: Instant
  /** Calls in a row that were forbidden. */
  readonly failures: number
  readonly problem: Trouble
}

/**
 * Whether a seller account may be called. Open until a moment, it is left alone; after that one call at a time finds
 * out whether it is well again, and closes it or opens it for longer.
 */
export type Circuit = {
  /** Calls in a row that failed. */
  readonly failures: number
  /** Null: it is closed. */
  readonly openUntil: Instant | null
  readonly problem: Trouble | null
  /** By what metering calls the product. */
  readonly blocked: Readonly<Record<string, Blocked>>
}

export type Called = {
  /** The one product that the call was about; undefined when it was about several. */
  readonly product: string | undefined
  /** It was made to find out whether the account is well again. */
  readonly isProbe: boolean
}

/** These say that any other call would fail as well. */
const opening: readonly Code[] = ['throttled', 'unavailable', 'unauthenticated', 'forbidden']
/** So many calls in a row that failed for any reason open it too. */
const failuresMax = 3
const openMs = 5_000
const openMostMs = 120_000
/** Longer than this nobody is believed who says when to come back. */
const retryMostMs = 15 * 60_000
const blockedMs = 60_000
const blockedMostMs = 10 * 60_000

/** What a call that failed changes. What was under way when the circuit opened does not open it for longer. */
export function afterFailure(
  circuit: Circuit,
  problem: Problem,
  { product, isProbe }: Called,
  now: Instant,
): Circuit {
  const { failures, openUntil, blocked } = circuit
  const trouble = { code: problem.code, message: problem.message }
  if (problem.code === 'forbidden' && product !== undefined) {
    const before = blocked[product]
    if (before && before.until > now) return circuit
    return { ...circuit, blocked: { ...blocked, [product]: block(before, trouble, now) } }
  }
  const ms = opensFor(problem, failures + 1)
  if (openUntil !== null && openUntil > now && !isProbe) {
    const isLonger = problem.details.retryAfterMs !== undefined && later(now, ms ?? 0) > openUntil
    return isLonger ? { ...circuit, openUntil: later(now, ms ?? 0), problem: trouble } : circuit
  }
  if (ms === null) return { ...circuit, failures: failures + 1 }
  return { ...circuit, failures: failures + 1, openUntil: later(now, ms), problem: trouble }
}

function opensFor({ code, details }: Problem, failures: number): number | null {
  if (!opening.includes(code) && failures < failuresMax) return null
  if (details.retryAfterMs !== undefined) return Math.min(details.retryAfterMs, retryMostMs)
  return Math.min(openMs * 2 ** (failures - 1), openMostMs)
}

function block(before: Blocked | undefined, problem: Trouble, now: Instant): Blocked {
  const failures = (before?.failures ?? 0) + 1
  const ms = Math.min(blockedMs * 2 ** (failures - 1), blockedMostMs)
  return { until: later(now, ms), failures, problem }
}

/** What a call that was answered changes: all is well, unless the account was told to wait and has not waited. */
export function afterSuccess(
  circuit: Circuit,
  { product, isProbe }: Called,
  now: Instant,
): Circuit {
  const { [product ?? '']: _, ...blocked } = circuit.blocked
  const isToWait =
    circuit.problem?.code === 'throttled' && circuit.openUntil !== null && circuit.openUntil > now
  if (isToWait && !isProbe) return { ...circuit, blocked }
  return { failures: 0, openUntil: null, problem: null, blocked }
}

/** What metering calls the one product of some reports; undefined when they are of several. */
export function productOf(reports: readonly Report[]): string | undefined {
  const products = new Set(reports.map(productRefOf))
  const [only] = products
  return products.size === 1 ? only : undefined
}
const productRefOf = ({ meteringRef, licenseRef, agreementRef }: Report) =>
  meteringRef ?? licenseRef ?? agreementRef
