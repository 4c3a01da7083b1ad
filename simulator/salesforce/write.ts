import { type Access, EVERYTHING } from './access.ts'
import { duplicateFaults, ruleFaults } from './guards.ts'
import { next, nextId } from './ids.ts'
import { atomically, factsOf, type Org, switchesOf } from './org.ts'
import { type Input, prepare, target, unknownColumn } from './prepare.ts'
import { type Fault, notFound, Refusal, refuse, unsupportedType } from './refusal.ts'
import { allRows, isShared, rowsWhere, save } from './rows.ts'
import { fieldOf, isRequired, type Row, type SObject, type Value } from './schema.ts'
import { stamp } from './stamp.ts'
import { stageOf } from './standard.ts'
import { coerce, faultsOf } from './values.ts'

/** Who writes, and how far the org lets them. */
export type Writer = {
  readonly org: Org
  readonly userId: string
  readonly access: Access
  /** `allowSave=true` of the duplicate rule header. */
  readonly allowDuplicates: boolean
}

/** Creates a row and answers its id. Throws a `Refusal` with every fault of the first stage that finds one. */
export function insert(writer: Writer, object: SObject, input: Input): string {
  const { org } = writer
  permit(writer, object, 'create')
  if (fieldOf(object, 'Id') && Object.keys(input).some((name) => name.toLowerCase() === 'id')) {
    refuse('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', ['Id'])
  }
  const sent = prepare(org, writer.access, object, input, true)
  const row: Row = { Id: nextId(org.world, object.keyPrefix), ...defaults(writer, object), ...sent }
  finish(writer, object, row, sent, undefined)
  return row.Id
}

/** Changes the named columns of a row. */
export function update(writer: Writer, object: SObject, rawId: unknown, input: Input): string {
  permit(writer, object, 'edit')
  const before = target(writer.org, object, rawId)
  const viewAll = writer.access.object(object).viewAll
  if (!isShared(writer.org, object, before, writer.userId, viewAll)) {
    refuse('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', [])
  }
  const sent = prepare(writer.org, writer.access, object, input, false)
  finish(writer, object, { ...before, ...sent }, sent, before)
  return before.Id
}

/** Creates or changes the row whose external id has this value. */
export function upsert(
  writer: Writer,
  object: SObject,
  fieldName: string,
  rawKey: unknown,
  input: Input,
): { readonly id: string; readonly created: boolean } {
  const field = fieldOf(object, fieldName)
  if (!field || !writer.access.canRead(object, field) || !(field.externalId || field.idLookup)) {
    return notFound(`Provided external ID field does not exist or is not accessible: ${fieldName}`)
  }
  if (field.type === 'id') {
    return { id: update(writer, object, rawKey, input), created: false }
  }
  const key = coerce(field, rawKey)
  if (key === null) refuse('MISSING_ARGUMENT', `${field.name} not specified`, [])
  const found = rowsWhere(writer.org, object, field, key)
  if (found.length > 1) throw new ManyFound(object, found)
  const known = found[0]
  if (known) return { id: update(writer, object, known.Id, input), created: false }
  return { id: insert(writer, object, { ...input, [field.name]: key }), created: true }
}

/** An external id that more than one row carries. */
export class ManyFound extends Refusal {
  readonly object: SObject
  readonly ids: readonly string[]

  constructor(object: SObject, rows: readonly Row[]) {
    const ids = rows.map((row) => row.Id)
    const message = `more than one record found for external id field: [${ids.map((id) => id.slice(0, 15)).join(', ')}]`
    super([{ code: 'DUPLICATE_EXTERNAL_ID', message, fields: [] }])
    this.object = object
    this.ids = ids
  }
}

/** Moves a row to the recycle bin, with its children where the relationship cascades. */
export function remove(writer: Writer, object: SObject, rawId: unknown): string {
  permit(writer, object, 'delete')
  const row = target(writer.org, object, rawId)
  lock(writer.org, row.Id)
  atomically(writer.org, () => {
    for (const child of childrenOf(writer.org, object, row)) release(writer, row, child)
    save(writer.org, object, { ...row, ...touched(writer), IsDeleted: true })
  })
  return row.Id
}

type Children = { readonly object: SObject; readonly field: string; readonly rows: Row[] }

function* childrenOf(org: Org, parent: SObject, row: Row): Generator<Children & { rule: string }> {
  for (const object of org.objects.values()) {
    for (const field of object.fields) {
      if (!field.referenceTo.includes(parent.name) || !field.childRelationship) continue
      const rows = allRows(org, object).filter((each) => each[field.name] === row.Id)
      if (rows.length > 0) yield { object, field: field.name, rows, rule: field.onParentDelete }
    }
  }
}

function release(
  writer: Writer,
  row: Row,
  { object, field, rows, rule }: Children & { rule: string },
): void {
  if (rule === 'restrict') {
    refuse(
      'DELETE_FAILED',
      `Your attempt to delete ${row.Name ?? row.Id} could not be completed because it is associated with the following ${object.labelPlural.toLowerCase()}.: ${rows.map((each) => each.Name ?? each.Id).join(', ')}`,
      [],
    )
  }
  const platform: Writer = { ...writer, access: { ...writer.access, object: () => EVERYTHING } }
  for (const child of rows) {
    if (rule === 'cascade') remove(platform, object, child.Id)
    else {
      const SystemModstamp = stamp(writer.org.world.clock.now())
      save(writer.org, object, { ...child, [field]: null, SystemModstamp })
    }
  }
}

