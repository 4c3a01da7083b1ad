import type { Agreement, Included } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import * as connections from '../connections/service.ts'
import type { Version } from '../contracts/model.ts'
import * as contracts from '../contracts/service.ts'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import type { Rate } from '../kernel/money.ts'
import { asProblem } from '../kernel/problem.ts'
import { type Instant, millis } from '../kernel/time.ts'
import type { Listing } from '../listings/model.ts'
import * as listings from '../listings/service.ts'
import { earlier } from './hours.ts'
import type { MeteringTraits, Report } from './model.ts'

/** What metering needs to know of one agreement. */
export type Metered = {
  readonly agreement: Id<'agr'>
  readonly agreementRef: string
  readonly connection: Id<'conn'>
  /** Whose meters read its named events; null where it is not known. */
  readonly listing: Id<'lst'> | null
  readonly startsAt: Instant
  /** When it was both begun and accepted: no hour before that can be reported. */
  readonly runsFrom: Instant
  readonly endedAt: Instant | null
  /** Of the reading that told all this, when it was last confirmed, and when it was written. */
  readonly revision: number
  readonly readAt: Instant
  readonly updatedAt: Instant
  readonly included: readonly Included[]
  /** Null where the agreement's marketplace takes no usage from us. */
  readonly traits: MeteringTraits | null
  /** Whether a dimension is metered; one that is absent is not the listing's. */
  readonly dimensions: ReadonlyMap<string, boolean>
  /** Neither a known listing nor rates: whether a dimension exists cannot be told. */
  readonly isBlind: boolean
  readonly rates: ReadonlyMap<string, Rate>
  /** Dimensions that its contract bills to, and not in parts of a unit. */
  readonly billed: ReadonlySet<string>
  /** Who and what the marketplace is told the usage is of. */
  identity(dimension: string): Identity
}
export type Identity = Pick<
  Report,
  'agreementRef' | 'licenseRef' | 'buyerRef' | 'customerRef' | 'meteringRef' | 'planRef'
>

const keptMs = 1_000
const keptMax = 10_000
/** An agreement without the marketplace's own document, which is long and says nothing to metering. */
type Known = Omit<Agreement, 'native'>
type Kept = {
  readonly meter: Metered
  readonly agreement: Known
  readonly until: number
  readonly at: number
}
/** By the world's opened ports: as long-lived as they are, and a test's own. */
const kept = new WeakMap<Deps['opened'], Map<string, Kept>>()

/**
 * Meters by our id of the agreement or the marketplace's; unknown ones are absent. Kept for a second, which is
 * enough for a stream of batches; after that an agreement's revision is asked, and the row only if that has changed.
 * `fresh` reads them again, and whoever refuses something reads fresh first.
 */
export async function load(
  deps: Deps,
  refs: Iterable<string>,
  { fresh = false } = {},
): Promise<Map<string, Metered>> {
  const cache = kept.get(deps.opened) ?? new Map<string, Kept>()
  kept.set(deps.opened, cache)
  const found = new Map<string, Metered>()
  const missing: string[] = []
  const held = new Map<string, Known>()
  const now = performance.now()
  const at = millis(deps.now())
  for (const ref of new Set(refs)) {
    const known = fresh ? undefined : cache.get(ref)
    // Where time is simulated, hours may pass in a moment.
    const isSoon = known && Math.abs(at - known.at) < keptMs
    if (known && isSoon && known.until > now) found.set(ref, known.meter)
    else missing.push(ref)
    if (known) held.set(ref, known.agreement)
  }
  if (missing.length === 0) return found
  const known = await current(deps, missing, held)
  for (const [ref, meter] of await read(deps, missing, known)) {
    const agreement = known.get(ref)
    if (agreement) cache.set(ref, { meter, agreement, until: now + keptMs, at })
    found.set(ref, meter)
  }
  for (const ref of cache.keys()) {
    if (cache.size <= keptMax) break
    cache.delete(ref)
  }
  return found
}

/** Agreements as they stand. One that is held is read again only if it stands in another revision by now. */
async function current(
  deps: Deps,
  refs: readonly string[],
  held: ReadonlyMap<string, Known>,
): Promise<Map<string, Known>> {
  const known = refs.filter((ref) => held.has(ref))
  const revisions = known.length > 0 ? await agreements.revisions(deps, known) : new Map()
  const found = new Map<string, Known>()
  for (const [ref, agreement] of held) {
    const now = revisions.get(ref)
    if (now?.id === agreement.id && now.revision === agreement.revision) found.set(ref, agreement)
  }
  const others = refs.filter((ref) => !found.has(ref))
  const read = others.length > 0 ? await agreements.find(deps, others) : new Map()
  for (const ref of others) {
    const agreement = read.get(ref)
    if (agreement) found.set(ref, withoutNative(agreement))
  }
  return found
}

