import { compileFormula } from './formula.ts'
import { DEFAULTS, type Org, objectOf } from './org.ts'

/** Why these switches cannot be set, or null: only those that exist, with values that mean something. */
export function switchFault(org: Org, wanted: Record<string, unknown>): string | null {
  for (const [name, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(DEFAULTS, name)) return `no switch named ${name}`
    const fault = valueFault(org, name, value)
    if (fault) return fault
  }
  return null
}

function valueFault(org: Org, name: string, value: unknown): string | null {
  const usual = DEFAULTS[name as keyof typeof DEFAULTS]
  if (name === 'pageSize') {
    return value === null || isCount(value, 1) ? null : 'pageSize must be null or 1 and more'
  }
  if (typeof usual === 'boolean') {
    return typeof value === 'boolean' ? null : `${name} must be true or false`
  }
  if (typeof usual === 'number') {
    return isCount(value, 0) ? null : `${name} must be a whole number, 0 or more`
  }
  if (!Array.isArray(value)) return `${name} must be a list`
  if (name === 'validationRules') return firstFault(value, (rule) => ruleFault(org, rule))
  if (name === 'duplicateRules') return firstFault(value, (rule) => duplicateFault(org, rule))
  return value.every((each) => typeof each === 'string') ? null : `${name} must hold names`
}

const isCount = (value: unknown, min: number) => Number.isInteger(value) && Number(value) >= min

function firstFault(rules: any[], faultOf: (rule: any) => string | null): string | null {
  for (const rule of rules) {
    const fault = faultOf(rule)
    if (fault) return fault
  }
  return null
}

function ruleFault(org: Org, { object, formula, message }: any): string | null {
  if (!objectOf(org, String(object))) return `no object named ${object}`
  if (typeof message !== 'string' || typeof formula !== 'string') {
    return 'a validation rule needs object, formula and message'
  }
  try {
    compileFormula(formula)
    return null
  } catch (cause) {
    return (cause as Error).message
  }
}

function duplicateFault(org: Org, { object, name, fields, action }: any): string | null {
  if (!objectOf(org, String(object))) return `no object named ${object}`
  const isWhole = typeof name === 'string' && Array.isArray(fields) && fields.length > 0
  const isAction = action === 'block' || action === 'alert'
  return isWhole && isAction
    ? null
    : 'a duplicate rule needs object, name, fields and an action of block or alert'
}
