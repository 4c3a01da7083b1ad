import { next, nextId } from '../ids.ts'
import { type Org, type PermissionSet, schemaChanged } from '../org.ts'
import { save } from '../rows.ts'
import { field, fieldOf, type SObject } from '../schema.ts'
import { stamp } from '../stamp.ts'
import { ownerField, systemFields } from '../standard.ts'
import { type Component, type Failure, failure, fullNameOf, type ObjectSpec } from './components.ts'
import { checkFormula, fieldProblems, fieldsIn, toField } from './fields.ts'
import { permissionProblems, toPermissionSet } from './permissions.ts'

export type Deployed = {
  readonly success: boolean
  readonly componentFailures: readonly Failure[]
  /** Full names of what was, or with `checkOnly` would have been, deployed. */
  readonly deployed: readonly string[]
  /** Formulas the platform would run and the simulator reads as blank. */
  readonly notSimulated: readonly string[]
}

type Draft = {
  readonly objects: Map<string, SObject>
  readonly permissionSets: Map<string, PermissionSet>
  readonly failures: Failure[]
  readonly notSimulated: string[]
}

const ORDER = ['CustomObject', 'CustomField', 'ValidationRule', 'PermissionSet'] as const

/** Deploys all components or none, whatever order they come in; nothing is kept when only checking. */
export function deploy(
  org: Org,
  components: readonly Component[],
  options: { readonly checkOnly?: boolean; readonly failures?: readonly Failure[] } = {},
): Deployed {
  const draft: Draft = {
    objects: new Map(org.objects.entries()),
    permissionSets: new Map(),
    failures: [...(options.failures ?? [])],
    notSimulated: [],
  }
  for (const kind of ORDER) {
    for (const component of components) if (component.kind === kind) stage(org, draft, component)
  }
  checkAll(draft, components)
  const success = draft.failures.length === 0
  if (success && !options.checkOnly) keep(org, draft)
  return {
    success,
    componentFailures: draft.failures,
    deployed: success ? components.map(fullNameOf) : [],
    notSimulated: draft.notSimulated,
  }
}

function stage(org: Org, draft: Draft, component: Component): void {
  const fail = (problems: readonly string[]) => {
    draft.failures.push(...problems.map((problem) => failure(component, problem)))
    return problems.length > 0
  }
  if (component.kind === 'CustomObject') {
    const { spec } = component
    const known = draft.objects.get(spec.fullName)
    if (known && !known.custom) return
    if (!fail(objectProblems(spec))) {
      draft.objects.set(spec.fullName, toObject(org, spec, known))
    }
    return
  }
  if (component.kind === 'PermissionSet') {
    if (!fail(permissionProblems(component.spec, draft.objects))) {
      draft.permissionSets.set(component.spec.fullName, toPermissionSet(component.spec))
    }
    return
  }
  const object = draft.objects.get(component.object)
  if (!object) {
    fail([`Entity Enumeration Or ID: bad value for restricted picklist field: ${component.object}`])
    return
  }
  if (component.kind === 'CustomField') {
    if (fail(fieldProblems(component.spec, draft.objects))) return
    const added = toField(component.spec)
    const others = object.fields.filter((each) => each.name !== added.name)
    draft.objects.set(object.name, { ...object, fields: [...others, added] })
    return
  }
  const { fullName, active, errorConditionFormula, errorMessage, errorDisplayField } =
    component.spec
  if (!errorConditionFormula || !errorMessage || active === undefined) {
    fail(['Required fields are missing: [active, errorConditionFormula, errorMessage]'])
    return
  }
  const rule = {
    object: object.name,
    name: fullName,
    formula: errorConditionFormula,
    message: errorMessage,
    active,
    ...(errorDisplayField ? { field: errorDisplayField } : {}),
  }
  const others = object.validationRules.filter((each) => each.name !== fullName)
  draft.objects.set(object.name, { ...object, validationRules: [...others, rule] })
}

/** Checks that need every object and field in place: formulas, and names of child relationships. */
function checkAll(draft: Draft, components: readonly Component[]): void {
  for (const component of components) {
    if (component.kind !== 'CustomField' && component.kind !== 'ValidationRule') continue
    const object = draft.objects.get(component.object)
    const formula =
      component.kind === 'CustomField'
        ? component.spec.formula
        : component.spec.errorConditionFormula
    if (!object || formula === undefined) continue
    const { problems, isSimulated } = checkFormula(formula, object, draft.objects)
    if (isCircular(object, component.spec.fullName, [])) {
      problems.push(`Formula of ${fullNameOf(component)} refers to itself`)
    }
    draft.failures.push(...problems.map((problem) => failure(component, problem)))
    if (!isSimulated && problems.length === 0) draft.notSimulated.push(fullNameOf(component))
  }
  const seen = new Set<string>()
  for (const object of draft.objects.values()) {
    for (const { referenceTo, childRelationship, custom, name } of object.fields) {
      if (!childRelationship || !custom) continue
      const key = `${referenceTo[0]}.${childRelationship}`.toLowerCase()
      const at = components.find(
        (each) => each.kind === 'CustomField' && fullNameOf(each) === `${object.name}.${name}`,
      )
      if (seen.has(key) && at) {
        const problem = `There is already a Child Relationship named ${childRelationship} on ${referenceTo[0]}.`
        draft.failures.push(failure(at, problem))
      }
      seen.add(key)
    }
  }
}

