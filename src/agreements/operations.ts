import { type SqlBool, sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem, type Reason } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Operation, OperationState, Step, Wanted } from './operation.ts'

/** Adds a request. False when one of the same kind is under way on that agreement. */
export async function insert(db: Db, operation: Operation): Promise<boolean> {
  const { id, agreement, wanted, attempts, dueAt, revision, createdAt, updatedAt } = operation
  const row = await db
    .insertInto('agreement_operations')
    .values({
      id,
      agreement,
      kind: wanted.is,
      wanted: json<unknown>(wanted),
      attempts,
      due_at: dueAt,
      revision,
      created_at: createdAt,
      updated_at: updatedAt,
      problem: null,
      ...stateColumns(operation.state),
    })
    .onConflict((oc) =>
      oc
        .columns(['agreement', 'kind'])
        .where(sql<SqlBool>`state_is in ('waiting', 'running')`)
        .doNothing(),
    )
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

export async function get(db: Db, id: string): Promise<Operation> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no operation ${id}`)
  return read(row)
}

/** Takes a step, unless somebody took one first: then `conflict`. */
export async function advance(
  db: Db,
  operation: Operation,
  { state, problem, attempts, dueAt }: Step,
  now: Instant,
): Promise<void> {
  const done = await db
    .updateTable('agreement_operations')
    .set({
      ...stateColumns(state),
      problem: problem && json<unknown>(problem),
      attempts,
      due_at: dueAt,
      revision: operation.revision + 1,
      updated_at: now,
    })
    .where('id', '=', operation.id)
    .where('revision', '=', operation.revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n)
    throw new Problem('conflict', `operation ${operation.id} has moved on`)
}

/** Whether a request of this kind is neither done nor refused. */
export async function isUnderWay(db: Db, agreement: string, kind: Wanted['is']): Promise<boolean> {
  const row = await all(db)
    .where('agreement', '=', agreement)
    .where('kind', '=', kind)
    .where('state_is', 'in', ['waiting', 'running'])
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether such a request was ever made, whatever became of it. */
export async function wasAsked(db: Db, agreement: string, kind: Wanted['is']): Promise<boolean> {
  const row = await all(db)
    .where('agreement', '=', agreement)
    .where('kind', '=', kind)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Requests on an agreement that are under way, or that the marketplace knows by this name. */
export async function underWay(
  db: Db,
  agreement: string,
  operationRef: string,
): Promise<Operation[]> {
  const rows = await all(db)
    .where('agreement', '=', agreement)
    .where((eb) =>
      eb.or([eb('state_is', 'in', ['waiting', 'running']), eb('operation_ref', '=', operationRef)]),
    )
    .execute()
  return rows.map(read)
}

/** What was asked of an agreement, first to last. */
export async function list(
  db: Db,
  agreement: string,
  limit: number,
  after?: readonly string[],
): Promise<Operation[]> {
  let query = all(db).where('agreement', '=', agreement).orderBy('created_at').orderBy('id')
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<SqlBool>`(created_at, id) > (${at}::timestamptz, ${id})`)
  }
  return (await query.limit(limit).execute()).map(read)
}

const all = (db: Db) => db.selectFrom('agreement_operations').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): Operation => ({
  id: row.id as Id<'op'>,
  agreement: row.agreement as Id<'agr'>,
  wanted: row.wanted as Wanted,
  state: stateOf(row),
  problem: row.problem as Operation['problem'],
  attempts: row.attempts,
  dueAt: row.due_at,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

function stateOf(row: Selected): OperationState {
  const at = row.settled_at as Instant
  switch (row.state_is) {
    case 'waiting':
      return { is: 'waiting' }
    case 'running':
      return { is: 'running', operationRef: row.operation_ref }
    case 'done':
      return { is: 'done', at }
    case 'refused':
      return { is: 'refused', at, reasons: row.reasons as readonly Reason[] }
  }
}

/** The marketplace's name stays once it is known: its notices go by it. */
const stateColumns = (state: OperationState) => ({
  state_is: state.is,
  reasons: state.is === 'refused' ? json<unknown>(state.reasons) : null,
  settled_at: state.is === 'done' || state.is === 'refused' ? state.at : null,
  ...(state.is === 'running' && { operation_ref: state.operationRef }),
})
