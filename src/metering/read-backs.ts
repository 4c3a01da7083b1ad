import { type SqlBool, sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Day, Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Counted, ReadBackVerdict } from './verdict.ts'

/** Whether the marketplace was asked, or a report of its told. */
export const readBackSources = ['api', 'report'] as const
export type ReadBackSource = (typeof readBackSources)[number]

/** What is read back at once: all usage of one period, from one source. */
export type Span = {
  readonly connection: Id<'conn'>
  readonly source: ReadBackSource
  /** Whole hours. */
  readonly from: Instant
  readonly to: Instant
}

/** A verdict that wants a person. */
export type Alarm = Exclude<ReadBackVerdict, 'agreed' | 'pending'>

/** One day's usage of one agreement and dimension, as its marketplace holds it and as we count it. */
export type ReadBack = {
  readonly connection: Id<'conn'>
  /** Null when we know no such agreement. */
  readonly agreement: Id<'agr'> | null
  readonly agreementRef: string
  readonly dimension: string
  /** UTC day that the period begins on. */
  readonly day: Day
  readonly from: Instant
  readonly to: Instant
  readonly source: ReadBackSource
  readonly planRef: string | null
  /** The marketplace's own words; null when it holds nothing. */
  readonly nativeStatus: string | null
  readonly submitted: Decimal | null
  readonly processed: Decimal | null
  /** What it comes to, where that is told with it. */
  readonly amount: Decimal | null
  readonly currency: string | null
  /** Whether that was billed, or is an estimate. */
  readonly isBilled: boolean
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
 * What we count for a period, by the marketplace's reference as it was told, also what an earlier connection of the same
 * account sent. What was accepted after `asOf` may be in the marketplace's answer or not.
 */
export async function counted(
  db: Db,
  { connection, from, to }: Span,
  asOf: Instant,
): Promise<Map<string, Counted & Key>> {
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

/** What was last read of a period, held until the transaction ends, by `keyOf`. */
export async function stored(db: Db, span: Span): Promise<Map<string, ReadBack>> {
  const rows = await all(db)
    .where('connection', '=', span.connection)
    .where('source', '=', span.source)
    .where('from_at', '=', span.from)
    .where('to_at', '=', span.to)
    .orderBy('agreement_ref')
    .orderBy('dimension')
    .forUpdate()
    .execute()
  return new Map(rows.map((row) => [keyOf(read(row)), read(row)]))
}

export async function save(db: Db, rows: readonly ReadBack[]): Promise<void> {
  const each = <Value>(pick: (row: ReadBack) => Value) => rows.map(pick)
  await sql`insert into usage_read_backs (connection, agreement, agreement_ref, dimension, day,
      from_at, to_at, source, plan_ref, native_status, submitted, processed, amount, currency,
      billed, accepted, difference, verdict, since, alarm, read_at)
    select * from unnest(${each((r) => r.connection)}::text[], ${each((r) => r.agreement)}::text[],
      ${each((r) => r.agreementRef)}::text[], ${each((r) => r.dimension)}::text[],
      ${each((r) => r.day)}::date[], ${each((r) => r.from)}::timestamptz[],
      ${each((r) => r.to)}::timestamptz[], ${each((r) => r.source)}::text[],
      ${each((r) => r.planRef)}::text[],
      ${each((r) => r.nativeStatus)}::text[], ${each((r) => r.submitted)}::numeric[],
      ${each((r) => r.processed)}::numeric[], ${each((r) => r.amount)}::numeric[],
      ${each((r) => r.currency)}::text[], ${each((r) => r.isBilled)}::boolean[],
      ${each((r) => r.accepted)}::numeric[],
      ${each((r) => r.difference)}::numeric[], ${each((r) => r.verdict)}::text[],
      ${each((r) => r.since)}::timestamptz[], ${each((r) => r.alarm)}::text[],
      ${each((r) => r.readAt)}::timestamptz[])
    on conflict (connection, agreement_ref, dimension, source, from_at, to_at) do update set
      agreement = excluded.agreement, plan_ref = excluded.plan_ref,
      native_status = excluded.native_status, submitted = excluded.submitted,
      processed = excluded.processed, amount = excluded.amount, currency = excluded.currency,
      billed = excluded.billed, accepted = excluded.accepted,
      difference = excluded.difference, verdict = excluded.verdict, since = excluded.since,
      alarm = excluded.alarm, read_at = excluded.read_at`.execute(db)
}

export type ReadBackFilter = {
  /** The marketplace's reference. */
  readonly agreement?: string | undefined
  readonly connection?: string | undefined
  readonly dimension?: string | undefined
  readonly source?: ReadBackSource | undefined
  readonly verdict?: ReadBackVerdict | undefined
  readonly from?: Day | undefined
  readonly to?: Day | undefined
}

/** By the beginning of their periods, oldest first. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: ReadBackFilter,
): Promise<ReadBack[]> {
  let query = all(db)
    .orderBy('from_at')
    .orderBy('connection')
    .orderBy('agreement_ref')
    .orderBy('dimension')
    .orderBy('source')
    .orderBy('to_at')
    .limit(limit)
  if (after) {
    const [from = '', connection = '', ref = '', dimension = '', source = '', to = ''] = after
    query = query.where(
      sql<SqlBool>`(from_at, connection, agreement_ref, dimension, source, to_at) >
        (${from}::timestamptz, ${connection}, ${ref}, ${dimension}, ${source}, ${to}::timestamptz)`,
    )
  }
  if (filter.agreement) query = query.where('agreement_ref', '=', filter.agreement)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.dimension) query = query.where('dimension', '=', filter.dimension)
  if (filter.source) query = query.where('source', '=', filter.source)
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
  from: row.from_at,
  to: row.to_at,
  source: row.source as ReadBackSource,
  planRef: row.plan_ref,
  nativeStatus: row.native_status,
  submitted: row.submitted && trim(row.submitted),
  processed: row.processed && trim(row.processed),
  amount: row.amount && trim(row.amount),
  currency: row.currency,
  isBilled: row.billed,
  accepted: trim(row.accepted),
  difference: trim(row.difference),
  verdict: row.verdict as ReadBackVerdict,
  since: row.since,
  alarm: row.alarm as Alarm | null,
  readAt: row.read_at,
})

/** What is not settled by then is not looked at again. */
const pendingDays = '60'

/** Periods that reports told of and that end after a moment, or are not settled since, the newest first. */
export async function reportedPeriods(
  db: Db,
  connection: string,
  since: Instant,
  limit: number,
): Promise<readonly { readonly from: Instant; readonly to: Instant }[]> {
  const { rows } = await sql<{ from: Instant; to: Instant }>`
    select from_at as "from", to_at as "to" from usage_read_backs
    where connection = ${connection} and source = 'report'
      and (to_at >= ${since}::timestamptz
        or (verdict = 'pending' and to_at >= ${since}::timestamptz - interval '${sql.raw(pendingDays)} days'))
    group by 1, 2 order by 1 desc limit ${limit}`.execute(db)
  return rows
}
