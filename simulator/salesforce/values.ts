import { parseId } from './ids.ts'
import { type Fault, refuse, shown } from './refusal.ts'
import type { Field, FieldType, Value } from './schema.ts'
import { isDay, parseDateTime, stamp } from './stamp.ts'

const TEXTS: readonly FieldType[] = [
  'string',
  'textarea',
  'picklist',
  'multipicklist',
  'email',
  'phone',
  'url',
]
const NUMBERS: readonly FieldType[] = ['int', 'double', 'currency', 'percent']

/**
 * The value as the platform stores it: text trimmed and never empty, datetimes in whole seconds, ids
 * with 18 characters, numbers rounded half up to the field's scale. Throws what the JSON reader would
 * refuse before any row is looked at.
 */
export function coerce(field: Field, raw: unknown): Value {
  if (raw === null || raw === undefined || raw === '') {
    if (field.type !== 'boolean') return null
    return refuse(
      'INVALID_TYPE_ON_FIELD_IN_RECORD',
      `${field.label}: value not of required type: `,
      [field.name],
    )
  }
  if (typeof raw === 'object') return unreadable(field, raw)
  if (TEXTS.includes(field.type)) return shown(raw).trim() || null
  if (NUMBERS.includes(field.type)) return numeric(field, raw)
  if (field.type === 'boolean') return truth(field, raw)
  if (field.type === 'date') {
    return typeof raw === 'string' && isDay(raw) ? raw : unreadable(field, raw)
  }
  if (field.type === 'datetime') {
    const ms = typeof raw === 'string' ? parseDateTime(raw) : null
    return ms === null ? unreadable(field, raw) : stamp(ms)
  }
  const id = parseId(raw)
  if (id) return id
  return refuse('MALFORMED_ID', `${field.label}: id value of incorrect type: ${shown(raw)}`, [
    field.name,
  ])
}

function numeric(field: Field, raw: unknown): number {
  const value = typeof raw === 'number' ? raw : Number(typeof raw === 'string' ? raw : Number.NaN)
  const isWhole = field.type !== 'int' || Number.isInteger(value)
  if (!Number.isFinite(value) || !isWhole) return unreadable(field, raw)
  if (field.type === 'int') return value
  const rounded = Number(
    `${Math.round(Number(`${Math.abs(value)}e${field.scale}`))}e-${field.scale}`,
  )
  return (Number.isNaN(rounded) ? Math.abs(value) : rounded) * Math.sign(value || 1)
}

function truth(field: Field, raw: unknown): boolean {
  if (raw === true || raw === 'true') return true
  return raw === false || raw === 'false' ? false : unreadable(field, raw)
}

function unreadable(field: Field, raw: unknown): never {
  const kind = typeof raw === 'object' ? 'START_OBJECT' : `VALUE_${(typeof raw).toUpperCase()}`
  const value = typeof raw === 'object' ? '' : ` value ${shown(raw)}`
  return refuse(
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${field.type} from ${kind}${value} or request may be missing a required field at [line:1, column:1]`,
  )
}

/** What is wrong with a value that could be read: its length, range, shape or choice. */
export function faultsOf(field: Field, value: Value): Fault[] {
  if (value === null) return []
  if (typeof value === 'number') return isInRange(field, value) ? [] : [outside(field, value)]
  if (typeof value !== 'string' || !TEXTS.includes(field.type)) return []
  const faults: Fault[] = []
  if (field.length > 0 && value.length > field.length && field.type !== 'multipicklist') {
    faults.push({
      code: 'STRING_TOO_LONG',
      message: `${field.label}: data value too large: ${value} (max length=${field.length})`,
      fields: [field.name],
    })
  }
  if (field.type === 'email' && !/^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+$/.test(value)) {
    faults.push({
      code: 'INVALID_EMAIL_ADDRESS',
      message: `${field.label}: invalid email address: ${value}`,
      fields: [field.name],
    })
  }
  return [...faults, ...unlisted(field, value)]
}

function unlisted(field: Field, value: string): Fault[] {
  if (!field.restricted) return []
  const chosen = field.type === 'multipicklist' ? value.split(';') : [value]
  const bad = chosen.filter((each) => !field.values.some((known) => known.value === each))
  return bad.map((each) => ({
    code: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    message: `${field.label}: bad value for restricted picklist field: ${each}`,
    fields: [field.name],
  }))
}

function isInRange(field: Field, value: number): boolean {
  const whole = field.type === 'int' ? field.digits || 9 : field.precision - field.scale
  return Math.abs(value) < 10 ** whole
}

const outside = (field: Field, value: number): Fault => ({
  code: 'NUMBER_OUTSIDE_VALID_RANGE',
  message: `${field.label}: value outside of valid range on numeric field: ${value}`,
  fields: [field.name],
})
