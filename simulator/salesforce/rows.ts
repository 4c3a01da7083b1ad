import { type Org, switchesOf } from './org.ts'
import type { Field, Row, SObject, Value } from './schema.ts'
import { parseDateTime } from './stamp.ts'

const BIN_DAYS = 15
const DAY_MS = 86_400_000

/** Stores a row; inside a transaction the old state comes back when it fails. */
export function save(org: Org, object: SObject, row: Row): void {
  const table = org.rows(object.name)
  const before = table.get(row.Id)
  table.put(row.Id, row)
  reindex(org, object.name, before, row)
  org.journal?.push(() => {
    if (before) table.put(row.Id, before)
    else table.delete(row.Id)
    reindex(org, object.name, row, before)
  })
}

/** The row, deleted or not, unless it has left the recycle bin. */
export function rowOf(org: Org, object: SObject, id: string): Row | undefined {
  const row = org.rows(object.name).get(id)
  return row && !isPurged(org, row) ? row : undefined
}

/** Every row in the order of its id; with `deleted`, those in the recycle bin too. */
export function allRows(org: Org, object: SObject, deleted = false): Row[] {
  return org
    .rows(object.name)
    .values()
    .filter((row) => !row.IsDeleted || (deleted && !isPurged(org, row)))
    .sort((one, two) => (one.Id < two.Id ? -1 : 1))
}

/** Deleted rows stay in the recycle bin for 15 days. */
function isPurged(org: Org, row: Row): boolean {
  if (!row.IsDeleted) return false
  const deletedAt = parseDateTime(String(row.SystemModstamp)) ?? 0
  return org.world.clock.now() - deletedAt > BIN_DAYS * DAY_MS
}

/** Whether sharing lets this user see the row. */
export function isShared(org: Org, object: SObject, row: Row, userId: string, viewAll: boolean) {
  const isPrivate =
    object.sharingModel === 'Private' || switchesOf(org).privateObjects.includes(object.name)
  return !isPrivate || viewAll || row.OwnerId === userId
}

type Index = { readonly field: Field; readonly ids: Map<string, Set<string>> }
const indexes = new WeakMap<Org, Map<string, Map<string, Index>>>()

/** Live rows whose field equals the value; case matters only where the field says so. Scans once, then keeps an index. */
export function rowsWhere(org: Org, object: SObject, field: Field, value: Value): Row[] {
  if (value === null) return []
  const index = indexOf(org, object.name, field)
  const table = org.rows(object.name)
  return [...(index.ids.get(key(field, value)) ?? [])].sort().map((id) => table.get(id)!)
}

function indexOf(org: Org, object: string, field: Field): Index {
  const byObject = indexes.get(org) ?? new Map<string, Map<string, Index>>()
  indexes.set(org, byObject)
  const byField = byObject.get(object) ?? new Map<string, Index>()
  byObject.set(object, byField)
  const known = byField.get(field.name)
  if (known && known.field.caseSensitive === field.caseSensitive) return known
  const index: Index = { field, ids: new Map() }
  for (const row of org.rows(object).values()) enter(index, row)
  byField.set(field.name, index)
  return index
}

function reindex(org: Org, object: string, before: Row | undefined, after: Row | undefined): void {
  for (const index of indexes.get(org)?.get(object)?.values() ?? []) {
    const old = before?.[index.field.name] ?? null
    if (before && old !== null) index.ids.get(key(index.field, old))?.delete(before.Id)
    if (after) enter(index, after)
  }
}

function enter({ field, ids }: Index, row: Row): void {
  const value = row[field.name] ?? null
  if (row.IsDeleted || value === null) return
  const known = ids.get(key(field, value)) ?? new Set()
  ids.set(key(field, value), known.add(row.Id))
}

const key = (field: Field, value: Value) =>
  field.caseSensitive || typeof value !== 'string' ? String(value) : value.toLowerCase()

/** Drops what is remembered about rows, after they were changed behind this file's back. */
export function forgetIndexes(org: Org): void {
  indexes.delete(org)
}
