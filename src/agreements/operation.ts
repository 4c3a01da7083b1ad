import { compare, type Decimal, isDecimal } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Problem, Reason } from '../kernel/problem.ts'
import { dayMs, hourMs, type Instant, later } from '../kernel/time.ts'
import type { Agreement, Awaits } from './model.ts'

/** What a seller can ask of an agreement. `activate` begins it, which some marketplaces wait for. */
export type Wanted =
  | { readonly is: 'activate' }
  | { readonly is: 'change_plan'; readonly planRef: string }
  | { readonly is: 'change_quantity'; readonly quantity: Decimal }
  | { readonly is: 'cancel' }
  /** What has not begun shall not begin. */
  | { readonly is: 'reject'; readonly reason: string | null }
  /** What the buyer asked for stands, or does not; `planRef` names the change. */
  | { readonly is: 'approve_change'; readonly planRef: string }
  | { readonly is: 'reject_change'; readonly planRef: string; readonly reason: string | null }
  /** Told to the buyer while something waits for the seller. */
  | { readonly is: 'message'; readonly text: string }

export const wantedKinds = [
  'activate',
  'change_plan',
  'change_quantity',
  'cancel',
  'reject',
  'approve_change',
  'reject_change',
  'message',
] as const satisfies readonly Wanted['is'][]

/** Where one such request stands. `operationRef` null: nothing was begun yet, or the marketplace gives it no name. */
export type OperationState =
  | { readonly is: 'waiting' }
  | { readonly is: 'running'; readonly operationRef: string | null }
  | { readonly is: 'done'; readonly at: Instant }
  | { readonly is: 'refused'; readonly at: Instant; readonly reasons: readonly Reason[] }

export const operationStates = [
  'waiting',
  'running',
  'done',
  'refused',
] as const satisfies readonly OperationState['is'][]

