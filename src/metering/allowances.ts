import { type SqlBool, sql } from 'kysely'
import type { Agreement, Included } from '../agreements/model.ts'
import { type Decimal, plus, trim } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Allowance } from './included.ts'
import { seriesKey } from './roll-up.ts'

/** What one reading of an agreement says is included; `at` is when we had it. */
export type Told = Pick<Agreement, 'connection' | 'revision' | 'included'> & {
  readonly agreement: Agreement['id']
  readonly at: Instant
}

/** A period's allowance with whose it is. */
export type AllowanceRow = Allowance & {
  readonly connection: string
  readonly agreement: string
  readonly dimension: string
}

/**
 * Keeps what agreements' readings say is included; an older reading changes nothing. A period that is no longer
 * told stays for the hours before the next one of its dimension, or before the reading that left it out.
 */
export async function tell(db: Db, told: readonly Told[]): Promise<void> {
  if (told.length === 0) return
  const ids = told.map(({ agreement }) => agreement)
  const rows = told.flatMap(({ included, ...whose }) =>
    distinct(included).map((period) => ({ ...period, ...whose })),
  )
  // In the order of their key, so that two who tell do not wait for each other in a circle.
  await sql`select from usage_allowances where agreement = any(${ids}::text[])
    order by agreement, dimension, starts_at for update`.execute(db)
  await sql`insert into usage_allowances as u
      (agreement, dimension, starts_at, ends_at, connection, quantity, revision)
    select * from unnest(${rows.map(({ agreement }) => agreement)}::text[],
      ${rows.map(({ dimension }) => dimension)}::text[],
      ${rows.map(({ from }) => from)}::timestamptz[],
      ${rows.map(({ until }) => until)}::timestamptz[],
      ${rows.map(({ connection }) => connection)}::text[],
      ${rows.map(({ quantity }) => quantity)}::numeric[],
      ${rows.map(({ revision }) => revision)}::int[])
      as t(agreement, dimension, starts_at, ends_at, connection, quantity, revision)
    order by agreement, dimension, starts_at
    on conflict (agreement, dimension, starts_at) do update set
      ends_at = excluded.ends_at, quantity = excluded.quantity, revision = excluded.revision
    where excluded.revision > u.revision`.execute(db)
  await cut(db, told)
}

/** Ends what a newer reading of its agreement no longer tells. */
async function cut(db: Db, told: readonly Told[]): Promise<void> {
  await sql`update usage_allowances u set ends_at = cut.at
    from (
      select old.agreement, old.dimension, old.starts_at,
        greatest(old.starts_at, coalesce(
          (select min(next.starts_at) from usage_allowances next
            where next.agreement = old.agreement and next.dimension = old.dimension
              and next.revision = a.revision and next.starts_at > old.starts_at), a.at)) as at
      from usage_allowances old
      join unnest(${told.map(({ agreement }) => agreement)}::text[],
        ${told.map(({ revision }) => revision)}::int[],
        ${told.map(({ at }) => at)}::timestamptz[])
        as a(agreement, revision, at) on a.agreement = old.agreement and old.revision < a.revision
    ) as cut
    where u.agreement = cut.agreement and u.dimension = cut.dimension
      and u.starts_at = cut.starts_at and (u.ends_at is null or u.ends_at > cut.at)`.execute(db)
}

/** One row for each dimension and start: what is told twice is included twice. */
function distinct(included: readonly Included[]): Included[] {
  const byKey = new Map<string, Included>()
  for (const one of included) {
    const key = `${one.from} ${one.dimension}`
    const same = byKey.get(key)
    byKey.set(key, same ? { ...one, quantity: both(same.quantity, one.quantity) } : one)
  }
  return [...byKey.values()]
}

const both = (a: Decimal | null, b: Decimal | null) =>
  a === null || b === null ? null : plus(a, b)

/** What these agreements' periods have used up, by `seriesKey`. Only whoever holds a series may change it. */
export async function ofAgreements(
  db: Db,
  agreements: readonly string[],
): Promise<Map<string, readonly AllowanceRow[]>> {
  const rows = await all(db).where('agreement', 'in', agreements).execute()
  return Map.groupBy(rows.map(read), seriesKey)
}

/** Writes how much of each period is used up. */
export async function saveUsed(db: Db, rows: readonly AllowanceRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`update usage_allowances u set used = t.used, over = t.over
    from unnest(${rows.map(({ agreement }) => agreement)}::text[],
      ${rows.map(({ dimension }) => dimension)}::text[],
      ${rows.map(({ startsAt }) => startsAt)}::timestamptz[],
      ${rows.map(({ used }) => used)}::numeric[], ${rows.map(({ over }) => over)}::numeric[])
      as t(agreement, dimension, starts_at, used, over)
    where u.agreement = t.agreement and u.dimension = t.dimension and u.starts_at = t.starts_at
      and (u.used, u.over) <> (t.used, t.over)`.execute(db)
}

export type AllowanceFilter = {
  readonly agreement?: string | undefined
  readonly dimension?: string | undefined
  /** Only periods that hold this moment. */
  readonly at?: Instant | undefined
}

/** Periods by agreement, dimension and start. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { agreement, dimension, at }: AllowanceFilter,
): Promise<AllowanceRow[]> {
  let query = all(db).limit(limit)
  if (after) {
    const [startsAt = '', owner = '', key = ''] = after
    query = query.where(
      sql<SqlBool>`(agreement, dimension, starts_at) > (${owner}, ${key}, ${startsAt}::timestamptz)`,
    )
  }
  if (agreement) query = query.where('agreement', '=', agreement)
  if (dimension) query = query.where('dimension', '=', dimension)
  if (at)
    query = query.where(
      sql<SqlBool>`starts_at <= ${at}::timestamptz and (ends_at is null or ends_at > ${at}::timestamptz)`,
    )
  return (await query.execute()).map(read)
}

const all = (db: Db) =>
  db
    .selectFrom('usage_allowances')
    .selectAll()
    .orderBy('agreement')
    .orderBy('dimension')
    .orderBy('starts_at')
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): AllowanceRow => ({
  connection: row.connection,
  agreement: row.agreement,
  dimension: row.dimension,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  quantity: row.quantity && trim(row.quantity),
  used: trim(row.used),
  over: trim(row.over),
})
