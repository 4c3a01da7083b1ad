import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Day, Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Commitment, Version } from './model.ts'
import { readTerms, type TermsJson } from './terms.ts'

/** A commitment with its versions' terms also as they were asked for. */
export type Kept = Omit<Commitment, 'versions'> & {
  readonly provider: string
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly versions: readonly (Version & { readonly asked: TermsJson })[]
}

export type NewVersion = Omit<Version, 'terms'> & { readonly asked: TermsJson }

export async function insert(
  db: Db,
  row: { readonly id: Id<'cmt'>; readonly buyer: Id<'buyer'>; readonly at: Instant },
  first: NewVersion,
): Promise<void> {
  await db
    .insertInto('commitments')
    .values({
      id: row.id,
      buyer: row.buyer,
      provider: first.asked.provider,
      currency: first.asked.currency,
      revision: 1,
      created_at: row.at,
      updated_at: row.at,
    })
    .execute()
  await insertVersion(db, row.id, first)
}

/** Adds a version, unless somebody moved the commitment first: then `conflict`. */
export async function amend(
  db: Db,
  { id, revision }: Pick<Commitment, 'id' | 'revision'>,
  next: NewVersion,
): Promise<void> {
  const done = await db
    .updateTable('commitments')
    .set({ revision: revision + 1, updated_at: next.recordedAt })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `commitment ${id} has moved on`)
  await insertVersion(db, id, next)
}

export async function get(db: Db, id: string): Promise<Kept> {
  const row = await db.selectFrom('commitments').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no commitment ${id}`)
  const [kept] = await withVersions(db, [row])
  return kept as Kept
}

export type Filter = { readonly buyer?: string | undefined; readonly provider?: string | undefined }

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { buyer, provider }: Filter,
): Promise<Kept[]> {
  let query = db
    .selectFrom('commitments')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
  if (buyer) query = query.where('buyer', '=', buyer)
  if (provider) query = query.where('provider', '=', provider)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<boolean>`(created_at, id) > (${at}::timestamptz, ${id})`)
  }
  return withVersions(db, await query.execute())
}

const batchSize = 200
/** A report over more commitments than this is asked for by buyer. */
const commitmentsMax = 10_000

/** Every commitment there is, in the order they were entered. */
export async function* every(db: Db, filter: Filter = {}): AsyncGenerator<Kept> {
  let after: readonly string[] | undefined
  for (let seen = 0; seen < commitmentsMax; seen += batchSize) {
    const rows = await list(db, batchSize, after, filter)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < batchSize) return
    after = [last.createdAt, last.id]
  }
  throw new Problem('invalid', `there are more than ${commitmentsMax} commitments: ask by buyer`)
}

/** Keeps others from adding a commitment of this buyer until the transaction ends. */
export const lockBuyer = (db: Db, buyer: string) =>
  db.selectFrom('buyers').select('id').where('id', '=', buyer).forUpdate().execute()

type Row = {
  id: string
  buyer: string
  provider: string
  revision: number
  created_at: Instant
  updated_at: Instant
}

async function withVersions(db: Db, rows: readonly Row[]): Promise<Kept[]> {
  if (rows.length === 0) return []
  const versions = await db
    .selectFrom('commitment_versions')
    .selectAll()
    .where(
      'commitment',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('version')
    .execute()
  const byCommitment = Map.groupBy(versions, (v) => v.commitment)
  return rows.map((row) => ({
    id: row.id as Id<'cmt'>,
    buyer: row.buyer as Id<'buyer'>,
    provider: row.provider,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    versions: (byCommitment.get(row.id) ?? []).map(readVersion),
  }))
}

function readVersion(row: {
  commitment: string
  version: number
  valid_from: Day
  known_from: Day
  recorded_at: Instant
  terms: unknown
}): Kept['versions'][number] {
  const asked = row.terms as TermsJson
  const read = readTerms(asked)
  if ('faults' in read)
    throw new Problem('internal', `commitment ${row.commitment} holds terms that break a rule`)
  return {
    terms: read.terms,
    asked,
    validFrom: row.valid_from,
    knownFrom: row.known_from,
    recordedAt: row.recorded_at,
    number: row.version,
  }
}

async function insertVersion(db: Db, id: string, version: NewVersion): Promise<void> {
  await db
    .insertInto('commitment_versions')
    .values({
      commitment: id,
      version: version.number,
      valid_from: version.validFrom,
      known_from: version.knownFrom,
      recorded_at: version.recordedAt,
      terms: json<unknown>(version.asked),
    })
    .execute()
}
