import { type Decimal, isDecimal, trim } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'

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

/** JSON as a value, `undefined` for an empty text. Throws SyntaxError for what is not JSON. */
export function readJson(text: string, numbers: Numbers = 'float'): unknown {
  if (text.trim() === '') return undefined
  if (numbers === 'float') return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
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
