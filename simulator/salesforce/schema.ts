/** The `type` of a field as describe names it. */
export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'picklist'
  | 'multipicklist'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'email'
  | 'phone'
  | 'url'
  | 'reference'

export type PicklistValue = {
  readonly value: string
  readonly label: string
  readonly isDefault: boolean
}

export type Field = {
  readonly name: string
  readonly label: string
  readonly type: FieldType
  readonly length: number
  readonly precision: number
  readonly scale: number
  readonly digits: number
  readonly nillable: boolean
  readonly createable: boolean
  readonly updateable: boolean
  /** Filled by the platform when the caller leaves it out. */
  readonly defaulted: boolean
  readonly defaultValue: string | boolean | null
  readonly custom: boolean
  /** Whether field-level security applies; it does not to system, name and required fields. */
  readonly permissionable: boolean
  readonly filterable: boolean
  readonly externalId: boolean
  readonly idLookup: boolean
  readonly unique: boolean
  readonly caseSensitive: boolean
  readonly values: readonly PicklistValue[]
  readonly restricted: boolean
  readonly referenceTo: readonly string[]
  readonly relationshipName: string | null
  /** Name under which the parent sees its children. */
  readonly childRelationship: string | null
  readonly onParentDelete: 'setNull' | 'restrict' | 'cascade'
  readonly formula: string | null
  /** Display format of an automatic number, `MO-{000000}`. */
  readonly autoNumber: string | null
  readonly isName: boolean
}

export type ValidationRule = {
  readonly object: string
  readonly name: string
  /** True when the row is to be refused. */
  readonly formula: string
  readonly message: string
  readonly field?: string
  readonly active: boolean
}

export type SObject = {
  readonly name: string
  readonly label: string
  readonly labelPlural: string
  readonly keyPrefix: string
  readonly custom: boolean
  readonly sharingModel: 'ReadWrite' | 'Private'
  /** Whether API users may write it at all. */
  readonly writable: boolean
  readonly fields: readonly Field[]
  readonly validationRules: readonly ValidationRule[]
}

export type Value = string | number | boolean | null
export type Row = { Id: string; [field: string]: Value }

const PLAIN: Omit<Field, 'name' | 'label' | 'type'> = {
  length: 0,
  precision: 0,
  scale: 0,
  digits: 0,
  nillable: true,
  createable: true,
  updateable: true,
  defaulted: false,
  defaultValue: null,
  custom: false,
  permissionable: true,
  filterable: true,
  externalId: false,
  idLookup: false,
  unique: false,
  caseSensitive: false,
  values: [],
  restricted: false,
  referenceTo: [],
  relationshipName: null,
  childRelationship: null,
  onParentDelete: 'setNull',
  formula: null,
  autoNumber: null,
  isName: false,
}

/** A field of this name, type and label; what is not said is a nillable, writable, plain field. */
export function field(
  name: string,
  type: FieldType,
  label: string,
  more: Partial<Field> = {},
): Field {
  return { ...PLAIN, name, type, label, ...more }
}

export function fieldOf(object: SObject, name: string): Field | undefined {
  const wanted = name.toLowerCase()
  return object.fields.find((each) => each.name.toLowerCase() === wanted)
}

/** The reference field behind `Account` in `Account.Name`, or behind `Account__r`. */
export function referenceOf(object: SObject, relationship: string): Field | undefined {
  const wanted = relationship.toLowerCase()
  return object.fields.find((each) => each.relationshipName?.toLowerCase() === wanted)
}

/** Whether a caller must give this field a value when creating a row. */
export function isRequired(each: Field): boolean {
  return !each.nillable && !each.defaulted && each.createable && each.type !== 'boolean'
}
