import { visibleObject } from '../access.ts'
import { parseId } from '../ids.ts'
import { atomically, objectOf, objectOfId } from '../org.ts'
import type { Input } from '../prepare.ts'
import { Refusal, refuse, shown, unsupportedType } from '../refusal.ts'
import { rowOf } from '../rows.ts'
import { fieldOf, type SObject } from '../schema.ts'
import { insert, remove, update, upsert } from '../write.ts'
import { type Call, inputOf, objectAt, type Reply, writerOf } from './call.ts'
import { mayRead, show } from './rows.ts'

const ROWS_MAX = 200
const RETRIEVE_MAX = 2000

type Outcome = { readonly id: string; readonly more?: object }

/** `POST /composite/sobjects` (REST API, sObject Collections): rows of any type, results in request order. */
export function createMany(call: Call): Reply {
  const writer = writerOf(call)
  const { rows, allOrNone } = envelope(call)
  return each(call, rows, allOrNone, {}, (row) => {
    const object = typeOf(call, row)
    return { id: insert(writer, object, row) }
  })
}

/** `PATCH /composite/sobjects`: each row names its `id`. */
export function updateMany(call: Call): Reply {
  const writer = writerOf(call)
  const { rows, allOrNone } = envelope(call)
  return each(call, rows, allOrNone, {}, (row) => {
    const object = typeOf(call, row)
    const { id, Id, ...input } = row
    if (id === undefined && Id === undefined)
      refuse('MISSING_ARGUMENT', 'Id not specified in an update call', [])
    return { id: update(writer, object, id ?? Id, input) }
  })
}

/** `PATCH /composite/sobjects/T/Field`: one type, the key in each row. A key given twice in one request fails both rows. */
export function upsertMany(call: Call): Reply {
  const writer = writerOf(call)
  const object = objectAt(call, call.path[2])
  const field = fieldOf(object, call.path[3] ?? '')
  const name = field?.name ?? call.path[3] ?? ''
  const { rows, allOrNone } = envelope(call)
  const keyOf = (row: Input) => {
    const value = Object.entries(row).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
    return typeof value === 'string' && !field?.caseSensitive ? value.toLowerCase() : value
  }
  const counts = new Map<unknown, number>()
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1)
  return each(call, rows, allOrNone, { created: false }, (row) => {
    if (typeOf(call, row) !== object)
      refuse('INVALID_TYPE', `Record type must match ${object.name}`, [])
    const entries = Object.entries(row)
    const key = entries.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1]
    if (key !== undefined && (counts.get(keyOf(row)) ?? 0) > 1) {
      refuse('DUPLICATE_EXTERNAL_ID', `Duplicate external id specified: ${shown(key)}`, [name])
    }
    const isStray = name !== 'Id' && entries.some(([each]) => each.toLowerCase() === 'id')
    if (isStray)
      refuse('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', ['Id'])
    const input = Object.fromEntries(
      entries.filter(([each]) => each.toLowerCase() !== name.toLowerCase()),
    )
    const { id, created } = upsert(writer, object, name, key, input)
    return { id, more: { created } }
  })
}

/** `DELETE /composite/sobjects?ids=a,b&allOrNone=`. */
export function destroyMany(call: Call): Reply {
  const writer = writerOf(call)
  const ids = (call.query.get('ids') ?? '').split(',').filter(Boolean)
  if (ids.length > ROWS_MAX) tooMany()
  const allOrNone = call.query.get('allOrNone') === 'true'
  return each(call, ids, allOrNone, {}, (raw) => {
    const id = parseId(raw)
    const object = id ? visibleObject(objectOfId(call.org, id), call.access) : undefined
    if (!id || !object) return refuse('MALFORMED_ID', `malformed id ${raw}`, [])
    return { id: remove(writer, object, id) }
  })
}

/** `POST /composite/sobjects/T` with ids and fields, or `GET` with the same in the query: `null` where there is no row. */
export function retrieveMany(call: Call): Reply {
  const object = objectAt(call, call.path[2])
  const split = (name: string) => (call.query.get(name) ?? '').split(',').filter(Boolean)
  const body =
    call.method === 'GET' ? { ids: split('ids'), fields: split('fields') } : inputOf(call.body)
  const { ids, fields } = body
  if (!Array.isArray(ids) || !Array.isArray(fields) || fields.length === 0) {
    return refuse('JSON_PARSER_ERROR', 'ids and fields are required')
  }
  if (ids.length > RETRIEVE_MAX) tooMany()
  const records = ids.map((raw) => {
    const id = parseId(raw)
    const row = id ? rowOf(call.org, object, id) : undefined
    const isThere = row && !row.IsDeleted && mayRead(call, object, row)
    return isThere ? show(call, object, row, fields.map(String)) : null
  })
  return { status: 200, body: records }
}

function envelope(call: Call): { rows: Input[]; allOrNone: boolean } {
  const { records, allOrNone } = inputOf(call.body)
  if (!Array.isArray(records)) return refuse('JSON_PARSER_ERROR', 'records is required')
  if (records.length > ROWS_MAX) tooMany()
  return { rows: records.map(inputOf), allOrNone: allOrNone === true }
}

function tooMany(): never {
  return refuse(
    'EXCEEDED_ID_LIMIT',
    `record limit reached. cannot submit more than ${ROWS_MAX} records in this request`,
  )
}

function typeOf(call: Call, row: Input): SObject {
  const type = (row.attributes as { type?: unknown } | undefined)?.type
  if (typeof type !== 'string') {
    return refuse(
      'JSON_PARSER_ERROR',
      'Nested object for polymorphic foreign key must have an attributes field before any other fields.',
      [],
    )
  }
  return visibleObject(objectOf(call.org, type), call.access) ?? unsupportedType(type)
}

class RolledBack extends Error {}

/** Does every row, and gives each its own result. With `allOrNone` one failure undoes all, and says so on the innocent. */
function each<T>(
  call: Call,
  rows: readonly T[],
  allOrNone: boolean,
  failed: object,
  work: (row: T) => Outcome,
): Reply {
  const faults = new Map<number, object[]>()
  const results: object[] = []
  const run = () => {
    rows.forEach((row, place) => {
      try {
        const { id, more } = atomically(call.org, () => work(row))
        results.push({ id, success: true, errors: [], ...more })
      } catch (cause) {
        if (!(cause instanceof Refusal)) throw cause
        faults.set(place, cause.rowErrors())
        results.push({ success: false, errors: cause.rowErrors(), ...failed })
      }
    })
    if (allOrNone && faults.size > 0) throw new RolledBack()
  }
  try {
    atomically(call.org, run)
  } catch (cause) {
    if (!(cause instanceof RolledBack)) throw cause
    return {
      status: 200,
      body: rows.map((_, place) => ({
        success: false,
        errors: faults.get(place) ?? ROLLED_BACK,
        ...failed,
      })),
    }
  }
  return { status: 200, body: results }
}

const ROLLED_BACK = [
  {
    statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    message:
      'Record rolled back because not all records were valid and the request was using AllOrNone header',
    fields: [],
  },
]
