import {
  type Decimal,
  isDecimal,
  isNegative,
  isZero,
  minus,
  round,
  times,
  trim,
} from '../kernel/decimal.ts'
import { Problem, type Violation } from '../kernel/problem.ts'
import { compile, type Expression, type Wanted } from './expression.ts'
import type { Definition } from './model.ts'
import type { Properties } from './operations.ts'

/** What a meter makes of one event: nothing, the value it counts for (of `unique`: which), or why it cannot be read. */
export type Reading =
  | { readonly is: 'filtered' }
  | { readonly is: 'read'; readonly value: string }
  | { readonly is: 'unreadable'; readonly faults: readonly Violation[] }

/** As many digits as one event of the other forms may have. */
const wholeDigitsMax = 15
const places = 12
const textMax = 400

type Compiled = { readonly value: Expression | null; readonly filter: Expression | null }
const compiled = new WeakMap<Definition, Compiled>()

/** Reads an event's properties by a definition. Every fault is named with its path. */
export function read(definition: Definition, properties: Properties): Reading {
  const { value, filter } = compiledOf(definition)
  const faults: Violation[] = []
  const fault = (violation: Violation) => {
    const isKnown = faults.some(
      ({ path, message }) => path === violation.path && message === violation.message,
    )
    if (!isKnown) faults.push(violation)
  }
  const passes = filter === null ? true : filter(properties, fault)
  if (faults.length > 0) return { is: 'unreadable', faults }
  if (passes !== true) return { is: 'filtered' }
  const found = value === null ? { number: '1' } : value(properties, fault)
  if (faults.length > 0 || found === undefined) return { is: 'unreadable', faults }
  const text = typeof found === 'object' && found !== null ? found.number : String(found)
  const wrong =
    definition.aggregation === 'unique' ? textFault(text) : numberFault(text, definition)
  if (wrong) return { is: 'unreadable', faults: [{ path: pathOf(definition), message: wrong }] }
  return { is: 'read', value: definition.aggregation === 'unique' ? text : rounded(text) }
}

/** What a dimension is given when the aggregate of an hour goes from one value to another. */
export const given = (by: Decimal, before: Decimal, after: Decimal): Decimal =>
  minus(rounded(times(after, by)), rounded(times(before, by)))

const rounded = (number: Decimal): Decimal => trim(round(number, places))

function numberFault(number: Decimal, { to }: Definition): string | undefined {
  if (isNegative(number) && !isZero(rounded(number)))
    return 'must not come to less than zero: a correction names the event it takes back'
  const most = ['1', ...to.map((target) => target.times)]
  return most.every((by) => isDecimal(rounded(times(number, by)), wholeDigitsMax))
    ? undefined
    : `must not come to more than ${wholeDigitsMax} digits before the point`
}

const textFault = (text: string): string | undefined => {
  if (text.length > textMax) return `must have at most ${textMax} characters`
  return text.includes('\0') || !text.isWellFormed() ? 'must be well-formed text' : undefined
}

/** The property that the value is; all of them where it is made of several. */
const pathOf = ({ value = '' }: Definition): string =>
  /^properties(\.[\p{L}\w$]+)+$/u.test(value.trim()) ? value.trim() : 'properties'

/** A definition was checked when it was stored. */
function compiledOf(definition: Definition): Compiled {
  const known = compiled.get(definition)
  if (known) return known
  const make = (text: string | undefined, wanted: Wanted): Expression | null => {
    if (text === undefined) return null
    const made = compile(text, wanted)
    if ('expression' in made) return made.expression
    throw new Problem('internal', 'a stored meter does not compile')
  }
  const wanted = definition.aggregation === 'unique' ? 'a number or text' : 'a number'
  const fresh = {
    value: make(definition.value, wanted),
    filter: make(definition.filter, 'true or false'),
  }
  compiled.set(definition, fresh)
  return fresh
}
