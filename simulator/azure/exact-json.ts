import Big from 'big.js'

/** A number as it stood in JSON text: digits nothing has rounded. */
export class NumberToken {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** Parses JSON and keeps every number as its text. Throws SyntaxError like JSON.parse. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, ((_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? new NumberToken(context.source ?? '') : value) as any)
}

/** The same value with plain numbers, to be checked against a schema. */
export function withNumbers(value: unknown): unknown {
  if (value instanceof NumberToken) return Number(value.text)
  if (Array.isArray(value)) return value.map(withNumbers)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNumbers(item)]))
}

/** Decimal text without exponent: `1.5e-3` is `0.0015`. */
export const plain = (text: string): string => Big(text).toFixed()

/** Decimal text as a JSON number token with exactly these digits. */
export const rawNumber = (text: string): any => (JSON as any).rawJSON(plain(text))
