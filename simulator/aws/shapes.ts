import { readFileSync } from 'node:fs'

/** An AWS service model as botocore ships it (`service-2.json`), documentation removed. */
export type Model = {
  readonly shapes: Record<string, any>
  readonly operations: Record<string, any>
}

/** One way a value breaks its shape. `path` starts at the value itself: `ChangeSet[0].Entity.Type`. */
export type Violation = {
  readonly path: string
  readonly is: 'missing' | 'type' | 'range' | 'enum' | 'pattern'
  readonly message: string
}

export function loadModel(name: string): Model {
  const file = new URL(`./models/${name}.service-2.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Every violation of `shape` in `value`; members the model does not know are let pass, as AWS does. */
export function violations(
  model: Model,
  shape: string,
  value: unknown,
  options: { readonly patterns: boolean },
): Violation[] {
  const found: Violation[] = []
  walk(model, shape, value, '', options.patterns, found)
  return found
}

function walk(
  model: Model,
  name: string,
  value: any,
  path: string,
  patterns: boolean,
  found: Violation[],
): void {
  const shape = model.shapes[name]
  if (shape.document) return
  const wrong = (is: Violation['is'], message: string) => found.push({ path, is, message })
  switch (shape.type) {
    case 'structure': {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        wrong('type', 'must be a structure')
        return
      }
      const set = Object.keys(shape.members).filter((key) => (value[key] ?? null) !== null)
      for (const key of shape.required ?? []) {
        if (!set.includes(key)) {
          found.push({ path: join(path, key), is: 'missing', message: 'must not be null' })
        }
      }
      if (shape.union && set.length !== 1) wrong('type', 'must have exactly one member')
      for (const key of set) {
        walk(model, shape.members[key].shape, value[key], join(path, key), patterns, found)
      }
      return
    }
    case 'list':
      if (!Array.isArray(value)) {
        wrong('type', 'must be a list')
        return
      }
      range(shape, value.length, 'length', wrong)
      value.forEach((item, at) => {
        walk(model, shape.member.shape, item, `${path}[${at}]`, patterns, found)
      })
      return
    case 'map':
      if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        wrong('type', 'must be a map')
        return
      }
      for (const [key, item] of Object.entries(value)) {
        walk(model, shape.key.shape, key, `${path}.key`, patterns, found)
        walk(model, shape.value.shape, item, join(path, key), patterns, found)
      }
      return
    default:
      scalar(shape, value, patterns, wrong)
  }
}

function scalar(
  shape: any,
  value: any,
  patterns: boolean,
  wrong: (is: Violation['is'], message: string) => void,
): void {
  switch (shape.type) {
    case 'string':
      if (typeof value !== 'string') {
        wrong('type', 'must be a string')
        return
      }
      range(shape, value.length, 'length', wrong)
      if (shape.enum && !shape.enum.includes(value)) {
        wrong('enum', `must satisfy enum value set: [${shape.enum.join(', ')}]`)
      }
      if (patterns && shape.pattern && !expression(shape.pattern).test(value)) {
        wrong('pattern', `must satisfy regular expression pattern: ${shape.pattern}`)
      }
      return
    case 'integer':
    case 'long':
      if (!Number.isSafeInteger(value)) wrong('type', 'must be a whole number')
      else range(shape, value, 'value', wrong)
      return
    case 'double':
    case 'float':
    case 'timestamp':
      if (typeof value !== 'number' || !Number.isFinite(value)) wrong('type', 'must be a number')
      return
    case 'boolean':
      if (typeof value !== 'boolean') wrong('type', 'must be true or false')
      return
    case 'blob':
      if (typeof value !== 'string') wrong('type', 'must be base64 text')
  }
}

function range(
  shape: any,
  size: number,
  what: string,
  wrong: (is: Violation['is'], message: string) => void,
): void {
  if (shape.min !== undefined && size < shape.min) {
    wrong('range', `must have ${what} greater than or equal to ${shape.min}`)
  }
  if (shape.max !== undefined && size > shape.max) {
    wrong('range', `must have ${what} less than or equal to ${shape.max}`)
  }
}

const expressions = new Map<string, RegExp>()

// AWS matches the whole value, whether or not the model's pattern is anchored.
function expression(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(`^(?:${pattern})$`, 's')
  expressions.set(pattern, known)
  return known
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
