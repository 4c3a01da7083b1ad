import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { ListingsPage, ListingsPort } from '../../src/listings/port.ts'
import type { AzureClient } from './client.ts'
import { type Resource, readListing, resource, type Target, type Tree } from './listing-document.ts'
import { segment, shaped } from './reply.ts'

const pageMax = 20
/** The cursor holds two short digests of each product; beyond this many the oldest are read again. */
const seenMax = 500
const digestLength = 10
const saas = 'softwareAsAService'

const page = z.looseObject({
  value: z.array(resource).default([]),
  '@nextLink': z.string().nullish(),
  nextLink: z.string().nullish(),
})
const tree = z.looseObject({ resources: z.array(resource).default([]) })

const targets = ['live', 'preview', 'draft'] as const satisfies readonly Target[]

/**
 * What was seen of each product, by its id, the longest ago first: a digest of its entry in the list and one of its
 * whole tree, the target that this is of, and how often it was looked at since. `link` leads to the next page of a walk.
 */
const sight = z.tuple([z.string(), z.string(), z.string(), z.enum(targets), z.int()])
const position = z.strictObject({ link: z.string().optional(), seen: z.array(sight) })
type Position = z.infer<typeof position>
type Sight = z.infer<typeof sight>

/**
 * SaaS products by the Product ingestion API. It has no feed of changes and its list shows little more than a
 * product's names, so a poll costs the list (one call a page of 20) and, when the list shows nothing new, the tree of
 * the one product that was read longest ago: two calls for most publishers. A new, renamed or withdrawn product is
 * told by the next poll; changed plans, meters or prices of one of n products by the nth poll at the latest. Of a product
 * that is not live one target is read each time, so that it may take three times as many.
 */
export const listings = (azure: AzureClient): ListingsPort => ({
  async changedSince(cursor): Promise<ListingsPage> {
    const at = readCursor(cursor)
    const { value, '@nextLink': link, nextLink } = await listPage(azure, at.link)
    const next = link ?? nextLink ?? undefined
    const products = value.filter(
      ({ type }) => type === undefined || type === null || type === saas,
    )
    const fresh = products.filter((one) => find(at, one)?.[1] !== digest(one))
    const oldest = next === undefined && fresh.length === 0 ? oldestOf(at, products) : undefined
    const told: RemoteListing[] = []
    let seen = at.seen
    for (const product of oldest ? [oldest] : fresh) {
      const known = find(at, product)
      const id = product.id ?? ''
      const reading = oldest && known ? await readAgain(azure, known) : await readTree(azure, id)
      const isListed = products.includes(product)
      seen = seen.filter(([other]) => other !== id)
      if (!reading && !isListed) continue
      const listed = isListed ? digest(product) : (known?.[1] ?? '')
      if (reading === 'unchanged') {
        if (known) seen.push([id, listed, known[2], known[3], known[4] + 1])
        continue
      }
      seen.push([id, listed, digest(reading), reading?.target ?? 'draft', 0])
      if (reading) told.push(readListing(product, reading, azure.settings, instant(azure.nowMs())))
    }
    const cut = seen.slice(-seenMax)
    const cursorAfter: Position = next === undefined ? { seen: cut } : { link: next, seen: cut }
    return { listings: told, cursor: JSON.stringify(cursorAfter), more: next !== undefined }
  },
})

function readCursor(cursor: string | null): Position {
  if (cursor === null) return { seen: [] }
  try {
    return position.parse(JSON.parse(cursor))
  } catch (cause) {
    throw new Problem('invalid', 'this cursor is not one of ours', {}, { cause })
  }
}

const find = ({ seen }: Position, { id }: Resource) => seen.find(([known]) => known === id)

/** Of the products on the last page and those of earlier ones alike, the one read longest ago. */
function oldestOf({ seen }: Position, products: readonly Resource[]): Resource | undefined {
  const [id] = seen[0] ?? []
  return id === undefined ? undefined : (products.find((one) => one.id === id) ?? { id })
}

const digest = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
    .slice(0, digestLength)

async function listPage(azure: AzureClient, link: string | undefined) {
  const first = () =>
    azure.call('ingestion', {
      method: 'GET',
      path: '/product',
      query: { type: saas, $maxpagesize: String(pageMax) },
    })
  if (link === undefined) return shaped(page, (await first()).json, 'GET product')
  const answer = await azure.call('ingestion', { method: 'GET', url: link }).catch((error) => {
    // A continuation token lives for a while only; the walk then begins again, knowing what it has seen.
    const isStale = error instanceof Problem && ['rejected', 'not_found'].includes(error.code)
    if (!isStale) throw error
    return first()
  })
  return shaped(page, answer.json, 'GET product')
}

/** What is live of a product; of one that is not, its preview or draft. Undefined when it is gone. */
async function readTree(azure: AzureClient, id: string): Promise<Tree | undefined> {
  for (const target of targets) {
    const found = await readTarget(azure, id, target)
    if (found) return found
  }
  return undefined
}

/**
 * The tree of a product that was seen before, by one call: of the target it was seen in or, for a product that is not
 * live, of each more public one in turn. Only when what was seen is gone all of them are read.
 */
async function readAgain(
  azure: AzureClient,
  [id, , known, seenIn, looks]: Sight,
): Promise<Tree | 'unchanged' | undefined> {
  const target = targets[looks % (targets.indexOf(seenIn) + 1)] ?? seenIn
  const found = await readTarget(azure, id, target)
  if (found) return digest(found) === known ? 'unchanged' : found
  return target === seenIn ? readTree(azure, id) : 'unchanged'
}

async function readTarget(
  azure: AzureClient,
  id: string,
  target: Target,
): Promise<Tree | undefined> {
  const { status, json } = await azure.call('ingestion', {
    method: 'GET',
    path: `/resource-tree/${id.split('/').map(segment).join('/')}`,
    query: { targetType: target },
    expects: [404],
  })
  const { resources } = shaped(tree, status === 404 ? {} : json, 'GET resource-tree')
  return resources.length > 0 ? { target, resources } : undefined
}
