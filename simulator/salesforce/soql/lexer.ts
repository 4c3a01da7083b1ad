import { refuse } from '../refusal.ts'

export type Token = {
  readonly kind: 'name' | 'text' | 'number' | 'date' | 'datetime' | 'sign' | 'end'
  readonly text: string
  /** Offset in the query. */
  readonly at: number
}

const SPACE = /\s*/y
const FORMS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['datetime', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/y],
  ['date', /\d{4}-\d\d-\d\d(?![\dT])/y],
  ['number', /-?\d+(?:\.\d+)?(?![\w-])/y],
  ['name', /[A-Za-z]\w*(?:\.[A-Za-z]\w*)*/y],
  ['sign', /<=|>=|!=|<>|[=<>(),]/y],
]
const TEXT = /'((?:[^'\\]|\\[\s\S])*)'/y
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** Cuts a query into words, literals and signs. Strings know `\'`, `\\` and the usual escapes, and no others. */
export function tokenise(query: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    SPACE.lastIndex = at
    SPACE.exec(query)
    at = SPACE.lastIndex
    if (at >= query.length) break
    const token = readText(query, at) ?? readForm(query, at)
    if (!token)
      refuse('MALFORMED_QUERY', `line 1:${at} no viable alternative at character '${query[at]}'`)
    tokens.push(token.token)
    at = token.end
  }
  tokens.push({ kind: 'end', text: '', at })
  return tokens
}

function readText(query: string, at: number) {
  if (query[at] !== "'") return null
  TEXT.lastIndex = at
  const found = TEXT.exec(query)
  if (!found)
    return refuse('MALFORMED_QUERY', `line 1:${query.length} mismatched character '<EOF>'`)
  const text = found[1]!.replace(/\\([\s\S])/g, (_, letter: string) => {
    if (!/[nrtbf"'\\_%]/.test(letter)) {
      refuse(
        'MALFORMED_QUERY',
        `Invalid string literal '${found[1]}'. Illegal character sequence '\\${letter}' in string literal.`,
      )
    }
    // LIKE still has to know that this wildcard was escaped.
    return letter === '_' || letter === '%' ? `\\${letter}` : (ESCAPES[letter] ?? letter)
  })
  return { token: { kind: 'text', text, at } as Token, end: TEXT.lastIndex }
}

function readForm(query: string, at: number) {
  for (const [kind, form] of FORMS) {
    form.lastIndex = at
    const found = form.exec(query)
    if (found) return { token: { kind, text: found[0], at } as Token, end: form.lastIndex }
  }
  return null
}
