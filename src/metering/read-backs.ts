import { type SqlBool, sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { addDays, type Day, type Instant, startOf } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Counted, ReadBackVerdict } from './verdict.ts'

/** A verdict that wants a person. */
export type Alarm = Exclude<ReadBackVerdict, 'agreed' | 'pending'>

/** One day's usage of one agreement and dimension, as its marketplace holds it and as we count it. */
export type ReadBack = {
  readonly connection: Id<'conn'>
  /** Null when we know no such agreement. */
  readonly agreement: Id<'agr'> | null
  readonly agreementRef: string
  readonly dimension: string
  readonly day: Day
  readonly planRef: string | null
  /** The marketplace's own words; null when it holds nothing. */
  readonly nativeStatus: string | null
  readonly submitted: Decimal | null
  readonly processed: Decimal | null
  /** What we count as accepted. */
  readonly accepted: Decimal
  readonly difference: Decimal
  readonly verdict: ReadBackVerdict
  /** When the verdict was first this one. */
  readonly since: Instant
  /** The trouble that was told of and is not over. */
  readonly alarm: Alarm | null
  readonly readAt: Instant
}

type Key = Pick<ReadBack, 'agreementRef' | 'dimension'>
/** Neither holds a line break. */
export const keyOf = ({ agreementRef, dimension }: Key): string => `${agreementRef}\n${dimension}`

/**
 * What we count for a day, by the marketplace's reference as it was told, also what an earlier connection of the same
 * account sent. What was accepted after `asOf` may be in the marketplace's answer or not.
 */
export async function counted(
  db: Db,
  connection: string,
  day: Day,
  asOf: Instant,
): Promise<Map<string, Counted & Key>> {
  const [from, to] = [startOf(day), startOf(addDays(day, 1))]
  const { rows } = await sql<Counted & Key>`
    select report ->> 'agreementRef' as "agreementRef", dimension,
      coalesce(sum(sent) filter (where state_is = 'accepted'), 0) as accepted,
      max((state ->> 'at')::timestamptz) filter (where state_is = 'accepted') as "newestAt",
      bool_or(state_is in ('due', 'sending') or (state_is = 'accepted'
        and (state ->> 'at')::timestamptz > ${asOf}::timestamptz)) as "isMoving"
    from usage_records
    where hour >= ${from}::timestamptz and hour < ${to}::timestamptz and report is not null
    group by 1, 2 having bool_or(connection = ${connection})`.execute(db)
  return new Map(rows.map((row) => [keyOf(row), { ...row, accepted: trim(row.accepted) }]))
}

/** What was last read of a day, held until the transaction ends, by `keyOf`. */
export async function stored(db: Db, connection: string, day: Day): Promise<Map<string, ReadBack>> {
  const rows = await all(db)
    .where('connection', '=', connection)
    .where('day', '=', day)
    .orderBy('agreement_ref')
    .orderBy('dimension')
    .forUpdate()
    .execute()
  return new Map(rows.map((row) => [keyOf(read(row)), read(row)]))
}

export async function save(db: Db, rows: readonly ReadBack[]): Promise<void> {
  const each = <Value>(pick: (row: ReadBack) => Value) => rows.map(pick)
  await sql`insert into usage_read_backs (connection, agreement, agreement_ref, dimension, day,
      plan_ref, native_status, submitted, processed, accepted, difference, verdict, since, alarm,
      read_at)
    select * from unnest(${each((r) => r.connection)}::text[], ${each((r) => r.agreement)}::text[],
      ${each((r) => r.agreementRef)}::text[], ${each((r) => r.dimension)}::text[],
      ${each((r) => r.day)}::date[], ${each((r) => r.planRef)}::text[],
      ${each((r) => r.nativeStatus)}::text[], ${each((r) => r.submitted)}::numeric[],
      ${each((r) => r.processed)}::numeric[], ${each((r) => r.accepted)}::numeric[],
      ${each((r) => r.difference)}::numeric[], ${each((r) => r.verdict)}::text[],
      ${each((r) => r.since)}::timestamptz[], ${each((r) => r.alarm)}::text[],
      ${each((r) => r.readAt)}::timestamptz[])
    on conflict (connection, agreement_ref, dimension, day) do update set
      agreement = excluded.agreement, plan_ref = excluded.plan_ref,
      native_status = excluded.native_status, submitted = excluded.submitted,
      processed = excluded.processed, accepted = excluded.accepted,
      difference = excluded.difference, verdict = excluded.verdict, since = excluded.since,
      alarm = excluded.alarm, read_at = excluded.read_at`.execute(db)
}

export type ReadBackFilter = {
  /** The marketplace's reference. */
  readonly agreement?: string | undefined
  readonly connection?: string | undefined
  readonly verdict?: ReadBackVerdict | undefined
  readonly from?: Day | undefined
  readonly to?: Day | undefined
}

/** By day, oldest first. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: ReadBackFilter,
): Promise<ReadBack[]> {
  let query = all(db)
    .orderBy('day')
    .orderBy('connection')
    .orderBy('agreement_ref')
    .orderBy('dimension')
    .limit(limit)
  if (after) {
    const [day = '', connection = '', ref = '', dimension = ''] = after
    query = query.where(
      sql<SqlBool>`(day, connection, agreement_ref, dimension) >
        (${day}::date, ${connection}, ${ref}, ${dimension})`,
    )
  }
  if (filter.agreement) query = query.where('agreement_ref', '=', filter.agreement)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.verdict) query = query.where('verdict', '=', filter.verdict)
  if (filter.from) query = query.where('day', '>=', filter.from)
  if (filter.to) query = query.where('day', '<', filter.to)
  return (await query.execute()).map(read)
}

const all = (db: Db) => db.selectFrom('usage_read_backs').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): ReadBack => ({
  connection: row.connection as Id<'conn'>,
  agreement: row.agreement as Id<'agr'> | null,
  agreementRef: row.agreement_ref,
  dimension: row.dimension,
  day: row.day,
  planRef: row.plan_ref,
  nativeStatus: row.native_status,
  submitted: row.submitted && trim(row.submitted),
  processed: row.processed && trim(row.processed),
  accepted: trim(row.accepted),
  difference: trim(row.difference),
  verdict: row.verdict as ReadBackVerdict,
  since: row.since,
  alarm: row.alarm as Alarm | null,
  readAt: row.read_at,
})
