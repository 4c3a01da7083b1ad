import { compare, isDecimal, isNegative, isZero, total, trim } from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import { type Instant, readInstant } from '../kernel/time.ts'
import type { Allocation, UsageEvent } from './model.ts'

const idMax = 200
const sourceMax = 100
const agreementMax = 200
const dimensionMax = 100
/** A million billion units in one event is a fault; sums of many stay within numeric(38, 12). */
const wholeDigitsMax = 15
const allocationsMax = 50
const tagsMax = 5
const tagKeyMax = 100
const tagValueMax = 256

const fields = new Set(['id', 'source', 'agreement', 'dimension', 'quantity', 'at', 'allocations'])

/**
 * Reads one event, or says everything that is wrong with it, with paths inside the event. Written by hand: it runs
 * for each of 500 events of a batch, and a batch is taken in milliseconds.
 */
export function readEvent(
  value: unknown,
): { readonly event: UsageEvent } | { readonly violations: readonly Violation[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { violations: [{ path: '', message: 'must be an object' }] }
  const given = value as Readonly<Record<string, unknown>>
  const violations: Violation[] = []
  const fault = (path: string, message: string) => void violations.push({ path, message })
  for (const name in given) if (!fields.has(name)) fault(name, 'is not a field here')
  const id = readText(given.id, 'id', idMax, fault)
  const source = readText(given.source, 'source', sourceMax, fault)
  const agreement = readText(given.agreement, 'agreement', agreementMax, fault)
  const dimension = readText(given.dimension, 'dimension', dimensionMax, fault)
  const quantity = readQuantity(given.quantity, 'quantity', fault)
  const at = readTime(given.at)
  if (at === undefined)
    fault('at', 'must be an RFC 3339 date-time with an offset, such as 2027-01-01T09:30:00Z')
  const allocations = readAllocations(given.allocations, quantity, fault)
  if (violations.length > 0 || at === undefined) return { violations }
  return { event: { id, source, agreement, dimension, quantity, at, allocations } }
}

/** As we write it ourselves, on a day that every month has: the common case, taken as it stands. */
const canonical =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

function readTime(value: unknown): Instant | undefined {
  if (typeof value !== 'string') return undefined
  return canonical.test(value) ? (value as Instant) : readInstant(value)
}

type Fault = (path: string, message: string) => void
const controls = /\p{Cc}/u

function readText(value: unknown, path: string, max: number, fault: Fault): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= max && isStorable(value))
    return value
  if (value === undefined) fault(path, 'is missing')
  else if (typeof value !== 'string') fault(path, 'must be text')
  else if (value === '') fault(path, 'must not be empty')
  else if (value.length > max) fault(path, `must have at most ${max} characters`)
  else fault(path, 'must not contain line breaks or control characters')
  return ''
}

/** Without control characters, and without half a surrogate pair, which no database can hold. */
const isStorable = (text: string) => !controls.test(text) && text.isWellFormed()

/** A quantity as most are written, which needs no closer look. */
const plain = new RegExp(`^(0|[1-9]\\d{0,${wholeDigitsMax - 1}})(\\.\\d{1,11}[1-9]|\\.[1-9])?$`)

function readQuantity(value: unknown, path: string, fault: Fault): string {
  if (typeof value === 'string' && plain.test(value)) return value
  if (typeof value === 'string' && isDecimal(value, wholeDigitsMax)) {
    if (!isNegative(value)) return trim(value)
    fault(path, 'must not be negative: usage that was sent cannot be taken back here')
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

function readAllocations(value: unknown, quantity: string, fault: Fault): Allocation[] | null {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value) || value.length === 0 || value.length > allocationsMax) {
    fault('allocations', `must be an array of 1 to ${allocationsMax} parts`)
    return null
  }
  const before: string[] = []
  const parts = value.map((part, index) =>
    readAllocation(part, `allocations.${index}`, (path, message) => {
      before.push(path)
      fault(path, message)
    }),
  )
  if (before.length === 0 && compare(total(parts.map((part) => part.quantity)), quantity) !== 0)
    fault('allocations', 'must add up to the quantity')
  return isZero(quantity) ? null : parts
}

function readAllocation(value: unknown, path: string, fault: Fault): Allocation {
  const none = { quantity: '0', tags: {} }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fault(path, 'must be an object')
    return none
  }
  const { quantity: given, tags, ...others } = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(others)) fault(`${path}.${name}`, 'is not a field here')
  const quantity = readQuantity(given, `${path}.quantity`, fault)
  return { quantity, tags: tags === undefined ? {} : readTags(tags, `${path}.tags`, fault) }
}

function readTags(value: unknown, path: string, fault: Fault): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fault(path, 'must be an object of texts')
    return {}
  }
  const entries = Object.entries(value)
  if (entries.length > tagsMax) fault(path, `must have at most ${tagsMax} tags`)
  const tags = entries.map(([key, text]) => {
    if (key.length === 0 || key.length > tagKeyMax || !isStorable(key))
      fault(path, `a tag's name must have 1 to ${tagKeyMax} characters`)
    return [key, readText(text, `${path}.${key}`, tagValueMax, fault)] as const
  })
  return Object.fromEntries(tags.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Whether the same id came with the same content: by value, however it is written. */
export const sameEvent = (a: UsageEvent, b: UsageEvent): boolean =>
  a.agreement === b.agreement &&
  a.dimension === b.dimension &&
  a.at === b.at &&
  compare(a.quantity, b.quantity) === 0 &&
  inOrder(a.allocations) === inOrder(b.allocations)

const inOrder = (allocations: readonly Allocation[] | null): string =>
  JSON.stringify(
    allocations?.map(({ quantity, tags }) => [
      trim(quantity),
      Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]) ?? null,
  )