function permit(writer: Writer, object: SObject, what: 'create' | 'edit' | 'delete'): void {
  const rights = writer.access.object(object)
  if (!rights.read) unsupportedType(object.name)
  if (rights[what] && object.writable) return
  if (what === 'create' && !object.writable) {
    refuse('INVALID_TYPE_FOR_OPERATION', `entity type cannot be inserted: ${object.label}`, [])
  }
  refuse('INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id', [])
}

/** Validates in the platform's order of execution (system checks, rules, duplicates, unique indexes), then stores. */
function finish(
  writer: Writer,
  object: SObject,
  row: Row,
  sent: Record<string, Value>,
  before: Row | undefined,
): void {
  const { org } = writer
  derive(object, row, sent)
  stopAt(missing(object, row))
  stopAt(object.fields.flatMap((field) => (field.name in sent ? valueFaults(field, sent) : [])))
  stopAt(ruleFaults(org, object, row, before))
  if (!before) stopAt(duplicateFaults(org, object, row, writer.allowDuplicates))
  lock(org, row.Id)
  stopAt(clashes(org, object, row))
  if (!before) number(org, object, row)
  // A custom object's name that nobody gave is the row's id.
  if (object.custom && (row.Name ?? null) === null) row.Name = row.Id
  const created = before ? {} : { CreatedDate: now(org), CreatedById: writer.userId }
  save(org, object, { ...row, ...created, ...touched(writer), IsDeleted: false })
}

const now = (org: Org) => stamp(org.world.clock.now())
const valueFaults = (field: Parameters<typeof faultsOf>[0], sent: Record<string, Value>) =>
  faultsOf(field, sent[field.name] ?? null)

const touched = ({ org, userId }: Writer) => ({
  LastModifiedDate: now(org),
  LastModifiedById: userId,
  SystemModstamp: now(org),
})

function stopAt(faults: readonly Fault[]): void {
  if (faults.length > 0) throw new Refusal(faults)
}

function defaults({ userId }: Writer, object: SObject): Record<string, Value> {
  const entries = object.fields.map((field): [string, Value] => {
    const listed = field.values.find((each) => each.isDefault)?.value
    if (field.name === 'OwnerId') return ['OwnerId', userId]
    if (field.type === 'boolean') return [field.name, field.defaultValue === true]
    return [field.name, field.defaultValue ?? listed ?? null]
  })
  return Object.fromEntries(entries.filter(([name]) => name !== 'Id'))
}

/** Columns the platform itself computes: a deal's probability and outcome follow its stage, a person's name its parts. */
function derive(object: SObject, row: Row, sent: Record<string, Value>): void {
  if (object.name === 'Opportunity') {
    const [probability, outcome] = stageOf(String(row.StageName))
    if ('StageName' in sent && !('Probability' in sent)) row.Probability = probability
    row.IsClosed = outcome !== 'open'
    row.IsWon = outcome === 'won'
  }
  if (fieldOf(object, 'LastName')) {
    row.Name = [row.FirstName, row.LastName].filter(Boolean).join(' ')
  }
}

function missing(object: SObject, row: Row): Fault[] {
  const names = object.fields
    .filter((field) => isRequired(field) && (row[field.name] ?? null) === null)
    .map((field) => field.name)
  if (names.length === 0) return []
  const message = `Required fields are missing: [${names.join(', ')}]`
  return [{ code: 'REQUIRED_FIELD_MISSING', message, fields: names }]
}

function clashes(org: Org, object: SObject, row: Row): Fault[] {
  return object.fields.flatMap((field) => {
    if (!field.unique) return []
    const others = rowsWhere(org, object, field, row[field.name] ?? null)
    const other = others.find((each) => each.Id !== row.Id)
    if (!other) return []
    const message = `duplicate value found: ${field.name} duplicates value on record with id: ${other.Id.slice(0, 15)}`
    return [{ code: 'DUPLICATE_VALUE', message, fields: [] }]
  })
}

/** Counts the write, and refuses every n-th when the switch says so. */
function lock(org: Org, id: string): void {
  const facts = org.facts.put('org', { ...factsOf(org), writes: factsOf(org).writes + 1 })
  const nth = switchesOf(org).lockEveryNth
  if (nth === 0 || facts.writes % nth !== 0) return
  refuse(
    'UNABLE_TO_LOCK_ROW',
    `unable to obtain exclusive access to this record or 1 records: ${id}`,
    [],
  )
}

function number(org: Org, object: SObject, row: Row): void {
  for (const field of object.fields) {
    if (field.autoNumber === null) continue
    const count = next(org.world, `number:${object.name}.${field.name}`)
    row[field.name] = field.autoNumber.replace(/\{(0+)\}/, (_, zeros: string) =>
      String(count).padStart(zeros.length, '0'),
    )
  }
}

/** Refuses an `Id` (or the key itself) in the body of a call whose path already names the row. */
export function forbidKeys(object: SObject, input: Input, names: readonly string[]): void {
  for (const name of Object.keys(input)) {
    if (!names.some((each) => each.toLowerCase() === name.toLowerCase())) continue
    refuse('INVALID_FIELD', `The ${name} field should not be specified in the sobject data.`)
  }
  if ('' in input) unknownColumn(object, '')
}
