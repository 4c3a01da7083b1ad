import { type SqlBool, sql } from 'kysely'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { hourOf, hourStart, type Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type {
  Asked,
  Backfill,
  BackfillState,
  Counts,
  Cursor,
  Fate,
  Row,
  Unreadable,
} from './model.ts'

export async function insert(db: Db, backfill: Backfill): Promise<void> {
  await db
    .insertInto('backfills')
    .values({
      id: backfill.id,
      asked: json<unknown>(backfill.asked),
      is_dry: backfill.isDry,
      ...content(backfill),
      actor: json<unknown>(backfill.actor),
      revision: backfill.revision,
      created_at: backfill.createdAt,
    })
    .execute()
}

/** Writes how far a backfill is that is held. */
export async function save(db: Db, backfill: Backfill): Promise<void> {
  await db
    .updateTable('backfills')
    .set({ ...content(backfill), revision: backfill.revision + 1 })
    .where('id', '=', backfill.id)
    .execute()
}

const content = ({ state, cursor, counts, unreadable, finishedAt }: Backfill) => ({
  state: json<unknown>(state),
  state_is: state.is,
  cursor: cursor && JSON.stringify(cursor),
  counts: json<unknown>({ ...counts, unreadableEvents: unreadable }),
  finished_at: finishedAt,
})

export async function get(db: Db, id: string): Promise<Backfill> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no backfill ${id}`)
  return read(row)
}

/** Holds a backfill until the transaction ends, so that no step of it is done twice. */
export async function hold(db: Db, id: string): Promise<Backfill> {
  const row = await all(db).where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row) throw new Problem('not_found', `no backfill ${id}`)
  return read(row)
}

/** A backfill under way that changes some of the same hours; others of its listing cannot start meanwhile. */
export async function overlapping(db: Db, asked: Asked): Promise<string | undefined> {
  await db.selectFrom('listings').select('id').where('id', '=', asked.listing).forUpdate().execute()
  const { rows } = await sql<{ id: string }>`
    select id from backfills where state_is = 'running' and not is_dry
      and asked->>'listing' = ${asked.listing}
      and (${asked.agreement}::text is null or asked->>'agreement' is null
        or asked->>'agreement' = ${asked.agreement})
      and asked->>'from' < ${asked.to} and asked->>'to' > ${asked.from}
    limit 1`.execute(db)
  return rows[0]?.id
}

export type Filter = {
  readonly listing?: string | undefined
  readonly state?: BackfillState['is'] | undefined
}

/** The newest first. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { listing, state }: Filter,
): Promise<Backfill[]> {
  let query = all(db).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (listing) query = query.where(sql<SqlBool>`asked->>'listing' = ${listing}`)
  if (state) query = query.where('state_is', '=', state)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<SqlBool>`(created_at, id) < (${at}::timestamptz, ${id})`)
  }
  return (await query.execute()).map(read)
}

/** Adds what a step found to the rows of its hours. */
export async function addRows(db: Db, id: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  await sql`insert into backfill_rows (backfill, agreement, dimension, hour, before, after, fate)
    select ${id}, r.agreement, r.dimension, r.hour, r.before, r.after, r.fate::jsonb
    from unnest(${rows.map((r) => r.agreement)}::text[], ${rows.map((r) => r.dimension)}::text[],
      ${rows.map((r) => hourStart(r.hour))}::timestamptz[], ${rows.map((r) => r.before)}::numeric[],
      ${rows.map((r) => r.after)}::numeric[], ${rows.map((r) => JSON.stringify(r.fates))}::text[])
      as r(agreement, dimension, hour, before, after, fate)
    on conflict (backfill, agreement, dimension, hour) do update set
      before = backfill_rows.before + excluded.before, after = backfill_rows.after + excluded.after,
      fate = backfill_rows.fate || excluded.fate`.execute(db)
}

export type RowFilter = { readonly changed?: boolean | undefined }

/** By hour, agreement and dimension. */
export async function rowsOf(
  db: Db,
  id: string,
  limit: number,
  { after, changed }: RowFilter & { readonly after: readonly string[] | undefined },
): Promise<Row[]> {
  const [hour = '', agreement = '', dimension = ''] = after ?? []
  const { rows } = await sql<Omit<Row, 'hour' | 'fates'> & { hour: Instant; fate: unknown }>`
    select agreement, dimension, hour, before, after, fate from backfill_rows
    where backfill = ${id} ${changed ? sql`and before <> after` : sql``}
      ${after ? sql`and (hour, agreement, dimension) > (${hour}::timestamptz, ${agreement}, ${dimension})` : sql``}
    order by hour, agreement, dimension limit ${limit}`.execute(db)
  return rows.map(({ hour: at, before, after: comes, fate, ...row }) => ({
    ...row,
    hour: hourOf(at),
    before: trim(before),
    after: trim(comes),
    fates: fate as readonly Fate[],
  }))
}

const all = (db: Db) => db.selectFrom('backfills').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

function read(row: Selected): Backfill {
  const { unreadableEvents, ...counts } = row.counts as Counts & { unreadableEvents: Unreadable[] }
  return {
    id: row.id as Id<'bkf'>,
    asked: row.asked as Asked,
    isDry: row.is_dry,
    state: row.state as BackfillState,
    cursor: row.cursor === null ? null : (JSON.parse(row.cursor) as Cursor),
    counts,
    unreadable: unreadableEvents,
    actor: row.actor,
    revision: row.revision,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}
