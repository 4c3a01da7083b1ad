import { sql } from 'kysely'
import { type Deps, enqueue, transact } from '../deps.ts'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import * as claims from './claims.ts'
import { give } from './expire.ts'
import { nameOf } from './hold.ts'
import { load } from './metered.ts'
import type { UsageRecord, UsageState } from './model.ts'
import * as policies from './policies.ts'
import { heldUntil, suspicion } from './policy.ts'
import { worth } from './quantities.ts'
import { sendJob } from './senders.ts'
import * as store from './store.ts'

type Held = Extract<UsageState, { is: 'held' }>
const reviewedMax = 500

/**
 * Looks again at what an account holds, the nearest deadlines first: events that came meanwhile may have made it usual,
 * the policy may have changed, and so may the deadline.
 */
export async function review(deps: Deps, connection: Id<'conn'>): Promise<void> {
  await transact(deps, async (tx) => {
    const held = await claims.heldOf(tx.db, connection, reviewedMax)
    if (held.length === 0) return
    const now = tx.now()
    const { policy } = await policies.get(tx.db, connection)
    const meters = await load(
      tx,
      held.map(({ agreement }) => agreement),
    )
    const decided: claims.Decided[] = []
    for (const work of held) {
      const { quantity, peak, hours, agreement, dimension, deadline } = work
      const { since } = work.state as Held
      const rate = meters.get(agreement)?.rates.get(dimension)
      const reason = suspicion(policy, { quantity, peak, hours, rate })
      const rest = { id: work.id, split: null, report: null, isCalled: false }
      if (reason === undefined) {
        decided.push({ ...rest, state: { is: 'due', waiting: null }, dueAt: now })
        await record(tx, 'usage.released', work.id, { ...nameOf(work), why: 'usual again' })
        continue
      }
      const value = worth(rate, quantity)
      const state: Held = { is: 'held', reason, usual: trim(peak), value, since }
      decided.push({ ...rest, state, dueAt: heldUntil(policy, since, deadline) ?? now })
    }
    await claims.save(tx.db, decided, now)
  })
}

/** Lets a held record go: it is sent as it is. Again changes nothing; throws `conflict` for one that is not held. */
export async function release(deps: Deps, id: string): Promise<UsageRecord> {
  await transact(deps, async (tx) => {
    const work = await claims.lock(tx.db, id)
    if (work.state.is !== 'held') {
      if (work.releasedAt !== null && !(await isDiscarded(tx, id))) return
      throw notHeld(work.state)
    }
    await decide(tx, work, { is: 'due', waiting: null })
    await record(tx, 'usage.released', id, { ...nameOf(work), why: 'person' })
    await enqueue(tx, sendJob, 'slot-0')
  })
  return store.get(deps.db, id)
}

/** Gives a held record up, by name and value. Again changes nothing; throws `conflict` for one that is not held. */
export async function discard(deps: Deps, id: string, reason: string): Promise<UsageRecord> {
  await transact(deps, async (tx) => {
    const work = await claims.lock(tx.db, id)
    if (work.state.is !== 'held') {
      if (await isDiscarded(tx, id)) return
      throw notHeld(work.state)
    }
    await decide(tx, work, null)
    await record(tx, 'usage.discarded', id, { ...nameOf(work), reason })
    await give(tx, work.connection, [work], () => `it was discarded: ${reason}`)
  })
  return store.get(deps.db, id)
}

const notHeld = ({ is }: UsageState) =>
  new Problem('conflict', `only what is held can be released or discarded; this record is ${is}`)

async function decide(
  { db, now }: Deps,
  { id }: { readonly id: string },
  state: UsageState | null,
): Promise<void> {
  const at: Instant = now()
  const rest = { split: null, report: null, isCalled: false }
  await claims.save(db, [{ ...rest, id, state, dueAt: at }], at)
  await sql`update usage_records set released_at = ${at} where id = ${id}`.execute(db)
}

/** The audit trail tells. */
async function isDiscarded({ db }: Deps, id: string): Promise<boolean> {
  const found = await db
    .selectFrom('events')
    .select('id')
    .where('subject', '=', id)
    .where('kind', '=', 'usage.discarded')
    .executeTakeFirst()
  return found !== undefined
}
