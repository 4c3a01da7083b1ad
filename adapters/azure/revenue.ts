import { Problem } from '../../src/kernel/problem.ts'
import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import type { ReportFile, RevenuePort } from '../../src/revenue/port.ts'
import type { AzureClient } from './client.ts'
import { reportRecords } from './revenue-csv.ts'
import { download } from './revenue-download.ts'
import { datasetOf, filesOf, linkOf, prepare, readNote } from './revenue-prepare.ts'
import {
  type Dataset,
  datasets,
  type Reading,
  type RowReader,
  rowReader,
} from './revenue-reports.ts'

const chunkRowsMax = 1000

type Chunk = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

/**
 * Reports of programmatic analytics and payout exports, made on demand. What each tells: `revenue-facts.ts` (orders,
 * usage), `revenue-lines.ts` (what was billed), `payouts-lines.ts` (what was paid out).
 */
export const revenue = (azure: AzureClient): RevenuePort => ({
  prepare: (key, held) => prepare(azure, key, held),
  files: async (held) => {
    const note = readNote(held)
    return note ? filesOf(note) : []
  },
  read: (file, held) => chunks(azure, file, held),
})

/** All that one row tells is in one chunk. */
async function* chunks(azure: AzureClient, file: ReportFile, held: unknown): AsyncIterable<Chunk> {
  let rows: ReportedRow[] = []
  let broken: BrokenRow[] = []
  for await (const told of readRows(azure, file, held)) {
    if (rows.length + broken.length + told.length > chunkRowsMax) {
      yield { rows, broken }
      rows = []
      broken = []
    }
    for (const one of told)
      if ('message' in one) broken.push(one)
      else rows.push(one)
  }
  if (rows.length + broken.length > 0) yield { rows, broken }
}

type Row = readonly (ReportedRow | BrokenRow)[]

/** Rows in the file's order, each good or broken; the header is row 1. */
async function* readRows(azure: AzureClient, file: ReportFile, held: unknown): AsyncIterable<Row> {
  const note = readNote(held)
  const dataset = note && datasetOf(note, file)
  const made = dataset && note?.made[dataset]
  if (!note || !dataset || !made)
    throw new Problem('not_found', `there is no report file ${file.name}`)
  const link = await linkOf(azure, dataset, made)
  if (link === undefined) {
    const why = made.failed ? 'Microsoft could not make it' : 'Microsoft has it no more'
    yield [{ row: 1, column: null, message: `there is no file: ${why}`, raw: '' }]
    return
  }
  const others = datasets.filter((one) => note.made[one] !== undefined)
  yield* rowsOf(azure, link, dataset, { settings: azure.settings, others })
}

async function* rowsOf(
  azure: AzureClient,
  link: string,
  dataset: Dataset,
  reading: Reading,
): AsyncIterable<Row> {
  const isAnalytics = dataset !== 'earnings' && dataset !== 'payments'
  const delimiter = isAnalytics && azure.settings.reports.format === 'tsv' ? '\t' : ','
  let read: RowReader | undefined
  let row = 0
  for await (const record of reportRecords(download(azure, link), delimiter)) {
    row += 1
    if (read) {
      yield read(row, record)
      continue
    }
    const reader = 'cells' in record ? rowReader(dataset, record.cells, reading) : record.fault
    if (typeof reader === 'string') {
      const message = `the header cannot be read: ${reader}`
      yield [{ row, column: null, message, raw: record.raw }]
      return
    }
    read = reader
  }
  if (row === 0) yield [{ row: 1, column: null, message: 'the file is empty', raw: '' }]
}
