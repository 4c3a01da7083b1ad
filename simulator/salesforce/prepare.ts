import { type Access, visibleObject } from './access.ts'
import { parseId } from './ids.ts'
import { type Org, objectOf } from './org.ts'
import { type Fault, Refusal, refuse, shown } from './refusal.ts'
import { rowOf, rowsWhere } from './rows.ts'
import { type Field, fieldOf, referenceOf, type SObject, type Value } from './schema.ts'
import { coerce } from './values.ts'

export type Input = Record<string, unknown>

/**
 * The columns of one row as sent, resolved and read: names checked against the schema and the user's
 * rights, values brought into stored form, parents given by external id looked up.
 */
export function prepare(
  org: Org,
  access: Access,
  object: SObject,
  input: Input,
  isNew: boolean,
): Record<string, Value> {
  const prepared: Record<string, Value> = {}
  const forbidden: string[] = []
  for (const [name, raw] of Object.entries(input)) {
    if (name === 'attributes') continue
    const parent = referenceOf(object, name)
    const isNested = parent && typeof raw === 'object'
    const field = isNested ? parent : fieldOf(object, name)
    if (!field || !access.canRead(object, field)) return unknownColumn(object, name)
    const writable = isNew ? field.createable : field.updateable
    if (!writable || field.formula !== null || !access.canWrite(object, field)) {
      forbidden.push(field.name)
      continue
    }
    prepared[field.name] = isNested
      ? parentId(org, access, parent, raw as Input | null)
      : coerce(field, raw)
    if (field.type === 'reference') mustExist(org, field, prepared[field.name] ?? null)
  }
  if (forbidden.length > 0) return notWritable(forbidden)
  return prepared
}

export function unknownColumn(object: SObject, name: string): never {
  return refuse('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
}

function notWritable(names: string[]): never {
  return refuse(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${names.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    names,
  )
}

/** The id of `{"Account":{"Ext__c":"k"}}`: the parent named by one of its external ids. */
function parentId(org: Org, access: Access, reference: Field, given: Input | null): string | null {
  if (given === null) return null
  const target = visibleObject(objectOf(org, reference.referenceTo[0] ?? ''), access)
  if (!target) return refuse('INVALID_FIELD', `No such relation ${reference.relationshipName}`)
  const keys = Object.entries(given).filter(([name]) => name !== 'attributes')
  const [name, raw] = keys[0] ?? ['', null]
  if (keys.length !== 1) {
    return refuse(
      'INVALID_FIELD',
      `A foreign key external ID reference must name exactly one external ID field of ${target.name}`,
    )
  }
  const field = fieldOf(target, name)
  if (!field || !access.canRead(target, field)) return unknownColumn(target, name)
  if (!field.externalId && !field.idLookup) {
    return refuse(
      'INVALID_FIELD',
      `Field name provided, ${name} is not an External ID or indexed field for ${target.name}`,
    )
  }
  const found = rowsWhere(org, target, field, coerce(field, raw))
  if (found.length === 1) return found[0]!.Id
  if (found.length > 1) {
    return refuse(
      'DUPLICATE_EXTERNAL_ID',
      `more than one record found for external id field: [${found.map((row) => row.Id.slice(0, 15)).join(', ')}]`,
      [field.name],
    )
  }
  return refuse(
    'INVALID_FIELD',
    `Foreign key external ID: ${shown(raw).toLowerCase()} not found for field ${field.name} in entity ${target.name}`,
  )
}

function mustExist(org: Org, field: Field, id: Value): void {
  if (id === null) return
  const targets = field.referenceTo.flatMap((name) => objectOf(org, name) ?? [])
  const target = targets.find((each) => String(id).startsWith(each.keyPrefix))
  if (!target) {
    refuse('MALFORMED_ID', `${field.label}: id value of incorrect type: ${id}`, [field.name])
  }
  const row = rowOf(org, target, String(id))
  if (!row) refuse('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [])
  if (row.IsDeleted) refuse('ENTITY_IS_DELETED', 'entity is deleted', [])
}

/** The live row an id names, for an update or a delete. */
export function target(org: Org, object: SObject, rawId: unknown) {
  const id = parseId(rawId)
  if (!id) return refuse('MALFORMED_ID', `malformed id ${shown(rawId)}`, ['Id'])
  if (!id.startsWith(object.keyPrefix)) {
    return refuse(
      'MALFORMED_ID',
      `${object.name} ID: id value of incorrect type: ${shown(rawId)}`,
      ['Id'],
    )
  }
  const row = rowOf(org, object, id)
  if (!row) throw new MissingRow()
  if (row.IsDeleted) return refuse('ENTITY_IS_DELETED', 'entity is deleted', [])
  return row
}

/** No row of that id: 404 when the path names it, a failed cross reference when a collection does. */
class MissingRow extends Refusal {
  constructor() {
    const fault: Fault = {
      code: 'NOT_FOUND',
      message: 'The requested resource does not exist',
    }
    super([fault])
  }

  override rowErrors(): object[] {
    return [
      {
        statusCode: 'INVALID_CROSS_REFERENCE_KEY',
        message: 'invalid cross reference id',
        fields: [],
      },
    ]
  }
}
