import { createHash } from 'node:crypto'
import { type Instant, startOf } from '../../src/kernel/time.ts'
import type { BrokenRow, ReportedRow, RevenueLine } from '../../src/revenue/model.ts'
import { CellFault, type Cells, cellsBelow, plainName } from './revenue-cells.ts'
import { charged, chargeKey, chargeLines, currencyCode, due } from './revenue-charges.ts'
import type { CsvRecord } from './revenue-csv.ts'
import { payoutKey, payoutLine } from './revenue-disbursements.ts'
import {
  type DatedFact,
  detailedFacts,
  detailedKey,
  insightsFacts,
  insightsKey,
} from './revenue-facts.ts'
import { type Kind, type Named, type Period, periodOf } from './revenue-name.ts'
import { noItems, type UsageItems } from './usage-back.ts'

/** What is read beside a file's rows: its name, and whether the month's payouts are reported too. */
export type Reading = {
  readonly named: Named
  readonly isPaid: boolean
  /** Absent: no SKU is known. */
  readonly items?: UsageItems | undefined
}
type Context = { readonly period: Period; readonly isPaid: boolean; readonly items: UsageItems }
type Told = { readonly validFrom: Instant; readonly line: RevenueLine } | DatedFact

type Report = {
  /** A header has one column of each of these. */
  readonly columns: readonly (readonly string[])[]
  /** Whether only the file's name tells the month. */
  readonly isMonthly: boolean
  /** What a row is about. Two of one key are told apart by all that they say. */
  readonly key: (cells: Cells) => readonly (string | null)[]
  readonly read: (cells: Cells, ref: string, context: Context) => readonly Told[]
}

const dated = (line: RevenueLine): Told => ({ validFrom: startOf(line.invoicedOn), line })

const reports: Readonly<Record<Kind, Report>> = {
  charges: {
    columns: [['SKU'], charged, due, currencyCode],
    isMonthly: true,
    key: chargeKey,
    read: (cells, ref, context) => chargeLines(cells, ref, context).map(dated),
  },
  disbursements: {
    columns: [['Entity'], ['Currency'], ['Total']],
    isMonthly: true,
    key: payoutKey,
    read: (cells, ref, { period }) => [dated(payoutLine(cells, ref, period))],
  },
  detailed: {
    columns: [['sku_id'], ['account_id'], ['private_offer_id']],
    isMonthly: true,
    key: detailedKey,
    read: (cells, ref, { period, items }) => detailedFacts(cells, ref, period, items),
  },
  insights: {
    columns: [['date'], ['external_account_id']],
    isMonthly: false,
    key: insightsKey,
    read: (cells, ref) => insightsFacts(cells, ref),
  },
}

type Row = readonly (ReportedRow | BrokenRow)[]
/** Two readings of one file: `look` at every record first, then what each row tells. */
export type RowReader = {
  readonly look: (record: CsvRecord) => void
  readonly read: (row: number, record: CsvRecord) => Row
}

/** Reads rows below a header, or says why none can be read. Columns are found by name; more may come and in any order. */
export function rowReader(header: readonly string[], reading: Reading): RowReader | string {
  const { kind, series, on } = reading.named
  const { items = noItems } = reading
  const { columns, isMonthly, key, read } = reports[kind]
  const known = new Set(header.map(plainName))
  const missing = columns.filter((names) => !names.some((name) => known.has(plainName(name))))
  if (missing.length > 0) return `it lacks ${missing.map((names) => names.join(' or ')).join(', ')}`
  if (known.size < header.length) return 'a column is named twice'
  if (isMonthly && on === null) return 'the file’s name does not tell its month'
  // Only what dates its own rows may have a name without a day, and asks for no period.
  const period = periodOf(on ?? '1970-01-01')
  const first = [series, ...(isMonthly ? [period.month] : [])]
  const names = alike()
  const once = new Set<string>()
  const below = cellsBelow(header)
  const keyOf = (cells: Cells) => [...first, ...key(cells).map(part)].join('|')
  return {
    look(record) {
      if (!('cells' in record) || record.cells.length !== header.length) return
      const found = attempt(() => keyOf(below(record.cells)))
      if (typeof found === 'string') names.count(found, record.cells)
    },
    read(row, record) {
      const broken = (column: string | null, message: string) => [
        { row, column, message, raw: record.raw },
      ]
      if ('fault' in record) return broken(null, record.fault)
      const { cells: values } = record
      if (values.length !== header.length)
        return broken(null, `has ${values.length} columns instead of ${header.length}`)
      const cells = below(values)
      const told = attempt(() =>
        read(cells, names.take(keyOf(cells), values), { period, isPaid: reading.isPaid, items }),
      )
      return told instanceof CellFault
        ? broken(told.column, told.message)
        : told.filter((one) => isNew(once, one)).map((one) => rowOf(row, one, cells))
    },
  }
}

const part = (text: string | null): string => (text ?? '').replaceAll('|', '/')

function attempt<T>(act: () => T): T | CellFault {
  try {
    return act()
  } catch (error) {
    if (error instanceof CellFault) return error
    throw error
  }
}

/** What holds for an account, offer or product in all its rows is told by the first of them: rows are undated. */
function isNew(once: Set<string>, told: Told): boolean {
  if ('line' in told || told.fact.subject === 'other' || told.fact.subject === 'usage') return true
  const name = `${told.fact.subject} ${told.fact.ref}`
  const isFirst = !once.has(name)
  once.add(name)
  return isFirst
}

function rowOf(row: number, told: Told, { native }: Cells): ReportedRow {
  const dates = { validFrom: told.validFrom, knownFrom: null, deletedAt: null }
  return 'line' in told
    ? { row, ...dates, content: { is: 'line', ...told.line }, native }
    : { row, ...dates, content: { is: 'fact', ...told.fact }, native: told.native }
}

const rowsMax = 250_000

/**
 * Names for rows of one key: `…`, `…~2`. They go by what the rows say, not by their place, so that the same rows have
 * the same names in whatever order a file has them. Beyond `rowsMax` rows the place decides.
 */
function alike() {
  const seen = new Map<string, string[]>()
  const places = new Map<string, ReadonlyMap<string, number>>()
  const taken = new Map<string, number>()
  let rows = 0
  const digest = (cells: readonly string[]) =>
    createHash('sha256').update(JSON.stringify(cells)).digest('base64url').slice(0, 20)
  const placeOf = (key: string, own: string): number => {
    const known = places.get(key) ?? firstPlaces(seen.get(key) ?? [])
    places.set(key, known)
    return known.get(own) ?? 0
  }
  return {
    count(key: string, cells: readonly string[]): void {
      rows += 1
      if (rows > rowsMax) return
      const digests = seen.get(key)
      if (digests) digests.push(digest(cells))
      else seen.set(key, [digest(cells)])
    },
    take(key: string, cells: readonly string[]): string {
      const isAlone = rows <= rowsMax && (seen.get(key)?.length ?? 0) < 2
      const own = isAlone || rows > rowsMax ? '' : digest(cells)
      const again = taken.get(key + own) ?? 0
      taken.set(key + own, again + 1)
      const place = (own === '' ? 0 : placeOf(key, own)) + again
      return place === 0 ? key : `${key}~${place + 1}`
    },
  }
}

/** Where each of some texts first stands among them in order. */
function firstPlaces(texts: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [n, text] of texts.toSorted().entries()) if (!places.has(text)) places.set(text, n)
  return places
}