const withoutNative = ({ native: _, ...agreement }: Agreement): Known => agreement

async function read(
  deps: Deps,
  refs: readonly string[],
  known: ReadonlyMap<string, Known>,
): Promise<Map<string, Metered>> {
  const asked = refs.flatMap((ref) => known.get(ref) ?? [])
  const products = await each(
    asked.flatMap(({ listing }) => listing ?? []),
    (id) => listings.get(deps, id),
  )
  const traits = await each(
    asked.map(({ connection }) => connection),
    (id) => traitsOf(deps, id),
  )
  const priced = await contracts.ofAgreements(
    deps,
    asked.map(({ id }) => id),
  )
  return new Map(
    refs.flatMap((ref) => {
      const agreement = known.get(ref)
      if (!agreement) return []
      const listing = agreement.listing === null ? undefined : products.get(agreement.listing)
      const versions = priced.get(agreement.id) ?? []
      const metered = meterOf(agreement, listing, traits.get(agreement.connection) ?? null)
      return [[ref, versions.length === 0 ? metered : withContract(metered, versions)] as const]
    }),
  )
}

async function each<Key extends string, Value>(
  keys: readonly Key[],
  get: (key: Key) => Promise<Value>,
): Promise<Map<Key, Value>> {
  const values = new Map<Key, Value>()
  for (const key of new Set(keys)) values.set(key, await get(key))
  return values
}

async function traitsOf(deps: Deps, connection: string): Promise<MeteringTraits | null> {
  try {
    return (await connections.port(deps, connection, 'metering')).traits
  } catch (error) {
    // A provider without metering, or an account that was disconnected, takes no usage; anything else is trouble.
    const { code } = asProblem(error)
    if (code === 'unsupported' || code === 'not_found') return null
    throw error
  }
}

function meterOf(
  agreement: Known,
  listing: Listing | undefined,
  traits: MeteringTraits | null,
): Metered {
  const { usageRates, startsAt, acceptedAt } = agreement
  const ever = [...(listing?.removed.dimensions ?? []), ...(listing?.dimensions ?? [])]
  const dimensions = new Map(ever.map(({ key, types }) => [key, types.includes('usage')]))
  for (const { dimension } of usageRates) dimensions.set(dimension, true)
  return {
    agreement: agreement.id,
    agreementRef: agreement.agreementRef,
    connection: agreement.connection,
    listing: agreement.listing,
    startsAt: earlier(startsAt, acceptedAt),
    runsFrom: startsAt > acceptedAt ? startsAt : acceptedAt,
    endedAt: agreement.endedAt,
    revision: agreement.revision,
    readAt: agreement.readAt,
    updatedAt: agreement.updatedAt,
    // Rows from before it was kept lack it.
    included: agreement.included ?? [],
    traits,
    dimensions,
    isBlind: listing === undefined && usageRates.length === 0,
    billed: new Set(),
    rates: new Map(
      usageRates.map(({ dimension, rate, currency }) => [dimension, { currency, price: rate }]),
    ),
    identity: (dimension) => ({
      agreementRef: agreement.agreementRef,
      licenseRef: licenseOf(agreement, dimension),
      buyerRef: agreement.buyerRef,
      customerRef: null,
      meteringRef: listing?.meteringRef ?? null,
      // Rows from before plans were kept lack it.
      planRef: agreement.planRef ?? null,
    }),
  }
}

/**
 * With what a contract prices: those dimensions are metered whether or not the listing has them, and what one of a
 * single price is worth is known.
 */
function withContract(metered: Metered, versions: readonly Version[]): Metered {
  const dimensions = new Map(metered.dimensions)
  const rates = new Map(metered.rates)
  for (const { terms } of versions)
    for (const { dimension, price } of terms.rates) {
      dimensions.set(dimension, true)
      if (price.model === 'flat')
        rates.set(dimension, { currency: terms.currency, price: price.rate })
    }
  const billed = new Set(versions.map(({ terms }) => terms.bills.dimension))
  return { ...metered, dimensions, rates, billed, isBlind: false }
}

/** The licence that grants the dimension, else the agreement's newest. */
const licenseOf = ({ entitlements, licenseRefs }: Known, dimension: string): string | null =>
  entitlements.find((entitlement) => entitlement.dimension === dimension)?.licenseRef ??
  licenseRefs.at(-1) ??
  null
