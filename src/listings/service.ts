import { type Deps, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { record } from '../platform/record.ts'
import {
  type AmendListing,
  differences,
  type Listing,
  merged,
  type RemoteListing,
  type StatedFacts,
} from './model.ts'
import * as store from './store.ts'

export const get = (deps: Deps, id: string): Promise<Listing> => store.get(deps.db, id)

/** By the marketplace's own id of the product. */
export const findByRef = (
  deps: Deps,
  connection: string,
  listingRef: string,
): Promise<Listing | undefined> => store.findBy(deps.db, connection, 'listing_ref', listingRef)

/** By what metering calls the product. */
export const findByMeteringRef = (
  deps: Deps,
  connection: string,
  meteringRef: string,
): Promise<Listing | undefined> => store.findBy(deps.db, connection, 'metering_ref', meteringRef)

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: { readonly connection?: string | undefined },
): Promise<Listing[]> => store.list(deps.db, limit, after, filter)

/** States facts about a product. Throws `stale` when `revision` is not the newest. */
export async function amend(
  deps: Deps,
  id: string,
  command: AmendListing,
  revision?: number,
): Promise<Listing> {
  const listing = await store.get(deps.db, id)
  if (revision !== undefined && revision !== listing.revision)
    throw new Problem('stale', 'the listing was changed since it was read')
  const stated = { ...listing.facts, ...command.facts }
  const facts = Object.fromEntries(
    Object.entries(stated).filter(([, value]) => value !== null),
  ) as StatedFacts
  const next = { ...listing, facts, updatedAt: deps.now() }
  await transact(deps, async (tx) => {
    await store.saveFacts(tx.db, next, listing.revision)
    await record(tx, 'listing.changed', listing.id, { changed: ['facts'], facts: command.facts })
  })
  return { ...next, revision: listing.revision + 1 }
}

/** Keeps what a marketplace told about its products. Telling it again changes nothing. */
export async function take(
  deps: Deps,
  connection: Id<'conn'>,
  remotes: readonly RemoteListing[],
): Promise<void> {
  await transact(deps, async (tx) => {
    for (const remote of remotes) await takeOne(tx, connection, remote)
  })
}

async function takeOne(tx: Deps, connection: Id<'conn'>, remote: RemoteListing): Promise<void> {
  const at = tx.now()
  const known = await store.claim(tx.db, connection, remote.listingRef)
  if (!known) {
    const plans = remote.plans.map((plan) => ({ id: newId('plan'), ...plan }))
    const removed = { dimensions: [], plans: [] }
    const base = { id: newId('lst'), connection, plans, removed, facts: {}, revision: 1 }
    const listing: Listing = { ...remote, ...base, readAt: at, createdAt: at, updatedAt: at }
    if (await store.insert(tx.db, listing))
      await record(tx, 'listing.added', listing.id, { name: listing.name, connection })
    return
  }
  // Pages overlap and repeat: what was read later stands.
  if (remote.modifiedAt < known.modifiedAt) return
  const next = merged(known, remote, at, () => newId('plan'))
  const changed = differences(known, next)
  if (changed.length === 0) return store.refresh(tx.db, next)
  await store.refresh(tx.db, { ...next, revision: known.revision + 1, updatedAt: at })
  await record(tx, 'listing.changed', known.id, {
    changed,
    removedDimensions: gone(known.dimensions, next.dimensions),
    addedDimensions: gone(next.dimensions, known.dimensions),
  })
}

const gone = (before: Listing['dimensions'], after: Listing['dimensions']): string[] =>
  before.map(({ key }) => key).filter((key) => !after.some((dimension) => dimension.key === key))
