import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Listing, Plan, Removed, StatedFacts } from './model.ts'

/** Adds a listing. False when the marketplace's reference is known already. */
export async function insert(db: Db, listing: Listing): Promise<boolean> {
  const row = await db
    .insertInto('listings')
    .values({
      id: listing.id,
      connection: listing.connection,
      listing_ref: listing.listingRef,
      ...content(listing),
      facts: json<unknown>(listing.facts),
      revision: listing.revision,
      created_at: listing.createdAt,
      updated_at: listing.updatedAt,
    })
    .onConflict((oc) => oc.columns(['connection', 'listing_ref']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** What was read anew. Stated facts are left alone. */
export async function refresh(db: Db, listing: Listing): Promise<void> {
  await db
    .updateTable('listings')
    .set({
      ...content(listing),
      revision: listing.revision,
      updated_at: listing.updatedAt,
    })
    .where('id', '=', listing.id)
    .execute()
}

/** Replaces the stated facts, unless somebody moved first: then `conflict`. */
export async function saveFacts(
  db: Db,
  { id, facts, updatedAt }: Listing,
  revision: number,
): Promise<void> {
  const done = await db
    .updateTable('listings')
    .set({ facts: json<unknown>(facts), revision: revision + 1, updated_at: updatedAt })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `listing ${id} has moved on`)
}

export async function get(db: Db, id: string): Promise<Listing> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no listing ${id}`)
  return read(row)
}

/** By the marketplace's reference, held until the transaction ends, so that two readings cannot cross. */
export async function claim(
  db: Db,
  connection: string,
  listingRef: string,
): Promise<Listing | undefined> {
  const row = await all(db)
    .where('connection', '=', connection)
    .where('listing_ref', '=', listingRef)
    .forUpdate()
    .executeTakeFirst()
  return row && read(row)
}

export async function findBy(
  db: Db,
  connection: string,
  column: 'listing_ref' | 'metering_ref',
  ref: string,
): Promise<Listing | undefined> {
  const row = await all(db)
    .where('connection', '=', connection)
    .where(column, '=', ref)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()
  return row && read(row)
}

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: { readonly connection?: string | undefined },
): Promise<Listing[]> {
  let query = all(db).orderBy('created_at').orderBy('id').limit(limit)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
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

const all = (db: Db) => db.selectFrom('listings').selectAll()

const content = (listing: Listing) => ({
  name: listing.name,
  kind: listing.kind,
  visibility: listing.visibility,
  metering_ref: listing.meteringRef,
  dimensions: json<unknown>(listing.dimensions),
  plans: json<unknown>(listing.plans),
  removed: json<unknown>(listing.removed),
  modified_at: listing.modifiedAt,
  native: json<unknown>(listing.native),
  read_at: listing.readAt,
})

type Row = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>
const read = (row: Row): Listing => ({
  id: row.id as Id<'lst'>,
  connection: row.connection as Id<'conn'>,
  listingRef: row.listing_ref,
  name: row.name,
  kind: row.kind,
  visibility: row.visibility,
  meteringRef: row.metering_ref,
  dimensions: row.dimensions as Listing['dimensions'],
  plans: row.plans as readonly Plan[],
  removed: row.removed as Removed,
  modifiedAt: row.modified_at,
  native: row.native,
  readAt: row.read_at,
  facts: row.facts as StatedFacts,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
