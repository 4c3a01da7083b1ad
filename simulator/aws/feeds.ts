import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { type Aws, millis } from './context.ts'
import { FEEDS, timeColumns } from './feed-columns.ts'
import { currentRows } from './feed-rows.ts'
import { buckets, objects } from './s3.ts'

const DAY_MS = 86_400_000

/** One version of one feed row. Feeds are bi-temporal: nothing written is ever changed. */
type FeedRow = {
  readonly feed: string
  readonly bucket: string
  /** `2026-09`, the month whose file holds the row. */
  readonly month: string
  readonly values: Record<string, string>
}

/** Timer, daily at 00:00 UTC: Seller Delivery Data Feeds, and the next day's plan. */
export function writeDaily(aws: Aws, _: unknown, at: number): void {
  if (aws.settings().feeds.enabled) writeFeeds(aws, at)
  planFeeds(aws, at)
}

export function planFeeds(aws: Aws, at: number): void {
  aws.timers.set('feeds.write', (Math.floor(at / DAY_MS) + 1) * DAY_MS, {}, 'feeds.write')
}

/**
 * Writes what is new since the last time into every seller's bucket, as
 * `<feed>_v1/year=YYYY/month=MM/data.csv` ("Seller delivery data feeds", AWS Marketplace Seller Guide).
 * Returns the keys that were written.
 */
export function writeFeeds(aws: Aws, at: number): string[] {
  const keys: string[] = []
  for (const bucket of buckets(aws).values()) {
    const touched = new Set<string>()
    for (const feed of Object.keys(FEEDS)) {
      for (const row of currentRows(aws, feed, bucket.owner)) {
        const written = version(aws, bucket.name, feed, row, at)
        if (written) touched.add(`${feed}/${written.month}`)
      }
    }
    for (const one of touched) keys.push(writeFile(aws, bucket.name, one, at))
  }
  return keys
}

function version(
  aws: Aws,
  bucket: string,
  feed: string,
  row: {
    readonly key: string
    readonly values: Record<string, string>
    readonly validFrom: string
  },
  at: number,
): FeedRow | null {
  const latest = aws.world.table<{ mark: string }>('aws.feedLatest')
  const mark = createHash('sha256').update(JSON.stringify(row.values)).digest('hex')
  const key = `${bucket}/${feed}/${row.key}`
  if (latest.get(key)?.mark === mark) return null
  latest.put(key, { mark })
  const rows = aws.world.table<FeedRow>('aws.feedRows')
  const now = `${millis(at).slice(0, 19)}Z`
  const covered = aws.settings().feeds.month === 'covered' ? at - 1 : at
  return rows.put(`${key}/${rows.size}`, {
    feed,
    bucket,
    month: millis(covered).slice(0, 7),
    values: {
      ...row.values,
      valid_from: row.validFrom,
      insert_date: now,
      update_date: now,
      delete_date: '',
    },
  })
}

function writeFile(aws: Aws, bucket: string, touched: string, at: number): string {
  const [feed = '', month = ''] = touched.split('/')
  const [year, number] = month.split('-')
  const rows = aws.world
    .table<FeedRow>('aws.feedRows')
    .values()
    .filter((row) => row.bucket === bucket && row.feed === feed && row.month === month)
  const columns = [...(FEEDS[feed] ?? []), ...timeColumns(feed)]
  const body = stringify(
    rows.map((row) => columns.map((column) => row.values[column] ?? '')),
    { header: true, columns, record_delimiter: 'windows' },
  )
  const key = `${feed}_v1/year=${year}/month=${number}/data.csv`
  const etag = createHash('md5').update(body).digest('hex')
  objects(aws).put(`${bucket}/${key}`, { bucket, key, body, etag, modifiedAt: at })
  if (aws.feedsDir !== undefined) {
    const file = join(aws.feedsDir, bucket, key)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, body)
  }
  return key
}
