import { type Fault, isLine, readObject } from './read.ts'

const namesMax = 64
const nameMax = 100
const bytesMax = 16 * 1024
const depthMax = 8

/** What a product tells of a named event: kept as given, within bounds and as far as a database can hold it. */
export function readProperties(
  value: unknown,
  path: string,
  fault: Fault,
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  const given = readObject(value, path, 'an object', fault)
  if (given === undefined) return {}
  const before: string[] = []
  const count: Fault = (where, message) => {
    before.push(where)
    fault(where, message)
  }
  const names = Object.keys(given).length
  if (names > namesMax) count(path, `must have at most ${namesMax} names`)
  else look(given, path, 0, count)
  if (before.length === 0 && new TextEncoder().encode(JSON.stringify(given)).length > bytesMax)
    count(path, `must have at most ${bytesMax} bytes as JSON`)
  return given
}

/** Looks at every value: deeper ones only where those above them are as they must be. */
function look(value: unknown, path: string, depth: number, fault: Fault): void {
  if (typeof value === 'string') {
    // Lines are welcome in here; what text cannot be stored with is not.
    if (value.includes('\0') || !value.isWellFormed())
      fault(path, 'must not contain U+0000 or half a surrogate pair')
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) fault(path, 'is beyond what a number can hold; send a text')
  } else if (typeof value === 'object' && value !== null) {
    if (depth >= depthMax) {
      fault(path, `must be nested at most ${depthMax} deep`)
      return
    }
    for (const [name, inner] of Object.entries(value).slice(0, bytesMax)) {
      if (!Array.isArray(value) && (name === '' || name.length > nameMax || !isLine(name)))
        fault(path, `a name must have 1 to ${nameMax} characters, and no line breaks`)
      else look(inner, `${path}.${name}`, depth + 1, fault)
    }
  }
}

/** A value as one text, whatever order its names came in. */
export function canonicalOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalOf(inner)}`).join(',')}}`
}
