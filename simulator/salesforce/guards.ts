import { type Org, switchesOf } from './org.ts'
import { holds, scopeOf } from './read.ts'
import type { Fault } from './refusal.ts'
import { allRows } from './rows.ts'
import type { Row, SObject, Value } from './schema.ts'

const SHOWN_MAX = 10

/** The validation rules of the org and of the object that this row breaks; the message is the administrator's own. */
export function ruleFaults(org: Org, object: SObject, row: Row, before?: Row): Fault[] {
  const added = switchesOf(org).validationRules.filter((rule) => rule.object === object.name)
  const rules = [...object.validationRules, ...added].filter((rule) => rule.active)
  const scope = scopeOf(org, object, row, before)
  return rules
    .filter((rule) => holds(rule.formula, scope))
    .map(({ message, field }) => ({
      code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      message,
      fields: field ? [field] : [],
    }))
}

/** The duplicate rules a new row meets; an alert is passed over when the caller says `allowSave=true`. */
export function duplicateFaults(org: Org, object: SObject, row: Row, allowSave: boolean): Fault[] {
  for (const rule of switchesOf(org).duplicateRules) {
    if (rule.object !== object.name || (rule.action === 'alert' && allowSave)) continue
    const like = allRows(org, object).filter((other) =>
      rule.fields.every(
        (name) => fold(other[name]) !== '' && fold(other[name]) === fold(row[name]),
      ),
    )
    if (like.length > 0) return [duplicate(object, rule.name, rule.action === 'alert', like)]
  }
  return []
}

const fold = (value: Value | undefined) => String(value ?? '').toLowerCase()

function duplicate(object: SObject, rule: string, allowSave: boolean, rows: Row[]): Fault {
  const errorMessage = 'Use one of these records?'
  const matchRecords = rows.slice(0, SHOWN_MAX).map(({ Id }) => ({
    additionalInformation: [],
    fieldDiffs: [],
    matchConfidence: 100,
    record: {
      attributes: { type: object.name, url: `/services/data/v68.0/sobjects/${object.name}/${Id}` },
      Id,
    },
  }))
  const matchResults = [
    {
      entityType: object.name,
      errors: [],
      matchEngine: 'ExactMatchEngine',
      matchRecords,
      rule,
      size: matchRecords.length,
      success: true,
    },
  ]
  // The key is misspelt in the replies people have published, so it is here.
  const duplicateResut = {
    allowSave,
    duplicateRule: rule,
    duplicateRuleEntityType: object.name,
    errorMessage,
    matchResults,
  }
  return { code: 'DUPLICATES_DETECTED', message: errorMessage, extra: { duplicateResut } }
}
