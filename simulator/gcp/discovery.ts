import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'

const DEPTH_MAX = 20

/** Parameters every Google API takes. */
const STANDARD_PARAMETERS = [
  '$.xgafv',
  '$alt',
  '$prettyPrint',
  'access_token',
  'alt',
  'callback',
  'fields',
  'key',
  'oauth_token',
  'prettyPrint',
  'quotaUser',
  'uploadType',
  'upload_protocol',
]
const FORMATS = ['google-duration', 'google-fieldmask', 'byte', 'int32', 'int64', 'double']
const DATETIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
/** Documents never change, so each is read once. */
const READ = new Map<DocumentName, Method[]>()

export type DocumentName =
  | 'cloudcommerceprocurement.v1'
  | 'pubsub.v1'
  | 'iamcredentials.v1'
  | 'servicecontrol.v1'

/** One method of a discovery document, with checks of what goes in and comes out. Faults are plain sentences. */
export type Method = {
  /** `providers.entitlements.approve` */
  readonly id: string
  readonly httpMethod: string
  /** The path's parameters by name (`providersId`), or null when the path is another method's. */
  match(path: string): Record<string, string> | null
  /** Known parameters as text; arrays only where the document says `repeated`. */
  readQuery(query: Record<string, string[]>): { query: Record<string, string>; faults: string[] }
  /** The body with field names in lowerCamelCase, and what the document says against it. */
  readBody(body: unknown): { body: any; faults: string[] }
  checkReply(reply: unknown): string[]
}

/** Every method of a copy in `discovery/`. */
export function methodsOf(name: DocumentName): Method[] {
  const known = READ.get(name) ?? read(name)
  READ.set(name, known)
  return known
}

function read(name: DocumentName): Method[] {
  const file = new URL(`./discovery/${name}.json`, import.meta.url)
  const document = JSON.parse(readFileSync(file, 'utf8'))
  const ajv = new Ajv({ strict: false, allErrors: true, coerceTypes: false })
  for (const format of FORMATS) ajv.addFormat(format, true)
  ajv.addFormat('google-datetime', DATETIME)
  const definitions = Object.fromEntries(
    Object.entries<any>(document.schemas).map(([id, schema]) => [id, jsonSchema(schema)]),
  )
  ajv.addSchema({ $id: name, definitions })
  const check = (id: string) => (value: unknown) => {
    const validate = ajv.getSchema(`${name}#/definitions/${id}`) as ValidateFunction
    return validate(value) ? [] : (validate.errors ?? []).map(said)
  }
  return collect(document).map((one) => method(document, one, check))
}

function collect(part: any): any[] {
  const own = Object.values<any>(part.methods ?? {})
  return [...own, ...Object.values<any>(part.resources ?? {}).flatMap(collect)]
}

function method(
  document: any,
  one: any,
  check: (id: string) => (value: unknown) => string[],
): Method {
  const { names, pattern } = pathPattern(one.flatPath ?? one.path)
  const checkBody = one.request ? check(one.request.$ref) : null
  const checkReply = one.response ? check(one.response.$ref) : null
  const known = Object.entries<any>(one.parameters ?? {}).filter(([, p]) => p.location === 'query')
  return {
    id: String(one.id).slice(`${document.name}.`.length),
    httpMethod: one.httpMethod,
    match(path) {
      const found = pattern.exec(path)
      if (!found) return null
      return Object.fromEntries(
        names.map((name, at) => [name, decodeURIComponent(found[at + 1] ?? '')]),
      )
    },
    readQuery: (query) => readQuery(known, query),
    readBody(given) {
      if (!checkBody) {
        return { body: {}, faults: given === undefined ? [] : ['The request takes no body.'] }
      }
      const body = camelCased(document, one.request.$ref, given ?? {}, 0)
      return { body, faults: checkBody(body) }
    },
    checkReply: (reply) => checkReply?.(reply) ?? [],
  }
}

function pathPattern(flatPath: string): { names: string[]; pattern: RegExp } {
  const names: string[] = []
  const source = flatPath.replaceAll(/\{(\w+)\}|[.$+*?^()|[\]\\]/g, (text, name) => {
    if (name === undefined) return `\\${text}`
    names.push(name)
    return '([^/:]+)'
  })
  return { names, pattern: new RegExp(`^/${source}$`) }
}

function readQuery(known: readonly [string, any][], query: Record<string, string[]>) {
  const faults: string[] = []
  const read: Record<string, string> = {}
  for (const [name, values] of Object.entries(query)) {
    const camel = camel1(name)
    const parameter = known.find(([id]) => id === name || id === camel)
    if (!parameter) {
      if (!STANDARD_PARAMETERS.includes(name)) {
        faults.push(
          `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
        )
      }
      continue
    }
    const [id, { type, enum: words }] = parameter
    const value = values.at(-1) ?? ''
    const fits =
      (type !== 'integer' || /^-?\d{1,10}$/.test(value)) &&
      (words === undefined || words.includes(value) || /^\d+$/.test(value))
    if (!fits) faults.push(`Invalid value at '${id}' (${type}), "${value}"`)
    read[id] = value
  }
  return { query: read, faults }
}

/** Google's JSON takes the names of the proto file too: `pending_plan_name`. */
function camelCased(document: any, schemaId: string, value: any, depth: number): any {
  const schema = document.schemas[schemaId]
  if (depth > DEPTH_MAX || !isObject(value) || !schema?.properties) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const key = Object.hasOwn(schema.properties, name) ? name : camel1(name)
      const property = schema.properties[key]
      const target = property?.$ref ?? property?.items?.$ref
      if (!target) return [key, inner]
      const read = (one: unknown) => camelCased(document, target, one, depth + 1)
      return [key, Array.isArray(inner) ? inner.map(read) : read(inner)]
    }),
  )
}

/** A discovery schema as JSON Schema: closed, since Google refuses names it does not know. */
function jsonSchema(schema: any): any {
  if (schema.$ref) return { $ref: `#/definitions/${schema.$ref}` }
  if (schema.type === 'any') return {}
  if (schema.type === 'array') return { type: 'array', items: jsonSchema(schema.items) }
  if (schema.type === 'object') {
    const properties = Object.fromEntries(
      Object.entries<any>(schema.properties ?? {}).map(([id, one]) => [id, jsonSchema(one)]),
    )
    const rest = schema.additionalProperties
    return { type: 'object', properties, additionalProperties: rest ? jsonSchema(rest) : false }
  }
  const { type, format, enum: words } = schema
  if (type === 'string' && format === 'int64') return { type: ['string', 'integer'] }
  return { type, ...(format ? { format } : {}), ...(words ? { enum: words } : {}) }
}

function said(error: ErrorObject): string {
  const at = error.instancePath.slice(1).replaceAll('/', '.')
  const { additionalProperty } = error.params as { additionalProperty?: string }
  if (additionalProperty !== undefined) {
    const where = at === '' ? '' : ` at '${at}'`
    return `Invalid JSON payload received. Unknown name "${additionalProperty}"${where}: Cannot find field.`
  }
  return `Invalid value at '${at}': ${error.message}`
}

const camel1 = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase())

const isObject = (value: unknown): value is Record<string, any> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
