import Big from 'big.js'
import { addMonths } from '../duration.ts'
import { type Condition, datasets, type Query } from './insights-query.ts'

const DAY_MS = 86_400_000
const DECIMAL = /^-?\d+(\.\d+)?$/
const DATE = /^\d{4}-\d{2}-\d{2}/

/** One row of a dataset: text by column; a column that is absent is empty. */
export type Row = Readonly<Record<string, string>>

/** Simulated milliseconds, half-open. */
export type Period = { readonly from: number; readonly until: number }

/**
 * Applies a query to a dataset's rows: period, conditions, columns, metrics summed over the distinct rest
 * ("Custom query specification": no aggregate functions, metric columns aggregate), order and limit.
 * The first row returned is the header.
 */
export function select(query: Query, rows: readonly Row[], period: Period): string[][] {
  const dataset = datasets[query.dataset]
  const inside = rows.filter(
    (row) =>
      within(row[dataset?.dateColumn ?? ''] ?? '', period) &&
      query.where.every((condition) => holds(condition, row[condition.column] ?? '')),
  )
  const metrics = query.columns.filter((column) => dataset?.metrics.includes(column))
  const shown =
    metrics.length > 0 || query.distinct ? grouped(query.columns, metrics, inside) : inside
  const ordered = [...shown].sort((left, right) => order(query, left, right))
  const limited = query.limit === null ? ordered : ordered.slice(0, query.limit)
  return [
    [...query.columns],
    ...limited.map((row) => query.columns.map((column) => row[column] ?? '')),
  ]
}

/** The period a TIMESPAN means at `now`: whole days, ending with the moment itself. */
export function periodOf(timespan: string, now: number): Period {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  const until = now + 1
  const [, count = '', unit = ''] = /^LAST_(\d+)_(DAYS|MONTHS|YEAR)$/.exec(timespan) ?? []
  if (timespan === 'TODAY') return { from: today, until }
  if (timespan === 'YESTERDAY') return { from: today - DAY_MS, until: today }
  if (timespan === 'LIFETIME') return { from: 0, until }
  if (timespan === 'LAST_MONTH') return { from: monthStart(addMonths(now, -1)), until }
  if (unit === 'DAYS') return { from: today - Number(count) * DAY_MS, until }
  const months = unit === 'YEAR' ? Number(count) * 12 : Number(count)
  return { from: monthStart(addMonths(now, -months)), until }
}

function monthStart(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

function within(date: string, period: Period): boolean {
  const at = Date.parse(date)
  return Number.isNaN(at) || (at >= period.from && at < period.until)
}

function holds(condition: Condition, value: string): boolean {
  const [wanted = ''] = condition.values
  switch (condition.operator) {
    case 'IN':
      return condition.values.some((one) => compare(value, one) === 0)
    case 'NOT IN':
      return condition.values.every((one) => compare(value, one) !== 0)
    case 'LIKE':
      return like(value, wanted)
    case 'NOT LIKE':
      return !like(value, wanted)
    case '=':
      return compare(value, wanted) === 0
    case '!=':
      return compare(value, wanted) !== 0
    case '>':
      return compare(value, wanted) > 0
    case '<':
      return compare(value, wanted) < 0
    case '>=':
      return compare(value, wanted) >= 0
    default:
      return compare(value, wanted) <= 0
  }
}

/** Numbers by value, dates by moment, everything else as text without regard to case. */
function compare(left: string, right: string): number {
  if (DECIMAL.test(left) && DECIMAL.test(right)) return Big(left).cmp(right)
  if (DATE.test(left) && DATE.test(right)) return Date.parse(left) - Date.parse(right)
  const [one, other] = [left.toLowerCase(), right.toLowerCase()]
  return one < other ? -1 : one > other ? 1 : 0
}

function like(value: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 'is').test(value)
}

function grouped(columns: readonly string[], metrics: readonly string[], rows: readonly Row[]) {
  const rest = columns.filter((column) => !metrics.includes(column))
  const groups = new Map<string, Record<string, string>>()
  for (const row of rows) {
    const key = JSON.stringify(rest.map((column) => row[column] ?? ''))
    const group =
      groups.get(key) ?? Object.fromEntries(rest.map((column) => [column, row[column] ?? '']))
    for (const metric of metrics) group[metric] = sum(group[metric] ?? '', row[metric] ?? '')
    groups.set(key, group)
  }
  return [...groups.values()]
}

function sum(left: string, right: string): string {
  if (left === '' || right === '') return left === '' ? right : left
  return Big(left).plus(right).toFixed()
}

function order(query: Query, left: Row, right: Row): number {
  for (const { column, ascending } of query.orderBy) {
    const difference = compare(left[column] ?? '', right[column] ?? '')
    if (difference !== 0) return ascending ? difference : -difference
  }
  return 0
}
