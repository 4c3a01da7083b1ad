import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import type { ReportFile } from '../../src/revenue/port.ts'
import type { GcpClient } from './client.ts'
import { kinds, nameOf } from './revenue-name.ts'
import type { GcpSettings } from './settings.ts'

const filesMax = 100_000
const pagesMax = 200
const pageSize = 1_000
/** How long a file may stop coming. */
const silenceMaxMs = 60_000

type Reports = GcpSettings['reports']
type Bucket = Extract<Reports, { kind: 'bucket' }>

/** A file of charges is another file once its month's payouts are reported: then it tells what was paid out. */
const paidMark = ' paid'
export const isPaid = ({ fingerprint }: ReportFile): boolean => fingerprint.endsWith(paidMark)

/** Every report we know, oldest month first, in the order of `kinds`. Throws when there are too many to list. */
export async function reportFiles(google: GcpClient): Promise<readonly ReportFile[]> {
  const { reports } = google.settings
  const found = await listed(google, reports)
  const named = found.flatMap((file) => {
    const name = nameOf(file.name)
    return name ? [{ file, ...name, month: name.on?.slice(0, 7) ?? '0000-00' }] : []
  })
  const paid = new Set(named.flatMap(({ kind, month }) => (kind === 'disbursements' ? month : [])))
  const order = ({ month, kind, file }: (typeof named)[number]) =>
    `${month} ${kinds.indexOf(kind)} ${file.name}`
  return named
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .map(({ file, kind, month }) =>
      kind === 'charges' && paid.has(month)
        ? { ...file, fingerprint: `${file.fingerprint}${paidMark}` }
        : file,
    )
}

function listed(google: GcpClient, reports: Reports): Promise<ReportFile[]> {
  if (reports.kind === 'folder') return inFolder(reports.path)
  return reports.kind === 'bucket' ? inBucket(google, reports) : Promise.resolve([])
}

/** The text of one file as it arrives. */
export async function* reportText(google: GcpClient, name: string): AsyncIterable<string> {
  const { reports } = google.settings
  if (reports.kind === 'none' || name.split(/[\\/]/).includes('..'))
    throw new Problem('not_found', `there is no report file ${name}`)
  const bytes =
    reports.kind === 'folder'
      ? await fileBytes(reports.path, name)
      : await objectBytes(google, reports, name)
  const decoder = new TextDecoder()
  const parts = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const part = await within(silenceMaxMs, `the report file ${name}`, () => parts.next())
      if (part.done) break
      yield typeof part.value === 'string'
        ? part.value
        : decoder.decode(part.value, { stream: true })
    }
    yield decoder.decode()
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('unavailable', `the report file ${name} broke off`, {}, { cause })
  } finally {
    await parts.return?.()
  }
}

async function inBucket(google: GcpClient, { bucket, prefix }: Bucket): Promise<ReportFile[]> {
  const found: ReportFile[] = []
  let pageToken: string | undefined
  for (let page = 0; page < pagesMax && found.length <= filesMax; page += 1) {
    const answer = await google.ask('objects.list', () =>
      google.storage.objects.list({
        bucket,
        maxResults: pageSize,
        ...(prefix === undefined ? {} : { prefix }),
        ...(pageToken === undefined ? {} : { pageToken }),
      }),
    )
    for (const { name, md5Hash, etag, generation, size } of answer.items ?? [])
      if (name)
        found.push({
          name,
          fingerprint: `${md5Hash ?? etag ?? generation ?? ''}-${size ?? ''}`,
          sizeBytes: Number(size ?? 0),
        })
    if (!answer.nextPageToken) return found
    pageToken = answer.nextPageToken
  }
  throw tooMany(bucket)
}

const tooMany = (place: string) =>
  new Problem(
    'too_large',
    `${place} holds more than ${filesMax} files: give the reports a prefix or a folder of their own`,
  )

async function objectBytes(
  google: GcpClient,
  { bucket }: Bucket,
  object: string,
): Promise<AsyncIterable<Uint8Array | string>> {
  // Whatever the client's types say, a stream is what it answers with when it is asked for one.
  const stream: unknown = await google.ask('objects.get', () =>
    google.storage.objects.get({ bucket, object, alt: 'media' }, { responseType: 'stream' }),
  )
  return stream as AsyncIterable<Uint8Array>
}

async function inFolder(path: string): Promise<ReportFile[]> {
  const { readdir, stat } = await import('node:fs/promises')
  const names = await readdir(path, { recursive: true }).catch((cause: unknown) => {
    throw new Problem('not_found', `the report folder ${path} cannot be read`, {}, { cause })
  })
  if (names.length > filesMax) throw tooMany(path)
  const found: ReportFile[] = []
  for (const native of names) {
    const name = native.replaceAll('\\', '/')
    if (!nameOf(name)) continue
    // A name may be a folder's, a link to nothing, or gone since it was listed.
    const entry = await stat(`${path}/${native}`).catch(() => undefined)
    if (!entry?.isFile()) continue
    const { size, mtimeMs } = entry
    found.push({ name, fingerprint: `${size}-${mtimeMs}`, sizeBytes: size })
  }
  return found
}

async function fileBytes(path: string, name: string): Promise<AsyncIterable<Uint8Array | string>> {
  const { open } = await import('node:fs/promises')
  const file = await open(`${path}/${name}`).catch((cause: unknown) => {
    throw new Problem('not_found', `there is no report file ${name}`, {}, { cause })
  })
  return file.createReadStream()
}
