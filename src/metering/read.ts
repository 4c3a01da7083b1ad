import { isDecimal, isNegative, trim } from '../kernel/decimal.ts'
import { type Instant, readInstant } from '../kernel/time.ts'

/** Says what is wrong, and where. */
export type Fault = (path: string, message: string) => void

/** A million billion units in one event is a fault; sums of many stay within numeric(38, 12). */
const wholeDigitsMax = 15
const controls = /\p{Cc}/u

/** One line of text of the length that is allowed; empty after a fault. */
export function readText(value: unknown, path: string, max: number, fault: Fault): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= max && isLine(value))
    return value
  if (value === undefined) fault(path, 'is missing')
  else if (typeof value !== 'string') fault(path, 'must be text')
  else if (value === '') fault(path, 'must not be empty')
  else if (value.length > max) fault(path, `must have at most ${max} characters`)
  else fault(path, 'must not contain line breaks or control characters')
  return ''
}

/** Without control characters, and without half a surrogate pair, which no database can hold. */
export const isLine = (text: string): boolean => !controls.test(text) && text.isWellFormed()

/** As we write it ourselves, on a day that every month has: the common case, taken as it stands. */
const canonical =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** A moment; undefined after a fault. */
export function readTime(value: unknown, path: string, fault: Fault): Instant | undefined {
  if (typeof value === 'string' && canonical.test(value)) return value as Instant
  const at = typeof value === 'string' ? readInstant(value) : undefined
  if (at === undefined)
    fault(path, 'must be an RFC 3339 date-time with an offset, such as 2027-01-01T09:30:00Z')
  return at
}

/** A quantity as most are written, which needs no closer look. */
const plain = new RegExp(`^(0|[1-9]\\d{0,${wholeDigitsMax - 1}})(\\.\\d{1,11}[1-9]|\\.[1-9])?$`)

/** An exact quantity that is not negative; zero after a fault. */
export function readQuantity(value: unknown, path: string, fault: Fault): string {
  if (typeof value === 'string' && plain.test(value)) return value
  if (typeof value === 'string' && isDecimal(value, wholeDigitsMax)) {
    if (!isNegative(value)) return trim(value)
    fault(
      path,
      'must not be negative: a correction names the event that it takes back in `reverses`',
    )
  } else if (value === undefined) fault(path, 'is missing')
  else if (typeof value === 'number')
    fault(path, 'must be a decimal string such as "1.5", not a number')
  else
    fault(
      path,
      `must be a decimal string such as "1.5", at most ${wholeDigitsMax} digits before and 12 after the point`,
    )
  return '0'
}

/** The fields of an object, or nothing after a fault. */
export function readObject(
  value: unknown,
  path: string,
  what: string,
  fault: Fault,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  fault(path, value === undefined ? 'is missing' : `must be ${what}`)
  return undefined
}
