import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json, sqlState } from '../platform/db.ts'
import type { Checked, Connection } from './model.ts'

/** `kept` is what the adapter remembers; null while that is nothing. */
export type Sealed = {
  readonly credentials: string
  readonly secrets: string
  readonly kept: string | null
}
export type Row = Connection & { readonly sealed: Sealed }

export async function insert(db: Db, { sealed, ...connection }: Row): Promise<void> {
  await db
    .insertInto('connections')
    .values({
      id: connection.id,
      provider: connection.provider,
      name: connection.name,
      settings: json<unknown>(connection.settings),
      sealed: sealed.credentials,
      secrets: sealed.secrets,
      sign_up_url: connection.signUpUrl,
      checked: null,
      revision: 1,
      created_at: connection.createdAt,
      updated_at: connection.updatedAt,
      deleted_at: null,
    })
    .execute()
    .catch(sameName)
}

export async function get(db: Db, id: string): Promise<Row> {
  const row = await live(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no connection ${id}`)
  return read(row)
}

export async function list(db: Db, limit: number, after?: readonly string[]): Promise<Row[]> {
  let query = live(db).orderBy('created_at').orderBy('id').limit(limit)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '>', at as Instant),
        eb.and([eb('created_at', '=', at as Instant), eb('id', '>', id)]),
      ]),
    )
  }
  return (await query.execute()).map(read)
}

/** Replaces a connection, unless somebody moved it first: then `conflict`. */
export async function replace(db: Db, { sealed, ...next }: Row, revision: number): Promise<void> {
  const done = await db
    .updateTable('connections')
    .set({
      name: next.name,
      settings: json<unknown>(next.settings),
      sealed: sealed.credentials,
      secrets: sealed.secrets,
      kept: sealed.kept,
      sign_up_url: next.signUpUrl,
      checked: next.checked && json<unknown>(next.checked),
      revision: revision + 1,
      updated_at: next.updatedAt,
    })
    .where('id', '=', next.id)
    .where('revision', '=', revision)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
    .catch(sameName)
  if (done.numUpdatedRows === 0n)
    throw new Problem('conflict', `connection ${next.id} has moved on`)
}

export async function saveChecked(db: Db, id: Id<'conn'>, checked: Checked): Promise<void> {
  await db
    .updateTable('connections')
    .set({ checked: json<unknown>(checked) })
    .where('id', '=', id)
    .execute()
}

const connectionsMax = 10_000

/** Connections whose secrets `isStale` says so of. */
export async function staleSeals(db: Db, isStale: (sealed: string) => boolean): Promise<Row[]> {
  const rows = (await live(db).limit(connectionsMax).execute()).map(read)
  return rows.filter(({ sealed: { credentials, secrets, kept } }) =>
    [credentials, secrets, ...(kept === null ? [] : [kept])].some(isStale),
  )
}

/** Replaces a connection's seals and nothing else, unless it was changed meanwhile. */
export async function saveSeals(
  db: Db,
  id: Id<'conn'>,
  revision: number,
  sealed: Sealed,
): Promise<void> {
  await db
    .updateTable('connections')
    .set({ sealed: sealed.credentials, secrets: sealed.secrets, kept: sealed.kept })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .execute()
}

/** Replaces what the adapter remembers, unless the connection was changed or removed meanwhile. */
export async function saveKept(
  db: Db,
  id: Id<'conn'>,
  revision: number,
  kept: string,
): Promise<void> {
  await db
    .updateTable('connections')
    .set({ kept })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .where('deleted_at', 'is', null)
    .execute()
}

export async function remove(db: Db, id: Id<'conn'>, at: Instant): Promise<void> {
  await db
    .updateTable('connections')
    .set({ deleted_at: at, sealed: '', secrets: '', kept: null })
    .where('id', '=', id)
    .execute()
  await db.deleteFrom('syncs').where('connection', '=', id).execute()
}

const live = (db: Db) => db.selectFrom('connections').selectAll().where('deleted_at', 'is', null)

type Selected = Awaited<ReturnType<ReturnType<typeof live>['executeTakeFirstOrThrow']>>
const read = (row: Selected): Row => ({
  id: row.id as Id<'conn'>,
  provider: row.provider,
  name: row.name,
  settings: row.settings,
  signUpUrl: row.sign_up_url,
  checked: row.checked as Checked | null,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  sealed: { credentials: row.sealed, secrets: row.secrets, kept: row.kept },
})

function sameName(cause: unknown): never {
  if (sqlState(cause) !== '23505') throw cause
  throw new Problem('conflict', 'another connection has this name', {
    errors: [{ path: 'name', message: 'is taken' }],
  })
}
