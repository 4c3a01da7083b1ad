import jsep from 'jsep'
import { isDecimal, trim } from '../kernel/decimal.ts'
import type { Value } from './values.ts'

/** What an expression may be made of; `at` counts characters from 1. */
export type Node = { readonly at: number } & (
  | { readonly is: 'literal'; readonly value: Value }
  | { readonly is: 'property'; readonly path: readonly string[] }
  | { readonly is: 'unary'; readonly operator: '-' | '!'; readonly of: Node }
  | {
      readonly is: 'binary'
      readonly operator: Operator
      readonly left: Node
      readonly right: Node
    }
  | { readonly is: 'in'; readonly left: Node; readonly values: readonly Value[] }
  | { readonly is: 'call'; readonly name: string; readonly given: readonly Node[] }
)

/** Weakest binding first; those of one line bind alike, from the left. */
const precedence = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>=', 'in'],
  ['+', '-'],
  ['*', '/'],
] as const
export type Operator = Exclude<(typeof precedence)[number][number], 'in'>

export const lengthMax = 500
const nodesMax = 200
const depthMax = 64
const listMax = 50
const pathMax = 5

export type Complaint = { readonly at: number; readonly message: string }

/** Reads an expression's text, or says where it cannot be read and what was expected there. */
export function parse(
  text: string,
): { readonly node: Node } | { readonly complaints: readonly Complaint[] } {
  if (text.length > lengthMax)
    return { complaints: [{ at: lengthMax + 1, message: `at most ${lengthMax} characters` }] }
  let tree: Tree
  try {
    tree = configured()(text) as Tree
  } catch (error) {
    const { index = 0, description = 'it cannot be read' } = error as Partial<SyntaxFault>
    return { complaints: [{ at: index + 1, message: lowerFirst(description) }] }
  }
  const reader = new Reader()
  const node = reader.read(tree, 1)
  return reader.complaints.length > 0 || node === undefined
    ? { complaints: reader.complaints }
    : { node }
}

type SyntaxFault = { readonly index: number; readonly description: string }
const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

/** The parser's own tree, with the place where each part begins. */
type Tree = jsep.Expression & { readonly start?: number }

let isConfigured = false
const starts = new WeakMap<object, number[]>()

/** The parser knows nothing but what is switched on here. It keeps no places, so we note them as it goes. */
function configured(): typeof jsep {
  if (isConfigured) return jsep
  jsep.removeAllBinaryOps()
  jsep.removeAllUnaryOps()
  for (const [index, operators] of precedence.entries())
    for (const operator of operators) jsep.addBinaryOp(operator, index + 1)
  jsep.addUnaryOp('-')
  jsep.addUnaryOp('!')
  // A choice by `?` is a plug-in that comes with it.
  delete jsep.hooks['after-expression']
  jsep.hooks.add('gobble-token', function (env) {
    const open = starts.get(this) ?? []
    starts.set(this, open)
    open.push(this.index)
    // Numbers alone leave no other trace.
    if (/[\d.]/.test(this.char)) env.node = this.gobbleNumericLiteral() as jsep.Expression
  })
  jsep.hooks.add('after-token', function (env) {
    const start = starts.get(this)?.pop()
    if (env.node) env.node.start = start
  })
  isConfigured = true
  return jsep
}

/** Turns the parser's tree into ours, and collects everything in it that is not allowed. */
class Reader {
  readonly complaints: Complaint[] = []
  #nodes = 0

  read(tree: Tree, depth: number): Node | undefined {
    const at = placeOf(tree)
    if (++this.#nodes === nodesMax + 1) return this.#no(at, `at most ${nodesMax} parts`)
    if (this.#nodes > nodesMax) return undefined
    if (depth > depthMax) return this.#no(at, `at most ${depthMax} levels of nesting`)
    const { type } = tree
    if (type === 'Literal') return this.#literal(tree as jsep.Literal, at)
    if (type === 'MemberExpression') return this.#property(tree as jsep.MemberExpression, at)
    if (type === 'UnaryExpression') {
      const { operator, argument } = tree as jsep.UnaryExpression
      const of = this.read(argument, depth + 1)
      return of && { is: 'unary', operator: operator as '-' | '!', of, at }
    }
    if (type === 'BinaryExpression') return this.#binary(tree as jsep.BinaryExpression, depth)
    if (type === 'CallExpression') return this.#call(tree as jsep.CallExpression, depth)
    if (type === 'Identifier')
      return this.#no(
        at,
        `expected properties.name, a function or a value, found ${String(tree.name)}`,
      )
    if (type === 'ArrayExpression') return this.#no(at, 'a list stands only after in')
    if (type === 'Compound' || type === 'SequenceExpression')
      return this.#no(at, compoundMessage(tree))
    return this.#no(at, 'expected properties.name, a function or a value')
  }

  #no(at: number, message: string): undefined {
    this.complaints.push({ at, message })
  }

