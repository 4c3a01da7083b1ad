import { compare, type Decimal, floor, negate, round } from '../kernel/decimal.ts'
import {
  type Built,
  broken,
  expect,
  lacking,
  numeric,
  pathOf,
  type Result,
  type Scope,
} from './operations.ts'
import type { Complaint, Node } from './parse.ts'

type Make = (given: readonly Built[], node: Node, complaints: Complaint[]) => Built
const ofNumbers =
  (operate: (numbers: readonly Decimal[]) => Decimal): Make =>
  (given, node, complaints) => {
    for (const one of given) expect(one, 'a number', complaints)
    return numeric(given, node, operate)
  }
const operandsMax = 10

/** Everything that can be called, with how many values it takes. */
const functions = new Map<string, { least: number; most: number; make: Make }>([
  ['min', { least: 1, most: operandsMax, make: ofNumbers((all) => pick(all, -1)) }],
  ['max', { least: 1, most: operandsMax, make: ofNumbers((all) => pick(all, 1)) }],
  ['floor', { least: 1, most: 1, make: ofNumbers(([a = '0']) => floor(a)) }],
  ['ceil', { least: 1, most: 1, make: ofNumbers(([a = '0']) => negate(floor(negate(a)))) }],
  ['round', { least: 1, most: 2, make: rounded }],
  ['coalesce', { least: 2, most: 2, make: coalesce }],
  ['lower', { least: 1, most: 1, make: lower }],
])

const pick = (all: readonly Decimal[], sign: 1 | -1): Decimal =>
  all.reduce((a, b) => (compare(b, a) === sign ? b : a))

/** A call of a function by its name; complains of one that is not known, and of too few or too many values. */
export function call(
  name: string,
  given: readonly Built[],
  node: Node,
  complaints: Complaint[],
): Built {
  const known = functions.get(name)
  const nothing: Built = { run: () => broken, kind: 'any', node }
  if (!known) {
    const names = [...functions.keys()].join(', ')
    complaints.push({ at: node.at, message: `expected one of ${names}, found ${name}` })
    return nothing
  }
  const { least, most, make } = known
  if (given.length >= least && given.length <= most) return make(given, node, complaints)
  const count = least === most ? `${least}` : `${least} to ${most}`
  complaints.push({ at: node.at, message: `${name} takes ${count} values, found ${given.length}` })
  return nothing
}

function rounded(given: readonly Built[], node: Node, complaints: Complaint[]): Built {
  const [of, to] = given
  if (!of) return { run: () => broken, kind: 'a number', node }
  expect(of, 'a number', complaints)
  const literal = to === undefined ? { number: '0' } : to.node.is === 'literal' && to.node.value
  const places = literal && typeof literal === 'object' ? literal.number : undefined
  if (places === undefined || !/^([0-9]|1[0-2])$/.test(places))
    complaints.push({ at: (to ?? of).node.at, message: 'expected 0 to 12 decimals' })
  return numeric([of], node, ([a = '0']) => round(a, Number(places)))
}

function coalesce([first, second]: readonly Built[], node: Node): Built {
  if (!first || !second) return { run: () => broken, kind: 'any', node }
  const run = (scope: Scope): Result => {
    const value = first.run(scope)
    return value === null ? second.run(scope) : value
  }
  const kind = first.kind === 'null' || first.kind === second.kind ? second.kind : 'any'
  return { run, kind, node }
}

function lower(given: readonly Built[], node: Node, complaints: Complaint[]): Built {
  const [of] = given
  if (!of) return { run: () => broken, kind: 'text', node }
  expect(of, 'text', complaints)
  const run = (scope: Scope): Result => {
    const value = of.run(scope)
    if (value === broken) return broken
    if (typeof value === 'string') return value.toLowerCase()
    scope.fault({ path: pathOf(of.node), message: lacking(value, 'text') })
    return broken
  }
  return { run, kind: 'text', node }
}
