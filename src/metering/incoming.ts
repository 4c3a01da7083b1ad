import { compare, isZero, total, trim } from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import {
  type Allocation,
  type AnyEvent,
  isDirect,
  isNamed,
  isReversal,
  type NamedEvent,
  type Reversal,
  type UsageEvent,
} from './model.ts'
import { canonicalOf, readProperties } from './properties.ts'
import { type Fault, isLine, readObject, readQuantity, readText, readTime } from './read.ts'

const idMax = 200
const sourceMax = 100
const agreementMax = 200
const dimensionMax = 100
const nameMax = 200
const allocationsMax = 50
const tagsMax = 5
const tagKeyMax = 100
const tagValueMax = 256

type Given = Readonly<Record<string, unknown>>
const directFields = new Set([
  'id',
  'source',
  'agreement',
  'dimension',
  'quantity',
  'at',
  'allocations',
])
const namedFields = new Set(['id', 'source', 'agreement', 'event', 'properties', 'at'])
const reversalFields = new Set(['id', 'source', 'agreement', 'reverses', 'at'])

/**
 * Reads one event, or says everything that is wrong with it, with paths inside the event. Written by hand: it runs
 * for each of 500 events of a batch, and a batch is taken in milliseconds.
 */
export function readEvent(
  value: unknown,
): { readonly event: AnyEvent } | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = []
  const fault: Fault = (path, message) => void violations.push({ path, message })
  const given = readObject(value ?? null, '', 'an object', fault)
  if (given === undefined) return { violations }
  const event =
    given.reverses !== undefined
      ? readReversal(given, fault)
      : given.event !== undefined || given.properties !== undefined
        ? readNamed(given, fault)
        : readDirect(given, fault)
  return violations.length > 0 || event === undefined ? { violations } : { event }
}

function readDirect(given: Given, fault: Fault): UsageEvent | undefined {
  for (const name in given) if (!directFields.has(name)) fault(name, 'is not a field here')
  const id = readText(given.id, 'id', idMax, fault)
  const source = readText(given.source, 'source', sourceMax, fault)
  const agreement = readText(given.agreement, 'agreement', agreementMax, fault)
  const dimension = readText(given.dimension, 'dimension', dimensionMax, fault)
  const quantity = readQuantity(given.quantity, 'quantity', fault)
  const at = readTime(given.at, 'at', fault)
  const allocations = readAllocations(given.allocations, quantity, fault)
  return at && { id, source, agreement, dimension, quantity, at, allocations }
}

function readNamed(given: Given, fault: Fault): NamedEvent | undefined {
  for (const name in given)
    if (!namedFields.has(name)) fault(name, 'is not a field of a named event')
  const id = readText(given.id, 'id', idMax, fault)
  const source = readText(given.source, 'source', sourceMax, fault)
  const agreement = readText(given.agreement, 'agreement', agreementMax, fault)
  const event = readText(given.event, 'event', nameMax, fault)
  const properties = readProperties(given.properties, 'properties', fault)
  const at = readTime(given.at, 'at', fault)
  return at && { id, source, agreement, event, properties, at }
}

function readReversal(given: Given, fault: Fault): Reversal | undefined {
  for (const name in given)
    if (!reversalFields.has(name)) fault(name, 'is not a field of a reversal')
  const isGiven = (field: unknown) => field !== undefined && field !== null
  const id = readText(given.id, 'id', idMax, fault)
  const source = readText(given.source, 'source', sourceMax, fault)
  const reverses = readText(given.reverses, 'reverses', idMax, fault)
  const agreement = isGiven(given.agreement)
    ? readText(given.agreement, 'agreement', agreementMax, fault)
    : null
  const at = isGiven(given.at) ? readTime(given.at, 'at', fault) : null
  return at === undefined ? undefined : { id, source, reverses, agreement, at }
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
  const given = readObject(value ?? null, path, 'an object', fault)
  if (given === undefined) return { quantity: '0', tags: {} }
  const { quantity: exact, tags, ...others } = given
  for (const name of Object.keys(others)) fault(`${path}.${name}`, 'is not a field here')
  const quantity = readQuantity(exact, `${path}.quantity`, fault)
  return { quantity, tags: tags === undefined ? {} : readTags(tags, `${path}.tags`, fault) }
}

function readTags(value: unknown, path: string, fault: Fault): Record<string, string> {
  const given = readObject(value, path, 'an object of texts', fault)
  const entries = Object.entries(given ?? {})
  if (entries.length > tagsMax) fault(path, `must have at most ${tagsMax} tags`)
  const tags = entries.map(([key, text]) => {
    if (key.length === 0 || key.length > tagKeyMax || !isLine(key))
      fault(path, `a tag's name must have 1 to ${tagKeyMax} characters`)
    return [key, readText(text, `${path}.${key}`, tagValueMax, fault)] as const
  })
  return Object.fromEntries(tags.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Whether the same id came with the same content: by value, however it is written. */
export function sameEvent(a: AnyEvent, b: AnyEvent): boolean {
  if (isDirect(a)) return isDirect(b) && sameDirect(a, b)
  if (isNamed(a)) return isNamed(b) && sameNamed(a, b)
  return isReversal(b) && sameReversal(a, b)
}

const sameDirect = (a: UsageEvent, b: UsageEvent): boolean =>
  a.agreement === b.agreement &&
  a.dimension === b.dimension &&
  a.at === b.at &&
  compare(a.quantity, b.quantity) === 0 &&
  inOrder(a.allocations) === inOrder(b.allocations)

const sameNamed = (a: NamedEvent, b: NamedEvent): boolean =>
  a.agreement === b.agreement &&
  a.event === b.event &&
  a.at === b.at &&
  canonicalOf(a.properties) === canonicalOf(b.properties)

/** What only one of them tells is no contradiction. */
const sameReversal = (a: Reversal, b: Reversal): boolean =>
  a.reverses === b.reverses &&
  (a.agreement === null || b.agreement === null || a.agreement === b.agreement) &&
  (a.at === null || b.at === null || a.at === b.at)

const inOrder = (allocations: readonly Allocation[] | null): string =>
  JSON.stringify(
    allocations?.map(({ quantity, tags }) => [
      trim(quantity),
      Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]) ?? null,
  )
