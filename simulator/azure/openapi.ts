import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'

const DOCUMENTS = ['saasapi.v2', 'meteringapi.v1'] as const

/** One operation of Microsoft's OpenAPI files, with checks of what goes in and comes out. */
export type Described = {
  readonly id: string
  readonly method: string
  /** As in the file: `/saas/subscriptions/{subscriptionId}`. */
  readonly path: string
  /** What the files say against query and path parameters, the body, and a reply. */
  checkParameters(values: { path: Record<string, string>; query: Record<string, string> }): string[]
  checkBody(body: unknown): string[]
  checkReply(status: number, body: unknown): string[]
}

/**
 * Where recorded traffic and the documents differ from the files, the former win. This is the only place
 * that loosens them.
 * - `date-time`: `lastModified` is `0001-01-01T00:00:00`, without an offset (recordings).
 * - `activate` needs no body (documents since 2022).
 * - 401 is seen with a wrong audience, 409 is documented for PATCH and DELETE while an operation is pending; 400 is
 *   what the documents answer to a malformed request everywhere.
 */
const BODY_OPTIONAL = ['FulfillmentOperations_ActivateSubscription']
const STATUSES_MORE = [400, 401, 409]
const FORMATS: Record<string, RegExp | true> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/,
  uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: /^https?:\/\/\S+$/,
  int32: true,
  int64: true,
  double: true,
}

/** Every operation of the fulfilment and metering files. */
export function describedOperations(): Described[] {
  return DOCUMENTS.flatMap((name) => {
    const document = load(name)
    const ajv = new Ajv({ strict: false, allErrors: true })
    for (const [format, rule] of Object.entries(FORMATS)) ajv.addFormat(format, rule)
    ajv.addSchema({ $id: name, components: document.components })
    const checker = (schema: any) => {
      const check = ajv.compile(withBase(schema, name))
      return (value: unknown) => (check(value) ? [] : (check.errors ?? []).map(said))
    }
    return Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods)
        .filter(([, operation]) => operation.operationId)
        .map(([method, operation]) => described(checker, path, method, operation)),
    )
  })
}

type Checker = (schema: any) => (value: unknown) => string[]

function described(checker: Checker, path: string, method: string, operation: any): Described {
  const parameters = (operation.parameters ?? []).map((one: any) => ({
    ...one,
    check: checker(one.schema),
  }))
  const bodySchema = operation.requestBody?.content?.['application/json']?.schema
  const checkBody = bodySchema && checker(bodySchema)
  const replies = Object.entries<any>(operation.responses).map(([status, reply]) => {
    const schema = reply.content?.['application/json']?.schema
    return [Number(status), schema ? checker(schema) : null] as const
  })
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    checkParameters: ({ path: inPath, query }) =>
      parameters.flatMap((one: any) => {
        const value = one.in === 'path' ? inPath[one.name] : query[one.name]
        if (one.in === 'header') return []
        if (value === undefined) return one.required ? [`The ${one.name} is required.`] : []
        return one.check(value).map((why: string) => `${one.name}: ${why}`)
      }),
    checkBody: (body) => {
      if (!checkBody) return []
      if (body !== undefined) return checkBody(body)
      return BODY_OPTIONAL.includes(operation.operationId) ? [] : ['The body is required.']
    },
    checkReply: (status, body) => {
      const known = replies.find(([each]) => each === status)
      if (!known)
        return STATUSES_MORE.includes(status) ? [] : [`status ${status} is not in the file`]
      return known[1] ? known[1](body) : []
    },
  }
}

function load(name: string): any {
  return JSON.parse(readFileSync(new URL(`./openapi/${name}.json`, import.meta.url), 'utf8'))
}

/** A schema whose references point into the document it comes from. */
function withBase(schema: any, name: string): any {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${name}#/`))
}

const said = (error: ErrorObject) => `${error.instancePath || 'it'} ${error.message}`
