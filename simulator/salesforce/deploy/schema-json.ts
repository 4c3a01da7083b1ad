import type { Component, FieldSpec } from './components.ts'

type Loose = Record<string, any>

/**
 * Components out of `{ objects: { Name: { label, fields: [{ fullName, type, … }] } } }`, the short form
 * for tests. What a file would have to say and this form leaves out is filled in: labels, an automatic
 * number as name, `visibleLines`, a checkbox's default, what happens when a parent goes.
 */
export function readSchema(schema: Loose): Component[] {
  const file = 'schema.json'
  return Object.entries<Loose>(schema.objects ?? {}).flatMap(([object, each]) => {
    const fields = (each.fields ?? []) as Loose[]
    const parts = fields.map((spec): Component => {
      return { kind: 'CustomField', file, object, spec: fieldSpec(spec) }
    })
    if (!object.endsWith('__c')) return parts
    const label = each.label || words(object)
    const nameField = each.nameField ?? { type: 'AutoNumber', displayFormat: 'N-{000000}' }
    const spec = {
      fullName: object,
      label,
      pluralLabel: each.pluralLabel ?? `${label}s`,
      deploymentStatus: 'Deployed',
      sharingModel: each.sharingModel ?? 'ReadWrite',
      nameField: { label: `${label} Name`, ...nameField },
    }
    return [{ kind: 'CustomObject', file, spec } as Component, ...parts]
  })
}

function fieldSpec(given: Loose): FieldSpec {
  const { values, restricted, ...rest } = given
  const type = /^Formula\((\w+)\)$/.exec(given.type ?? '')?.[1] ?? given.type
  const isChoice = type === 'Picklist' || type === 'MultiselectPicklist'
  const isTall = ['LongTextArea', 'Html', 'MultiselectPicklist'].includes(type)
  const list = (values ?? []) as string[]
  return {
    ...rest,
    fullName: String(given.fullName ?? ''),
    type,
    label: given.label ?? words(String(given.fullName ?? '')).slice(0, 40),
    ...(type === 'Checkbox' ? { defaultValue: String(given.defaultValue ?? false) } : {}),
    ...(type === 'Lookup' ? { deleteConstraint: given.deleteConstraint ?? 'SetNull' } : {}),
    ...(isTall ? { visibleLines: given.visibleLines ?? 4 } : {}),
    ...(isChoice
      ? {
          valueSet: given.valueSet ?? {
            restricted: restricted === true,
            values: list.map((each) => ({ fullName: each, label: each, isDefault: false })),
          },
        }
      : {}),
  }
}

const words = (name: string) => name.replace(/__c$/, '').replaceAll('_', ' ')
