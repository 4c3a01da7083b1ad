import { type Decimal, isDecimal, trim } from '../kernel/decimal.ts'

/** What an expression works with. A number is exact; text that is a plain decimal serves as one where one is needed. */
export type Value = { readonly number: Decimal } | string | boolean | null

/** Digits that a JSON number carries through a double unchanged. */
const significantMax = 15

/** A property as an expression sees it, or what is wrong with it. Undefined is null. */
export function readValue(given: unknown): Value | { readonly fault: string } {
  if (given === undefined || given === null) return null
  if (typeof given === 'string' || typeof given === 'boolean') return given
  if (typeof given === 'number') return readNumber(given)
  return { fault: 'must be a number, text, true or false' }
}

export const isNumber = (value: Value): value is { readonly number: Decimal } =>
  typeof value === 'object' && value !== null

/** The number that a value is or that its text writes; undefined for anything else. */
export function numberOf(value: Value): Decimal | undefined {
  if (typeof value === 'string') return isDecimal(value) ? trim(value) : undefined
  return isNumber(value) ? value.number : undefined
}

function readNumber(given: number): Value | { readonly fault: string } {
  const text = plainText(given)
  if (text !== undefined && isDecimal(text)) return { number: trim(text) }
  return {
    fault: `must be a number of at most ${significantMax} digits, 12 of them after the point, or a decimal string such as "1.5"`,
  }
}

/** A double's shortest text without an exponent; undefined where it has more digits than a double keeps. */
function plainText(given: number): string | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(given))
  if (!match) return undefined
  const [, sign = '', whole = '', places = '', exponent = '0'] = match
  const digits = `${whole}${places}`
  if (digits.replace(/^0+/, '').replace(/0+$/, '').length > significantMax) return undefined
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  const padded = digits.padEnd(point, '0')
  const rest = padded.slice(point)
  return `${sign}${padded.slice(0, point)}${rest === '' ? '' : `.${rest}`}`
}
