import type { Table } from '../world.ts'
import { type Aws, millis } from './context.ts'
import { authenticate, isDenied, NotBelieved } from './identity.ts'
import { page } from './pages.ts'
import type { SignedRequest } from './signature.ts'
import { xml } from './xml.ts'

const KEYS_MAX = 1000

export type Bucket = { readonly name: string; readonly owner: string }
export type StoredObject = {
  readonly bucket: string
  readonly key: string
  readonly body: string
  readonly etag: string
  readonly modifiedAt: number
}

class S3Refusal extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

export function buckets(aws: Aws): Table<Bucket> {
  return aws.world.table('aws.buckets')
}

/** Objects by `<bucket>/<key>`. */
export function objects(aws: Aws): Table<StoredObject> {
  return aws.world.table('aws.objects')
}

/**
 * As much of Amazon S3 as reading the data feeds takes: path-style GetObject, HeadObject, HeadBucket,
 * GetBucketLocation and ListObjectsV2. `target` is what follows the endpoint: `/bucket/key?query`.
 */
export function s3(aws: Aws, request: SignedRequest, target: string): Response {
  const requestId = aws.ids.hex(16).toUpperCase()
  const isHead = request.method === 'HEAD'
  try {
    const caller = authenticate(aws, request, { service: 's3', regions: ['us-east-1'] })
    const url = new URL(target, 'http://s3')
    const [name = '', ...rest] = url.pathname.slice(1).split('/')
    const key = decodeURIComponent(rest.join('/'))
    const bucket = buckets(aws).get(name)
    if (!['GET', 'HEAD'].includes(request.method)) {
      throw new S3Refusal('NotImplemented', 501, 'Only reads are simulated.')
    }
    if (!bucket) throw new S3Refusal('NoSuchBucket', 404, 'The specified bucket does not exist')
    const action = key === '' ? 's3:ListBucket' : 's3:GetObject'
    if (bucket.owner !== caller.account || isDenied(caller, action)) {
      throw new S3Refusal(
        'AccessDenied',
        403,
        `${caller.arn} is not authorized to perform: ${action}`,
      )
    }
    if (key !== '') return getObject(aws, name, key, isHead)
    if (isHead) return new Response(null, { headers: { 'x-amz-bucket-region': 'us-east-1' } })
    if (url.searchParams.has('location')) return document('<LocationConstraint/>')
    return listObjects(aws, name, url.searchParams)
  } catch (error) {
    return refuse(requestId, error, isHead)
  }
}

/** S3's error document, also for faults that strike before any work is done. */
export function s3Fault(
  requestId: string,
  code: string,
  status: number,
  message: string,
): Response {
  const body = { Error: { Code: code, Message: message, RequestId: requestId } }
  return document(xml(body), status)
}

function getObject(aws: Aws, bucket: string, key: string, isHead: boolean): Response {
  const object = objects(aws).get(`${bucket}/${key}`)
  if (!object) throw new S3Refusal('NoSuchKey', 404, 'The specified key does not exist.')
  const body = new TextEncoder().encode(object.body)
  return new Response(isHead ? null : body, {
    headers: {
      'content-type': 'text/csv',
      'content-length': String(body.byteLength),
      etag: `"${object.etag}"`,
      'last-modified': new Date(object.modifiedAt).toUTCString(),
    },
  })
}

function listObjects(aws: Aws, bucket: string, query: URLSearchParams): Response {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('start-after') ?? ''
  const size = Math.min(Number(query.get('max-keys') ?? KEYS_MAX), KEYS_MAX)
  const delimiter = query.get('delimiter')
  const all = objects(aws)
    .values()
    .filter((one) => one.bucket === bucket && one.key.startsWith(prefix) && one.key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const folder = (key: string) => {
    const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    return at < 0 || !delimiter ? null : key.slice(0, at + delimiter.length)
  }
  const folders = [...new Set(all.flatMap((one) => folder(one.key) ?? []))]
  const files = all.filter((one) => folder(one.key) === null)
  const token = query.get('continuation-token')
  const { items, NextToken } = page(
    files,
    { maxResults: size, prefix, ...(token === null ? {} : { nextToken: token }) },
    { max: KEYS_MAX, usual: KEYS_MAX },
  )
  const encoded = (key: string) =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : key
  return document(
    xml({
      ListBucketResult: {
        Name: bucket,
        Prefix: encoded(prefix),
        KeyCount: items.length,
        MaxKeys: size,
        IsTruncated: NextToken !== undefined,
        NextContinuationToken: NextToken,
        EncodingType: query.get('encoding-type') ?? undefined,
        Contents: items.map((one) => ({
          Key: encoded(one.key),
          LastModified: millis(one.modifiedAt),
          ETag: `"${one.etag}"`,
          Size: Buffer.byteLength(one.body),
          StorageClass: 'STANDARD',
        })),
        CommonPrefixes: folders.map((one) => ({ Prefix: encoded(one) })),
      },
    }),
  )
}

const NAMES: Record<NotBelieved['reason'], [string, number]> = {
  missing: ['AccessDenied', 403],
  incomplete: ['AuthorizationHeaderMalformed', 400],
  mismatch: ['SignatureDoesNotMatch', 403],
  skew: ['RequestTimeTooSkewed', 403],
  scope: ['AuthorizationHeaderMalformed', 400],
  unknownKey: ['InvalidAccessKeyId', 403],
  badToken: ['InvalidToken', 400],
  expired: ['ExpiredToken', 400],
}

function refuse(requestId: string, error: unknown, isHead: boolean): Response {
  const [code, status] =
    error instanceof NotBelieved
      ? NAMES[error.reason]
      : error instanceof S3Refusal
        ? [error.code, error.status]
        : ['InternalError', 500]
  if (code === 'InternalError') console.error('simulated AWS s3:', error)
  if (isHead) return new Response(null, { status })
  const message = error instanceof Error ? error.message : 'failed'
  return s3Fault(requestId, code, status, message)
}

function document(body: string, status = 200): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`, {
    status,
    headers: { 'content-type': 'application/xml' },
  })
}
