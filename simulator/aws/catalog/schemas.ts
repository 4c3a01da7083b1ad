import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

type SchemaFile = { readonly 'x-index': Record<string, string | { readonly $ref: string }> }

const base = read('catalog-change-details')
const overlay = read('catalog-change-details.overlay')

// The patterns in these schemas are written for expressions without the `u` flag.
const ajv = new Ajv2020({ strict: false, allErrors: true, unicodeRegExp: false })
ajv.addSchema({ ...base, $id: 'base' })
ajv.addSchema({ ...overlay, $id: 'overlay' })

const compiled = new Map<string, ValidateFunction>()

/** Whether AWS knows this change type of this entity type. */
export function isKnown(entityType: string, changeType: string): boolean {
  return schemaOf(entityType, changeType) !== undefined
}

/**
 * What the published shapes say against the details of a change ("AWS Marketplace Catalog API
 * reference", change types; newer pages first, then awslabs' shapes library). Types without a
 * published shape have nothing said against them.
 */
export function schemaErrors(
  entityType: string,
  changeType: string,
  details: unknown,
): ErrorObject[] {
  const ref = schemaOf(entityType, changeType)
  if (!ref) return []
  const check = compiled.get(ref) ?? ajv.compile({ $ref: ref })
  compiled.set(ref, check)
  return check(details) ? [] : [...(check.errors ?? [])]
}

// The API reference writes the plural forms; the shapes library only has the singular ones.
const PLURALS = ['SaaSProduct@1.0/UpdateDimensions', 'SaaSProduct@1.0/RestrictDimensions']

function schemaOf(entityType: string, changeType: string): string | undefined {
  const key = `${entityType}/${changeType}`
  const newer = overlay['x-index'][key]
  if (newer) return `overlay${typeof newer === 'string' ? newer : newer.$ref}`
  const older = base['x-index'][key]
  if (older) return `base${typeof older === 'string' ? older : older.$ref}`
  return PLURALS.includes(key) ? 'overlay#/$defs/AnyDetails' : undefined
}

function read(name: string): SchemaFile & { $defs: Record<string, unknown> } {
  const file = new URL(`../schemas/${name}.schema.json`, import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8'))
  return { ...schema, $defs: { ...schema.$defs, AnyDetails: {} } }
}
