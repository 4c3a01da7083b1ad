import { compileFormula } from '../formula.ts'
import { type Field, type FieldType, field, fieldOf, referenceOf, type SObject } from '../schema.ts'
import type { FieldSpec } from './components.ts'

const TYPES: Record<string, FieldType> = {
  Text: 'string',
  TextArea: 'textarea',
  LongTextArea: 'textarea',
  Html: 'textarea',
  Number: 'double',
  Currency: 'currency',
  Percent: 'percent',
  Checkbox: 'boolean',
  Date: 'date',
  DateTime: 'datetime',
  Email: 'email',
  Phone: 'phone',
  Url: 'url',
  Picklist: 'picklist',
  MultiselectPicklist: 'multipicklist',
  Lookup: 'reference',
  MasterDetail: 'reference',
  AutoNumber: 'string',
}
const NUMERIC = ['Number', 'Currency', 'Percent']
const LENGTHS: Record<string, number> = {
  TextArea: 255,
  Email: 80,
  Phone: 40,
  Url: 255,
  AutoNumber: 30,
}
const LABEL_MAX = 40
const PICKLIST_MAX = 1000

/** Why this field cannot be deployed (Metadata API Developer Guide, CustomField); empty when it can. */
export function fieldProblems(spec: FieldSpec, objects: ReadonlyMap<string, SObject>): string[] {
  const { type = '', fullName } = spec
  const problems: string[] = []
  const when = (isWrong: boolean, problem: string) => void (isWrong && problems.push(problem))
  when(
    !/^[A-Za-z](?:_?[A-Za-z0-9])*__c$/.test(fullName) || fullName.length > 43,
    `The field name "${fullName}" is invalid: letters, digits and single underscores, at most 40, ending in __c`,
  )
  when(!spec.label, 'Required field is missing: label')
  when(
    (spec.label ?? '').length > LABEL_MAX,
    `Value too long for field: label maximum length is: ${LABEL_MAX}`,
  )
  if (!Object.hasOwn(TYPES, type))
    return [...problems, `'${type}' is not a valid value for the enum 'FieldType'`]
  if (spec.formula !== undefined) return problems
  return [
    ...problems,
    ...sizeProblems(spec, type),
    ...keyProblems(spec, type),
    ...linkProblems(spec, type, objects),
  ]
}

function sizeProblems(spec: FieldSpec, type: string): string[] {
  const { length, precision, scale } = spec
  const isNumber = NUMERIC.includes(type)
  const isLong = type === 'LongTextArea' || type === 'Html'
  const rules: [boolean, string][] = [
    [
      type === 'Text' && !(length && length >= 1 && length <= 255),
      'Must specify length of 1 to 255 for a Text field',
    ],
    [
      isLong && !(length && length >= 256 && length <= 131072),
      `Must specify length of 256 to 131072 for a ${type} field`,
    ],
    [
      isLong && !(spec.visibleLines && spec.visibleLines >= 2),
      `Must specify visibleLines of at least 2 for a ${type} field`,
    ],
    [
      !isLong && type !== 'Text' && length !== undefined,
      `Can not specify 'length' for a CustomField of type ${type}`,
    ],
    [
      isNumber && (precision === undefined || scale === undefined),
      `Must specify 'precision' and 'scale' for a ${type} field`,
    ],
    [isNumber && (precision ?? 0) > 18, 'Precision must be at most 18'],
    [isNumber && (scale ?? 0) > (precision ?? 0), 'Scale must not be greater than precision'],
    [
      !isNumber && (precision !== undefined || scale !== undefined),
      `Can not specify 'precision' or 'scale' for a CustomField of type ${type}`,
    ],
    [
      type === 'Checkbox' && spec.defaultValue === undefined,
      "Must specify 'defaultValue' for a Checkbox field",
    ],
    [
      type === 'AutoNumber' && !/\{0+\}/.test(spec.displayFormat ?? ''),
      'Must specify displayFormat for an AutoNumber field',
    ],
  ]
  return rules.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []))
}