export type Operation = {
  readonly id: Id<'op'>
  readonly agreement: Id<'agr'>
  readonly wanted: Wanted
  readonly state: OperationState
  /** What the newest attempt ran into; it is tried again. */
  readonly problem: { readonly code: string; readonly message: string } | null
  /** How often it was looked at since it last moved. */
  readonly attempts: number
  /** When it is looked at next; no longer matters once it is settled. */
  readonly dueAt: Instant
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** A change to an agreement as its marketplace names it. */
export type BuyerChange = {
  readonly agreementRef: string
  readonly operationRef: string
  readonly change:
    | { readonly is: 'plan'; readonly planRef: string }
    | { readonly is: 'quantity'; readonly quantity: Decimal }
}

/** Whether a change is what was wanted. */
export function isSame(wanted: Wanted, change: BuyerChange['change']): boolean {
  if (wanted.is === 'change_plan') return change.is === 'plan' && change.planRef === wanted.planRef
  if (wanted.is !== 'change_quantity' || change.is !== 'quantity') return false
  return isDecimal(change.quantity) && compare(change.quantity, wanted.quantity) === 0
}

/** Whether an agreement waits for the seller to let it begin. */
export const awaitsStart = (awaits: Awaits | null): boolean =>
  awaits?.what === 'activation' || awaits?.what === 'approval'

/** Whether nothing is left to ask: it began already, will by itself, or has ended. */
export const isSoAlready = (wanted: Wanted, { state, awaits }: Agreement): boolean =>
  (wanted.is === 'activate' &&
    (state.is === 'active' || state.is === 'pending') &&
    !awaitsStart(awaits)) ||
  (wanted.is === 'cancel' && state.is === 'ended')

export type Standing =
  | { readonly is: 'open' }
  | { readonly is: 'done' }
  | { readonly is: 'refused'; readonly reasons: readonly Reason[] }

/** What an agreement itself tells of a request that the marketplace gave no name. */
export function standingOf(wanted: Wanted, agreement: Agreement): Standing {
  const { state, planRef, entitlements } = agreement
  if (isSoAlready(wanted, agreement)) return { is: 'done' }
  if (wanted.is === 'cancel') return { is: state.is === 'cancelling' ? 'done' : 'open' }
  if (state.is === 'ended') {
    if (wanted.is === 'reject' || wanted.is === 'reject_change') return { is: 'done' }
    return otherwise(state.how, 'the agreement ended instead')
  }
  switch (wanted.is) {
    case 'change_plan':
      return { is: planRef === wanted.planRef ? 'done' : 'open' }
    case 'change_quantity': {
      const isSo = entitlements.some(
        ({ quantity }) => quantity !== null && compare(quantity, wanted.quantity) === 0,
      )
      return { is: isSo ? 'done' : 'open' }
    }
    case 'reject':
      return state.is === 'pending' || awaitsStart(agreement.awaits)
        ? { is: 'open' }
        : otherwise(state.is, 'the agreement was let begin instead')
    case 'approve_change':
    case 'reject_change':
      return changeStanding(wanted, agreement)
    default:
      return { is: 'open' }
  }
}

/** A change that waits no more was decided; which way, only the marketplace's own answer can tell. */
function changeStanding(
  wanted: Wanted & { readonly is: 'approve_change' | 'reject_change' },
  { awaits }: Agreement,
): Standing {
  if (awaits?.what !== 'change') return { is: 'done' }
  if (awaits.planRef === wanted.planRef) return { is: 'open' }
  return wanted.is === 'reject_change'
    ? { is: 'done' }
    : otherwise('superseded', `the buyer asks for ${awaits.planRef} by now`)
}

const otherwise = (code: string, message: string): Standing => ({
  is: 'refused',
  reasons: [{ part: 'agreement', code, message }],
})

const firstPauseMs = 2_000
const pauseMaxMs = hourMs
const giveUpAfterMs = 3 * dayMs

/** When to look again after so many looks: soon at first, hourly in the end, or when the marketplace says. */
export const nextLook = (attempts: number, now: Instant, retryAfterMs?: number): Instant =>
  later(now, retryAfterMs ?? Math.min(firstPauseMs * 2 ** attempts, pauseMaxMs))

const answers = new Set(['rejected', 'invalid', 'unsupported'])

/** What a look made of an operation. */
export type Step = {
  readonly state: OperationState
  readonly problem: Operation['problem']
  readonly attempts: number
  readonly dueAt: Instant
}

/** Follows what the marketplace said of its progress. */
export function afterProgress(
  { attempts, state }: Operation,
  progress: Standing | { readonly is: 'running'; readonly operationRef: string | null },
  now: Instant,
): Step {
  if (progress.is === 'done' || progress.is === 'refused')
    return { state: { ...progress, at: now }, problem: null, attempts: 0, dueAt: now }
  const operationRef = 'operationRef' in progress ? progress.operationRef : null
  const hasMoved = state.is !== 'running' || state.operationRef !== operationRef
  const looks = hasMoved ? 0 : attempts + 1
  const next = { is: 'running', operationRef } as const
  return { state: next, problem: null, attempts: looks, dueAt: nextLook(looks, now) }
}

/**
 * Follows a call that failed. An answer is final. What the marketplace does not know (any more) is asked for again,
 * which starts nothing that is under way. All else is tried again: an outage for ever, the rest for three days.
 */
export function afterTrouble(operation: Operation, trouble: Problem, now: Instant): Step {
  const { state, attempts, createdAt } = operation
  const { code, message, details } = trouble
  const isGone = code === 'not_found' && state.is === 'waiting'
  const isOutage = code === 'unavailable' || code === 'throttled'
  if (answers.has(code) || isGone || (!isOutage && later(createdAt, giveUpAfterMs) <= now))
    return {
      state: { is: 'refused', at: now, reasons: reasonsOf(trouble) },
      problem: null,
      attempts: 0,
      dueAt: now,
    }
  return {
    state: code === 'not_found' ? { is: 'waiting' } : state,
    problem: { code, message },
    attempts: attempts + 1,
    dueAt: nextLook(attempts, now, details.retryAfterMs),
  }
}

function reasonsOf({ code, message, details: { reasons } }: Problem): readonly Reason[] {
  return Array.isArray(reasons) && reasons.length > 0
    ? (reasons as readonly Reason[])
    : [{ part: 'request', code, message }]
}
