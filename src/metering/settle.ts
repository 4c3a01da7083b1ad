import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import type { Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import * as claims from './claims.ts'
import type { Taken } from './freeze.ts'
import { type Loss, lostState, witness } from './losses.ts'
import { load, type Metered } from './metered.ts'
import type { Report, ReportOutcome, UsageState } from './model.ts'

const retryMs = 60_000

/** What was taken up and not sent goes back to where it stood, unchanged. */
export const giveBack = (
  deps: Deps,
  reports: readonly Report[],
  before: Taken['before'],
): Promise<unknown> =>
  transact(deps, (tx) => {
    const due: UsageState = { is: 'due', waiting: null }
    const back = reports.map(({ id }) => ({ id, state: before.get(id) ?? due }))
    return claims.giveBack(tx.db, back, tx.now())
  })

/** Where the account itself is in trouble its circuit says when to try again; else one batch waits longer each time. */
const soonMs = 5_000
const retryMostMs = 15 * 60_000

/** The answer never came: the records stay as they are, to be sent again identically. */
export const leaveUnknown = (
  deps: Deps,
  reports: readonly Report[],
  problem: Problem,
): Promise<unknown> =>
  transact(deps, (tx) => {
    const { code, details } = problem
    const isPassing = code === 'unavailable' || code === 'throttled'
    const baseMs = details.retryAfterMs ?? (isPassing ? soonMs : retryMs)
    const ids = reports.map(({ id }) => id)
    const wait = { baseMs, grows: !isPassing, mostMs: Math.max(retryMostMs, baseMs) }
    return claims.leaveUnknown(tx.db, ids, problem.message, tx.now(), wait)
  })

/** Writes down what became of each record of a call. One without an answer stays `sending`. */
export async function settle(
  deps: Deps,
  connection: Id<'conn'>,
  reports: readonly Report[],
  agreements: Taken['agreements'],
  outcomes: readonly ReportOutcome[],
): Promise<void> {
  await transact(deps, async (tx) => {
    const now = tx.now()
    const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
    const isLost = ({ id }: Report) => {
      const outcome = byId.get(id)
      return outcome?.is === 'refused' && outcome.tooLate
    }
    const meters = await load(
      tx,
      reports.filter(isLost).flatMap(({ id }) => agreements.get(id) ?? []),
    )
    const moves = reports.flatMap((sent): Settled[] => {
      const outcome = byId.get(sent.id)
      const agreement = agreements.get(sent.id)
      if (!outcome || !agreement) return []
      const loss = isLost(sent) ? lossOf(sent, agreement, outcome, meters.get(agreement)) : null
      const state = loss ? lostState(loss, now) : stateAfter(outcome, now)
      const dueAt = outcome.is === 'later' ? later(now, outcome.retryAfterMs ?? retryMs) : undefined
      const takenUntil = outcome.is === 'later' ? outcome.takenUntil : undefined
      return [{ id: sent.id, sent, agreement, state, outcome, dueAt, takenUntil, loss }]
    })
    const moved = await claims.move(tx.db, moves, ['sending'], now)
    const settled = moves.filter(({ id }) => moved.has(id))
    await tell(tx, connection, settled)
  })
}

type Settled = {
  readonly id: string
  readonly sent: Report
  readonly agreement: Id<'agr'>
  readonly state: UsageState
  readonly outcome: ReportOutcome
  readonly dueAt: Instant | undefined
  readonly takenUntil: Instant | undefined
  readonly loss: Loss | null
}

function stateAfter(outcome: ReportOutcome, at: Instant): UsageState {
  switch (outcome.is) {
    case 'accepted':
      return { is: 'accepted', receipt: outcome.receipt, at }
    case 'later':
      return { is: 'due', waiting: outcome.reason }
    case 'refused':
      return { is: 'refused', reason: outcome.reason, held: null, at }
    case 'differs':
      return { is: 'refused', reason: differs(outcome.held), held: outcome.held, at }
  }
}

const differs = (held: string | null) =>
  `the marketplace already holds ${held ?? 'another quantity'} for this hour, which stays`

function lossOf(
  { id, dimension, hour, quantity }: Report,
  agreement: Id<'agr'>,
  outcome: ReportOutcome,
  meter: Metered | undefined,
): Loss {
  const reason = 'reason' in outcome ? outcome.reason : 'too late'
  const rate = meter?.rates.get(dimension)
  const key = { id: id as Id<'rec'>, agreement, dimension, hour }
  return { ...key, quantity, added: quantity, reason, rate }
}

/** Records what happened: once for all that was accepted, and each refusal and loss by itself. */
async function tell(tx: Deps, connection: Id<'conn'>, settled: readonly Settled[]): Promise<void> {
  const accepted = settled.filter(({ state }) => state.is === 'accepted')
  if (accepted.length > 0)
    await record(tx, 'usage.accepted', connection, {
      records: accepted.length,
      agreements: [...new Set(accepted.map(({ agreement }) => agreement))],
    })
  for (const { id, sent, agreement, state, loss } of settled) {
    if (loss) await witness(tx, loss)
    if (state.is === 'refused')
      await record(tx, 'usage.refused', id, {
        agreement,
        dimension: sent.dimension,
        hour: sent.hour,
        quantity: sent.quantity,
        reason: state.reason,
        held: state.held,
      })
  }
}
