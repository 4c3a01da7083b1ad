import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import type { Actor } from '../platform/auth.ts'
import { type Db, json } from '../platform/db.ts'
import { type Contract, everRated, type HeldBook, nextAt, type Version } from './model.ts'

export type NewContract = Pick<Contract, 'id' | 'agreement' | 'currency'>
export type NewVersion = Version & { readonly actor: Actor }

/** Adds a contract with its first version. Throws `conflict` when the agreement has one. */
export async function insert(db: Db, contract: NewContract, first: NewVersion): Promise<void> {
  const { id, agreement, currency } = contract
  const at = first.recordedAt
  const done = await db
    .insertInto('contracts')
    .values({ id, agreement, currency, revision: 1, created_at: at, updated_at: at })
    .onConflict((conflict) => conflict.column('agreement').doNothing())
    .executeTakeFirst()
  if (done.numInsertedOrUpdatedRows === 0n)
    throw new Problem('conflict', `agreement ${agreement} has a contract: amend that one`)
  await insertVersion(db, id, first)
}

/** Adds a version, unless somebody moved the contract first: then `conflict`. */
export async function insertNext(
  db: Db,
  { id, revision }: Pick<Contract, 'id' | 'revision'>,
  next: NewVersion,
): Promise<void> {
  const done = await db
    .updateTable('contracts')
    .set({ revision: revision + 1, updated_at: next.recordedAt })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `contract ${id} has moved on`)
  await insertVersion(db, id, next)
}

async function insertVersion(db: Db, id: string, version: NewVersion): Promise<void> {
  await db
    .insertInto('contract_versions')
    .values({
      contract: id,
      version: version.number,
      from_at: version.from,
      terms: json<unknown>(version.terms),
      actor: json<unknown>(version.actor),
      recorded_at: version.recordedAt,
    })
    .execute()
}

export async function get(db: Db, id: string): Promise<Contract> {
  const row = await db.selectFrom('contracts').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no contract ${id}`)
  const [contract] = await withVersions(db, [row])
  return contract as Contract
}

export type Filter = { readonly agreement?: string | undefined }

/** The oldest first. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { agreement }: Filter,
): Promise<Contract[]> {
  let query = db
    .selectFrom('contracts')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
  if (agreement) query = query.where('agreement', '=', agreement)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<boolean>`(created_at, id) > (${at}::timestamptz, ${id})`)
  }
  return withVersions(db, await query.execute())
}

/** The contracts of some agreements; those without one are absent. */
export async function ofAgreements(db: Db, agreements: readonly string[]): Promise<Contract[]> {
  if (agreements.length === 0) return []
  const rows = await db
    .selectFrom('contracts')
    .selectAll()
    .where('agreement', '=', sql<string>`any(${[...agreements]}::text[])`)
    .execute()
  return withVersions(db, rows)
}

type Row = {
  id: string
  agreement: string
  currency: string
  revision: number
  created_at: Instant
  updated_at: Instant
}

async function withVersions(db: Db, rows: readonly Row[]): Promise<Contract[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const versions = await db
    .selectFrom('contract_versions')
    .selectAll()
    .where('contract', '=', sql<string>`any(${ids}::text[])`)
    .orderBy('version')
    .execute()
  const byContract = Map.groupBy(versions, ({ contract }) => contract)
  return rows.map((row) => ({
    id: row.id as Id<'ctr'>,
    agreement: row.agreement as Id<'agr'>,
    currency: row.currency,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    versions: (byContract.get(row.id) ?? []).map((version) => ({
      number: version.version,
      from: version.from_at,
      terms: version.terms as Version['terms'],
      recordedAt: version.recorded_at,
    })),
  }))
}

/** Puts a contract's first book there. */
export async function insertBook(db: Db, held: HeldBook, at: Instant): Promise<void> {
  await db
    .insertInto('contract_books')
    .values({
      agreement: held.agreement,
      connection: held.connection,
      version: held.version,
      dimensions: everRated(held.book),
      state: json<unknown>(held.book),
      next_at: nextAt(held.book),
      updated_at: at,
    })
    .execute()
}

/** A book as it stands; undefined where an agreement has no contract. Not locked: for looking only. */
export async function bookOf(db: Db, agreement: string): Promise<HeldBook | undefined> {
  const row = await db
    .selectFrom('contract_books')
    .selectAll()
    .where('agreement', '=', agreement)
    .executeTakeFirst()
  return row && readBook(row)
}

/** Books of some agreements, locked in the order of their ids until the transaction ends. */
export async function holdBooks(
  db: Db,
  agreements: readonly string[],
): Promise<Map<string, HeldBook>> {
  if (agreements.length === 0) return new Map()
  const rows = await db
    .selectFrom('contract_books')
    .selectAll()
    .where('agreement', '=', sql<string>`any(${[...agreements]}::text[])`)
    .orderBy('agreement')
    .forUpdate()
    .execute()
  return new Map(rows.map((row) => [row.agreement, readBook(row)]))
}

/** Writes books that are held. Throws `internal` when one of them is not there. */
export async function saveBooks(db: Db, books: readonly HeldBook[], at: Instant): Promise<void> {
  if (books.length === 0) return
  const { numAffectedRows } = await sql`
    update contract_books as b
    set version = n.version, dimensions = array(select jsonb_array_elements_text(n.dimensions)), state = n.state, next_at = n.next_at, updated_at = ${at}
    from unnest(
      ${books.map(({ agreement }) => agreement)}::text[],
      ${books.map(({ version }) => version)}::int[],
      ${books.map(({ book }) => JSON.stringify(everRated(book)))}::jsonb[],
      ${books.map(({ book }) => JSON.stringify(book))}::jsonb[],
      ${books.map(({ book }) => nextAt(book))}::timestamptz[]
    ) as n (agreement, version, dimensions, state, next_at)
    where b.agreement = n.agreement`.execute(db)
  if (numAffectedRows !== BigInt(books.length))
    throw new Problem('internal', 'a contract book to be saved is not there')
}

/** Agreements whose book has something to do by a moment, the longest due first. */
export async function dueBooks(
  db: Db,
  connection: string,
  by: Instant,
  limit: number,
): Promise<Id<'agr'>[]> {
  const rows = await db
    .selectFrom('contract_books')
    .select('agreement')
    .where('connection', '=', connection)
    .where('next_at', '<=', by)
    .orderBy('next_at')
    .orderBy('agreement')
    .limit(limit)
    .execute()
  return rows.map(({ agreement }) => agreement as Id<'agr'>)
}

const readBook = (row: {
  agreement: string
  connection: string
  version: number
  state: unknown
}): HeldBook => ({
  agreement: row.agreement as Id<'agr'>,
  connection: row.connection as Id<'conn'>,
  version: row.version,
  book: row.state as HeldBook['book'],
})