/** Whether a formula field of this object comes back to itself. */
function isCircular(object: SObject, name: string, path: readonly string[]): boolean {
  if (path.includes(name)) return true
  const formula = fieldOf(object, name)?.formula ?? null
  if (formula === null) return false
  return fieldsIn(formula).some((each) => isCircular(object, each, [...path, name]))
}

function objectProblems(spec: ObjectSpec): string[] {
  const { nameField } = spec
  const rules: [boolean, string][] = [
    [
      !/^[A-Za-z](?:_?[A-Za-z0-9])*__c$/.test(spec.fullName),
      `The object name "${spec.fullName}" is invalid`,
    ],
    [!spec.label, 'Must specify a non-empty label for the CustomObject'],
    [(spec.label ?? '').length > 40, 'Value too long for field: label maximum length is: 40'],
    [!spec.pluralLabel, 'Must specify a non-empty pluralLabel for the CustomObject'],
    [!nameField?.label, 'Must specify a nameField of type Text or AutoNumber'],
    [
      nameField !== undefined && !['Text', 'AutoNumber'].includes(nameField.type ?? ''),
      'Must specify a nameField of type Text or AutoNumber',
    ],
    [
      nameField?.type === 'AutoNumber' && !/\{0+\}/.test(nameField.displayFormat ?? ''),
      'Must specify displayFormat for an AutoNumber name field',
    ],
    [spec.deploymentStatus !== 'Deployed', 'deploymentStatus must be Deployed'],
    [
      !['ReadWrite', 'Read', 'Private', 'ControlledByParent'].includes(spec.sharingModel ?? ''),
      'Must specify a sharingModel',
    ],
  ]
  return rules.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []))
}

function toObject(org: Org, spec: ObjectSpec, known: SObject | undefined): SObject {
  const label = spec.label ?? spec.fullName
  const format = spec.nameField?.type === 'AutoNumber' ? (spec.nameField.displayFormat ?? '') : null
  const name = field('Name', 'string', spec.nameField?.label ?? 'Name', {
    length: 80,
    isName: true,
    permissionable: false,
    defaulted: true,
    createable: format === null,
    updateable: format === null,
    autoNumber: format,
  })
  const system = [...systemFields(label), ownerField(), name]
  const own = known?.fields.filter((each) => each.custom) ?? []
  return {
    name: spec.fullName,
    label,
    labelPlural: spec.pluralLabel ?? label,
    keyPrefix: known?.keyPrefix ?? nextPrefix(org),
    custom: true,
    sharingModel: spec.sharingModel === 'Private' ? 'Private' : 'ReadWrite',
    writable: true,
    fields: [...system, ...own],
    validationRules: known?.validationRules ?? [],
  }
}

/** Custom objects are numbered a00, a01 … a0z. */
function nextPrefix(org: Org): string {
  return `a0${'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[(next(org.world, 'prefix') - 1) % 62]}`
}

function keep(org: Org, draft: Draft): void {
  for (const [name, object] of draft.objects) {
    if (org.objects.get(name) !== object) org.objects.put(name, object)
  }
  for (const set of draft.permissionSets.values()) keepPermissionSet(org, set)
  schemaChanged(org)
}

/** Stores a permission set and the row by which it is assigned and queried. */
export function keepPermissionSet(org: Org, set: PermissionSet): string {
  org.permissionSets.put(set.name, set)
  const rows = org.rows('PermissionSet')
  const known = rows.values().find((row) => row.Name === set.name)
  const object = org.objects.get('PermissionSet')!
  const now = stamp(org.world.clock.now())
  const Id = known?.Id ?? nextId(org.world, object.keyPrefix)
  const created = known ? {} : { CreatedDate: now, IsDeleted: false }
  save(org, object, {
    ...known,
    ...created,
    Id,
    Name: set.name,
    Label: set.label,
    LastModifiedDate: now,
    SystemModstamp: now,
  })
  return Id
}

/** A permission set that grants everything there is to grant on these objects, with the parents they need. */
export function fullAccess(org: Org, name: string, objects: readonly string[]): PermissionSet {
  const everything = {
    create: true,
    read: true,
    edit: true,
    delete: true,
    viewAll: true,
    modifyAll: false,
  }
  const entries = objects.flatMap((each) => org.objects.get(each) ?? [])
  const fields = entries.flatMap((object) =>
    object.fields
      .filter((each) => each.permissionable && fieldOf(object, each.name))
      .map((each) => {
        const editable = each.formula === null && each.updateable
        return [`${object.name}.${each.name}`, { readable: true, editable }] as const
      }),
  )
  return {
    name,
    label: name.replaceAll('_', ' '),
    objects: Object.fromEntries(entries.map((object) => [object.name, everything])),
    fields: Object.fromEntries(fields),
  }
}
