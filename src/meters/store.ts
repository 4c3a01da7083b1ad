import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { hourOf, hourStart, type Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Aggregation, Definition, Meter, Version } from './model.ts'

/** Adds a meter with its first version. Throws `conflict` for a key that the listing has. */
export async function insert(
  db: Db,
  meter: Omit<Meter, 'versions'>,
  first: Version,
): Promise<void> {
  const row = await db
    .insertInto('meters')
    .values({
      id: meter.id,
      listing: meter.listing,
      key: meter.key,
      event: meter.event,
      aggregation: meter.aggregation,
      revision: meter.revision,
      created_at: meter.createdAt,
      updated_at: meter.updatedAt,
    })
    .onConflict((oc) => oc.columns(['listing', 'key']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!row)
    throw new Problem('conflict', `the listing has a meter ${meter.key}`, {
      errors: [{ path: 'key', message: 'is taken within the listing' }],
    })
  await insertVersion(db, meter.id, first)
}

/** Adds a version, unless somebody moved the meter first: then `conflict`. */
export async function amend(
  db: Db,
  { id, revision }: Pick<Meter, 'id' | 'revision'>,
  next: Version,
): Promise<void> {
  const done = await db
    .updateTable('meters')
    .set({ revision: revision + 1, updated_at: next.recordedAt })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `meter ${id} has moved on`)
  await insertVersion(db, id, next)
}

async function insertVersion(db: Db, meter: string, version: Version): Promise<void> {
  await db
    .insertInto('meter_versions')
    .values({
      meter,
      version: version.number,
      from_hour: hourStart(version.from),
      definition: version.definition === null ? null : json<unknown>(version.definition),
      actor: json<unknown>(version.actor),
      recorded_at: version.recordedAt,
    })
    .execute()
}

/** Keeps others from adding a meter to the listing until the transaction ends, and counts those it has. */
export async function countForUpdate(db: Db, listing: string): Promise<number> {
  await db.selectFrom('listings').select('id').where('id', '=', listing).forUpdate().execute()
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from meters where listing = ${listing}`.execute(db)
  return rows[0]?.count ?? 0
}

export async function get(db: Db, id: string): Promise<Meter> {
  const row = await db.selectFrom('meters').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no meter ${id}`)
  const [meter] = await withVersions(db, [row])
  return meter as Meter
}

export type Filter = { readonly listing?: string | undefined; readonly event?: string | undefined }

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { listing, event }: Filter,
): Promise<Meter[]> {
  let query = db.selectFrom('meters').selectAll().orderBy('created_at').orderBy('id').limit(limit)
  if (listing) query = query.where('listing', '=', listing)
  if (event) query = query.where('event', '=', event)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<boolean>`(created_at, id) > (${at}::timestamptz, ${id})`)
  }
  return withVersions(db, await query.execute())
}

/** Meters of these listings that read any of these events, by id, with every version. */
export async function reading(
  db: Db,
  listings: readonly string[],
  events: readonly string[],
): Promise<Meter[]> {
  const { rows } = await sql<Row>`
    select * from meters where listing = any(${listings}::text[]) and event = any(${events}::text[])
    order by id`.execute(db)
  return withVersions(db, rows)
}

/** All meters of a listing, by id, with every version. */
export async function ofListing(db: Db, listing: string): Promise<Meter[]> {
  const { rows } = await sql<Row>`
    select * from meters where listing = ${listing} order by id`.execute(db)
  return withVersions(db, rows)
}

/** Meters by their ids. */
export async function byIds(db: Db, ids: readonly string[]): Promise<Meter[]> {
  const { rows } = await sql<Row>`
    select * from meters where id = any(${ids}::text[]) order by id`.execute(db)
  return withVersions(db, rows)
}

type Row = {
  id: string
  listing: string
  key: string
  event: string
  aggregation: string
  revision: number
  created_at: Instant
  updated_at: Instant
}

async function withVersions(db: Db, rows: readonly Row[]): Promise<Meter[]> {
  if (rows.length === 0) return []
  const { rows: versions } = await sql<VersionRow>`
    select meter, version, from_hour, definition, actor, recorded_at from meter_versions
    where meter = any(${rows.map(({ id }) => id)}::text[]) order by version`.execute(db)
  const byMeter = Map.groupBy(versions, ({ meter }) => meter)
  return rows.map((row) => ({
    id: row.id as Id<'mtr'>,
    listing: row.listing as Id<'lst'>,
    key: row.key,
    event: row.event,
    aggregation: row.aggregation as Aggregation,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    versions: (byMeter.get(row.id) ?? []).map(readVersion),
  }))
}

type VersionRow = {
  meter: string
  version: number
  from_hour: Instant
  definition: unknown
  actor: unknown
  recorded_at: Instant
}

const readVersion = (row: VersionRow): Version => ({
  number: row.version,
  from: hourOf(row.from_hour),
  definition: row.definition === null ? null : kept(row.definition),
  actor: row.actor,
  recordedAt: row.recorded_at,
})

/** One object for one content, so that what is compiled from it is found again. */
const definitions = new Map<string, Definition>()
const definitionsMax = 5_000
function kept(definition: unknown): Definition {
  const key = JSON.stringify(definition)
  const known = definitions.get(key)
  if (known) return known
  if (definitions.size >= definitionsMax) definitions.clear()
  definitions.set(key, definition as Definition)
  return definition as Definition
}
