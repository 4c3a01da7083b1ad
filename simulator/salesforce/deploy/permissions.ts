import type { PermissionSet } from '../org.ts'
import { fieldOf, type SObject } from '../schema.ts'
import type { PermissionSetSpec } from './components.ts'

/** Objects that cannot be seen without seeing their parent. */
const NEEDS: Record<string, string> = { Opportunity: 'Account', Contact: 'Account' }

/** Why this permission set cannot be deployed (Metadata API Developer Guide, PermissionSet); empty when it can. */
export function permissionProblems(
  spec: PermissionSetSpec,
  objects: ReadonlyMap<string, SObject>,
): string[] {
  const problems = spec.label ? [] : ['Required field is missing: label']
  const readable = new Set(spec.objects.filter((each) => each.allowRead).map((each) => each.object))
  const doubled = spec.objects.filter((each, place) =>
    spec.objects.slice(0, place).some((other) => other.object === each.object),
  )
  problems.push(...doubled.map(({ object }) => `Duplicate objectPermissions: ${object}`))
  for (const each of spec.objects) {
    const { object } = each
    if (!objects.has(object)) {
      problems.push(`In field: field - no CustomObject named ${object} found`)
      continue
    }
    const needs = (what: string, on: string, of = object) =>
      problems.push(`Permission ${what} ${object} depends on permission(s): ${on} ${of}`)
    if (each.allowCreate && !each.allowRead) needs('Create', 'Read')
    if (each.allowEdit && !each.allowRead) needs('Edit', 'Read')
    if (each.allowDelete && !each.allowEdit) needs('Delete', 'Edit')
    if (each.viewAllRecords && !each.allowRead) needs('View All Records', 'Read')
    const isAll = each.allowEdit && each.allowDelete && each.viewAllRecords
    if (each.modifyAllRecords && !isAll) needs('Modify All Records', 'Edit, Delete, View All')
    const parent = NEEDS[object]
    if (each.allowRead && parent && !readable.has(parent)) needs('Read', 'Read', parent)
  }
  for (const { field, readable: canRead, editable } of spec.fields) {
    problems.push(...fieldPermissionProblems(field, canRead, editable, objects, readable))
  }
  return problems
}

function fieldPermissionProblems(
  path: string,
  canRead: boolean,
  canEdit: boolean,
  objects: ReadonlyMap<string, SObject>,
  readable: ReadonlySet<string>,
): string[] {
  const [objectName = '', name = ''] = path.split('.')
  const object = objects.get(objectName)
  const field = object && fieldOf(object, name)
  if (!object || !field) return [`In field: field - no CustomField named ${path} found`]
  if (!field.permissionable) return [`You cannot deploy to a required field: ${path}`]
  const problems: string[] = []
  if (canEdit && (field.formula !== null || !field.updateable)) {
    problems.push(`Field ${path} is not editable: only readable may be granted`)
  }
  if (canEdit && !canRead) problems.push(`Field ${path}: editable depends on readable`)
  if (canRead && !readable.has(objectName)) {
    problems.push(`Permission Read ${path} depends on permission(s): Read ${objectName}`)
  }
  return problems
}

export function toPermissionSet(spec: PermissionSetSpec): PermissionSet {
  return {
    name: spec.fullName,
    label: spec.label ?? spec.fullName,
    objects: Object.fromEntries(
      spec.objects.map((each) => [
        each.object,
        {
          create: each.allowCreate,
          read: each.allowRead,
          edit: each.allowEdit,
          delete: each.allowDelete,
          viewAll: each.viewAllRecords || each.modifyAllRecords,
          modifyAll: each.modifyAllRecords,
        },
      ]),
    ),
    fields: Object.fromEntries(
      spec.fields.map(({ field, readable, editable }) => [field, { readable, editable }]),
    ),
  }
}
