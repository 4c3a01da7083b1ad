import { compileFormula, type Formula, type Scope } from './formula.ts'
import type { Org } from './org.ts'
import { objectOf } from './org.ts'
import { type Field, fieldOf, type Row, referenceOf, type SObject, type Value } from './schema.ts'

/** The value of a field as it is read: formulas are computed then, from the row and its parents. */
export function readField(org: Org, object: SObject, row: Row, field: Field): Value {
  // A checkbox added after the row was written reads as unticked.
  const blank = field.type === 'boolean' ? false : null
  if (field.formula === null) return row[field.name] ?? blank
  const formula = compiled(field.formula)
  if (!formula) return null
  const value = formula.run(scopeOf(org, object, row))
  if (typeof value !== 'number') return value
  // A percent formula yields a fraction, and is read as a percentage.
  const shown = field.type === 'percent' ? value * 100 : value
  return Number.isFinite(shown) ? Number(shown.toFixed(field.scale)) : null
}

/** What a formula of this object sees of a row; `before` is the row before the save in progress. */
export function scopeOf(org: Org, object: SObject, row: Row, before?: Row): Scope {
  return {
    field: (path) => follow(org, object, row, path.split('.')),
    prior: (path) => follow(org, object, before ?? row, path.split('.')),
    isNew: before === undefined,
    nowMs: org.world.clock.now(),
  }
}

/** The value behind `Name` or `Account.Owner.Name`; null when a parent is missing on the way. */
export function follow(org: Org, object: SObject, row: Row, path: readonly string[]): Value {
  const [first, ...rest] = path
  if (first === undefined) return null
  if (rest.length === 0) {
    const field = fieldOf(object, first)
    return field ? readField(org, object, row, field) : null
  }
  const parent = parentOf(org, object, row, first)
  return parent ? follow(org, parent.object, parent.row, rest) : null
}

/** The parent row behind a relationship name, if there is one. */
export function parentOf(
  org: Org,
  object: SObject,
  row: Row,
  relationship: string,
): { object: SObject; row: Row } | null {
  const reference = referenceOf(object, relationship)
  const target = reference && objectOf(org, reference.referenceTo[0] ?? '')
  const parent = target && org.rows(target.name).get(String(row[reference.name] ?? ''))
  return target && parent ? { object: target, row: parent } : null
}

const cache = new Map<string, Formula | null>()

function compiled(text: string): Formula | null {
  const known = cache.get(text)
  if (known !== undefined) return known
  try {
    cache.set(text, compileFormula(text))
  } catch {
    // The deploy reported that this formula is not simulated; it reads as blank.
    cache.set(text, null)
  }
  return cache.get(text) ?? null
}

/** Runs a condition; one that cannot be computed does not hold. */
export function holds(text: string, scope: Scope): boolean {
  return compiled(text)?.run(scope) === true
}
