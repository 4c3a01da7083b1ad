import { mkdtempSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openClient } from '../../adapters/gcp/client.ts'
import { revenue } from '../../adapters/gcp/revenue.ts'
import { credentials, settings } from '../../adapters/gcp/settings.ts'
import type { Fetch } from '../../src/platform/http.ts'
import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import type { RevenuePort } from '../../src/revenue/port.ts'
import { privateKey } from './metering-fake.ts'

export type Row = Readonly<Record<string, string>>

/** A row of Charges and usage with the columns of the samples; what is not named is as there. */
export const chargeRow = (change: Row = {}): Row => ({
  SKU: 'ACME Analytics Pro',
  'Google Entity': 'Google LLC',
  Resource: 'pro',
  'Account ID': 'E-1234-5678-ABCD-EFGH',
  'Insights Account ID': 'E-AAAA-BBBB-CCCC-DDDD',
  Location: 'US/CA',
  Usage: '1',
  Unit: 'month',
  Charges: '10000.00',
  Currency: 'USD',
  'Due Vendor': '9700.00',
  'Payment Schedule': 'Prepay',
  Quote_id: '831e0e7d',
  'Refund Reason': '',
  'Refund Balance Deducted This Month': '0',
  Withheld: '0',
  Released: '0',
  Abandoned: '0',
  'Payment Type': 'new',
  ...change,
})

export const payoutRow = (change: Row = {}): Row => ({
  Entity: 'Google LLC',
  Currency: 'USD',
  Amount: '9700.00',
  'Customer Refund': '0.00',
  Total: '9700.00',
  Notes: '',
  'Payment Type': 'new',
  ...change,
})

export function sheet(rows: readonly Row[], header?: readonly string[]): string {
  const columns = header ?? [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = rows.map((row) => columns.map((name) => cell(row[name] ?? '')).join(','))
  return `\ufeff${[columns.map(cell).join(','), ...lines].join('\r\n')}\r\n`
}

const account = {
  projectId: 'acme-public',
  offers: 'handoff',
  audiences: ['acme.example'],
  endpoint: 'http://google.test',
}

/** The port over reports as the settings have them. Where there is a network, it is handed in. */
export function reading(reports: object, fetch: Fetch = async () => expect404()): RevenuePort {
  return revenue(
    openClient(
      {
        settings: settings.parse({ ...account, reports }),
        credentials: credentials.parse({
          kind: 'key',
          clientEmail: 'tradepost@acme-public.iam.gserviceaccount.com',
          privateKey,
        }),
      },
      { fetch, nowMs: () => Date.parse('2026-03-01T00:00:00Z') },
    ),
  )
}
const expect404 = () => new Response(null, { status: 404 })

export type Files = Readonly<Record<string, string>>

/** A folder of its own with these files. */
export async function folder(files: Files): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'gcp-reports-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return path
}

export type ReadRows = { readonly rows: ReportedRow[]; readonly broken: BrokenRow[] }

export async function readAll(port: RevenuePort, only = /./): Promise<ReadRows> {
  const rows: ReportedRow[] = []
  const broken: BrokenRow[] = []
  for (const file of (await port.files(null)).filter(({ name }) => only.test(name)))
    for await (const chunk of port.read(file, null)) {
      rows.push(...chunk.rows)
      broken.push(...chunk.broken)
    }
  return { rows, broken }
}

export const readFolder = async (files: Files): Promise<ReadRows> =>
  readAll(reading({ kind: 'folder', path: await folder(files) }))

export const linesOf = ({ rows }: ReadRows) =>
  rows.flatMap(({ content }) => (content.is === 'line' ? [content] : []))

export const factsOf = ({ rows }: ReadRows) =>
  rows.flatMap(({ content }) => (content.is === 'fact' ? [content] : []))

const bucket = 'acme-marketplace-reports'

/** Cloud Storage as a function: lists two objects a page, and gives out their text in pieces. */
export function storage(files: Files) {
  const asked: string[] = []
  const names = Object.keys(files)
  const fetch: Fetch = async (request) => {
    const url = new URL(request.url)
    if (url.pathname === '/token') return Response.json({ access_token: 't', expires_in: 3599 })
    asked.push(`${url.pathname}?${url.searchParams}`)
    if (url.pathname === `/storage/v1/b/${bucket}/o`) return Response.json(page(url, files, names))
    const name = decodeURIComponent(url.pathname.split('/o/')[1] ?? '')
    const text = files[name]
    const isMedia = url.searchParams.get('alt') === 'media'
    return text === undefined || !isMedia
      ? Response.json({ error: { code: 404, message: 'No such object' } }, { status: 404 })
      : new Response(pieces(text))
  }
  return { asked, fetch, reports: { kind: 'bucket', bucket, prefix: 'reports/' } }
}

function page(url: URL, files: Files, names: readonly string[]): object {
  const from = Number(url.searchParams.get('pageToken') ?? 0)
  const known = names.filter((name) => name.startsWith(url.searchParams.get('prefix') ?? ''))
  const items = known.slice(from, from + 2).map((name) => ({
    name,
    md5Hash: `md5 of ${files[name]?.length}`,
    size: `${files[name]?.length}`,
  }))
  return { items, ...(from + 2 < known.length ? { nextPageToken: `${from + 2}` } : {}) }
}

const pieceSize = 7
function pieces(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, at + pieceSize))
      at += pieceSize
    },
  })
}
