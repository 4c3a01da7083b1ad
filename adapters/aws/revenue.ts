import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import type { RevenuePort } from '../../src/revenue/port.ts'
import type { AwsClient } from './client.ts'
import { type CsvRecord, csvRecords } from './csv.ts'
import { feedFiles, feedText } from './feed-files.ts'
import { feedOf, type RowReader, rowReader } from './feeds.ts'
import { invoices } from './usage-back.ts'

const chunkRowsMax = 1000

type Chunk = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

/** Seller delivery data feeds, from their S3 bucket or a folder; without a place for them there are no files. */
export const revenue = (aws: AwsClient): RevenuePort => ({
  files: async () => (aws.settings.feeds ? feedFiles(aws, aws.settings.feeds) : []),
  read: ({ name }) => chunks(aws, name),
  invoices: (agreementRef, issuedAfter) => invoices(aws, agreementRef, issuedAfter),
})

async function* chunks(aws: AwsClient, name: string): AsyncIterable<Chunk> {
  let rows: ReportedRow[] = []
  let broken: BrokenRow[] = []
  for await (const row of readRows(name, csvRecords(feedText(aws, name)))) {
    if ('message' in row) broken.push(row)
    else rows.push(row)
    if (rows.length + broken.length < chunkRowsMax) continue
    yield { rows, broken }
    rows = []
    broken = []
  }
  if (rows.length + broken.length > 0) yield { rows, broken }
}

/** Rows in the file's order, each good or broken; the header is row 1. */
async function* readRows(
  name: string,
  records: AsyncIterable<CsvRecord>,
): AsyncIterable<ReportedRow | BrokenRow> {
  const feed = feedOf(name)
  let read: RowReader | undefined
  let row = 0
  for await (const record of records) {
    row += 1
    if (read) {
      yield read(row, record)
      continue
    }
    const reader = feed && 'cells' in record ? rowReader(feed, record.cells) : 'no feed'
    if (typeof reader === 'string') {
      const message = `the header cannot be read: ${'fault' in record ? record.fault : reader}`
      yield { row, column: null, message, raw: record.raw }
      return
    }
    read = reader
  }
  if (row === 0) yield { row: 1, column: null, message: 'the file is empty', raw: '' }
}