  #literal({ value, raw }: jsep.Literal, at: number): Node | undefined {
    if (typeof value !== 'number')
      return { is: 'literal', value: value as string | boolean | null, at }
    if (!isDecimal(raw)) return this.#no(at, `expected a number such as 12 or 0.5, found ${raw}`)
    return { is: 'literal', value: { number: trim(raw) }, at }
  }

  /** `properties.a`, `properties.a.b` or `properties["a-b"]`: names, never anything computed. */
  #property(tree: jsep.MemberExpression, at: number): Node | undefined {
    const path: string[] = []
    let part: jsep.Expression = tree
    while (part.type === 'MemberExpression') {
      const { object, property, computed, optional } = part as jsep.MemberExpression
      const name = computed ? (property as jsep.Literal).value : (property as jsep.Identifier).name
      const isName = typeof name === 'string' && (!computed || property.type === 'Literal')
      if (!isName || optional) return this.#no(at, 'expected properties.name or properties["name"]')
      path.unshift(name)
      part = object
    }
    if (part.type !== 'Identifier' || part.name !== 'properties')
      return this.#no(at, 'expected properties.name: nothing else has parts')
    if (path.length > pathMax) return this.#no(at, `at most ${pathMax} names in a row`)
    return { is: 'property', path, at }
  }

  #binary({ operator, left: first, right: second }: jsep.BinaryExpression, depth: number) {
    const left = this.read(first, depth + 1)
    if (operator === 'in') return this.#in(left, second)
    const right = this.read(second, depth + 1)
    if (!left || !right) return undefined
    return { is: 'binary', operator: operator as Operator, left, right, at: left.at } as const
  }

  #in(left: Node | undefined, list: Tree): Node | undefined {
    const at = placeOf(list)
    if (list.type !== 'ArrayExpression')
      return this.#no(at, 'expected a list such as ["eu", "us"] after in')
    const elements = (list as jsep.ArrayExpression).elements
    if (elements.length > listMax) return this.#no(at, `at most ${listMax} values in a list`)
    const values = elements.flatMap((element): Value[] => {
      const node = element?.type === 'Literal' ? this.read(element, 1) : undefined
      if (node?.is === 'literal') return [node.value]
      if (element?.type !== 'Literal') this.#no(element ? placeOf(element) : at, 'expected a value')
      return []
    })
    return left && { is: 'in', left, values, at: left.at }
  }

  #call({ callee, arguments: given }: jsep.CallExpression, depth: number): Node | undefined {
    const at = placeOf(callee)
    if (callee.type !== 'Identifier') return this.#no(at, 'only the named functions can be called')
    const read = given.map((one) => this.read(one, depth + 1))
    const whole = read.filter((node) => node !== undefined)
    if (whole.length < read.length) return undefined
    return { is: 'call', name: String((callee as jsep.Identifier).name), given: whole, at }
  }
}

/** Where a part begins; an operation begins with its left side. */
function placeOf(tree: Tree): number {
  let part: Tree = tree
  while (part.start === undefined) {
    const first = part.left ?? part.object ?? part.callee ?? (part.body as Tree[])?.[0]
    if (!first) return 1
    part = first as Tree
  }
  return part.start + 1
}

function compoundMessage({ body, expressions }: Tree): string {
  const parts = (body ?? expressions) as Tree[]
  const second = parts[1]
  return second === undefined
    ? 'expected an expression, found nothing'
    : `expected one expression, found another at character ${placeOf(second)}`
}
