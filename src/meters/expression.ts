import type { Violation } from '../kernel/problem.ts'
import { call } from './functions.ts'
import {
  type Built,
  binary,
  broken,
  isIn,
  type Kind,
  lacking,
  type Properties,
  pathOf,
  type Result,
  type Scope,
  unary,
} from './operations.ts'
import { type Complaint, type Node, parse } from './parse.ts'
import { isNumber, numberOf, readValue, type Value } from './values.ts'

/** What an expression is to give. */
export type Wanted = 'a number' | 'a number or text' | 'true or false'
/** Gives the value, or undefined after telling every fault it met, with paths such as `properties.bytes`. */
export type Expression = (
  properties: Properties,
  fault: (violation: Violation) => void,
) => Value | undefined

/** Compiles an expression once, or says everything that is wrong with it: where, and what was expected. */
export function compile(
  text: string,
  wanted: Wanted,
): { readonly expression: Expression } | { readonly complaints: readonly Complaint[] } {
  const parsed = parse(text)
  if ('complaints' in parsed) return parsed
  const complaints: Complaint[] = []
  const { run, kind } = build(parsed.node, complaints)
  const isFit = kind === 'any' || (wanted.includes(kind) && kind !== 'null')
  if (!isFit && complaints.length === 0)
    complaints.push({ at: parsed.node.at, message: `expected ${wanted}, found ${kind}` })
  if (complaints.length > 0) return { complaints }
  return {
    expression: (properties, fault) => {
      const value = run({ properties, fault })
      if (value === broken) return undefined
      return finish(value, parsed.node, wanted, fault)
    },
  }
}

/** Every complaint in one line. */
export const sentenceOf = (complaints: readonly Complaint[]): string =>
  complaints.map(({ at, message }) => `character ${at}: ${message}`).join('; ')

function finish(
  value: Value,
  node: Node,
  wanted: Wanted,
  fault: Scope['fault'],
): Value | undefined {
  const number = wanted === 'true or false' ? undefined : numberOf(value)
  if (wanted === 'true or false' && typeof value === 'boolean') return value
  if (wanted === 'a number or text' && typeof value === 'string') return value
  if (number !== undefined) return { number }
  fault({ path: pathOf(node), message: lacking(value, wanted) })
  return undefined
}

function build(node: Node, complaints: Complaint[]): Built {
  if (node.is === 'literal') return { run: () => node.value, kind: kindOf(node.value), node }
  if (node.is === 'property') return { run: (scope) => look(scope, node), kind: 'any', node }
  if (node.is === 'unary') return unary(node.operator, build(node.of, complaints), complaints)
  if (node.is === 'binary') {
    const [left, right] = [build(node.left, complaints), build(node.right, complaints)]
    return binary(node.operator, left, right, complaints)
  }
  if (node.is === 'in') return isIn(build(node.left, complaints), node.values)
  const given = node.given.map((one) => build(one, complaints))
  return call(node.name, given, node, complaints)
}

function kindOf(value: Value): Kind {
  if (value === null) return 'null'
  if (isNumber(value)) return 'a number'
  return typeof value === 'string' ? 'text' : 'true or false'
}

/** Own properties only: nothing that an object inherits can be reached. */
function look({ properties, fault }: Scope, node: Extract<Node, { is: 'property' }>): Result {
  let found: unknown = properties
  for (const name of node.path) {
    const isObject = typeof found === 'object' && found !== null && !Array.isArray(found)
    if (!isObject || !Object.hasOwn(found as object, name)) return null
    found = (found as Properties)[name]
  }
  const value = readValue(found)
  if (typeof value !== 'object' || value === null || !('fault' in value)) return value
  fault({ path: pathOf(node), message: value.fault })
  return broken
}
