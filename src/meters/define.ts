import { type Deps, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { asProblem, Problem, refuse, type Violation } from '../kernel/problem.ts'
import { hourOf, type Instant, readInstant } from '../kernel/time.ts'
import type { Listing } from '../listings/model.ts'
import * as listings from '../listings/service.ts'
import { record } from '../platform/record.ts'
import {
  type AddVersion,
  type CreateMeter,
  type Definition,
  fromFaults,
  type Meter,
  nextHour,
  type Version,
} from './model.ts'
import * as store from './store.ts'

/** Each batch of events looks at all meters of a listing that read them. */
const metersMax = 200
const versionsMax = 500

/** A meter, and the dimensions of its newest version that its listing does not have: only a contract can price those. */
export type Shown = { readonly meter: Meter; readonly notListed: readonly string[] }

/** Defines a meter. Throws `invalid` with every rule it breaks, `conflict` for a key that the listing has. */
export async function create(deps: Deps, command: CreateMeter): Promise<Shown> {
  const { key, definition } = command
  const now = deps.now()
  const from = momentOf(command.from)
  const listing = await listingOf(deps, command.listing)
  refuse([
    ...(listing ? dimensionFaults(definition, listing) : [unknownListing(command.listing)]),
    ...(from === undefined ? [] : fromFaults(from, now)),
  ])
  const first: Version = {
    number: 1,
    from: from === undefined ? nextHour(now) : hourOf(from),
    definition,
    actor: deps.actor,
    recordedAt: now,
  }
  const { event, aggregation } = definition
  const base = { id: newId('mtr'), listing: command.listing, key, event, aggregation }
  const meter = { ...base, revision: 1, createdAt: now, updatedAt: now }
  await transact(deps, async (tx) => {
    const count = await store.countForUpdate(tx.db, meter.listing)
    if (count >= metersMax)
      refuse([{ path: 'listing', message: `has ${metersMax} meters, which is the most` }])
    await store.insert(tx.db, meter, first)
    await record(tx, 'meter.created', meter.id, {
      listing: meter.listing,
      key,
      from: first.from,
      definition,
    })
  })
  return { meter: { ...meter, versions: [first] }, notListed: notListed(definition, listing) }
}

/**
 * Says what a meter is from an hour on: a new version beside the old ones. Throws `stale` when `revision` is not the
 * newest.
 */
export async function amend(
  deps: Deps,
  id: string,
  { definition, from: asked }: AddVersion,
  revision?: number,
): Promise<Shown> {
  const before = await store.get(deps.db, id)
  if (revision !== undefined && revision !== before.revision)
    throw new Problem('stale', 'the meter was changed since it was read')
  const now = deps.now()
  const from = momentOf(asked)
  const listing = await listings.get(deps, before.listing)
  refuse([
    ...(definition === null ? [] : dimensionFaults(definition, listing)),
    ...(definition === null ? [] : identityFaults(definition, before)),
    ...(from === undefined ? [] : fromFaults(from, now)),
    ...(before.versions.length < versionsMax
      ? []
      : [{ path: '', message: `has ${versionsMax} versions, which is the most` }]),
  ])
  const next: Version = {
    number: before.versions.length + 1,
    from: from === undefined ? nextHour(now) : hourOf(from),
    definition,
    actor: deps.actor,
    recordedAt: now,
  }
  await transact(deps, async (tx) => {
    await store.amend(tx.db, before, next)
    await record(tx, 'meter.amended', id, { version: next.number, from: next.from, definition })
  })
  return show(deps, await store.get(deps.db, id))
}

export const get = async (deps: Deps, id: string): Promise<Shown> =>
  show(deps, await store.get(deps.db, id))

export async function list(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Shown[]> {
  const meters = await store.list(deps.db, limit, after, filter)
  const known = new Map<string, Listing>()
  for (const id of new Set(meters.map(({ listing }) => listing)))
    known.set(id, await listings.get(deps, id))
  return meters.map((meter) => shownWith(meter, known.get(meter.listing)))
}

/** However its offset was written. */
const momentOf = (asked: string | undefined): Instant | undefined =>
  asked === undefined ? undefined : readInstant(asked)

const show = async (deps: Deps, meter: Meter): Promise<Shown> =>
  shownWith(meter, await listings.get(deps, meter.listing))

function shownWith(meter: Meter, listing: Listing | undefined): Shown {
  const definition = meter.versions.at(-1)?.definition ?? null
  return { meter, notListed: definition ? notListed(definition, listing) : [] }
}

const unknownListing = (id: string): Violation => ({ path: 'listing', message: `no listing ${id}` })

async function listingOf(deps: Deps, id: string): Promise<Listing | undefined> {
  try {
    return await listings.get(deps, id)
  } catch (error) {
    if (asProblem(error).code === 'not_found') return undefined
    throw error
  }
}

const dimensionsOf = (listing: Listing) => [...listing.removed.dimensions, ...listing.dimensions]

/** What is sold up front cannot be metered. What the listing does not have may be what a contract prices. */
export const dimensionFaults = ({ to }: Definition, listing: Listing): Violation[] =>
  to.flatMap(({ dimension }, index) => {
    const known = dimensionsOf(listing).findLast(({ key }) => key === dimension)
    if (!known || known.types.includes('usage')) return []
    return [
      {
        path: `definition.to.${index}.dimension`,
        message: `${dimension} is sold up front, not metered`,
      },
    ]
  })

const notListed = ({ to }: Definition, listing: Listing | undefined): string[] =>
  to
    .map(({ dimension }) => dimension)
    .filter((key) => !listing || !dimensionsOf(listing).some((dimension) => dimension.key === key))

/** What an hour counted so far could not go on as another aggregate, or of other events. */
export function identityFaults({ event, aggregation }: Definition, meter: Meter): Violation[] {
  const no = (part: 'event' | 'aggregation') => ({
    path: `definition.${part}`,
    message: `is ${meter[part]} for ever: switch this meter off and define another one`,
  })
  return [
    ...(event === meter.event ? [] : [no('event')]),
    ...(aggregation === meter.aggregation ? [] : [no('aggregation')]),
  ]
}
