import {
  compare,
  type Decimal,
  divide,
  isDecimal,
  isZero,
  minus,
  negate,
  plus,
  times,
  trim,
} from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Complaint, Node, Operator } from './parse.ts'
import { numberOf, type Value } from './values.ts'

/** Quotients have so many decimals, rounded half away from zero; everything else is exact. */
const quotientPlaces = 12
const wholeDigitsMax = 40

export type Properties = Readonly<Record<string, unknown>>

/** What cannot be told, because something was at fault. */
export const broken = Symbol('broken')
export type Result = Value | typeof broken
export type Scope = {
  readonly properties: Properties
  readonly fault: (violation: Violation) => void
}
export type Kind = 'a number' | 'text' | 'true or false' | 'null' | 'any'
export type Built = {
  readonly run: (scope: Scope) => Result
  readonly kind: Kind
  readonly node: Node
}

export const lacking = (value: Value, wanted: string): string =>
  value === null ? `is missing: ${wanted} is needed` : `must be ${wanted}`

/** The property that a fault is about; the whole of them where it is made of several. */
export const pathOf = (node: Node): string =>
  node.is === 'property' ? ['properties', ...node.path].join('.') : 'properties'

export function expect(built: Built, kind: Kind, complaints: Complaint[]): void {
  if (built.kind !== 'any' && built.kind !== kind)
    complaints.push({ at: built.node.at, message: `expected ${kind}, found ${built.kind}` })
}

export const asNumber =
  ({ run, node }: Built) =>
  (scope: Scope): Decimal | typeof broken => {
    const value = run(scope)
    if (value === broken) return broken
    const number = numberOf(value)
    if (number !== undefined) return number
    scope.fault({ path: pathOf(node), message: lacking(value, 'a number') })
    return broken
  }

const asTruth =
  ({ run, node }: Built) =>
  (scope: Scope): boolean | typeof broken => {
    const value = run(scope)
    if (typeof value === 'boolean' || value === broken) return value
    scope.fault({ path: pathOf(node), message: lacking(value, 'true or false') })
    return broken
  }

export function unary(operator: '-' | '!', of: Built, complaints: Complaint[]): Built {
  const { node } = of
  if (operator === '!') {
    expect(of, 'true or false', complaints)
    const truth = asTruth(of)
    const run = (scope: Scope) => {
      const value = truth(scope)
      return value === broken ? broken : !value
    }
    return { run, kind: 'true or false', node: { ...node, is: 'unary', operator, of: node } }
  }
  expect(of, 'a number', complaints)
  return numeric([of], { ...node, is: 'unary', operator, of: node }, ([a = '0']) => negate(a))
}

const comparisons: Readonly<Record<string, (order: -1 | 0 | 1) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

export function binary(
  operator: Operator,
  left: Built,
  right: Built,
  complaints: Complaint[],
): Built {
  const node: Node = {
    is: 'binary',
    operator,
    left: left.node,
    right: right.node,
    at: left.node.at,
  }
  if (operator === '==' || operator === '!=') {
    const run = (scope: Scope): Result => {
      const a = left.run(scope)
      const b = right.run(scope)
      return a === broken || b === broken ? broken : same(a, b) === (operator === '==')
    }
    return { run, kind: 'true or false', node }
  }
  if (operator === '&&' || operator === '||')
    return logical(operator === '||', left, right, { node, complaints })
  expect(left, 'a number', complaints)
  expect(right, 'a number', complaints)
  const holds = comparisons[operator]
  if (holds) {
    const [first, second] = [asNumber(left), asNumber(right)]
    const run = (scope: Scope): Result => {
      const a = first(scope)
      const b = second(scope)
      return a === broken || b === broken ? broken : holds(compare(a, b))
    }
    return { run, kind: 'true or false', node }
  }
  if (operator === '/') return quotient(left, right, node)
  const operate = operator === '+' ? plus : operator === '-' ? minus : times
  return numeric([left, right], node, ([a = '0', b = '0']) => operate(a, b))
}

/** The right side is looked at only where the left does not decide. */
function logical(
  decides: boolean,
  left: Built,
  right: Built,
  { node, complaints }: { readonly node: Node; readonly complaints: Complaint[] },
): Built {
  expect(left, 'true or false', complaints)
  expect(right, 'true or false', complaints)
  const [first, second] = [asTruth(left), asTruth(right)]
  const run = (scope: Scope): Result => {
    const value = first(scope)
    return value === broken || value === decides ? value : second(scope)
  }
  return { run, kind: 'true or false', node }
}

/** Numbers are equal by value, also where one of them is written as text; texts are equal by letter. */
function same(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b
  const [first, second] = [numberOf(a), numberOf(b)]
  if (first !== undefined && second !== undefined) return compare(first, second) === 0
  return a === b
}

export function isIn(left: Built, values: readonly Value[]): Built {
  const run = (scope: Scope): Result => {
    const value = left.run(scope)
    return value === broken ? broken : values.some((one) => same(value, one))
  }
  return {
    run,
    kind: 'true or false',
    node: { is: 'in', left: left.node, values, at: left.node.at },
  }
}

function quotient(left: Built, right: Built, node: Node): Built {
  const [first, second] = [asNumber(left), asNumber(right)]
  const run = (scope: Scope): Result => {
    const a = first(scope)
    const b = second(scope)
    if (a === broken || b === broken) return broken
    if (!isZero(b)) return bounded(divide(a, b, quotientPlaces), node, scope)
    scope.fault({ path: pathOf(right.node), message: 'must not be zero: it is divided by' })
    return broken
  }
  return { run, kind: 'a number', node }
}

/** An operation on numbers: every operand is looked at, so that every fault is told. */
export function numeric(
  operands: readonly Built[],
  node: Node,
  operate: (numbers: readonly Decimal[]) => Decimal,
): Built {
  const numbers = operands.map(asNumber)
  const run = (scope: Scope): Result => {
    const values = numbers.map((number) => number(scope))
    const whole = values.filter((value) => value !== broken)
    return whole.length < values.length ? broken : bounded(operate(whole), node, scope)
  }
  return { run, kind: 'a number', node }
}

function bounded(number: Decimal, node: Node, { fault }: Scope): Result {
  if (isDecimal(number, wholeDigitsMax, Number.POSITIVE_INFINITY)) return { number: trim(number) }
  fault({ path: pathOf(node), message: `comes to more than ${wholeDigitsMax} digits` })
  return broken
}
