import schema from './schema.json' with { type: 'json' }

/** One fault of a request, by the field it lies in: snake_case, as `google.rpc.BadRequest` has it. */
export type Violation = { readonly field: string; readonly description: string }

type Field = { readonly type: string; readonly repeated?: boolean; readonly behavior?: string }
type Shape = {
  readonly kind: string
  readonly values?: Readonly<Record<string, number>>
  readonly fields?: Readonly<Record<string, Field>>
  readonly oneofs?: Readonly<Record<string, readonly string[]>>
}

const TYPES = schema.types as unknown as Readonly<Record<string, Shape>>
const INT32 = 2 ** 31
const INT64 = /^-?\d{1,19}$/

/** Messages of google.type, which the API uses beside its own. */
const COMMON: Readonly<Record<string, Shape>> = {
  'google.type.Money': message({ currencyCode: 'string', units: 'int64', nanos: 'int32' }),
  'google.type.Decimal': message({ value: 'string' }),
  'google.type.DateTime': {
    ...message({
      year: 'int32',
      month: 'int32',
      day: 'int32',
      hours: 'int32',
      minutes: 'int32',
      seconds: 'int32',
      nanos: 'int32',
      utcOffset: 'google.protobuf.Duration',
      timeZone: 'google.type.TimeZone',
    }),
    oneofs: { timeOffset: ['utcOffset', 'timeZone'] },
  },
  'google.type.TimeZone': message({ id: 'string', version: 'string' }),
}

/**
 * Reads proto JSON of one message: camelCase or snake_case keys, enums by name or number. What only Google
 * sets is ignored, as AIP-203 has it; an unknown key, a wrong type or a second member of a oneof is a fault.
 */
export function decode(
  type: string,
  value: unknown,
  path = '',
): { readonly value: any; readonly faults: readonly Violation[] } {
  const faults: Violation[] = []
  return { value: readMessage(resolve(type, ''), value, path, faults), faults }
}

/** Proto JSON of one message: nothing that is zero or empty, and enums as numbers where the caller asked. */
export function encode(type: string, value: unknown, enums: 'name' | 'number'): any {
  return writeMessage(resolve(type, ''), value as Record<string, unknown>, enums)
}

/** A number of an enum by its name or its number in text; undefined when there is none such. */
export function enumName(type: string, value: unknown): string | undefined {
  const values = TYPES[type]?.values ?? {}
  if (typeof value === 'string' && Object.hasOwn(values, value)) return value
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return Object.keys(values).find((name) => values[name] === number)
}

/** `accept_deadline_time` as `acceptDeadlineTime`. */
export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The field of a message or of a part of it, or undefined: `term.startPolicy` of PrivateOffer. */
export function fieldAt(type: string, path: readonly string[]): Field | undefined {
  let shape = type
  let field: Field | undefined
  for (const name of path) {
    field = shapeOf(shape)?.fields?.[name]
    if (!field) return undefined
    shape = resolve(field.type, shape)
  }
  return field
}

function message(fields: Readonly<Record<string, string>>): Shape {
  const typed = Object.entries(fields).map(([name, type]) => [name, { type }])
  return { kind: 'message', fields: Object.fromEntries(typed) }
}

const shapeOf = (type: string): Shape | undefined => TYPES[type] ?? COMMON[type]

/** The full name of a type as seen from inside another, innermost first. */
function resolve(type: string, scope: string): string {
  const parts = scope === '' ? [] : scope.split('.')
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const name = [...parts.slice(0, depth), type].join('.')
    if (shapeOf(name)) return name
  }
  return type
}

function readMessage(type: string, value: unknown, path: string, faults: Violation[]): any {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    faults.push({ field: path, description: `Invalid value at '${path}' (${type})` })
    return {}
  }
  const shape = shapeOf(type)
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const name = camel(key)
    const field = shape?.fields?.[name]
    if (!field) {
      const where = path === '' ? '' : ` at '${path}'`
      const description = `Invalid JSON payload received. Unknown name "${key}"${where}: Cannot find field.`
      faults.push({ field: path, description })
    } else if (item !== null && field.behavior !== 'OUTPUT_ONLY') {
      result[name] = readField(field, type, item, join(path, name), faults)
    }
  }
  for (const [oneof, members] of Object.entries(shape?.oneofs ?? {})) {
    const [first, second] = members.filter((name) => result[name] !== undefined)
    if (first === undefined || second === undefined) continue
    const description = `oneof field '${oneof}' is already set. Cannot set '${second}'`
    faults.push({ field: join(path, second), description })
  }
  return result
}

function readField(
  field: Field,
  scope: string,
  value: unknown,
  path: string,
  faults: Violation[],
): unknown {
  if (!field.repeated) return readValue(field.type, scope, value, path, faults)
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      readValue(field.type, scope, item, `${path}[${index}]`, faults),
    )
  }
  faults.push({ field: path, description: `Invalid value at '${path}': a list is expected` })
  return []
}

function readValue(
  type: string,
  scope: string,
  value: unknown,
  path: string,
  faults: Violation[],
): unknown {
  const name = resolve(type, scope)
  const shape = shapeOf(name)
  if (shape?.kind === 'message') return readMessage(name, value, path, faults)
  const read = shape ? enumName(name, value) : scalar(type, value)
  if (read !== undefined) return read
  const shown = JSON.stringify(value)
  faults.push({ field: path, description: `Invalid value at '${path}' (${type}), ${shown}` })
  return undefined
}

function scalar(type: string, value: unknown): unknown {
  const text = typeof value === 'number' ? String(value) : value
  if (type === 'int32') {
    const whole = typeof text === 'string' && INT64.test(text) ? Number(text) : undefined
    return whole !== undefined && Math.abs(whole) < INT32 ? whole : undefined
  }
  if (type === 'int64') return typeof text === 'string' && INT64.test(text) ? text : undefined
  if (type === 'bool') return typeof value === 'boolean' ? value : undefined
  if (type === 'bytes') return typeof value === 'string' && isBase64(value) ? value : undefined
  return typeof value === 'string' ? value : undefined
}

const isBase64 = (text: string): boolean => /^[A-Za-z0-9+/_-]*={0,2}$/.test(text)

function writeMessage(
  type: string,
  value: Record<string, unknown>,
  enums: 'name' | 'number',
): Record<string, unknown> {
  const shape = shapeOf(type)
  const oneofs = Object.values(shape?.oneofs ?? {}).flat()
  const result: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    const field = shape?.fields?.[name]
    if (!field || item === undefined || item === null) continue
    const inner = resolve(field.type, type)
    const write = (one: unknown) => writeValue(inner, one, enums)
    const written = field.repeated ? (item as unknown[]).map(write) : write(item)
    if (oneofs.includes(name) || !isZero(inner, written)) result[name] = written
  }
  return result
}

function writeValue(type: string, value: unknown, enums: 'name' | 'number'): unknown {
  const shape = shapeOf(type)
  if (shape?.kind === 'message') {
    return writeMessage(type, value as Record<string, unknown>, enums)
  }
  return shape && enums === 'number' ? shape.values?.[String(value)] : value
}

function isZero(type: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  const first = Object.keys(shapeOf(type)?.values ?? {})[0]
  if (value === '0') return type === 'int64'
  return value === 0 || value === '' || value === false || value === first
}

const join = (path: string, name: string): string =>
  path === '' ? snake(name) : `${path}.${snake(name)}`
