import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { ListingsPage, ListingsPort } from '../../src/listings/port.ts'
import { fetchOffers, fetchService, fetchSkus, servicesAfter } from './catalogue.ts'
import type { GcpClient } from './client.ts'
import { entitlementsPage, serviceOf } from './entitlement.ts'
import { readOrdered, readService } from './listing-document.ts'
import { planRefOf } from './metrics.ts'
import { lastOf } from './reply.ts'

/** The cursor names each product; beyond these none is told. */
const productsMax = 500
const plansMax = 100
const digestLength = 12

/** A product's id and a digest of what was last told of it; null: nothing yet. */
const sight = z.tuple([z.string(), z.string().nullable()])
type Sight = z.infer<typeof sight>

const apiPosition = z.strictObject({
  /** Products to look at, in this order. */
  seen: z.array(sight),
  /** Where the list goes on, and what it showed so far; absent while products are looked at. */
  list: z.strictObject({ token: z.string().nullable(), found: z.array(z.string()) }).optional(),
  /** How many of `seen` were looked at. */
  looked: z.int().nonnegative().optional(),
})
type ApiPosition = z.infer<typeof apiPosition>

const orderedPosition = z.strictObject({
  token: z.string().optional(),
  plans: z.record(z.string(), z.array(z.string())),
  told: z.array(sight),
})
type OrderedPosition = z.infer<typeof orderedPosition>

/** Products: from the Commerce Producer API where it is used, or else from the settings and what was ordered. */
export const listings = (gcp: GcpClient): ListingsPort => ({
  changedSince: (cursor) =>
    gcp.settings.offers === 'api' ? fromApi(gcp, cursor) : fromOrders(gcp, cursor),
})

/**
 * The API has no feed of changes. A poll is a walk: the list of services, then each service by itself, told when its
 * standard offers or SKUs differ from what was told before; one call a page of the list, two for a service that is as
 * before. A title alone that changes may go unseen, as lists need not show it.
 */
async function fromApi(gcp: GcpClient, cursor: string | null): Promise<ListingsPage> {
  const at = readCursor(apiPosition, cursor, { seen: [] })
  return at.looked === undefined ? listPage(gcp, at) : look(gcp, at, at.looked)
}

async function listPage(gcp: GcpClient, { seen, list }: ApiPosition): Promise<ListingsPage> {
  const { services, next } = await servicesAfter(gcp, list?.token ?? null)
  const ids = services.map(({ name }) => lastOf(name))
  const found = [...new Set([...(list?.found ?? []), ...ids])].slice(0, productsMax)
  if (next !== null) return page([], { seen, list: { token: next, found } }, true)
  const known = found.map((id): Sight => seen.find(([other]) => other === id) ?? [id, null])
  return known.length === 0
    ? page([], { seen: [] }, false)
    : page([], { seen: known, looked: 0 }, true)
}

async function look(gcp: GcpClient, { seen }: ApiPosition, looked: number): Promise<ListingsPage> {
  const [id, before] = seen[looked] ?? ['', null]
  const isLast = looked + 1 >= seen.length
  const after = (now: string | null): ApiPosition => {
    const kept = seen.map((one, index): Sight => (index === looked ? [id, now] : one))
    return isLast ? { seen: kept } : { seen: kept, looked: looked + 1 }
  }
  try {
    const [offers, skus] = await Promise.all([fetchOffers(gcp, id), fetchSkus(gcp, id)])
    const readAt = instant(gcp.nowMs())
    const product = { service: { name: id }, offers, skus }
    const now = digest(readService(product, gcp.settings, readAt))
    if (now === before) return page([], after(now), !isLast)
    const whole = { ...product, service: await fetchService(gcp, id) }
    return page([readService(whole, gcp.settings, readAt)], after(now), !isLast)
  } catch (error) {
    // It was taken down since it was listed.
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
    return page([], after(before), !isLast)
  }
}

/**
 * Orders name the product and plan that they are of, so that nothing sold is unknown here; everything else only the
 * settings tell. One call a page of the list of entitlements; products are told at its end, when they differ.
 */
async function fromOrders(gcp: GcpClient, cursor: string | null): Promise<ListingsPage> {
  const { settings } = gcp
  const at = readCursor(orderedPosition, cursor, { plans: {}, told: [] })
  const query = at.token === undefined ? {} : { pageToken: at.token }
  const { rows, next } = await entitlementsPage(gcp, query)
  const plans = new Map(Object.entries(at.plans))
  for (const row of rows) {
    const service = serviceOf(row)
    if (service === null || (!plans.has(service) && plans.size >= productsMax)) continue
    const named = row.plan ? [planRefOf(settings, service, row.plan)] : []
    const known = new Set([...(plans.get(service) ?? []), ...named])
    plans.set(service, [...known].toSorted().slice(0, plansMax))
  }
  const found = Object.fromEntries(plans)
  if (next !== null) return page([], { token: next, plans: found, told: at.told }, true)
  const all = new Set([...settings.products.map(({ service }) => service), ...plans.keys()])
  const readAt = instant(gcp.nowMs())
  const read = [...all].map((id) => readOrdered(id, plans.get(id) ?? [], settings, readAt))
  const changed = read.filter((one) => {
    const [, before] = at.told.find(([id]) => id === one.listingRef) ?? []
    return before !== digest(one)
  })
  const told = read.map((one): Sight => [one.listingRef, digest(one)])
  return page(changed, { plans: found, told }, false)
}

const page = (
  told: readonly RemoteListing[],
  position: ApiPosition | OrderedPosition,
  more: boolean,
): ListingsPage => ({ listings: told, cursor: JSON.stringify(position), more })

/** Of all that it says but when it was read. */
function digest(listing: RemoteListing): string {
  const { modifiedAt: _, ...said } = listing
  return createHash('sha256')
    .update(JSON.stringify(said) ?? '')
    .digest('base64url')
    .slice(0, digestLength)
}

function readCursor<Position>(
  schema: z.ZodType<Position>,
  cursor: string | null,
  first: Position,
): Position {
  if (cursor === null) return first
  const read = schema.safeParse(tryJson(cursor))
  // Another setting of how offers are made reads another list: it begins anew.
  return read.success ? read.data : anew(cursor, first)
}

function anew<Position>(cursor: string, first: Position): Position {
  const isOurs = [apiPosition, orderedPosition].some(
    (schema) => schema.safeParse(tryJson(cursor)).success,
  )
  if (isOurs) return first
  throw new Problem('invalid', 'this cursor is not one of ours')
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
