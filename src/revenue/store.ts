import { type RawBuilder, sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { BrokenRow, ImportFile, ImportState, RevenueImport } from './model.ts'

type ImportRow = {
  id: string
  connection: string
  again: boolean
  held: unknown
  state: unknown
  revision: number
  created_at: Instant
  finished_at: Instant | null
}

export async function insert(db: Db, row: RevenueImport): Promise<void> {
  await db
    .insertInto('revenue_imports')
    .values({
      id: row.id,
      connection: row.connection,
      again: row.again,
      held: null,
      state: json<unknown>(row.state),
      state_is: row.state.is,
      revision: 1,
      created_at: row.createdAt,
      finished_at: null,
    })
    .execute()
}

export async function get(db: Db, id: string): Promise<RevenueImport> {
  const row = await db
    .selectFrom('revenue_imports')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new Problem('not_found', `no import ${id}`)
  return readImport(row)
}

/** Imports, the newest first. */
export async function list(
  db: Db,
  { connection, limit }: { readonly connection: string | undefined; readonly limit: number },
  after?: readonly string[],
): Promise<RevenueImport[]> {
  let query = db
    .selectFrom('revenue_imports')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (connection) query = query.where('connection', '=', connection)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id})`)
  }
  return (await query.execute()).map(readImport)
}

/** Moves an import on, with the note its port holds; unless somebody else did: then `conflict`. */
export async function advance(
  db: Db,
  { id, revision, held }: Pick<RevenueImport, 'id' | 'revision' | 'held'>,
  state: ImportState,
  finishedAt: Instant | null,
): Promise<void> {
  const done = await db
    .updateTable('revenue_imports')
    .set({
      held: held === null ? null : json<unknown>(held),
      state: json<unknown>(state),
      state_is: state.is,
      revision: revision + 1,
      finished_at: finishedAt,
    })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `import ${id} has moved on`)
}

/** Whether this very content of a file has been read to its end. */
export async function knownFiles(
  db: Db,
  connection: string,
  files: readonly { readonly name: string; readonly fingerprint: string }[],
): Promise<ReadonlySet<string>> {
  if (files.length === 0) return new Set()
  const { rows } = await sql<{ name: string; fingerprint: string }>`
    select distinct f.name, f.fingerprint
    from jsonb_to_recordset(${JSON.stringify(files)}::jsonb) as asked(name text, fingerprint text)
    join revenue_files f on f.connection = ${connection} and f.name = asked.name
      and f.fingerprint = asked.fingerprint and f.state_is = 'read'`.execute(db)
  return new Set(rows.map(fileKey))
}

export const fileKey = (file: { readonly name: string; readonly fingerprint: string }): string =>
  JSON.stringify([file.name, file.fingerprint])

/** Lists what an import reads; content that was read before keeps the moment of its first reading. */
export async function insertFiles(
  db: Db,
  { id, connection }: RevenueImport,
  files: readonly Pick<ImportFile, 'position' | 'name' | 'fingerprint' | 'sizeBytes' | 'state'>[],
  at: Instant,
): Promise<void> {
  if (files.length === 0) return
  await sql`insert into revenue_files
      (import, position, connection, name, fingerprint, size_bytes, state_is, known_at)
    select ${id}, f.position, ${connection}, f.name, f.fingerprint, f."sizeBytes", f.state,
      coalesce((select min(r.known_at) from revenue_files r where r.connection = ${connection}
        and r.name = f.name and r.fingerprint = f.fingerprint and r.state_is = 'read'),
        ${knownAt(at, sql`f.position`)})
    from jsonb_to_recordset(${JSON.stringify(files)}::jsonb)
      as f(position int, name text, fingerprint text, "sizeBytes" bigint, state text)
    on conflict do nothing`.execute(db)
}

/** A microsecond a file, so that of two that tell the same line the later goes before. */
const knownAt = (at: Instant, position: RawBuilder<unknown>) =>
  sql<Instant>`(${at}::timestamptz + ${position} * interval '1 microsecond')`

/** The files of imports, in the order they are read. */
export async function files(
  db: Db,
  imports: readonly string[],
): Promise<Map<string, ImportFile[]>> {
  const found = new Map<string, ImportFile[]>(imports.map((id) => [id, []]))
  if (imports.length === 0) return found
  const rows = await db
    .selectFrom('revenue_files')
    .selectAll()
    .where('import', 'in', [...imports])
    .orderBy('import')
    .orderBy('position')
    .execute()
  for (const row of rows)
    found.get(row.import)?.push({
      position: row.position,
      name: row.name,
      fingerprint: row.fingerprint,
      sizeBytes: Number(row.size_bytes),
      state: row.state_is,
      lastRow: Number(row.last_row),
      rowsRead: Number(row.rows_read),
      rowsNew: Number(row.rows_new),
      rowsBroken: Number(row.rows_broken),
      problem: row.problem,
    })
  return found
}

export type Progress = Pick<ImportFile, 'lastRow' | 'rowsRead' | 'rowsNew' | 'rowsBroken'>

/** Notes how far a file is read. Throws `conflict` when another worker was there first. */
export async function progress(
  db: Db,
  id: Id<'imp'>,
  file: ImportFile,
  next: Progress,
): Promise<void> {
  const done = await db
    .updateTable('revenue_files')
    .set({
      state_is: 'reading',
      last_row: BigInt(next.lastRow),
      rows_read: BigInt(next.rowsRead),
      rows_new: BigInt(next.rowsNew),
      rows_broken: BigInt(next.rowsBroken),
    })
    .where('import', '=', id)
    .where('position', '=', file.position)
    .where('last_row', '=', BigInt(file.lastRow))
    .where('state_is', 'in', ['waiting', 'reading'])
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n)
    throw new Problem('conflict', `${file.name} is being read by another worker`)
}

export async function closeFile(
  db: Db,
  id: Id<'imp'>,
  position: number,
  end: { readonly state: 'read' | 'failed'; readonly problem: unknown; readonly at: Instant },
): Promise<void> {
  await db
    .updateTable('revenue_files')
    .set({
      state_is: end.state,
      problem: end.problem === null ? null : json<unknown>(end.problem),
      finished_at: end.at,
    })
    .where('import', '=', id)
    .where('position', '=', position)
    .execute()
}

/** Starts a file over, because its content is another now. Rows that are in already stay. */
export async function restartFile(
  db: Db,
  id: Id<'imp'>,
  position: number,
  file: { readonly fingerprint: string; readonly sizeBytes: number; readonly at: Instant },
): Promise<void> {
  await db
    .deleteFrom('revenue_faults')
    .where('import', '=', id)
    .where('position', '=', position)
    .execute()
  await db
    .updateTable('revenue_files')
    .set({
      fingerprint: file.fingerprint,
      size_bytes: BigInt(file.sizeBytes),
      known_at: knownAt(file.at, sql`${position}::int`),
      last_row: 0n,
      rows_read: 0n,
      rows_new: 0n,
      rows_broken: 0n,
    })
    .where('import', '=', id)
    .where('position', '=', position)
    .execute()
}

export async function insertFaults(
  db: Db,
  id: Id<'imp'>,
  position: number,
  broken: readonly BrokenRow[],
): Promise<void> {
  if (broken.length === 0) return
  const rows = broken.map((fault, ordinal) => ({ ...fault, ordinal }))
  await sql`insert into revenue_faults (import, position, row, ordinal, column_name, message, raw)
    select ${id}, ${position}, row, ordinal, "column", message, raw
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as f(row bigint, ordinal int, "column" text, message text, raw text)
    on conflict do nothing`.execute(db)
}

export type StoredFault = BrokenRow & {
  readonly file: string
  readonly position: number
  readonly ordinal: number
}

/** Broken rows of an import, file by file. */
export async function faults(
  db: Db,
  id: string,
  limit: number,
  after?: readonly string[],
): Promise<StoredFault[]> {
  const [position = '-1', row = '0', ordinal = '0'] = after ?? []
  const { rows } = await sql<StoredFault & { row: bigint }>`
    select f.name as file, x.position, x.row, x.ordinal, x.column_name as "column", x.message, x.raw
    from revenue_faults x join revenue_files f on f.import = x.import and f.position = x.position
    where x.import = ${id}
      and (x.position, x.row, x.ordinal) > (${position}::int, ${row}::bigint, ${ordinal}::int)
    order by x.position, x.row, x.ordinal limit ${limit}`.execute(db)
  return rows.map((fault) => ({ ...fault, row: Number(fault.row) }))
}

const readImport = (row: ImportRow): RevenueImport => ({
  id: row.id as Id<'imp'>,
  connection: row.connection as Id<'conn'>,
  again: row.again,
  held: row.held ?? null,
  state: row.state as ImportState,
  revision: row.revision,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})
