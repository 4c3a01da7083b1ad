import type { Access } from '../access.ts'
import type { Org } from '../org.ts'
import { follow, parentOf } from '../read.ts'
import { allRows, isShared, rowsWhere } from '../rows.ts'
import type { Row, SObject, Value } from '../schema.ts'
import type { ChildPlan, Column, Filter, Plan } from './plan.ts'

export type Reader = {
  readonly org: Org
  readonly userId: string
  readonly access: Access
  /** `/services/data/v68.0`: the start of every row's own address. */
  readonly base: string
  /** Whether rows in the recycle bin count (`queryAll`). */
  readonly deleted: boolean
}

/** The rows a plan finds, in its order; without one, by id. */
export function find(reader: Reader, plan: Plan, isWanted?: (row: Row) => boolean): Row[] {
  const { org, userId, access } = reader
  const viewAll = access.object(plan.object).viewAll
  const rows = candidates(reader, plan).filter(
    (row) =>
      (!isWanted || isWanted(row)) &&
      isShared(org, plan.object, row, userId, viewAll) &&
      (!plan.filter || matches(org, plan.object, row, plan.filter)),
  )
  rows.sort((one, two) => ordered(org, plan, one, two))
  const end = plan.limit === null ? undefined : plan.offset + plan.limit
  return rows.slice(plan.offset, end)
}

/** All rows, or few when a key is asked for, which is the common case and worth an index. */
function candidates({ org, deleted }: Reader, plan: Plan): Row[] {
  const parts = plan.filter?.is === 'and' ? plan.filter.parts : plan.filter ? [plan.filter] : []
  for (const part of parts) {
    if (part.is !== 'test' || !['=', 'IN'].includes(part.operator) || deleted) continue
    const { names, field } = part.column
    if (names.length > 1 || !(field.externalId || field.unique)) continue
    if (part.values.includes(null)) continue
    return [...new Set(part.values.flatMap((value) => rowsWhere(org, plan.object, field, value)))]
  }
  return allRows(org, plan.object, deleted)
}

function matches(org: Org, object: SObject, row: Row, filter: Filter): boolean {
  if (filter.is === 'not') return !matches(org, object, row, filter.part)
  if (filter.is !== 'test') {
    const part = (each: Filter) => matches(org, object, row, each)
    return filter.is === 'and' ? filter.parts.every(part) : filter.parts.some(part)
  }
  const actual = follow(org, object, row, filter.column.names)
  const test = (wanted: Value) => compare(filter.column, actual, wanted)
  const [first = null] = filter.values
  switch (filter.operator) {
    case '=':
      return test(first) === 0
    case '!=':
      return test(first) !== 0
    case 'IN':
      return filter.values.some((wanted) => test(wanted) === 0)
    case 'NOT IN':
      return !filter.values.some((wanted) => test(wanted) === 0)
    case 'LIKE':
      return actual !== null && like(String(first)).test(String(actual))
    case 'INCLUDES':
      return includes(actual, filter.values)
    case 'EXCLUDES':
      return !includes(actual, filter.values)
  }
  if (actual === null || first === null) return false
  const sign = test(first)
  const { operator } = filter
  if (operator === '<') return sign < 0
  if (operator === '<=') return sign <= 0
  return operator === '>' ? sign > 0 : sign >= 0
}

/** Negative, zero or positive; text without regard to case unless the field minds it; null first. */
function compare({ field }: Column, one: Value, two: Value): number {
  if (one === null || two === null) return Number(one !== null) - Number(two !== null)
  const exact = field.caseSensitive || field.type === 'id' || field.type === 'reference'
  const fold = (value: Value) =>
    typeof value === 'string' && !exact ? value.toLowerCase() : (value as string)
  return fold(one) < fold(two) ? -1 : Number(fold(one) > fold(two))
}

function like(pattern: string): RegExp {
  const source = pattern.replace(/\\([_%])|([_%])|[.*+?^${}()|[\]\\]/g, (all, escaped, wild) => {
    if (escaped) return escaped
    if (wild) return wild === '%' ? '[\\s\\S]*' : '[\\s\\S]'
    return `\\${all}`
  })
  return new RegExp(`^${source}$`, 'i')
}

/** Each wanted text is a list joined by `;` that must all be chosen. */
function includes(actual: Value, wanted: readonly Value[]): boolean {
  const chosen = String(actual ?? '').split(';')
  return wanted.some((each) =>
    String(each)
      .split(';')
      .every((one) => chosen.includes(one)),
  )
}

function ordered(org: Org, plan: Plan, one: Row, two: Row): number {
  for (const { column, descending, nullsLast } of plan.order) {
    const a = follow(org, plan.object, one, column.names)
    const b = follow(org, plan.object, two, column.names)
    if ((a === null) !== (b === null)) return (a === null) === nullsLast ? 1 : -1
    const sign = compare(column, a, b)
    if (sign !== 0) return descending ? -sign : sign
  }
  return one.Id < two.Id ? -1 : 1
}

/** The row as the reply shows it: `attributes`, then the columns in the order they were asked for, parents nested. */
export function render(reader: Reader, plan: Plan, row: Row): Record<string, unknown> {
  const record: Record<string, unknown> = { attributes: attributes(reader, plan.object, row) }
  for (const item of plan.select) {
    if ('relationship' in item) record[item.relationship] = childRows(reader, item, row)
    else place(reader, plan.object, row, item.names, item.field.name, record)
  }
  return record
}

export function attributes({ base }: Pick<Reader, 'base'>, object: SObject, row: Row) {
  return { type: object.name, url: `${base}/sobjects/${object.name}/${row.Id}` }
}

function place(
  reader: Reader,
  object: SObject,
  row: Row,
  names: readonly string[],
  last: string,
  record: Record<string, unknown>,
): void {
  const [first = '', ...rest] = names
  if (rest.length === 0) {
    record[last] = follow(reader.org, object, row, [first])
    return
  }
  const parent = parentOf(reader.org, object, row, first)
  if (!parent) {
    record[first] ??= null
    return
  }
  record[first] ??= { attributes: attributes(reader, parent.object, parent.row) }
  const nested = record[first] as Record<string, unknown>
  place(reader, parent.object, parent.row, rest, last, nested)
}

function childRows(reader: Reader, { reference, plan }: ChildPlan, parent: Row) {
  const rows = find(reader, plan, (row) => row[reference.name] === parent.Id)
  if (rows.length === 0) return null
  const records = rows.map((row) => render(reader, plan, row))
  return { totalSize: records.length, done: true, records }
}
