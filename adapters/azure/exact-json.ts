import { type Decimal, isDecimal, trim } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { storableText } from '../../src/kernel/text.ts'

/** ECMAScript's JSON.parse source text access: the reviver sees each number as it is written. */
type WithSource = {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): unknown
}
const json = JSON as unknown as WithSource

/**
 * How the numbers of an answer are handed over: as JavaScript's, as text (exact, a plain decimal wherever it is one),
 * or `raw`: kept so that JSON.stringify writes each digit for digit, for a document that is sent back.
 */
export type Numbers = 'float' | 'text' | 'raw'

/** What JSON can write and no database can hold: see `storableText`. Only an escape can bring it in. */
const mayBeUnstorable = /\\u(0000|d[89a-f])/i

/**
 * JSON as a value, its texts such as can be stored, `undefined` for an empty text. A buyer may name a subscription what
 * they like, and cut an emoji in half. Throws SyntaxError for what is not JSON.
 */
export function readJson(text: string, numbers: Numbers = 'float'): unknown {
  if (text.trim() === '') return undefined
  if (numbers === 'float' && !mayBeUnstorable.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value === 'string') return storableText(value)
    if (typeof value !== 'number' || source === undefined || numbers === 'float') return value
    return numbers === 'raw' ? json.rawJSON(source) : plainNumber(source)
  })
}

const plainNumber = (source: string): string => {
  const written = /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?$/.test(source)
  return written ? trim(source) : source
}

/** A decimal as a number of a JSON request, digit for digit. */
export function jsonNumber(value: Decimal): unknown {
  if (!isDecimal(value)) throw new Problem('internal', `${value} is not a plain decimal`)
  return json.rawJSON(value)
}
