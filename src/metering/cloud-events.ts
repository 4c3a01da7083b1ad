import type { Violation } from '../kernel/problem.ts'
import { readEvent } from './incoming.ts'
import type { AnyEvent } from './model.ts'
import { type Fault, readObject } from './read.ts'

/**
 * CloudEvents 1.0.2 (JSON Event Format; HTTP Protocol Binding) as events of ours: `subject` is the agreement, `type`
 * the event's name, `time` when it happened and `data` its properties. Read by hand: the vendor-neutral library makes
 * up an id and a time where they are missing, and what is made up is never the same twice.
 */

/** Types of our own: `data` holds what the form of the event has beside the envelope. */
export const usageType = 'tradepost.usage'
export const reversalType = 'tradepost.reversal'

/** What our fields are called in a CloudEvent. */
const names: Readonly<Record<string, string>> = {
  agreement: 'subject',
  event: 'type',
  at: 'time',
  properties: 'data',
  dimension: 'data.dimension',
  quantity: 'data.quantity',
  allocations: 'data.allocations',
  reverses: 'data.reverses',
}

/** A path into one of our events as a path into the CloudEvent that it was. */
export function attributePath(path: string): string {
  const [first = '', ...rest] = path.split('.')
  return [names[first] ?? first, ...rest].join('.')
}

const envelope = new Set(['id', 'source', 'agreement', 'at', 'event', 'properties'])

/** Reads one CloudEvent, or says everything that is wrong with it, by its attributes. */
export function readCloudEvent(
  value: unknown,
): { readonly event: AnyEvent } | { readonly violations: readonly Violation[] } {
  const violations: Violation[] = []
  const fault: Fault = (path, message) => void violations.push({ path, message })
  const given = readObject(value ?? null, '', 'a CloudEvent', fault)
  if (given === undefined) return { violations }
  const told = Object.fromEntries(Object.entries(given).filter(([, one]) => one !== null))
  if (told.specversion !== '1.0')
    fault('specversion', told.specversion === undefined ? 'is missing' : 'must be "1.0"')
  const data = readData(told, fault)
  const found = readEvent(formOf(told, data, fault))
  if ('violations' in found)
    for (const { path, message } of found.violations) fault(attributePath(path), message)
  return violations.length > 0 || 'violations' in found ? { violations } : found
}

type Attributes = Readonly<Record<string, unknown>>
const jsonType = /^[^/;\s]+\/(?:[^/;\s]+\+)?json\s*(?:;|$)/i

/** The data of an event, which must be a JSON object; none is an empty one. */
function readData(told: Attributes, fault: Fault): Attributes {
  if (told.data_base64 !== undefined) fault('data_base64', 'is not read here: send JSON in `data`')
  const type = told.datacontenttype
  if (type !== undefined && !(typeof type === 'string' && jsonType.test(type)))
    fault('datacontenttype', 'must be a JSON media type, such as application/json')
  if (told.data === undefined) return {}
  return readObject(told.data, 'data', 'an object', fault) ?? {}
}

/** As one of our forms. */
function formOf(told: Attributes, data: Attributes, fault: Fault): Attributes {
  const { id, source, subject: agreement, time: at, type } = told
  const common = { id, source, agreement, at }
  if (type !== usageType && type !== reversalType)
    return { ...common, event: type, properties: data }
  for (const name of Object.keys(data))
    if (envelope.has(name)) fault(`data.${name}`, 'is not a field here')
  const own = Object.fromEntries(Object.entries(data).filter(([name]) => !envelope.has(name)))
  if (type === reversalType) return { ...own, ...common, reverses: data.reverses ?? '' }
  const { reverses, ...rest } = own
  if (reverses !== undefined) fault('data.reverses', `is not a field of ${usageType}`)
  return { ...rest, ...common }
}

/** Whether the headers of a request are those of one CloudEvent in binary mode. */
export const isBinary = (headers: Readonly<Record<string, string>>): boolean =>
  headers['ce-specversion'] !== undefined || headers['ce-id'] !== undefined

const prefix = 'ce-'

/** One CloudEvent of headers and its data, as the JSON format has it; what is badly encoded is left as it is. */
export function fromHeaders(headers: Readonly<Record<string, string>>, data: unknown): unknown {
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), decoded(value)] as const] : [],
  )
  const type = headers['content-type']
  return {
    ...Object.fromEntries(attributes),
    ...(data !== undefined && { data, datacontenttype: type }),
  }
}

const quoted = /^"((?:[^"\\]|\\.)*)"$/

/** A header's value: unquoted, then percent-decoded once; as bytes that are no text it becomes a control character. */
function decoded(value: string): string {
  const inner = quoted.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? value
  try {
    return /[^\x20-\x7e]/.test(inner) ? unreadable : decodeURIComponent(inner)
  } catch {
    return unreadable
  }
}
/** No text that is read here may hold it. */
const unreadable = '\0'
