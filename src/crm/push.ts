import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import { heldUntil, type Mirror, type MirrorRow, mustCheck, outgoing } from './mirror.ts'
import { type CrmBudget, type CrmOutcome, isScarce } from './model.ts'
import { settlement } from './outcome.ts'
import type { CrmPort } from './port.ts'
import * as store from './store.ts'

const hourMs = 3_600_000
/** How long a connection is left alone after a failure that no waiting will mend by itself. */
const brokenMs = 900_000
const troubledMs = 60_000

/**
 * One batch of one connection: claim, save, record. The sales system is told by external id, so a batch that was
 * saved and never recorded is saved again to no effect. Trouble with the whole is kept on the mirror, which waits.
 */
export async function push(deps: Deps, subject: string): Promise<Outcome> {
  const connection = subject as Id<'conn'>
  const mirror = await store.mirror(deps.db, connection)
  const held = heldUntil(mirror, deps.now())
  if (held !== undefined) return held === null ? 'done' : { again: held }
  const due = await store.nextDue(deps.db, connection)
  if (due === undefined) return 'done'
  if (due > deps.now()) return { again: due }
  const port = await portOf(deps, connection)
  if (!port) return 'done'
  const ready = await prepare(deps, mirror, port).catch((error) => wait(deps, mirror, error))
  const after = ready.state.is === 'ready' ? await sendBatch(deps, ready, port) : ready
  if (after.state.is === 'moved') return 'done'
  const next = after.until ?? (await store.nextDue(deps.db, connection))
  return next === undefined ? 'done' : { again: next }
}

/** Undefined for a connection that was removed. */
const portOf = (deps: Deps, connection: string): Promise<CrmPort | undefined> =>
  connections.port(deps, connection, 'crm').catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'not_found') return undefined
    throw error
  })

/** The mirror as it is found: ready, lacking something, or pointing at another organisation than before. */
async function prepare(deps: Deps, mirror: Mirror, port: CrmPort): Promise<Mirror> {
  const organisation = await port.organisation()
  if (mirror.organisation !== null && mirror.organisation !== organisation) {
    const state = { is: 'moved', from: mirror.organisation, to: organisation } as const
    return change(deps, mirror, { ...mirror, state, until: null })
  }
  const ready = { ...mirror, organisation, state: { is: 'ready' }, until: null } as const
  if (!mustCheck(mirror, deps.now())) return change(deps, mirror, ready)
  const missing = await port.missing()
  const checkedAt = deps.now()
  const budget = port.budget() ?? mirror.budget
  if (missing.length === 0) return change(deps, mirror, { ...ready, checkedAt, budget })
  const state = { is: 'missing', missing } as const
  const until = later(checkedAt, hourMs)
  return change(deps, mirror, { ...ready, state, until, checkedAt, budget })
}

async function sendBatch(deps: Deps, mirror: Mirror, port: CrmPort): Promise<Mirror> {
  const claimed = await store.claim(deps.db, mirror.connection, deps.now(), port.batchMax)
  if (!claimed) return mirror
  const { kind, lease, rows } = claimed
  let outcomes: readonly CrmOutcome[]
  try {
    outcomes = await port.save(kind, rows.map(outgoing))
  } catch (error) {
    await release(deps, lease, rows)
    return wait(deps, mirror, error)
  }
  await keepOutcomes(deps, lease, rows, outcomes)
  const after = {
    ...mirror,
    budget: port.budget() ?? mirror.budget,
    savedAt: outcomes.some((o) => o.is === 'saved') ? deps.now() : mirror.savedAt,
  }
  if (outcomes.some((o) => o.is === 'refused' && o.lacking))
    return change(deps, mirror, { ...after, state: { is: 'unchecked' } })
  if (after.budget && isScarce(after.budget))
    return change(deps, mirror, scarce(after, after.budget, deps.now()))
  return change(deps, mirror, after)
}

/** Records what became of each row, matched by key, in one transaction. A row without an answer is sent again. */
async function keepOutcomes(
  deps: Deps,
  lease: Instant,
  rows: readonly MirrorRow[],
  outcomes: readonly CrmOutcome[],
): Promise<void> {
  const byKey = new Map(outcomes.map((outcome) => [outcome.key, outcome]))
  const now = deps.now()
  const settled = rows.map((row) => {
    const silent = { key: row.row.key, is: 'later', reason: 'no answer for this row' } as const
    return settlement(row, byKey.get(row.row.key) ?? silent, now)
  })
  await transact(deps, async (tx) => {
    await store.settle(tx.db, lease, settled, now)
    for (const [index, { state, problem }] of settled.entries()) {
      const row = rows[index]
      if (state !== 'refused' || !row) continue
      const { kind, key } = row.row
      await record(tx, 'crm.refused', row.id, { kind, key, reason: problem })
    }
  })
}

/** Gives a batch back as it was: nothing is known of its rows, and none is to blame. */
async function release(deps: Deps, lease: Instant, rows: readonly MirrorRow[]): Promise<void> {
  const settled = rows.map(({ id, hash, attempts, problem, told, state }) => ({
    id,
    hash,
    attempts,
    problem,
    told,
    state: state === 'sending' ? ('due' as const) : state,
    dueAt: deps.now(),
    crmRef: null,
    sentAt: null,
  }))
  await store.settle(deps.db, lease, settled, deps.now())
}

/** Puts the whole mirror off, and says why. */
async function wait(deps: Deps, mirror: Mirror, error: unknown): Promise<Mirror> {
  const problem = asProblem(error)
  const { code, message, details, cause } = problem
  if (code === 'internal') {
    const why = cause instanceof Error ? (cause.stack ?? cause.message) : message
    deps.log.error({ connection: mirror.connection, cause: why }, 'the mirror waits')
  }
  const passing = code === 'throttled' || code === 'unavailable' || code === 'conflict'
  const soon = passing || code === 'not_found'
  return change(deps, mirror, {
    ...mirror,
    state: { is: 'waiting', code, reason: message },
    until: later(deps.now(), details.retryAfterMs ?? (soon ? troubledMs : brokenMs)),
    // Something was not there: ask what, before the next row.
    checkedAt: code === 'not_found' ? null : mirror.checkedAt,
  })
}

function scarce(mirror: Mirror, { used, limit }: CrmBudget, now: Instant): Mirror {
  const reason = `${used} of ${limit} calls of the day are used; the rest is left to others`
  return {
    ...mirror,
    state: { is: 'waiting', code: 'throttled', reason },
    until: later(now, hourMs),
  }
}

/** Keeps the mirror, and writes down when it comes to stand elsewhere. */
async function change(deps: Deps, before: Mirror, after: Mirror): Promise<Mirror> {
  await transact(deps, async (tx) => {
    await store.keep(tx.db, after)
    if (before.state.is !== after.state.is && after.state.is !== 'unchecked') {
      const { is, ...data } = after.state
      await record(tx, `crm.${is}`, after.connection, { ...data, until: after.until })
    }
  })
  return after
}
