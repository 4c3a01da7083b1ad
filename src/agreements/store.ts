import { type SqlBool, sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import {
  type Agreement,
  type AgreementState,
  type Awaits,
  type Registration,
  type RemoteAgreement,
  remoteOf,
} from './model.ts'

export type Filter = {
  readonly connection?: string | undefined
  readonly buyer?: string | undefined
  readonly listing?: string | undefined
  readonly state?: AgreementState['is'] | undefined
  readonly license?: string | undefined
  /** What it waits for the seller to do. */
  readonly awaits?: Awaits['what'] | undefined
  /** First of a chain of renewals and replacements. */
  readonly initial?: string | undefined
}

/** Adds an agreement. False when its reference is taken: somebody was first. */
export async function insert(db: Db, agreement: Agreement): Promise<boolean> {
  const { id, connection, createdAt, revision } = agreement
  const row = await db
    .insertInto('agreements')
    .values({ id, connection, created_at: createdAt, revision, ...columns(agreement) })
    .onConflict((oc) => oc.columns(['connection', 'agreement_ref']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Replaces an agreement, unless somebody moved it first: then `conflict`. */
export async function replace(db: Db, next: Agreement, revision: number): Promise<void> {
  const done = await db
    .updateTable('agreements')
    .set({ ...columns(next), revision: next.revision })
    .where('id', '=', next.id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `agreement ${next.id} has moved on`)
}

/** Notes that it was read and nothing had changed. */
export async function touch(
  db: Db,
  id: Id<'agr'>,
  readAt: Instant,
  fingerprint: string | null,
): Promise<void> {
  await db
    .updateTable('agreements')
    .set({ read_at: readAt, fingerprint })
    .where('id', '=', id)
    .where('read_at', '<=', readAt)
    .execute()
}

/** The waiting change that was decided last, by the name it was given then; null while none waits. */
export async function decided(db: Db, id: Id<'agr'>): Promise<string | null> {
  const row = await db
    .selectFrom('agreements')
    .select('decided')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.decided ?? null
}

export async function setDecided(db: Db, id: Id<'agr'>, name: string): Promise<void> {
  await db.updateTable('agreements').set({ decided: name }).where('id', '=', id).execute()
}

/** Notes how many reminders of its deadline are spent. */
export async function setReminders(db: Db, id: Id<'agr'>, reminders: number): Promise<void> {
  await db.updateTable('agreements').set({ reminders }).where('id', '=', id).execute()
}

/** An agreement and the reminders spent on it, held until the transaction ends. */
export async function holdReminded(db: Db, id: Id<'agr'>) {
  const row = await all(db).where('id', '=', id).forUpdate().executeTakeFirst()
  if (!row) throw new Problem('not_found', `no agreement ${id}`)
  return { agreement: read(row), reminders: row.reminders }
}

export async function get(db: Db, id: string): Promise<Agreement> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no agreement ${id}`)
  return read(row)
}

/** The agreement with this reference, held until the transaction ends. */
export async function hold(db: Db, connection: string, ref: string) {
  const row = await all(db)
    .where('connection', '=', connection)
    .where('agreement_ref', '=', ref)
    .forUpdate()
    .executeTakeFirst()
  return row && read(row)
}

export async function byRef(db: Db, connection: string, ref: string) {
  const row = await all(db)
    .where('connection', '=', connection)
    .where('agreement_ref', '=', ref)
    .executeTakeFirst()
  return row && read(row)
}

/** Agreements with one of these ids or marketplace references, the newest of one reference last. */
export async function find(db: Db, refs: readonly string[]): Promise<Agreement[]> {
  const { rows } = await sql<Selected>`
    select * from agreements where id = any(${refs}::text[]) or agreement_ref = any(${refs}::text[])
    order by created_at, id`.execute(db)
  return rows.map(read)
}

export type Revision = Pick<Agreement, 'id' | 'agreementRef' | 'revision'>

/** The same, in the same order, and of each only in which revision it stands. */
export async function revisions(db: Db, refs: readonly string[]): Promise<Revision[]> {
  const { rows } = await sql<Revision>`
    select id, agreement_ref as "agreementRef", revision from agreements
    where id = any(${refs}::text[]) or agreement_ref = any(${refs}::text[])
    order by created_at, id`.execute(db)
  return rows
}

/** Those with a reference, or a licence; without either, an account's running agreements. Not held. */
export async function candidates(
  db: Db,
  connection: string,
  who: Pick<Registration, 'agreementRef' | 'licenseRef' | 'buyerRef'>,
): Promise<Agreement[]> {
  const rows = await all(db)
    .where('connection', '=', connection)
    .where(meant(who))
    .orderBy('id')
    .limit(candidatesMax)
    .execute()
  return rows.map(read)
}

function meant({ agreementRef, licenseRef, buyerRef }: Parameters<typeof candidates>[2]) {
  if (agreementRef !== null) return sql<SqlBool>`agreement_ref = ${agreementRef}`
  return licenseRef === null
    ? sql<SqlBool>`buyer_ref = ${buyerRef} and state_is <> 'ended'`
    : sql<SqlBool>`license_refs @> array[${licenseRef}::text]`
}
const candidatesMax = 200

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: Filter,
): Promise<Agreement[]> {
  let query = all(db).orderBy('created_at').orderBy('id').limit(limit)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<SqlBool>`(created_at, id) > (${at}::timestamptz, ${id})`)
  }
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.buyer) query = query.where('buyer', '=', filter.buyer)
  if (filter.listing) query = query.where('listing', '=', filter.listing)
  if (filter.state) query = query.where('state_is', '=', filter.state)
  if (filter.awaits) query = query.where('awaits', '=', filter.awaits)
  if (filter.initial) query = query.where('initial_ref', '=', filter.initial)
  if (filter.license)
    query = query.where(sql<SqlBool>`license_refs @> array[${filter.license}::text]`)
  return (await query.execute()).map(read)
}

/** Keyset over (updated_at, id): what changed after a place, oldest first. */
export async function changedAfter(
  db: Db,
  updatedAt: Instant,
  id: string,
  limit: number,
): Promise<Agreement[]> {
  const { rows } = await sql<Selected>`
    select * from agreements where (updated_at, id) > (${updatedAt}::timestamptz, ${id})
    order by updated_at, id limit ${limit}`.execute(db)
  return rows.map(read)
}

/** References of an account's agreements that have not ended. */
export async function runningOf(
  db: Db,
  connection: string,
  buyerRef: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('agreements')
    .select('agreement_ref')
    .where('connection', '=', connection)
    .where('buyer_ref', '=', buyerRef)
    .where('state_is', '<>', 'ended')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.agreement_ref)
}

const all = (db: Db) => db.selectFrom('agreements').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): Agreement => ({
  ...(row.remote as RemoteAgreement),
  fingerprint: row.fingerprint,
  id: row.id as Id<'agr'>,
  connection: row.connection as Id<'conn'>,
  offer: row.offer as Id<'offer'> | null,
  listing: row.listing as Id<'lst'> | null,
  buyer: row.buyer as Id<'buyer'> | null,
  endedAt: row.ended_at,
  registeredAt: row.registered_at,
  revision: row.revision,
  readAt: row.read_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const columns = (agreement: Agreement) => ({
  agreement_ref: agreement.agreementRef,
  initial_ref: agreement.initialRef,
  offer_ref: agreement.offerRef,
  listing_ref: agreement.listingRef,
  buyer_ref: agreement.buyerRef,
  license_refs: agreement.licenseRefs,
  offer: agreement.offer,
  listing: agreement.listing,
  buyer: agreement.buyer,
  state_is: agreement.state.is,
  remote: json<unknown>(remoteOf(agreement)),
  fingerprint: agreement.fingerprint,
  awaits: agreement.awaits?.what ?? null,
  // A change that waits later, also to the same plan, is another one.
  ...(agreement.awaits?.what !== 'change' && { decided: null }),
  changed_at: agreement.changedAt,
  ended_at: agreement.endedAt,
  registered_at: agreement.registeredAt,
  read_at: agreement.readAt,
  updated_at: agreement.updatedAt,
})
