import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { Problem } from '../../src/kernel/problem.ts'
import type { ReportFile } from '../../src/revenue/port.ts'
import type { AwsClient } from './client.ts'
import { classify } from './failures.ts'
import { feedOf } from './feeds.ts'
import type { Settings } from './settings.ts'

type Feeds = NonNullable<Settings['feeds']>

const objectsMax = 100_000
const pagesMax = 200

/** Every file of every feed we know, oldest month first; within a month by name. Throws when there are too many to list. */
export async function feedFiles(aws: AwsClient, feeds: Feeds): Promise<readonly ReportFile[]> {
  const found = feeds.kind === 's3' ? await inBucket(aws, feeds) : await inFolder(feeds.path)
  return found
    .filter(({ name }) => feedOf(name) !== undefined)
    .sort((a, b) => order(a.name).localeCompare(order(b.name), 'en'))
}

/** `billingeventfeed_v1/year=2026/month=09/data.csv` sorts by its month first. */
function order(name: string): string {
  const [, year = '0000', month = '00'] = /year=(\d{4})\/month=(\d{2})/.exec(name) ?? []
  return `${year}-${month} ${name}`
}

/** The text of one file as it arrives. */
export async function* feedText(aws: AwsClient, name: string): AsyncIterable<string> {
  const { feeds } = aws.settings
  if (!feeds || name.split(/[\\/]/).includes('..'))
    throw new Problem('not_found', `there is no feed file ${name}`)
  const decoder = new TextDecoder()
  const bytes = feeds.kind === 's3' ? bucketBytes(aws, feeds, name) : fileBytes(feeds.path, name)
  for await (const part of bytes) yield decoder.decode(part, { stream: true })
  yield decoder.decode()
}

type Bucket = Extract<Feeds, { kind: 's3' }>

async function inBucket(aws: AwsClient, { bucket, prefix }: Bucket): Promise<ReportFile[]> {
  const found: ReportFile[] = []
  let token: string | undefined
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      ContinuationToken: token,
    })
    const answer = await aws.call('ListObjectsV2', (options) => aws.s3.send(command, options))
    for (const { Key, ETag, Size } of answer.Contents ?? [])
      if (Key) found.push({ name: Key, fingerprint: `${ETag ?? ''}-${Size}`, sizeBytes: Size ?? 0 })
    if (!answer.IsTruncated || found.length > objectsMax) break
    token = answer.NextContinuationToken
    if (pages === pagesMax - 1) throw tooMany(bucket)
  }
  if (found.length > objectsMax) throw tooMany(bucket)
  return found
}

const tooMany = (place: string) =>
  new Problem(
    'too_large',
    `${place} holds more than ${objectsMax} files: set a prefix for the feeds`,
  )

async function* bucketBytes(
  aws: AwsClient,
  { bucket }: Bucket,
  name: string,
): AsyncIterable<Uint8Array> {
  const command = new GetObjectCommand({ Bucket: bucket, Key: name })
  const { Body } = await aws.call('GetObject', () => aws.s3.send(command))
  if (!Body) throw new Problem('internal', `AWS GetObject answered without ${name}`)
  try {
    // Both what Node and what Workers answer with can be walked like this.
    yield* Body as unknown as AsyncIterable<Uint8Array>
  } catch (error) {
    throw classify('GetObject', error)
  }
}

async function inFolder(path: string): Promise<ReportFile[]> {
  const { readdir, stat } = await import('node:fs/promises')
  const names = await readdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new Problem('not_found', `the feed folder ${path} cannot be read`, {}, { cause })
  })
  if (names.length > objectsMax) throw tooMany(path)
  const found: ReportFile[] = []
  for (const native of names.filter((name) => name.endsWith('.csv'))) {
    // A name may be a folder's, a link to nothing, or gone since it was listed.
    const entry = await stat(`${path}/${native}`).catch(() => undefined)
    if (!entry?.isFile()) continue
    const { size, mtimeMs } = entry
    const name = native.replaceAll('\\', '/')
    found.push({ name, fingerprint: `${size}-${mtimeMs}`, sizeBytes: size })
  }
  return found
}

async function* fileBytes(path: string, name: string): AsyncIterable<Uint8Array> {
  const { open } = await import('node:fs/promises')
  const file = await open(`${path}/${name}`).catch((cause: unknown) => {
    throw new Problem('not_found', `there is no feed file ${name}`, {}, { cause })
  })
  yield* file.createReadStream()
}