function keyProblems(spec: FieldSpec, type: string): string[] {
  const canBeKey = ['Text', 'Number', 'Email', 'AutoNumber'].includes(type)
  const isChoice = type === 'Picklist' || type === 'MultiselectPicklist'
  const { valueSet } = spec
  const names = (valueSet?.values ?? []).map(({ fullName }) => fullName)
  const hasOne = (valueSet?.valueSetName === undefined) !== (valueSet?.values === undefined)
  const rules: [boolean, string][] = [
    [spec.externalId === true && !canBeKey, `A ${type} field can not be an external id`],
    [spec.unique === true && !canBeKey, `A ${type} field can not be unique`],
    [
      isChoice && (!valueSet || !hasOne),
      "Must specify 'valueSet' with one of valueSetName and valueSetDefinition",
    ],
    [
      !isChoice && valueSet !== undefined,
      `Can not specify 'valueSet' for a CustomField of type ${type}`,
    ],
    [
      type === 'MultiselectPicklist' && !spec.visibleLines,
      "Must specify 'visibleLines' for a CustomField of type MultiselectPicklist",
    ],
    [valueSet?.valueSetName !== undefined, 'Global value sets are not simulated'],
    [names.length > PICKLIST_MAX, `A restricted picklist has at most ${PICKLIST_MAX} values`],
    [
      new Set(names.map((name) => name.toLowerCase())).size < names.length,
      'Duplicate picklist value',
    ],
    [
      names.some((name) => name === '' || name.length > 255),
      'Picklist value must have 1 to 255 characters',
    ],
  ]
  return rules.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []))
}

function linkProblems(
  spec: FieldSpec,
  type: string,
  objects: ReadonlyMap<string, SObject>,
): string[] {
  const isLink = type === 'Lookup' || type === 'MasterDetail'
  if (!isLink)
    return spec.referenceTo === undefined
      ? []
      : [`Can not specify 'referenceTo' for a CustomField of type ${type}`]
  const isMaster = type === 'MasterDetail'
  const rules: [boolean, string][] = [
    [
      !objects.has(spec.referenceTo ?? ''),
      `referenceTo value of '${spec.referenceTo}' does not resolve to a valid sObject type`,
    ],
    [
      !isMaster && !['SetNull', 'Restrict', 'Cascade'].includes(spec.deleteConstraint ?? ''),
      'Must specify deleteConstraint of SetNull, Restrict or Cascade for a Lookup field',
    ],
    [
      !isMaster && spec.required === true && spec.deleteConstraint === 'SetNull',
      'Cannot set deleteConstraint SetNull for a required field',
    ],
    [
      isMaster && spec.deleteConstraint !== undefined,
      "Can not specify 'deleteConstraint' for a CustomField of type MasterDetail",
    ],
    [
      isMaster && spec.required !== undefined,
      "Can not specify 'required' for a CustomField of type MasterDetail",
    ],
    [
      isMaster && !spec.relationshipName,
      "Must specify 'relationshipName' for a CustomField of type MasterDetail",
    ],
    [
      spec.relationshipName !== undefined &&
        !/^[A-Za-z](?:_?[A-Za-z0-9])*$/.test(spec.relationshipName),
      `The relationship name "${spec.relationshipName}" is invalid`,
    ],
  ]
  return rules.flatMap(([isWrong, problem]) => (isWrong ? [problem] : []))
}

/** Functions the platform has and the simulator has not: such a formula deploys, and reads as blank. */
const UNSIMULATED =
  /^(CASE|ROUND|FLOOR|CEILING|MOD|LEFT|RIGHT|MID|SUBSTITUTE|TRIM|UPPER|LOWER|VALUE|DATE|DATEVALUE|DATETIMEVALUE|NOW|YEAR|MONTH|DAY|ADDMONTHS|NULLVALUE|IMAGE|FIND|LPAD|RPAD|CURRENCYRATE|VLOOKUP|HOUR|WEEKDAY|SQRT|EXP|LN|LOG)$/

