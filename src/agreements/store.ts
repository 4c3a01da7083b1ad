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

/** By reference, of those that are known here: what they looked like in brief when they were last read. */
export async function fingerprints(
  db: Db,
  connection: string,
  refs: readonly string[],
): Promise<Map<string, string | null>> {
  if (refs.length === 0) return new Map()
  const { rows } = await sql<{ agreement_ref: string; fingerprint: string | null }>`
    select agreement_ref, fingerprint from agreements
    where connection = ${connection} and agreement_ref = any(${refs}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.agreement_ref, row.fingerprint]))
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

/** References of agreements whose offer, listing or buyer was not known here and is by now. */
export async function loose(
  db: Db,
  connection: string,
  provider: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ agreement_ref: string }>`
    select agreement_ref from agreements a where connection = ${connection} and (
      (buyer is null and exists (select from buyer_accounts b
        where b.provider = ${provider} and b.ref = a.buyer_ref)) or
      (listing is null and exists (select from listings l
        where l.connection = a.connection and l.listing_ref = a.listing_ref)) or
      (offer is null and exists (select from offers o
        where o.connection = a.connection and o.offer_ref = a.offer_ref)))
    order by id limit ${limit}`.execute(db)
  return rows.map((row) => row.agreement_ref)
}

/** References of running agreements first seen after a time whose licence nobody has told us. */
export async function unlicensed(
  db: Db,
  connection: string,
  since: Instant,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('agreements')
    .select('agreement_ref')
    .where('connection', '=', connection)
    .where('created_at', '>', since)
    .where('state_is', '<>', 'ended')
    .where(sql<SqlBool>`license_refs = '{}'`)
    .orderBy('created_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.agreement_ref)
}

/** When licences ended, of those that have. */
export async function licenseEnds(
  db: Db,
  connection: string,
  refs: readonly string[],
): Promise<Map<string, Instant>> {
  const { rows } = await sql<{ license_ref: string; ended_at: Instant }>`
    select license_ref, ended_at from license_ends
    where connection = ${connection} and license_ref = any(${refs}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.license_ref, row.ended_at]))
}

/** Notes when a licence ended; of two different times the earlier stays. */
export async function saveLicenseEnd(
  db: Db,
  end: { connection: string; license_ref: string; ended_at: Instant; recorded_at: Instant },
): Promise<void> {
  await db
    .insertInto('license_ends')
    .values(end)
    .onConflict((oc) =>
      oc
        .columns(['connection', 'license_ref'])
        .doUpdateSet({ ended_at: sql`least(license_ends.ended_at, excluded.ended_at)` }),
    )
    .execute()
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
  changed_at: agreement.changedAt,
  ended_at: agreement.endedAt,
  registered_at: agreement.registeredAt,
  read_at: agreement.readAt,
  updated_at: agreement.updatedAt,
})
