import type { Value } from './schema.ts'

/** What a formula can see: the row's fields, the values before this save, and whether the row is new. */
export type Scope = {
  field(path: string): Value
  prior(path: string): Value
  readonly isNew: boolean
  readonly nowMs: number
}

export type Formula = {
  run(scope: Scope): Value
  /** Field paths it names, to be checked against the schema. */
  readonly fields: readonly string[]
}

type Node = (scope: Scope) => Value
type Token = { readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end'; readonly text: string }

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([A-Za-z_]\w*(?:\.\w+)*)|(&&|\|\||<=|>=|<>|!=|==|[-+*/&=<>!(),])|(\/\*[\s\S]*?\*\/))/y

/**
 * Compiles the part of the formula language that field formulas and validation rules of an integration
 * need. Blank numbers count as zero in arithmetic. Throws a `SyntaxError` with the platform's kind of
 * message for what it cannot read.
 */
export function compileFormula(text: string): Formula {
  const tokens = tokenise(text)
  const fields = new Set<string>()
  let place = 0
  const peek = () => tokens[place]!
  const take = () => tokens[place++]!
  const eat = (sign: string) => peek().kind === 'sign' && peek().text === sign && Boolean(take())
  const expect = (sign: string) => {
    if (!eat(sign)) throw new SyntaxError(`Syntax error. Missing '${sign}'`)
  }

  function binary(level: number): Node {
    const operators = LEVELS[level]
    if (!operators) return unary()
    let left = binary(level + 1)
    while (peek().kind === 'sign' && operators[peek().text]) {
      const [apply, one] = [operators[take().text]!, left]
      const two = binary(level + 1)
      left = (scope) => apply(one(scope), two(scope))
    }
    return left
  }

  function unary(): Node {
    if (eat('-')) {
      const inner = unary()
      return (scope) => -number(inner(scope))
    }
    if (eat('!')) {
      const inner = unary()
      return (scope) => inner(scope) !== true
    }
    if (eat('(')) {
      const inner = binary(0)
      expect(')')
      return inner
    }
    return leaf(take())
  }

  function leaf(token: Token): Node {
    if (token.kind === 'number') return () => Number(token.text)
    if (token.kind === 'text') return () => token.text
    if (token.kind !== 'name') throw new SyntaxError(`Syntax error. Found '${token.text}'`)
    const word = token.text.toUpperCase()
    if (word === 'TRUE' || word === 'FALSE') return () => word === 'TRUE'
    if (word === 'NULL') return () => null
    if (eat('(')) return call(word, args())
    fields.add(token.text)
    return Object.assign((scope: Scope) => scope.field(token.text), { path: token.text })
  }

  function args(): Node[] {
    const list: Node[] = []
    if (eat(')')) return list
    do list.push(binary(0))
    while (eat(','))
    expect(')')
    return list
  }

  const root = binary(0)
  if (peek().kind !== 'end') throw new SyntaxError(`Syntax error. Extra '${peek().text}'`)
  return { run: root, fields: [...fields] }
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const start = TOKEN.lastIndex
    const found = TOKEN.exec(text)
    if (!found) throw new SyntaxError(`Syntax error. Found '${text.slice(start).trim()[0]}'`)
    const [, digits, double, single, name, sign] = found
    const quoted = double ?? single
    if (digits !== undefined) tokens.push({ kind: 'number', text: digits })
    else if (quoted !== undefined) {
      tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1') })
    } else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

type Operator = (one: Value, two: Value) => Value

const LEVELS: readonly Record<string, Operator>[] = [
  { '||': (one, two) => one === true || two === true },
  { '&&': (one, two) => one === true && two === true },
  {
    '=': equal,
    '==': equal,
    '<>': (one, two) => !equal(one, two),
    '!=': (one, two) => !equal(one, two),
    '<': (one, two) => compare(one, two, (sign) => sign < 0),
    '>': (one, two) => compare(one, two, (sign) => sign > 0),
    '<=': (one, two) => compare(one, two, (sign) => sign <= 0),
    '>=': (one, two) => compare(one, two, (sign) => sign >= 0),
  },
  {
    '+': (one, two) => number(one) + number(two),
    '-': (one, two) => number(one) - number(two),
    '&': (one, two) => text(one) + text(two),
  },
  {
    '*': (one, two) => number(one) * number(two),
    '/': (one, two) => (number(two) === 0 ? null : number(one) / number(two)),
  },
]

const FUNCTIONS: Record<string, (values: Value[], scope: Scope) => Value> = {
  NOT: ([one]) => one !== true,
  ISBLANK: ([one]) => isBlank(one),
  ISNULL: ([one]) => isBlank(one),
  BLANKVALUE: ([one, two]) => (isBlank(one) ? (two ?? null) : (one ?? null)),
  MAX: (values) => Math.max(...values.map(number)),
  MIN: (values) => Math.min(...values.map(number)),
  ABS: ([one]) => Math.abs(number(one)),
  TEXT: ([one]) => text(one),
  LEN: ([one]) => text(one).length,
  ISPICKVAL: ([one, two]) => text(one) === text(two),
  BEGINS: ([one, two]) => text(one).startsWith(text(two)),
  CONTAINS: ([one, two]) => text(one).includes(text(two)),
  INCLUDES: ([one, two]) => text(one).split(';').includes(text(two)),
  REGEX: ([one, two]) => matches(text(one), text(two)),
  TODAY: (_, scope) => new Date(scope.nowMs).toISOString().slice(0, 10),
  HYPERLINK: ([one, two]) => `<a href="${text(one)}">${text(two)}</a>`,
}

function matches(value: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value)
  } catch {
    return false
  }
}

function call(name: string, list: Node[]): Node {
  if (name === 'AND') return (scope) => list.every((each) => each(scope) === true)
  if (name === 'OR') return (scope) => list.some((each) => each(scope) === true)
  if (name === 'ISNEW') return (scope) => scope.isNew
  if (name === 'IF') {
    return (scope) => list[list[0]?.(scope) === true ? 1 : 2]?.(scope) ?? null
  }
  if (name === 'PRIORVALUE' || name === 'ISCHANGED') {
    const path = (list[0] as { path?: string } | undefined)?.path
    if (!path) throw new SyntaxError(`Incorrect argument type for function '${name}()'.`)
    if (name === 'PRIORVALUE') return (scope) => scope.prior(path)
    return (scope) => !scope.isNew && !equal(scope.prior(path), scope.field(path))
  }
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (!known) throw new SyntaxError(`Unknown function ${name}. Check spelling.`)
  return (scope) =>
    known(
      list.map((each) => each(scope)),
      scope,
    )
}

const isBlank = (value: Value | undefined) => value === null || value === undefined || value === ''
const number = (value: Value | undefined) => (isBlank(value) ? 0 : Number(value))
const text = (value: Value | undefined) => (isBlank(value) ? '' : String(value))

function equal(one: Value, two: Value): boolean {
  return isBlank(one) || isBlank(two) ? isBlank(one) && isBlank(two) : one === two
}

/** A comparison with a blank is false, except that a blank number counts as zero. */
function compare(one: Value, two: Value, test: (sign: number) => boolean): boolean {
  if (typeof one === 'number' || typeof two === 'number') return test(number(one) - number(two))
  if (isBlank(one) || isBlank(two)) return false
  return test(text(one) < text(two) ? -1 : Number(text(one) > text(two)))
}
