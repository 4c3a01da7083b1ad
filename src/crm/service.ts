import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { record } from '../platform/record.ts'
import { heldUntil, type Mirror, type MirrorRow, strongest, type Wanted } from './mirror.ts'
import * as store from './store.ts'

export const pushJob = 'crm.push'

/** Writes down rows as they ought to be in a sales system. Only what differs is sent, by a job. */
export async function want(
  deps: Deps,
  connection: Id<'conn'>,
  wanted: readonly Wanted[],
): Promise<number> {
  return transact(deps, async (tx) => {
    const changed = await store.want(tx.db, connection, strongest(wanted), tx.now())
    if (changed > 0) await enqueue(tx, pushJob, connection)
    return changed
  })
}

/** Asks for what is due to be sent, unless the mirror is held back: a job that was lost is made up for. */
export async function nudge(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const due = await store.nextDue(deps.db, connection)
  if (due === undefined || due > deps.now()) return
  const mirror = await store.mirror(deps.db, connection)
  if (heldUntil(mirror, deps.now()) !== undefined) return
  await transact(deps, (tx) => enqueue(tx, pushJob, connection))
}

export const list = (
  deps: Deps,
  filter: store.RowFilter,
  limit: number,
  after?: readonly string[],
): Promise<MirrorRow[]> => store.list(deps.db, filter, limit, after)

/** Sends a row again, whatever became of it before. */
export async function retry(deps: Deps, id: string): Promise<MirrorRow> {
  const row = await store.get(deps.db, id)
  return transact(deps, async (tx) => {
    await store.retry(tx.db, id, tx.now())
    await record(tx, 'crm.retried', row.id, { kind: row.row.kind, key: row.row.key })
    await enqueue(tx, pushJob, row.connection)
    return store.get(tx.db, id)
  })
}

export type Status = Mirror & { readonly counts: Awaited<ReturnType<typeof store.counts>> }

const connectionsMax = 200

/** Where the mirror stands in every sales system, or in one; of any other connection there is none. */
export async function status(deps: Deps, connection?: string): Promise<Status[]> {
  const known = connection
    ? [await connections.get(deps, connection)]
    : await connections.list(deps, connectionsMax)
  const mirrored = known.filter(({ provider }) => hasCrm(deps, provider))
  return Promise.all(mirrored.map(({ id }) => statusOf(deps, id)))
}

async function oneStatus(deps: Deps, connection: string): Promise<Status> {
  const [found] = await status(deps, connection)
  if (!found) throw new Problem('not_found', `there is no sales system behind ${connection}`)
  return found
}

/** Looks again at what is missing and sends what is due, without waiting. */
export async function resume(deps: Deps, connection: string): Promise<Status> {
  const before = await oneStatus(deps, connection)
  return transact(deps, async (tx) => {
    if (before.state.is !== 'moved')
      await store.keep(tx.db, { ...before, state: { is: 'unchecked' }, until: null })
    await enqueue(tx, pushJob, before.connection)
    return statusOf(tx, before.connection)
  })
}

/** Sends everything anew, to whatever organisation the credentials lead to: after its records were lost or replaced. */
export async function resend(deps: Deps, connection: string): Promise<Status> {
  const before = await oneStatus(deps, connection)
  return transact(deps, async (tx) => {
    await store.forget(tx.db, before.connection, tx.now())
    const state = { is: 'unchecked' } as const
    await store.keep(tx.db, { ...before, organisation: null, state, until: null })
    await record(tx, 'crm.resent', before.connection, { organisation: before.organisation })
    await enqueue(tx, pushJob, before.connection)
    return statusOf(tx, before.connection)
  })
}

async function statusOf(deps: Deps, connection: Id<'conn'>): Promise<Status> {
  return {
    ...(await store.mirror(deps.db, connection)),
    counts: await store.counts(deps.db, connection),
  }
}

const hasCrm = (deps: Deps, provider: string): boolean =>
  deps.adapters.some((a) => a.provider === provider && a.supports.includes('crm'))
