import { type Context, Hono } from 'hono'
import { authorised, type Called } from '../caller.ts'
import { json, Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { objectResource, objects, ownerOf, type StoredObject } from './objects.ts'

const PAGE_MAX = 1000

type Asked = Context<Called>

/** A refusal as Cloud Storage words it: without `status`, with a list of reasons (Google: JSON API errors). */
class StorageRefusal extends Error {
  readonly code: number
  readonly reason: string
  constructor(code: number, reason: string, message: string) {
    super(message)
    this.code = code
    this.reason = reason
  }
}

/**
 * As much of Cloud Storage's JSON API v1 as reading reports takes: buckets.get, objects.list with prefix,
 * delimiter and pages, objects.get with its metadata or, by `alt=media`, its content, also in ranges.
 */
export function storage(gcp: GcpContext): Hono<Called> {
  const routes = new Hono<Called>()
  for (const path of ['/storage/v1/*', '/download/storage/v1/*']) {
    routes.use(path, authorised(gcp, 'storage'))
  }
  routes.get('/storage/v1/b/:bucket', (c) => {
    const name = readable(gcp, c)
    return json({
      kind: 'storage#bucket',
      id: name,
      name,
      location: 'US',
      storageClass: 'STANDARD',
    })
  })
  routes.get('/storage/v1/b/:bucket/o', (c) => listObjects(gcp, c))
  routes.get('/storage/v1/b/:bucket/o/:object', (c) => {
    const object = stored(gcp, c)
    if (c.req.query('alt') === 'media') return content(c, object)
    return json(objectResource(gcp.world.origin(), object))
  })
  routes.get('/download/storage/v1/b/:bucket/o/:object', (c) => content(c, stored(gcp, c)))
  routes.onError(refused)
  return routes
}

/** The bucket of the path, which must be of the caller's provider. */
function readable(gcp: GcpContext, c: Asked): string {
  const { bucket = '' } = c.req.param() as Record<string, string>
  const owner = ownerOf(gcp, bucket)
  if (!owner) throw new StorageRefusal(404, 'notFound', 'The specified bucket does not exist.')
  const caller = c.get('caller')
  if (owner.id === caller.provider) return bucket
  const message = `${caller.email} does not have storage.objects.list access to the Google Cloud Storage bucket.`
  throw new StorageRefusal(403, 'forbidden', message)
}

function stored(gcp: GcpContext, c: Asked): StoredObject {
  const bucket = readable(gcp, c)
  const { object: name = '' } = c.req.param() as Record<string, string>
  const object = objects(gcp).get(`${bucket}/${name}`)
  const generation = c.req.query('generation')
  if (!object || (generation !== undefined && generation !== object.generation)) {
    throw new StorageRefusal(404, 'notFound', `No such object: ${bucket}/${name}`)
  }
  return object
}

function listObjects(gcp: GcpContext, c: Asked): Response {
  const bucket = readable(gcp, c)
  const { prefix = '', delimiter = '', pageToken = '', startOffset = '' } = c.req.query()
  const size = Math.min(Number(c.req.query('maxResults') ?? PAGE_MAX) || PAGE_MAX, PAGE_MAX)
  const after = pageToken === '' ? null : Buffer.from(pageToken, 'base64url').toString('utf8')
  const folderOf = (name: string) => {
    const at = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    return at < 0 ? null : name.slice(0, at + delimiter.length)
  }
  const matching = objects(gcp)
    .values()
    .filter((one) => one.bucket === bucket && one.name.startsWith(prefix))
    .filter((one) => one.name >= startOffset)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const entries = [...new Map(matching.map((one) => [folderOf(one.name) ?? one.name, one]))]
  const rest = entries.filter(([name]) => after === null || name > after)
  const page = rest.slice(0, size)
  const last = page.at(-1)?.[0] ?? ''
  const items = page.filter(([, one]) => folderOf(one.name) === null)
  const prefixes = page.filter(([, one]) => folderOf(one.name) !== null).map(([name]) => name)
  return json({
    kind: 'storage#objects',
    ...(rest.length > size ? { nextPageToken: Buffer.from(last).toString('base64url') } : {}),
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(items.length > 0
      ? { items: items.map(([, one]) => objectResource(gcp.world.origin(), one)) }
      : {}),
  })
}

/** The bytes of an object, or the range of them that was asked for. */
function content(c: Asked, object: StoredObject): Response {
  const bytes = new TextEncoder().encode(object.body)
  const headers = {
    'content-type': object.contentType,
    'x-goog-generation': object.generation,
    etag: Buffer.from(object.generation).toString('base64'),
  }
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(c.req.header('range') ?? '') ?? []
  if (first === undefined || (first === '' && !last)) return new Response(bytes, { headers })
  const size = bytes.byteLength
  const from = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const to = first === '' || !last ? size - 1 : Math.min(Number(last), size - 1)
  if (from >= size || from > to) {
    const message = 'The requested range cannot be satisfied.'
    throw new StorageRefusal(416, 'requestedRangeNotSatisfiable', message)
  }
  return new Response(bytes.slice(from, to + 1), {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${from}-${to}/${size}` },
  })
}

function refused(error: Error): Response {
  if (error instanceof StorageRefusal) return reply(error)
  if (error instanceof Refusal) {
    const [code, reason] =
      error.status === 'UNAUTHENTICATED'
        ? ([401, 'authError'] as const)
        : error.status === 'PERMISSION_DENIED'
          ? ([403, 'forbidden'] as const)
          : ([400, 'invalid'] as const)
    return reply(new StorageRefusal(code, reason, error.message))
  }
  console.error(error)
  return reply(new StorageRefusal(500, 'internalError', 'Internal error encountered.'))
}

const reply = ({ code, message, reason }: StorageRefusal): Response =>
  json({ error: { code, message, errors: [{ message, domain: 'global', reason }] } }, code)
