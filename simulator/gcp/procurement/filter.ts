import { badRequest } from '../refusal.ts'

const TOKENS_MAX = 500
const DEPTH_MAX = 50

/** Attributes that match on repeated structures: only `:` works on them. */
const REPEATED = ['consumers.project', 'change_history.new_offer']
/** Every attribute and its one spelling (entitlements.list, discovery document; `product` is in its examples). */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  account: 'account',
  customer_billing_account: 'customer_billing_account',
  product: 'product',
  product_external_name: 'product_external_name',
  quote_external_name: 'quote_external_name',
  offer: 'offer',
  new_pending_offer: 'new_pending_offer',
  plan: 'plan',
  newPendingPlan: 'new_pending_plan',
  new_pending_plan: 'new_pending_plan',
  state: 'state',
  services: 'services',
  'consumers.project': 'consumers.project',
  'change_history.new_offer': 'change_history.new_offer',
}

/** One comparison; `:` is membership. */
export type Predicate = {
  readonly attribute: string
  readonly operator: '=' | '!=' | ':'
  readonly value: string
}

export type Filter = (matches: (predicate: Predicate) => boolean) => boolean

type Token = {
  readonly is: 'word' | 'quoted' | 'operator' | 'open' | 'close'
  readonly text: string
}

/**
 * Reads a list filter: `=`, `!=`, `:`; `AND` (also unsaid), `OR`, `NOT`, parentheses. Values with anything but
 * letters, digits, `_`, `-` and `/` are quoted. `OR` binds tighter than `AND` (AIP-160). Throws
 * `INVALID_ARGUMENT`.
 */
export function readFilter(text: string): Filter {
  const tokens = lex(text)
  if (tokens.length === 0) return () => true
  const reader = { tokens, at: 0, depth: 0 }
  const filter = sequence(reader)
  if (reader.at < tokens.length) throw bad(`unexpected "${tokens[reader.at]?.text}"`)
  return filter
}

type Reader = { readonly tokens: readonly Token[]; at: number; depth: number }

function sequence(reader: Reader): Filter {
  const parts = [choice(reader)]
  while (reader.at < reader.tokens.length && peek(reader)?.is !== 'close') {
    if (isWord(reader, 'AND')) reader.at += 1
    parts.push(choice(reader))
  }
  return (matches) => parts.every((part) => part(matches))
}

function choice(reader: Reader): Filter {
  const parts = [term(reader)]
  while (isWord(reader, 'OR')) {
    reader.at += 1
    parts.push(term(reader))
  }
  return (matches) => parts.some((part) => part(matches))
}

function term(reader: Reader): Filter {
  if (isWord(reader, 'NOT')) {
    reader.at += 1
    const inner = term(reader)
    return (matches) => !inner(matches)
  }
  if (peek(reader)?.is !== 'open') return predicate(reader)
  reader.at += 1
  reader.depth += 1
  if (reader.depth > DEPTH_MAX) throw bad('too many parentheses')
  const inner = sequence(reader)
  if (peek(reader)?.is !== 'close') throw bad('a parenthesis is not closed')
  reader.at += 1
  reader.depth -= 1
  return inner
}

function predicate(reader: Reader): Filter {
  const [name, operator, value] = reader.tokens.slice(reader.at, reader.at + 3)
  reader.at += 3
  const attribute = name?.is === 'word' ? ATTRIBUTES[name.text] : undefined
  if (attribute === undefined) throw bad(`unknown attribute "${name?.text ?? ''}"`)
  if (operator?.is !== 'operator') throw bad(`"${name?.text}" has no operator`)
  if (value?.is !== 'word' && value?.is !== 'quoted') throw bad(`"${name?.text}" has no value`)
  const isMember = operator.text === ':'
  if (REPEATED.includes(attribute) !== isMember) {
    throw bad(`operator "${operator.text}" does not work on ${attribute}`)
  }
  const one = { attribute, operator: operator.text as Predicate['operator'], value: value.text }
  return (matches) => matches(one)
}

function lex(text: string): Token[] {
  const pattern = /\s+|"((?:[^"\\]|\\.)*)"|(!=|=|:)|(\()|(\))|([\w\-/]+(?:\.[\w]+)?)/gy
  const tokens: Token[] = []
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const found = pattern.exec(text)
    if (!found) throw bad(`unexpected "${text[at]}"; values with special characters are quoted`)
    const [, quoted, operator, open, close, word] = found
    if (quoted !== undefined) tokens.push({ is: 'quoted', text: quoted.replaceAll(/\\(.)/g, '$1') })
    else if (operator !== undefined) tokens.push({ is: 'operator', text: operator })
    else if (open !== undefined) tokens.push({ is: 'open', text: open })
    else if (close !== undefined) tokens.push({ is: 'close', text: close })
    else if (word !== undefined) tokens.push({ is: 'word', text: word })
    if (tokens.length > TOKENS_MAX) throw bad('the filter is too long')
  }
  return checkWords(tokens)
}

/** A dot is part of an attribute's name, and of a value only in quotes. */
function checkWords(tokens: Token[]): Token[] {
  const odd = tokens.find(
    ({ is, text }) => is === 'word' && text.includes('.') && !Object.hasOwn(ATTRIBUTES, text),
  )
  if (odd) throw bad(`"${odd.text}" must be quoted`)
  return tokens
}

const peek = (reader: Reader) => reader.tokens[reader.at]

const isWord = (reader: Reader, word: string) => {
  const token = peek(reader)
  return token?.is === 'word' && token.text === word
}

function bad(why: string) {
  return badRequest([{ field: 'filter', description: why }], `Invalid filter: ${why}.`)
}
