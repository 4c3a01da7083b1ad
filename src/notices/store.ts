import { type SqlBool, sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Asked, Notice, NoticeAbout, NoticeState, Trouble, Verdict } from './model.ts'

/** Adds a notice. False when the provider's message is here already. */
export async function insert(db: Db, notice: Notice): Promise<boolean> {
  const row = await db
    .insertInto('notices')
    .values({
      id: notice.id,
      connection: notice.connection,
      notice_ref: notice.noticeRef,
      kind: notice.kind,
      at: notice.at,
      about: json<unknown>(notice.about),
      asks: notice.asks ? json<unknown>(notice.asks) : null,
      verdict: notice.verdict,
      native: json<unknown>(notice.native),
      received_at: notice.receivedAt,
      ...stateColumns(notice.state, notice.receivedAt),
    })
    .onConflict((oc) => oc.columns(['connection', 'notice_ref']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** What was decided on a notice when it first came. */
export async function verdictOf(
  db: Db,
  connection: string,
  noticeRef: string,
): Promise<Verdict | null> {
  const row = await db
    .selectFrom('notices')
    .select('verdict')
    .where('connection', '=', connection)
    .where('notice_ref', '=', noticeRef)
    .executeTakeFirst()
  return row?.verdict ?? null
}

export async function get(db: Db, id: string): Promise<Notice> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no notice ${id}`)
  return read(row)
}

/** Moves a notice that still waits; one that another worker settled stays as it is. False then. */
export async function advance(db: Db, notice: Notice, state: NoticeState): Promise<boolean> {
  const done = await db
    .updateTable('notices')
    .set(stateColumns(state, notice.receivedAt))
    .where('id', '=', notice.id)
    .where('state_is', '=', 'received')
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  state: NoticeState['is'] | undefined,
): Promise<Notice[]> {
  let query = all(db).orderBy('received_at').orderBy('id').limit(limit)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<SqlBool>`(received_at, id) > (${at}::timestamptz, ${id})`)
  }
  if (state) query = query.where('state_is', '=', state)
  return (await query.execute()).map(read)
}

const all = (db: Db) => db.selectFrom('notices').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): Notice => ({
  id: row.id as Id<'ntc'>,
  connection: row.connection as Id<'conn'>,
  noticeRef: row.notice_ref,
  kind: row.kind,
  at: row.at,
  about: row.about as NoticeAbout,
  asks: (row.asks ?? undefined) as Asked | undefined,
  verdict: row.verdict,
  native: row.native,
  state: stateOf(row),
  receivedAt: row.received_at,
})

function stateOf(row: Selected): NoticeState {
  const problem = row.problem as Trouble | null
  const at = row.settled_at as Instant
  if (row.state_is === 'handled') return { is: 'handled', at }
  if (row.state_is === 'failed') return { is: 'failed', at, problem: problem as Trouble }
  return { is: 'received', attempts: row.attempts, dueAt: row.due_at, problem }
}

function stateColumns(state: NoticeState, receivedAt: Instant) {
  const problem = state.is === 'handled' ? null : state.problem
  const told = { state_is: state.is, problem: problem && json<unknown>(problem) }
  return state.is === 'received'
    ? { ...told, attempts: state.attempts, due_at: state.dueAt, settled_at: null }
    : { ...told, due_at: receivedAt, settled_at: state.at }
}
