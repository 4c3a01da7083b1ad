import type { Access } from '../access.ts'
import { visibleObject } from '../access.ts'
import { type Org, objectOf } from '../org.ts'
import type { Input } from '../prepare.ts'
import { notFound, refuse } from '../refusal.ts'
import type { Row, SObject } from '../schema.ts'
import type { Reader } from '../soql/run.ts'
import type { Writer } from '../write.ts'

/** One request below `/services/data/vNN.0`, from outside or from inside a composite. */
export type Call = {
  readonly org: Org
  readonly user: Row
  readonly access: Access
  readonly method: string
  /** Decoded segments after the version. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** The JSON body, or undefined when there was none. */
  readonly body: unknown
  /** A header of the request that came from outside, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  /** `68.0` */
  readonly version: string
}

export type Reply = {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const baseOf = (call: Call) => `/services/data/v${call.version}`

export function readerOf(call: Call, deleted = false): Reader {
  const { org, user, access } = call
  return { org, userId: user.Id, access, base: baseOf(call), deleted }
}

export function writerOf(call: Call): Writer {
  const { org, user, access } = call
  const rule = call.header('sforce-duplicate-rule-header') ?? ''
  return { org, userId: user.Id, access, allowDuplicates: /allowSave\s*=\s*true/i.test(rule) }
}

/** The object a path names; what the user may not see is not there. */
export function objectAt(call: Call, name: string | undefined): SObject {
  return visibleObject(objectOf(call.org, name ?? ''), call.access) ?? notFound()
}

/** The body as one JSON object. */
export function inputOf(body: unknown): Input {
  if (body !== null && typeof body === 'object' && !Array.isArray(body)) return body as Input
  return refuse(
    'JSON_PARSER_ERROR',
    'The HTTP entity body is required, but this request has no entity body or it is not an object.',
  )
}
