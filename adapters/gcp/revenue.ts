import { Problem } from '../../src/kernel/problem.ts'
import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import type { ReportFile, RevenuePort } from '../../src/revenue/port.ts'
import type { GcpClient } from './client.ts'
import { csvRecords } from './revenue-csv.ts'
import { isPaid, reportFiles, reportText } from './revenue-files.ts'
import { nameOf } from './revenue-name.ts'
import { type RowReader, rowReader } from './revenue-reports.ts'
import { usageItems } from './usage-back.ts'

const chunkRowsMax = 1000

type Chunk = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

/**
 * Google's reports in a folder or a Cloud Storage bucket ("Set up to receive reports"). What each tells:
 * `revenue-charges.ts` (what was billed), `revenue-disbursements.ts` (what was paid out), `revenue-facts.ts` (customers,
 * offers, products). A place must hold one breakdown of the charges: two would tell the same charges under two names.
 */
export function revenue(google: GcpClient): RevenuePort {
  const items = usageItems(google)
  return {
    files: () => reportFiles(google),
    read: (file) => chunks(google, file, items),
  }
}

type Items = ReturnType<typeof usageItems>

/** All that one row tells is in one chunk. */
async function* chunks(google: GcpClient, file: ReportFile, items: Items): AsyncIterable<Chunk> {
  let rows: ReportedRow[] = []
  let broken: BrokenRow[] = []
  for await (const told of readRows(google, file, items)) {
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

/** Rows in the file's order, each good or broken; the header is row 1. The file is read twice: first what it repeats. */
async function* readRows(google: GcpClient, file: ReportFile, items: Items): AsyncIterable<Row> {
  const reader = await readerOf(google, file, items)
  if ('message' in reader) {
    yield [reader]
    return
  }
  let row = 0
  for await (const record of csvRecords(reportText(google, file.name))) {
    row += 1
    if (row > 1) yield reader.read(row, record)
  }
}

async function readerOf(
  google: GcpClient,
  file: ReportFile,
  known: Items,
): Promise<RowReader | BrokenRow> {
  const named = nameOf(file.name)
  if (!named) throw new Problem('not_found', `there is no report file ${file.name}`)
  // Only this report names SKUs.
  const items = named.kind === 'detailed' ? await known() : undefined
  let reader: RowReader | undefined
  for await (const record of csvRecords(reportText(google, file.name))) {
    if (reader) {
      reader.look(record)
      continue
    }
    const made =
      'cells' in record
        ? rowReader(record.cells, { named, isPaid: isPaid(file), items })
        : record.fault
    if (typeof made === 'string') {
      const message = `the header cannot be read: ${made}`
      return { row: 1, column: null, message, raw: record.raw }
    }
    reader = made
  }
  return reader ?? { row: 1, column: null, message: 'the file is empty', raw: '' }
}
