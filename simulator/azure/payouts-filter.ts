import Big from 'big.js'
import type { Row } from './insights-select.ts'
import { type ExportKind, FILTERS } from './payouts-rows.ts'

const CLAUSE = /^\s*(\w+)\s*(eq|ne|ge|gt|le|lt|=)\s*('(?:[^']|'')*'|[^\s']+)\s*$/i
const DECIMAL = /^-?\d+(\.\d+)?$/
/** An export without a filter goes back three years ("Create transaction history export"). */
const DEFAULT_YEARS = 3

export type RowFilter = (row: Row) => boolean

/**
 * The subset of OData the payout exports take: comparisons joined by `and`; `=` stands for `eq` in some
 * tables of the documents. Undefined when the text is none of it.
 */
export function readFilter(
  kind: ExportKind,
  text: string | undefined,
  today: string,
): RowFilter | undefined {
  const dateField = kind === 'payments' ? 'paymentDate' : 'earningDate'
  const oldest = `${Number(today.slice(0, 4)) - DEFAULT_YEARS}${today.slice(4)}`
  if (text === undefined || text.trim() === '') return (row) => (row[dateField] ?? '') >= oldest
  const clauses = text.split(/\s+and\s+/i).map((clause) => CLAUSE.exec(clause))
  const tests = clauses.map((found) => {
    const [, field = '', operator = '', value = ''] = found ?? []
    const column = FILTERS[kind][field]
    return column === undefined ? undefined : test(column, operator, unquoted(value))
  })
  if (tests.some((one) => one === undefined)) return undefined
  return (row) => tests.every((one) => one?.(row) ?? false)
}

function test(column: string, operator: string, wanted: string): RowFilter {
  return (row) => {
    const difference = compare(row[column] ?? '', wanted)
    switch (operator.toLowerCase()) {
      case 'ne':
        return difference !== 0
      case 'ge':
        return difference >= 0
      case 'gt':
        return difference > 0
      case 'le':
        return difference <= 0
      case 'lt':
        return difference < 0
      default:
        return difference === 0
    }
  }
}

function compare(held: string, wanted: string): number {
  if (DECIMAL.test(held) && DECIMAL.test(wanted)) return Big(held).cmp(wanted)
  const [one, other] = [held.toLowerCase(), wanted.slice(0, dayLength(held, wanted)).toLowerCase()]
  return one < other ? -1 : one > other ? 1 : 0
}

/** Days are compared with the day of an instant. */
function dayLength(held: string, wanted: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(held) && /^\d{4}-\d{2}-\d{2}T/.test(wanted) ? 10 : wanted.length
}

function unquoted(value: string): string {
  return value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value
}
