import { createHash } from 'node:crypto'
import type { Table } from '../../world.ts'
import type { Provider } from '../parties.ts'
import type { GcpContext } from '../state.ts'

/** A text object of a bucket. A rewrite has a new generation. */
export type StoredObject = {
  readonly bucket: string
  readonly name: string
  readonly body: string
  readonly contentType: string
  /** Simulated microseconds of the write, as Google numbers generations. */
  readonly generation: string
  readonly createdMs: number
}

/** By `{bucket}/{name}`. */
export const objects = (gcp: GcpContext): Table<StoredObject> => gcp.world.table('gcp.objects')

/** Writes or replaces an object. */
export function putObject(
  gcp: GcpContext,
  bucket: string,
  name: string,
  body: string,
): StoredObject {
  const key = `${bucket}/${name}`
  const before = BigInt(objects(gcp).get(key)?.generation ?? '0')
  const now = BigInt(gcp.now()) * 1000n
  const generation = String(now > before ? now : before + 1n)
  const createdMs = gcp.now()
  return objects(gcp).put(key, {
    bucket,
    name,
    body,
    contentType: 'text/csv',
    generation,
    createdMs,
  })
}

/** Whose bucket it is. */
export const ownerOf = (gcp: GcpContext, bucket: string): Provider | undefined =>
  gcp.providers.values().find((one) => one.reportBucket === bucket)

/** An object as the JSON API shows it; sizes and generations are text (Google: Objects resource). */
export function objectResource(origin: string, object: StoredObject): object {
  const { bucket, name, body, contentType, generation, createdMs } = object
  const path = `b/${bucket}/o/${encodeURIComponent(name)}`
  const time = new Date(createdMs).toISOString()
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${origin}/storage/v1/${path}`,
    mediaLink: `${origin}/download/storage/v1/${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: '1',
    contentType,
    storageClass: 'STANDARD',
    size: String(Buffer.byteLength(body)),
    md5Hash: createHash('md5').update(body).digest('base64'),
    etag: Buffer.from(generation).toString('base64'),
    timeCreated: time,
    updated: time,
    timeStorageClassUpdated: time,
  }
}
