import { visibleField } from '../access.ts'
import { parseId } from '../ids.ts'
import { target, unknownColumn } from '../prepare.ts'
import { readField } from '../read.ts'
import { notFound, refuse } from '../refusal.ts'
import { isShared, rowsWhere } from '../rows.ts'
import type { Row, SObject } from '../schema.ts'
import { attributes } from '../soql/run.ts'
import { coerce } from '../values.ts'
import { forbidKeys, insert, ManyFound, remove, update, upsert } from '../write.ts'
import { baseOf, type Call, inputOf, objectAt, type Reply, writerOf } from './call.ts'

/** `POST /sobjects/T` (REST API, sObject Basic Information). */
export function create(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  return created(call, object, insert(writerOf(call), object, inputOf(call.body)), {})
}

function created(call: Call, object: SObject, id: string, more: object): Reply {
  return {
    status: 201,
    body: { id, success: true, errors: [], ...more },
    headers: { location: `${baseOf(call)}/sobjects/${object.name}/${id}` },
  }
}

/** `PATCH /sobjects/T/<id>`: 204 and nothing more. */
export function change(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  const input = inputOf(call.body)
  forbidKeys(object, input, ['Id'])
  update(writerOf(call), object, pathId(call.path[2]), input)
  return { status: 204 }
}

/** `DELETE /sobjects/T/<id>`. */
export function destroy(call: Call): Reply {
  remove(writerOf(call), objectAt(call, call.path[1]), pathId(call.path[2]))
  return { status: 204 }
}

/** What is no id in a path is an address that does not exist, not a malformed row. */
function pathId(text: string | undefined): string {
  return parseId(text) ?? notFound()
}

/** `PATCH /sobjects/T/Field/value` (REST API, sObject Rows by External ID): 201 created, 200 changed, 300 when more than one row has the value. */
export function upsertByKey(call: Call): Reply {
  const [, name, field = '', key] = call.path
  const object = objectAt(call, name)
  const input = inputOf(call.body)
  forbidKeys(object, input, ['Id', field])
  try {
    if (call.query.get('updateOnly') === 'true') mustBeKnown(call, object, field, key)
    const { id, created: isNew } = upsert(writerOf(call), object, field, key, input)
    const reply = created(call, object, id, { created: isNew })
    return isNew ? reply : { ...reply, status: 200 }
  } catch (cause) {
    if (!(cause instanceof ManyFound)) throw cause
    return choices(call, object, cause.ids)
  }
}

function choices(call: Call, object: SObject, ids: readonly string[]): Reply {
  return { status: 300, body: ids.map((id) => `${baseOf(call)}/sobjects/${object.name}/${id}`) }
}

function mustBeKnown(call: Call, object: SObject, field: string, key: unknown): void {
  if (field.toLowerCase() !== 'id' && byKey(call, object, field, key).length === 0) notFound()
}

function byKey(call: Call, object: SObject, name: string, key: unknown): Row[] {
  const field = visibleField(object, name, call.access)
  if (!field || !(field.externalId || field.idLookup)) {
    return notFound(`Provided external ID field does not exist or is not accessible: ${name}`)
  }
  return rowsWhere(call.org, object, field, coerce(field, key))
}

/** `GET /sobjects/T/<id>?fields=Id,Name`; without `fields` every field the user sees. */
export function retrieve(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  const row = target(call.org, object, pathId(call.path[2]))
  if (!mayRead(call, object, row)) notFound()
  return { status: 200, body: show(call, object, row, fieldNames(call)) }
}

/** `GET /sobjects/T/Field/value`. */
export function retrieveByKey(call: Call): Reply {
  const [, name, field = '', key] = call.path
  const object = objectAt(call, name)
  const rows = byKey(call, object, field, key).filter((row) => mayRead(call, object, row))
  if (rows.length > 1)
    return choices(
      call,
      object,
      rows.map((row) => row.Id),
    )
  const row = rows[0] ?? notFound()
  return { status: 200, body: show(call, object, row, fieldNames(call)) }
}

export function mayRead(call: Call, object: SObject, row: Row): boolean {
  return isShared(call.org, object, row, call.user.Id, call.access.object(object).viewAll)
}

function fieldNames(call: Call): string[] | null {
  const asked = call.query.get('fields')
  return asked === null ? null : asked.split(',').map((name) => name.trim())
}

/** One row as a record; `null` names mean every field the user sees. */
export function show(call: Call, object: SObject, row: Row, names: readonly string[] | null) {
  const fields =
    names === null
      ? object.fields.filter((field) => call.access.canRead(object, field))
      : names.map((name) => visibleField(object, name, call.access) ?? unknownColumn(object, name))
  const record: Record<string, unknown> = {
    attributes: attributes({ base: baseOf(call) }, object, row),
  }
  for (const field of fields) record[field.name] = readField(call.org, object, row, field)
  return record
}

/** `GET /sobjects/T`: the short description; recent items are not kept. */
export function methodNotAllowed(method: string, allowed: readonly string[]): never {
  return refuse(
    'METHOD_NOT_ALLOWED',
    `HTTP Method '${method}' not allowed. Allowed are ${allowed.join(',')}`,
  )
}
