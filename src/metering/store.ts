import { type SqlBool, sql } from 'kysely'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { hourOf, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Report, UsageRecord, UsageState } from './model.ts'

export type Filter = {
  readonly agreement?: string | undefined
  readonly dimension?: string | undefined
  readonly connection?: string | undefined
  readonly state?: UsageState['is'] | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  /** Only what came too late, or only the rest. */
  readonly late?: boolean | undefined
  readonly createdFrom?: Instant | undefined
  readonly createdTo?: Instant | undefined
}

/** Records by the hour of their usage, oldest first. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: Filter,
): Promise<UsageRecord[]> {
  let query = all(db).orderBy('hour').orderBy('id').limit(limit)
  if (after) {
    const [hour = '', id = ''] = after
    query = query.where(sql<SqlBool>`(hour, id) > (${hour}::timestamptz, ${id})`)
  }
  if (filter.agreement) query = query.where('agreement', '=', filter.agreement)
  if (filter.dimension) query = query.where('dimension', '=', filter.dimension)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.state) query = query.where('state_is', '=', filter.state)
  if (filter.from) query = query.where('hour', '>=', filter.from)
  if (filter.to) query = query.where('hour', '<', filter.to)
  if (filter.late !== undefined) query = query.where('kind', filter.late ? '=' : '<>', 'late')
  if (filter.createdFrom) query = query.where('created_at', '>=', filter.createdFrom)
  if (filter.createdTo) query = query.where('created_at', '<', filter.createdTo)
  return (await query.execute()).map(read)
}

export async function get(db: Db, id: string): Promise<UsageRecord> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no usage record ${id}`)
  return read(row)
}

export type StateCount = { readonly state: UsageState['is']; readonly records: number }

/** How many records stand where. */
export async function countByState(db: Db): Promise<StateCount[]> {
  const { rows } = await sql<StateCount>`
    select state_is as state, count(*)::int as records from usage_records group by 1
    order by 1`.execute(db)
  return rows
}

const all = (db: Db) => db.selectFrom('usage_records').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): UsageRecord => ({
  id: row.id as Id<'rec'>,
  connection: row.connection as Id<'conn'>,
  agreement: row.agreement as Id<'agr'>,
  dimension: row.dimension,
  hour: hourOf(row.hour),
  kind: row.kind,
  quantity: trim(row.quantity),
  events: Number(row.events),
  state: row.state as UsageState,
  dueAt: row.due_at,
  deadline: row.deadline,
  takenUntil: row.taken_until,
  sent: row.sent && trim(row.sent),
  included: trim(row.included),
  rated: trim(row.rated),
  carriedIn: row.carried_in && trim(row.carried_in),
  carriedOut: row.carried_out && trim(row.carried_out),
  attempts: row.attempts,
  report: row.report as Report | null,
  outcome: row.outcome,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
