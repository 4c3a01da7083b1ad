import { compare, type Decimal, isDecimal } from '../kernel/decimal.ts'
import { type Id, isId } from '../kernel/id.ts'
import { Problem, type Reason, refuse, type Violation } from '../kernel/problem.ts'
import { dayMs, hourMs, type Instant, later } from '../kernel/time.ts'
import type { Listing, Plan } from '../listings/model.ts'
import type { Agreement } from './model.ts'

/** What a seller can ask of an agreement. `activate` begins it, which some marketplaces wait for. */
export type Wanted =
  | { readonly is: 'activate' }
  | { readonly is: 'change_plan'; readonly planRef: string }
  | { readonly is: 'change_quantity'; readonly quantity: Decimal }
  | { readonly is: 'cancel' }

export const wantedKinds = [
  'activate',
  'change_plan',
  'change_quantity',
  'cancel',
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

/** A request as it comes: `plan` is our plan's id or the marketplace's word for it. */
export type Command =
  | { readonly is: 'activate' | 'cancel' }
  | { readonly is: 'change_plan'; readonly plan: string }
  | { readonly is: 'change_quantity'; readonly quantity: Decimal }

const elsewhere: Readonly<Record<Wanted['is'], string>> = {
  activate: 'agreements begin by themselves here',
  change_plan: 'the buyer changes it at the marketplace, or accepts another offer',
  change_quantity: 'the buyer changes it at the marketplace, or accepts another offer',
  cancel: 'the buyer cancels at the marketplace',
}

/** Throws `unsupported` for what the marketplace lets no seller ask, and says what can be done instead. */
export function refuseUnsupported(asked: Wanted['is'], possible: readonly Wanted['is'][]): void {
  if (possible.includes(asked)) return
  const instead = elsewhere[asked]
  const message = `a seller cannot ask this marketplace to ${asked.replace('_', ' ')}: ${instead}`
  throw new Problem('unsupported', message, { instead, possible })
}

/** A request in the marketplace's terms. Throws `invalid` for what the agreement's listing and plan cannot have. */
export function wantedOf(command: Command, agreement: Agreement, listing?: Listing): Wanted {
  const { is, how } = { how: null, ...agreement.state }
  if (is === 'ended' && command.is !== 'cancel')
    refuse([{ path: '', message: `the agreement has ended (${how}): sell a new offer` }])
  if (command.is === 'change_plan') return planChange(command.plan, listing)
  if (command.is !== 'change_quantity') return command
  refuse(quantityFaults(command.quantity, agreement, listing))
  return command
}

function planChange(plan: string, listing: Listing | undefined): Wanted {
  const found = listing?.plans.find(({ id, planRef }) => id === plan || planRef === plan)
  if (found) return { is: 'change_plan', planRef: found.planRef }
  if (listing) refuse([{ path: 'plan', message: `is no plan of ${listing.name}` }])
  if (isId('plan', plan)) refuse([{ path: 'plan', message: 'is no plan of a product known here' }])
  return { is: 'change_plan', planRef: plan }
}

function quantityFaults(
  quantity: Decimal,
  { planRef }: Agreement,
  listing: Listing | undefined,
): readonly Violation[] {
  const plans: readonly Plan[] = listing ? [...listing.plans, ...listing.removed.plans] : []
  const plan = plans.find((one) => one.planRef === planRef)
  const { charge = null, units = null } = plan?.shape ?? {}
  const fault = (message: string) => [{ path: 'quantity', message }]
  if (charge === 'flat') return fault(`the plan ${plan?.name} has no units: its price is flat`)
  if (units?.min != null && compare(quantity, String(units.min)) < 0)
    return fault(`must be at least ${units.min} on the plan ${plan?.name}`)
  if (units?.max != null && compare(quantity, String(units.max)) > 0)
    return fault(`must be at most ${units.max} on the plan ${plan?.name}`)
  return []
}

/** Whether nothing is left to ask: it began already, or has ended. */
export const isSoAlready = (wanted: Wanted, { state, awaits }: Agreement): boolean =>
  (wanted.is === 'activate' && state.is === 'active' && awaits === null) ||
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
  if (state.is === 'ended')
    return {
      is: 'refused',
      reasons: [{ part: 'agreement', code: state.how, message: 'the agreement ended instead' }],
    }
  if (wanted.is === 'change_plan') return { is: planRef === wanted.planRef ? 'done' : 'open' }
  if (wanted.is !== 'change_quantity') return { is: 'open' }
  const isSo = entitlements.some(
    ({ quantity }) => quantity !== null && compare(quantity, wanted.quantity) === 0,
  )
  return { is: isSo ? 'done' : 'open' }
}

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
