import type { AzureState } from './state.ts'

const OLD = ['2022-03-01-preview2', '2022-03-01-preview3', '2022-03-01-preview5', '2022-07-01']
const JOBS = ['2022-03-01-preview2', '2022-07-01']

/** Versions known of each schema, oldest first (change log of "Private offers API", Partner Center). */
export const SCHEMAS: Readonly<Record<string, readonly string[]>> = {
  configure: JOBS,
  'configure-status': JOBS,
  'configure-detail': JOBS,
  'private-offer': ['2022-03-01-preview2', '2022-07-01', '2023-07-15', '2024-09-30', '2026-02-01'],
  'price-and-availability-private-offer-plan': [
    '2022-03-01-preview2',
    '2022-07-01',
    '2023-07-15',
    '2025-06-01',
  ],
  'resource-tree': JOBS,
  submission: JOBS,
  product: OLD,
  plan: OLD,
  listing: OLD,
  property: OLD,
  'plan-listing': OLD,
  'price-and-availability-plan': OLD,
  'price-and-availability-custom-meter': OLD,
  'software-as-a-service-technical-configuration': OLD,
}

/** Negative, zero or positive, as `left` is older, the same or newer; a preview is older than its day. */
export function compareVersions(left: string, right: string): number {
  const [one, other] = [parts(left), parts(right)]
  if (one.day !== other.day) return one.day < other.day ? -1 : 1
  return one.preview === other.preview ? 0 : one.preview - other.preview
}

/** Whether a text is a version this service could be asked for. */
export function isVersion(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(-preview\d+)?$/.test(text)
}

/** The newest version of a schema that is not newer than `bound`, or undefined. */
export function versionWithin(type: string, bound: string): string | undefined {
  return SCHEMAS[type]?.findLast((version) => compareVersions(version, bound) <= 0)
}

/** The type and version a `$schema` names, or undefined when the service does not know it. */
export function readSchema(state: AzureState, schema: unknown) {
  const host = state.settings().ingestion.schemaHost
  if (typeof schema !== 'string' || !schema.startsWith(`${host}/`)) return undefined
  const [type = '', version = ''] = schema.slice(host.length + 1).split('/')
  return SCHEMAS[type]?.includes(version) ? { type, version } : undefined
}

export function schemaOf(state: AzureState, type: string, version: string): string {
  return `${state.settings().ingestion.schemaHost}/${type}/${version}`
}

function parts(version: string): { readonly day: string; readonly preview: number } {
  const [, day = '', preview] = /^(\d{4}-\d{2}-\d{2})(?:-preview(\d+))?$/.exec(version) ?? []
  return { day, preview: preview === undefined ? Number.POSITIVE_INFINITY : Number(preview) }
}