/** What is wrong with a formula on this object; `isSimulated` is false when it would read as blank here. */
export function checkFormula(text: string, object: SObject, objects: ReadonlyMap<string, SObject>) {
  try {
    const unknown = compileFormula(text).fields.filter((path) => !resolves(path, object, objects))
    const problems = unknown.map((path) => `Field ${path} does not exist. Check spelling.`)
    return { problems, isSimulated: true }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const name = /^Unknown function (\w+)\./.exec(cause.message)?.[1]
    const isKnown = name !== undefined && UNSIMULATED.test(name)
    return { problems: isKnown ? [] : [cause.message], isSimulated: false }
  }
}

/** The field paths a formula names; none when it cannot be read here. */
export function fieldsIn(text: string): readonly string[] {
  try {
    return compileFormula(text).fields
  } catch {
    return []
  }
}

function resolves(path: string, start: SObject, objects: ReadonlyMap<string, SObject>): boolean {
  const names = path.split('.')
  let object: SObject | undefined = start
  for (const name of names.slice(0, -1)) {
    const reference: Field | undefined = object && referenceOf(object, name)
    object = objects.get(reference?.referenceTo[0] ?? '')
  }
  return object !== undefined && fieldOf(object, names.at(-1)!) !== undefined
}

/** The field a specification without problems stands for. */
export function toField(spec: FieldSpec): Field {
  const type = spec.type ?? ''
  const isFormula = spec.formula !== undefined
  const isLink = type === 'Lookup' || type === 'MasterDetail'
  const isRequired = spec.required === true || type === 'MasterDetail'
  const isReadOnly = isFormula || type === 'AutoNumber'
  const isLong = type === 'LongTextArea' || type === 'Html'
  return field(spec.fullName, TYPES[type]!, spec.label ?? spec.fullName, {
    custom: true,
    length: lengthOf(spec, type),
    precision: spec.precision ?? (isFormula && NUMERIC.includes(type) ? 18 : 0),
    scale: spec.scale ?? (isFormula && NUMERIC.includes(type) ? 2 : 0),
    nillable: !isRequired && type !== 'Checkbox',
    permissionable: !isRequired,
    createable: !isReadOnly,
    updateable: !isReadOnly,
    filterable: !isLong,
    externalId: spec.externalId ?? false,
    idLookup: spec.externalId ?? false,
    unique: spec.unique ?? false,
    caseSensitive: spec.caseSensitive ?? false,
    defaulted: type === 'Checkbox' || spec.defaultValue !== undefined,
    defaultValue: defaultOf(spec, type),
    values: (spec.valueSet?.values ?? []).map(({ fullName, label, isDefault }) => {
      return { value: fullName, label, isDefault }
    }),
    restricted: spec.valueSet?.restricted ?? false,
    referenceTo: isLink ? [spec.referenceTo ?? ''] : [],
    relationshipName: isLink ? spec.fullName.replace(/__c$/, '__r') : null,
    childRelationship: isLink ? (spec.relationshipName ?? null) : null,
    onParentDelete: constraintOf(spec, type),
    formula: spec.formula ?? null,
    autoNumber: type === 'AutoNumber' ? (spec.displayFormat ?? null) : null,
  })
}

function lengthOf(spec: FieldSpec, type: string): number {
  if (type === 'Lookup' || type === 'MasterDetail') return 18
  if (type === 'Picklist') return 255
  if (type === 'MultiselectPicklist') return 4099
  if (spec.formula !== undefined && type === 'Text') return 1300
  return spec.length ?? LENGTHS[type] ?? 0
}

function defaultOf(spec: FieldSpec, type: string): string | boolean | null {
  if (type === 'Checkbox') return spec.defaultValue === 'true'
  // A default is a formula; only the plain text literal is understood here.
  return /^"([^"]*)"$/.exec(spec.defaultValue ?? '')?.[1] ?? null
}

function constraintOf(spec: FieldSpec, type: string): Field['onParentDelete'] {
  if (type === 'MasterDetail' || spec.deleteConstraint === 'Cascade') return 'cascade'
  return spec.deleteConstraint === 'Restrict' ? 'restrict' : 'setNull'
}
