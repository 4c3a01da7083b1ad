import { readSchema, SCHEMAS } from './catalog-versions.ts'
import { IngestionFailure } from './configure-answer.ts'
import { readExact } from './configure-json.ts'
import { offerShape, type ShapeFault } from './private-offer-shape.ts'
import type { AzureState } from './state.ts'

const NAME_MAX = 50
const RESOURCES_MAX = 200
/** Schemas of answers; nobody sends them. */
const READ_ONLY = ['configure', 'configure-status', 'configure-detail', 'resource-tree']
const PRODUCT_REQUIRED = Object.keys(SCHEMAS).filter(
  (type) => ![...READ_ONLY, 'product', 'private-offer'].includes(type),
)
const PLAN_REQUIRED = [
  'plan-listing',
  'price-and-availability-plan',
  'price-and-availability-private-offer-plan',
]

/**
 * Reads the body of `POST configure`: its resources with amounts as exact text. Throws a 400 that lists
 * every breach of the schemas ("Private offers API": troubleshooting; messages name JSON paths).
 */
export function readRequest(state: AzureState, text: string): any[] {
  const plain = parsed(text)
  if (readSchema(state, plain?.$schema)?.type !== 'configure') {
    throw invalid([
      { path: '/$schema', message: `The schema '${plain?.$schema}' could not be accessed.` },
    ])
  }
  if (!Array.isArray(plain.resources) || plain.resources.length === 0) {
    throw invalid([{ path: '', message: 'Required properties are missing from object: resources' }])
  }
  if (plain.resources.length > RESOURCES_MAX) {
    throw invalid([
      { path: '/resources', message: `Array item count exceeds the maximum of ${RESOURCES_MAX}` },
    ])
  }
  const faults = plain.resources.flatMap((one: any, at: number) =>
    shape(state, one).map(({ path, message }) => ({ path: `/resources/${at}${path}`, message })),
  )
  const names = plain.resources.map((one: any) => one?.resourceName).filter(Boolean)
  if (new Set(names).size < names.length) {
    faults.push({ path: '/resources', message: 'A resourceName is used twice.' })
  }
  if (faults.length > 0) throw invalid(faults)
  return readExact(text).resources
}

function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    throw new IngestionFailure(400, 'badRequest', 'The request body is not valid JSON.')
  }
}

function shape(state: AzureState, resource: any): ShapeFault[] {
  const schema = readSchema(state, resource?.$schema)
  if (!schema || READ_ONLY.includes(schema.type)) {
    return [
      { path: '/$schema', message: `The schema '${resource?.$schema}' could not be accessed.` },
    ]
  }
  const found: ShapeFault[] = []
  const { resourceName } = resource
  const isName = typeof resourceName === 'string' && resourceName.length > 0
  if (resourceName !== undefined && !(isName && resourceName.length <= NAME_MAX)) {
    found.push({ path: '/resourceName', message: `String must have 1 to ${NAME_MAX} characters` })
  }
  if (schema.type === 'private-offer') {
    const { pricingItemsMax } = state.settings().ingestion
    return [...found, ...offerShape(resource, schema.version, pricingItemsMax)]
  }
  const absent = [
    ...(PRODUCT_REQUIRED.includes(schema.type) && resource.product === undefined
      ? ['product']
      : []),
    ...(PLAN_REQUIRED.includes(schema.type) && resource.plan === undefined ? ['plan'] : []),
    ...(schema.type === 'submission' && !resource.target?.targetType ? ['target'] : []),
  ]
  if (absent.length > 0) {
    found.push({
      path: '',
      message: `Required properties are missing from object: ${absent.join(', ')}`,
    })
  }
  return schema.type === 'price-and-availability-private-offer-plan'
    ? [...found, ...amounts(resource, '')]
    : found
}

/** Prices are JSON numbers, never text, and never negative. */
function amounts(value: any, path: string): ShapeFault[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, one]: [string, any]) => {
    const at = `${path}/${key}`
    if (/InUsd$/.test(key) && typeof one !== 'number') {
      return [{ path: at, message: `Invalid type. Expected Number but got ${typeof one}` }]
    }
    if (/InUsd$/.test(key) && one < 0) {
      return [{ path: at, message: 'Number is less than the minimum of 0' }]
    }
    return amounts(one, at)
  })
}

function invalid(faults: readonly ShapeFault[]): IngestionFailure {
  const [first] = faults
  return new IngestionFailure(
    400,
    'badRequest',
    `The request does not match its schema. ${first?.message ?? ''} Path '#${first?.path ?? ''}'.`,
    {
      details: faults.map(({ path, message }) => ({
        code: 'invalidResource',
        message,
        target: `#${path}`,
      })),
    },
  )
}
