import { Refusal } from '../refusal.ts'
import { type Token, tokenise } from './lexer.ts'

/** A dotted path with its place in the text, for error messages. */
export type Path = { readonly names: readonly string[]; readonly at: number }

export type Literal =
  | { readonly kind: 'text' | 'date' | 'datetime'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null'; readonly value: null }

export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'IN'
  | 'NOT IN'
  | 'INCLUDES'
  | 'EXCLUDES'

export type Condition =
  | { readonly is: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly is: 'not'; readonly part: Condition }
  | {
      readonly is: 'test'
      readonly path: Path
      readonly operator: Operator
      readonly values: readonly Literal[]
    }

type Order = {
  readonly path: Path
  readonly descending: boolean
  readonly nullsLast: boolean
}

export type Query = {
  readonly select: readonly ({ readonly path: Path } | { readonly children: Query })[]
  /** `SELECT COUNT()`: only the number is wanted. */
  readonly count: boolean
  readonly from: string
  readonly where: Condition | null
  readonly order: readonly Order[]
  readonly limit: number | null
  readonly offset: number
}

/** What stands where it may not; the message is the `MALFORMED_QUERY` text. */
class Malformed extends Refusal {
  constructor(message: string) {
    super([{ code: 'MALFORMED_QUERY', message }])
  }
}

type Reader = { readonly tokens: readonly Token[]; place: number }

/** Parses the part of SOQL an integration writes (SOQL and SOSL Reference): no aggregates but COUNT(), no GROUP BY, no TYPEOF. */
export function parseQuery(text: string): Query {
  const reader: Reader = { tokens: tokenise(text), place: 0 }
  const query = readQuery(reader)
  const rest = reader.tokens[reader.place]
  if (rest && rest.kind !== 'end') throw new Malformed(`unexpected token: ${rest.text}`)
  return query
}

function readQuery(reader: Reader): Query {
  expectWord(reader, 'SELECT')
  const select: ({ path: Path } | { children: Query })[] = []
  let count = false
  do {
    if (takeSign(reader, '(')) {
      select.push({ children: readQuery(reader) })
      expectSign(reader, ')')
    } else {
      const path = readPath(reader)
      if (path.names[0]?.toUpperCase() === 'COUNT' && takeSign(reader, '(')) {
        expectSign(reader, ')')
        count = true
      } else select.push({ path })
    }
  } while (takeSign(reader, ','))
  if (count && select.length > 0)
    throw new Malformed('Grouped field should not be mixed with COUNT()')
  expectWord(reader, 'FROM')
  const from = expectName(reader).text
  const where = takeWord(reader, 'WHERE') ? readCondition(reader) : null
  const order = takeWord(reader, 'ORDER') ? readOrder(reader) : []
  const limit = takeWord(reader, 'LIMIT') ? readCount(reader) : null
  const offset = takeWord(reader, 'OFFSET') ? readCount(reader) : 0
  return { select, count, from, where, order, limit, offset }
}

/** AND and OR may not be mixed without parentheses. */
function readCondition(reader: Reader): Condition {
  const first = readTest(reader)
  const word = ['AND', 'OR'].find((each) => isWord(peek(reader), each))
  if (!word) return first
  const parts = [first]
  while (takeWord(reader, word)) parts.push(readTest(reader))
  const next = peek(reader)
  if (isWord(next, 'AND') || isWord(next, 'OR')) {
    throw new Malformed(`unexpected token: '${next.text}'`)
  }
  return { is: word === 'AND' ? 'and' : 'or', parts }
}

function readTest(reader: Reader): Condition {
  if (takeWord(reader, 'NOT')) return { is: 'not', part: readTest(reader) }
  if (takeSign(reader, '(')) {
    const inner = readCondition(reader)
    expectSign(reader, ')')
    return inner
  }
  const path = readPath(reader)
  const operator = readOperator(reader)
  const many = ['IN', 'NOT IN', 'INCLUDES', 'EXCLUDES'].includes(operator)
  return { is: 'test', path, operator, values: many ? readList(reader) : [readLiteral(reader)] }
}

function readOperator(reader: Reader): Operator {
  const token = take(reader)
  if (token.kind === 'sign') {
    const sign = token.text === '<>' ? '!=' : token.text
    if (['=', '!=', '<', '<=', '>', '>='].includes(sign)) return sign as Operator
  }
  const word = token.kind === 'name' ? token.text.toUpperCase() : ''
  if (word === 'NOT' && takeWord(reader, 'IN')) return 'NOT IN'
  if (['LIKE', 'IN', 'INCLUDES', 'EXCLUDES'].includes(word)) return word as Operator
  throw new Malformed(`unexpected token: '${token.text || '<EOF>'}'`)
}

function readList(reader: Reader): Literal[] {
  expectSign(reader, '(')
  const values: Literal[] = []
  do values.push(readLiteral(reader))
  while (takeSign(reader, ','))
  expectSign(reader, ')')
  return values
}

function readLiteral(reader: Reader): Literal {
  const { kind, text } = take(reader)
  if (kind === 'text' || kind === 'date' || kind === 'datetime') return { kind, value: text }
  if (kind === 'number') return { kind, value: Number(text) }
  const word = kind === 'name' ? text.toUpperCase() : ''
  if (word === 'NULL') return { kind: 'null', value: null }
  if (word === 'TRUE' || word === 'FALSE') return { kind: 'boolean', value: word === 'TRUE' }
  throw new Malformed(
    kind === 'name' ? `Bind variables only allowed in Apex code` : unexpected(text),
  )
}

function readOrder(reader: Reader): Order[] {
  expectWord(reader, 'BY')
  const order: Order[] = []
  do {
    const path = readPath(reader)
    const descending = takeWord(reader, 'DESC')
    if (!descending) takeWord(reader, 'ASC')
    let nullsLast = false
    if (takeWord(reader, 'NULLS')) {
      nullsLast = takeWord(reader, 'LAST')
      if (!nullsLast) expectWord(reader, 'FIRST')
    }
    order.push({ path, descending, nullsLast })
  } while (takeSign(reader, ','))
  return order
}

function readPath(reader: Reader): Path {
  const token = expectName(reader)
  return { names: token.text.split('.'), at: token.at }
}

function readCount(reader: Reader): number {
  const token = take(reader)
  if (token.kind !== 'number' || !/^\d+$/.test(token.text))
    throw new Malformed(unexpected(token.text))
  return Number(token.text)
}

const peek = (reader: Reader) => reader.tokens[reader.place]!
const take = (reader: Reader) => reader.tokens[Math.min(reader.place++, reader.tokens.length - 1)]!
const unexpected = (text: string) => `unexpected token: '${text || '<EOF>'}'`
const isWord = (token: Token, word: string) =>
  token.kind === 'name' && token.text.toUpperCase() === word

function takeWord(reader: Reader, word: string): boolean {
  return isWord(peek(reader), word) && Boolean(take(reader))
}

function takeSign(reader: Reader, sign: string): boolean {
  return peek(reader).kind === 'sign' && peek(reader).text === sign && Boolean(take(reader))
}

function expectWord(reader: Reader, word: string): void {
  if (!takeWord(reader, word)) throw new Malformed(unexpected(peek(reader).text))
}

function expectSign(reader: Reader, sign: string): void {
  if (!takeSign(reader, sign)) throw new Malformed(unexpected(peek(reader).text))
}

function expectName(reader: Reader): Token {
  const token = take(reader)
  if (token.kind !== 'name') throw new Malformed(unexpected(token.text))
  return token
}
