import type { PortName } from '../adapter.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import { json } from '../platform/db.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import type { SyncDefinition } from '../sync.ts'

export type Sync = {
  readonly name: string
  readonly connection: Id<'conn'>
  readonly cursor: string | null
  readonly dueAt: Instant
  readonly everyMs: number
  readonly startedAt: Instant | null
  readonly finishedAt: Instant | null
  readonly succeededAt: Instant | null
  readonly problem: unknown
}

const pagesMax = 50
const job = 'syncs.run'

/** Sets up what a connection's provider lets us keep up with; what is set up already stays. */
export async function plan(
  deps: Deps,
  connection: Id<'conn'>,
  supports: readonly PortName[],
): Promise<void> {
  for (const definition of deps.syncs) {
    const { name, port, everyMs } = definition
    if (!supports.includes(port) || !(await isNeeded(deps, definition, connection))) continue
    await deps.db
      .insertInto('syncs')
      .values({
        name,
        connection,
        cursor: null,
        due_at: deps.now(),
        every_ms: everyMs,
        started_at: null,
        finished_at: null,
        succeeded_at: null,
        problem: null,
      })
      .onConflict((oc) => oc.doNothing())
      .execute()
    await enqueue(deps, job, `${name}/${connection}`)
  }
}

/** A port that cannot be opened says nothing against its syncs: they show what is wrong with it. */
const isNeeded = (
  deps: Deps,
  definition: SyncDefinition,
  connection: Id<'conn'>,
): Promise<boolean> =>
  definition.isNeeded
    ? definition.isNeeded(deps, connection).catch(() => true)
    : Promise.resolve(true)

/** Does so for every connection: at start, so that a new version's syncs begin. */
export async function planAll(deps: Deps): Promise<void> {
  const rows = await deps.db
    .selectFrom('connections')
    .select(['id', 'provider'])
    .where('deleted_at', 'is', null)
    .execute()
  for (const { id, provider } of rows) {
    const adapter = deps.adapters.find((a) => a.provider === provider)
    if (adapter) await transact(deps, (tx) => plan(tx, id as Id<'conn'>, adapter.supports))
  }
}

/** Runs a sync soon. Without a connection, for all of them. Throws `not_found` when there is none. */
export async function runNow(deps: Deps, name: string, connection?: string): Promise<number> {
  let query = deps.db.selectFrom('syncs').select(['name', 'connection']).where('name', '=', name)
  if (connection) query = query.where('connection', '=', connection)
  const rows = await query.execute()
  if (rows.length === 0)
    throw new Problem(
      'not_found',
      connection ? `no sync ${name} of ${connection}` : `no sync ${name}`,
    )
  await transact(deps, async (tx) => {
    for (const row of rows) {
      await tx.db
        .updateTable('syncs')
        .set({ due_at: tx.now() })
        .where('name', '=', row.name)
        .where('connection', '=', row.connection)
        .execute()
      await enqueue(tx, job, `${row.name}/${row.connection}`)
    }
  })
  return rows.length
}

export async function listSyncs(deps: Deps): Promise<Sync[]> {
  const rows = await deps.db
    .selectFrom('syncs')
    .selectAll()
    .orderBy('name')
    .orderBy('connection')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    connection: row.connection as Id<'conn'>,
    cursor: row.cursor,
    dueAt: row.due_at,
    everyMs: row.every_ms,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    succeededAt: row.succeeded_at,
    problem: row.problem,
  }))
}

/** One turn of one sync: page after page until there is no more. Trouble is kept on its row and tried again; it never stops. */
export async function runSync(deps: Deps, subject: string): Promise<Outcome> {
  const [name = '', connection = ''] = subject.split('/')
  const row = await deps.db
    .selectFrom('syncs')
    .selectAll()
    .where('name', '=', name)
    .where('connection', '=', connection)
    .executeTakeFirst()
  const definition = deps.syncs.find((s) => s.name === name)
  if (!row || !definition) return 'done'
  if (row.due_at > deps.now()) return { again: row.due_at }
  const update = (set: object) =>
    deps.db
      .updateTable('syncs')
      .set(set)
      .where('name', '=', name)
      .where('connection', '=', connection)
      .execute()
  await update({ started_at: deps.now() })
  const next = later(deps.now(), definition.everyMs)
  try {
    let { cursor } = row
    let more = true
    for (let pages = 0; more && pages < pagesMax; pages++) {
      const result = await definition.run(deps, connection as Id<'conn'>, cursor)
      ;({ cursor, more } = result)
      await update({ cursor })
      if (result.problem) throw result.problem
    }
    const due = more ? deps.now() : next
    await update({ finished_at: deps.now(), succeeded_at: deps.now(), problem: null, due_at: due })
    if (row.problem) await record(deps, 'sync.recovered', connection, { sync: name })
    return { again: due }
  } catch (error) {
    const problem = asProblem(error)
    const due = later(deps.now(), problem.details.retryAfterMs ?? definition.everyMs)
    if (problem.code === 'internal')
      deps.log.error(
        { sync: name, connection, cause: String(problem.cause ?? problem.message) },
        'sync failed',
      )
    await update({
      finished_at: deps.now(),
      due_at: due,
      problem: json<unknown>({ code: problem.code, message: problem.message, ...problem.details }),
    })
    if (!row.problem)
      await record(deps, 'sync.failed', connection, {
        sync: name,
        code: problem.code,
        message: problem.message,
      })
    return { again: due }
  }
}
