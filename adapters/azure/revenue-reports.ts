import { type Instant, startOf } from '../../src/kernel/time.ts'
import type { BrokenRow, ReportedFact, ReportedRow, RevenueLine } from '../../src/revenue/model.ts'
import { earningLines, paymentLines } from './payouts-lines.ts'
import { CellFault, type Cells, cellsOf, plainName } from './revenue-cells.ts'
import type { ReportRecord } from './revenue-csv.ts'
import { accountFacts, type DatedFact, orderFacts, undated, usageFacts } from './revenue-facts.ts'
import { revenueLines } from './revenue-lines.ts'
import type { Settings } from './settings.ts'

/** The reports we read, in this order: facts before what is joined with them, estimates before money. */
export const datasets = ['orders', 'usage', 'revenue', 'earnings', 'payments'] as const
export type Dataset = (typeof datasets)[number]

/** Which reports of an import there are besides the one that is read. */
export type Reading = { readonly settings: Settings; readonly others: readonly Dataset[] }

type Told =
  | { readonly validFrom: Instant; readonly line: RevenueLine }
  | (DatedFact & { readonly line?: never })

type Report = {
  /** A header has one column of each of these. */
  readonly columns: readonly (readonly string[])[]
  readonly read: (cells: Cells, reading: Reading) => readonly Told[]
}

const dated = (line: RevenueLine): Told => ({ validFrom: startOf(line.invoicedOn), line })

/** A row that moves no money yet is told as it is. */
function noted(ref: string, { native, day }: Cells, ...days: readonly string[]): Told {
  const known = day(...days)
  const fact = { subject: 'other' as const, ref, values: native }
  return { validFrom: known === null ? undated : startOf(known), fact, native }
}

const reports: Readonly<Record<Dataset, Report>> = {
  orders: {
    columns: [['AssetId', 'OrderId'], ['BillingAccountId']],
    // One report tells the accounts, or two that differ in a name would take turns at being news.
    read: (cells, { others }) => [
      ...orderFacts(cells),
      ...(others.includes('revenue') ? [] : accountFacts(cells)),
    ],
  },
  usage: {
    columns: [['UsageDate'], ['UsageReference', 'ReferenceId']],
    read: usageFacts,
  },
  revenue: {
    columns: [
      ['PurchaseRecordId'],
      ['LineItemId'],
      ['MonthStartDate'],
      ['TransactionAmountCC'],
      ['EarningAmountCC'],
    ],
    read(cells, { settings, others }) {
      const hasPayouts = others.includes('earnings')
      const lines = revenueLines(cells, { settings, hasPayouts })
      return [...lines.map(dated), ...accountFacts(cells)]
    },
  },
  earnings: {
    columns: [['OrderId'], ['LineItemId'], ['transactionAmount'], ['earningAmount'], ['paymentId']],
    read(cells, { others }) {
      const lines = earningLines(cells, !others.includes('revenue'))
      const ref = `earning/${cells.needed('earningId', 'OrderId')}`
      return lines.length > 0
        ? lines.map(dated)
        : [noted(ref, cells, 'transactionDate', 'earningDate')]
    },
  },
  payments: {
    columns: [['paymentID'], ['totalPayment'], ['currencyCode'], ['paymentStatus']],
    read(cells) {
      const lines = paymentLines(cells)
      if (lines.length > 0) return lines.map(dated)
      const ref = `payment/${cells.needed('paymentID', 'programName')}`
      return [noted(ref, cells, 'paymentDate')]
    },
  },
}

/** What a row of the file tells, or why it cannot be read. */
export type RowReader = (row: number, record: ReportRecord) => readonly (ReportedRow | BrokenRow)[]

/** Reads rows below a header, or says what the header lacks. Columns are found by name; more may come and in any order. */
export function rowReader(
  dataset: Dataset,
  header: readonly string[],
  reading: Reading,
): RowReader | string {
  const { columns, read } = reports[dataset]
  const known = new Set(header.map(plainName))
  const missing = columns.filter((names) => !names.some((name) => known.has(plainName(name))))
  if (missing.length > 0) return `it lacks ${missing.map((names) => names.join(' or ')).join(', ')}`
  if (known.size < header.length) return 'a column is named twice'
  const seen = new Map<string, number>()
  return (row, record) => {
    const broken = (column: string | null, message: string) => [
      { row, column, message, raw: record.raw },
    ]
    if ('fault' in record) return broken(null, record.fault)
    const { cells: values } = record
    if (values.length !== header.length)
      return broken(null, `has ${values.length} columns instead of ${header.length}`)
    try {
      const cells = cellsOf(header, values)
      return once(seen, read(cells, reading)).map((told) => rowOf(row, told, cells))
    } catch (error) {
      if (!(error instanceof CellFault)) throw error
      return broken(error.column, error.message)
    }
  }
}

function rowOf(row: number, told: Told, cells: Cells): ReportedRow {
  const dates = { validFrom: told.validFrom, knownFrom: null, deletedAt: null }
  return told.line
    ? { row, ...dates, content: { is: 'line', ...told.line }, native: cells.native }
    : { row, ...dates, content: { is: 'fact', ...told.fact }, native: told.native }
}

const seenMax = 1_000_000

/**
 * A file tells each line and fact once: rows are undated, so the second of a name would pass for news about the first.
 * What holds for an account or agreement is the same in all its rows and is told by the first; any other second row of
 * a name (the documents do not say that there is none) is a thing of its own, `…~2`.
 */
function once(seen: Map<string, number>, told: readonly Told[]): readonly Told[] {
  return told.flatMap((one) => {
    const name = one.line ? one.line.lineRef : `${one.fact.subject} ${one.fact.ref}`
    const count = (seen.get(name) ?? 0) + 1
    if (seen.size < seenMax) seen.set(name, count)
    if (count === 1) return [one]
    if (one.line) return [{ ...one, line: { ...one.line, lineRef: `${name}~${count}` } }]
    const isOwn = one.fact.subject === 'other' || one.fact.subject === 'usage'
    return isOwn ? [{ ...one, fact: again(one.fact, count) }] : []
  })
}

const again = (fact: ReportedFact, count: number): ReportedFact => ({
  ...fact,
  ref: `${fact.ref}~${count}`,
})
