import { isDecimal } from '../../src/kernel/decimal.ts'
import { isCurrency } from '../../src/kernel/money.ts'
import {
  type Day,
  dayOf,
  type Instant,
  isDay,
  readInstant,
  startOf,
} from '../../src/kernel/time.ts'
import {
  type BrokenRow,
  type ReportedFact,
  type ReportedRow,
  usageFact,
} from '../../src/revenue/model.ts'
import { billingLine } from './billing-event.ts'
import type { CsvRecord } from './csv.ts'
import { usageOf } from './usage-back.ts'

/** A feed of the seller delivery data feeds: what its rows are about, and which columns name the one. */
export type Feed = {
  readonly subject: ReportedFact['subject'] | 'line'
  readonly key: readonly string[]
}

/** "Data feed tables overview" of the Seller Guide. */
const feeds: Readonly<Record<string, Feed>> = {
  accountfeed: { subject: 'account', key: ['account_id'] },
  addressfeed: { subject: 'other', key: ['address_id'] },
  agreementfeed: { subject: 'agreement', key: ['agreement_id'] },
  agreementtermfeed: { subject: 'other', key: ['agreement_id', 'term_id'] },
  dailyusagefeed: { subject: 'usage', key: ['usage_feed_id'] },
  billingeventfeed: { subject: 'line', key: ['billing_event_id'] },
  legacyidmappingfeed: { subject: 'other', key: ['mapping_type', 'legacy_id'] },
  offerfeed: { subject: 'offer', key: ['offer_id'] },
  offerproductfeed: { subject: 'other', key: ['offer_id', 'offer_revision', 'product_id'] },
  offertargetfeed: { subject: 'other', key: ['offer_target_id'] },
  productfeed: { subject: 'listing', key: ['product_id'] },
}
const times = ['valid_from', 'update_date', 'delete_date']
const bitemporal = new Set([...times, 'insert_date'])

/** Which feed a file belongs to, by its path; undefined for a file that is none of ours. */
export function feedOf(name: string): Feed | undefined {
  const [, feed = ''] = /(?:^|\/)([a-z]+feed)_v\d+(?:\/.*)?\.csv$/i.exec(name) ?? []
  return feeds[feed.toLowerCase()]
}

/** A row's cells by column, as the file has them. Throws `CellFault` for a cell that is not what it must be. */
export type Cells = {
  readonly text: (column: string) => string | null
  readonly needed: (column: string) => string
  readonly decimal: (column: string) => string
  readonly currency: (column: string) => string
  readonly instant: (column: string) => Instant | null
  readonly day: (column: string) => Day | null
}
/** Eight columns of a feed hold times, and few different ones: what was read is kept. */
type Moments = Map<string, Instant>
const momentsMax = 10_000
export type RowReader = (row: number, record: CsvRecord) => ReportedRow | BrokenRow

/** Reads rows below a header, or says what the header lacks. Columns are found by name; more may come and any order. */
export function rowReader(feed: Feed, header: readonly string[]): RowReader | string {
  const columns = header.map((name) => name.trim().toLowerCase())
  const wanted = [...feed.key, ...times, ...(feed.subject === 'line' ? ['amount', 'currency'] : [])]
  const missing = wanted.filter((column) => !columns.includes(column))
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`
  if (new Set(columns).size < columns.length) return 'a column is named twice'
  const moments: Moments = new Map()
  return (row, record) => {
    if ('fault' in record) return broken(row, null, record.fault, record.raw)
    const { cells, raw } = record
    if (cells.length !== columns.length) {
      const message = `has ${cells.length} columns instead of ${columns.length}`
      return broken(row, null, message, raw)
    }
    try {
      return readRow(feed, row, columns, cells, moments)
    } catch (error) {
      if (!(error instanceof CellFault)) throw error
      return broken(row, error.column, error.message, raw)
    }
  }
}

const broken = (row: number, column: string | null, message: string, raw: string): BrokenRow => ({
  row,
  column,
  message,
  raw,
})

class CellFault extends Error {
  readonly column: string
  constructor(column: string, message: string) {
    super(message)
    this.column = column
  }
}

function readRow(
  feed: Feed,
  row: number,
  columns: readonly string[],
  values: readonly string[],
  moments: Moments,
): ReportedRow {
  const native = Object.fromEntries(columns.map((column, i) => [column, values[i] ?? '']))
  const cells = cellsOf(native, moments)
  const validFrom = cells.instant('valid_from')
  const knownFrom = cells.instant('update_date') ?? cells.instant('insert_date')
  if (validFrom === null) throw new CellFault('valid_from', 'is empty')
  if (knownFrom === null) throw new CellFault('update_date', 'is empty')
  const deletedAt = cells.instant('delete_date')
  const content =
    feed.subject === 'line'
      ? { is: 'line' as const, ...billingLine(cells, dayOf(validFrom)) }
      : { is: 'fact' as const, ...fact(feed.subject, feed.key, cells, native) }
  return { row, validFrom, knownFrom, deletedAt, content, native }
}

function fact(
  subject: ReportedFact['subject'],
  key: readonly string[],
  cells: Cells,
  native: Readonly<Record<string, string>>,
): ReportedFact {
  const ref = key.map((column) => cells.needed(column)).join('/')
  if (subject === 'usage') return usageFact(ref, usageOf(cells))
  const told = Object.keys(native).filter((column) => !bitemporal.has(column))
  const values = Object.fromEntries(told.map((column) => [column, cells.text(column)]))
  return {
    subject,
    ref,
    // The feeds' own account ids are none of AWS's: this feed alone tells which account is meant.
    values:
      subject === 'account' ? { ...values, accountRef: cells.text('aws_account_id') } : values,
  }
}

function cellsOf(native: Readonly<Record<string, string>>, moments: Moments): Cells {
  const text = (column: string) => native[column]?.trim() || null
  const needed = (column: string) => {
    const value = text(column)
    if (value === null) throw new CellFault(column, 'is empty')
    return value
  }
  const instant = (column: string): Instant | null => {
    const value = text(column)
    if (value === null) return null
    const read = moments.get(value) ?? (isDay(value) ? startOf(value) : readInstant(value))
    if (read === undefined) throw new CellFault(column, `is not a date: ${value}`)
    if (moments.size < momentsMax) moments.set(value, read)
    return read
  }
  return {
    text,
    needed,
    instant,
    day: (column) => {
      const at = instant(column)
      return at && dayOf(at)
    },
    decimal: (column) => {
      const value = needed(column)
      if (!isDecimal(value)) throw new CellFault(column, `is not a number: ${value}`)
      return value
    },
    currency: (column) => {
      const value = needed(column)
      if (!isCurrency(value)) throw new CellFault(column, `is not a currency: ${value}`)
      return value
    },
  }
}
