import { camel, fieldAt, type Violation } from './codec.ts'

/**
 * A resource with the fields of an update mask overwritten. `*` replaces everything; no mask overwrites what
 * the request holds (Commerce Producer API: UpdatePrivateOfferRequest). Paths in snake_case or camelCase.
 */
export function patched<T extends object>(type: string, before: T, wanted: any, mask: string) {
  const faults: Violation[] = []
  const paths = mask === '' ? Object.keys(wanted) : mask.split(',').map((path) => path.trim())
  if (paths.includes('*')) return { value: wanted as T, faults, paths: ['*'] }
  const value = structuredClone(before)
  const read: string[] = []
  for (const path of paths) {
    const parts = path.split('.').map(camel)
    const field = fieldAt(type, parts)
    if (!field) {
      const description = `Invalid field mask: '${path}' is not a field of ${type}.`
      faults.push({ field: 'update_mask', description })
    } else if (!['OUTPUT_ONLY', 'IDENTIFIER'].includes(field.behavior ?? '')) {
      overwrite(type, value, wanted, parts)
      read.push(parts.join('.'))
    }
  }
  return { value, faults, paths: read }
}

function overwrite(type: string, target: any, source: any, parts: readonly string[]): void {
  const [last = ''] = parts.slice(-1)
  let to = target
  let from = source
  for (const part of parts.slice(0, -1)) {
    to[part] ??= {}
    to = to[part]
    from = from?.[part]
  }
  const value = from?.[last]
  if (value === undefined) delete to[last]
  else to[last] = value
  if (value !== undefined) clearRivals(type, to, parts)
}

/** Setting one member of a oneof unsets the others. */
const RIVALS: readonly (readonly string[])[] = [
  ['standardIntervalPrice', 'customIntervalPrice'],
  ['amendedPrivateOffer', 'amendedStandardOffer'],
  ['durationMonths', 'scheduledEndTime'],
  ['flatFee', 'commitment'],
]

function clearRivals(type: string, holder: any, parts: readonly string[]): void {
  if (type !== 'PrivateOffer') return
  const [last = ''] = parts.slice(-1)
  const rivals = RIVALS.find((group) => group.includes(last)) ?? []
  for (const rival of rivals) if (rival !== last) delete holder[rival]
}
