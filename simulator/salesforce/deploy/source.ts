import type {
  Component,
  Failure,
  FieldSpec,
  ObjectSpec,
  PermissionSetSpec,
  RuleSpec,
} from './components.ts'
import { childrenNamed, type Element, readXml, textOf } from './xml.ts'

export type SourceFile = { readonly path: string; readonly content: string }

/** What was read of a source tree. `ignored` are files of kinds the simulator does not keep: layouts, tabs, list views. */
export type Source = {
  readonly components: readonly Component[]
  readonly failures: readonly Failure[]
  readonly ignored: readonly string[]
}

const OBJECT_FILE = /(?:^|\/)objects\/(\w+)\/(\w+)\.object-meta\.xml$/
const FIELD_FILE = /(?:^|\/)objects\/(\w+)\/fields\/(\w+)\.field-meta\.xml$/
const RULE_FILE = /(?:^|\/)objects\/(\w+)\/validationRules\/(\w+)\.validationRule-meta\.xml$/
const SET_FILE = /(?:^|\/)permissionsets\/(\w+)\.permissionset(?:-meta\.xml)?$/
const PACKED_OBJECT = /(?:^|\/)objects\/(\w+)\.object$/

/** Reads SFDX source files, or the files of a Metadata API package where an object holds its fields. */
export function readSource(files: readonly SourceFile[]): Source {
  const components: Component[] = []
  const failures: Failure[] = []
  const ignored: string[] = []
  for (const { path, content } of files) {
    const read = readerFor(path)
    if (!read) {
      ignored.push(path)
      continue
    }
    try {
      components.push(...read(readXml(content)))
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      failures.push({ componentType: '', fullName: path, fileName: path, problem: cause.message })
    }
  }
  return { components, failures, ignored }
}

function readerFor(file: string): ((root: Element) => Component[]) | null {
  const [, folder, object] = OBJECT_FILE.exec(file) ?? []
  if (folder && object) {
    return (root) => {
      named(root, 'CustomObject', [object, folder])
      return [{ kind: 'CustomObject', file, spec: objectSpec(root, object) }]
    }
  }
  const [, owner = '', name] = FIELD_FILE.exec(file) ?? []
  if (name) {
    return (root) => {
      named(root, 'CustomField', [name, textOf(root, 'fullName') ?? ''])
      return [{ kind: 'CustomField', file, object: owner, spec: fieldSpec(root) }]
    }
  }
  const [, ruled = '', rule] = RULE_FILE.exec(file) ?? []
  if (rule) {
    return (root) => {
      named(root, 'ValidationRule', [rule, textOf(root, 'fullName') ?? ''])
      return [{ kind: 'ValidationRule', file, object: ruled, spec: ruleSpec(root) }]
    }
  }
  const [, set] = SET_FILE.exec(file) ?? []
  if (set) {
    return (root) => {
      named(root, 'PermissionSet', [set, set])
      return [{ kind: 'PermissionSet', file, spec: permissionSetSpec(root, set) }]
    }
  }
  const [, packed] = PACKED_OBJECT.exec(file) ?? []
  return packed ? (root) => packedObject(root, file, packed) : null
}

/** The root must be of the kind the file's name promises, and carry the same name. */
function named(root: Element, kind: string, [one, two]: readonly [string, string]): void {
  if (root.name !== kind) throw new SyntaxError(`Unexpected element ${root.name}, expected ${kind}`)
  if (one !== two) {
    throw new SyntaxError(`The name in the file (${two}) does not match the file name (${one})`)
  }
}

function packedObject(root: Element, file: string, name: string): Component[] {
  named(root, 'CustomObject', [name, name])
  return [
    { kind: 'CustomObject', file, spec: objectSpec(root, name) },
    ...childrenNamed(root, 'fields').map((each): Component => {
      return { kind: 'CustomField', file, object: name, spec: fieldSpec(each) }
    }),
    ...childrenNamed(root, 'validationRules').map((each): Component => {
      return { kind: 'ValidationRule', file, object: name, spec: ruleSpec(each) }
    }),
  ]
}

function objectSpec(root: Element, fullName: string): ObjectSpec {
  const [nameField] = childrenNamed(root, 'nameField')
  return {
    fullName,
    label: textOf(root, 'label'),
    pluralLabel: textOf(root, 'pluralLabel'),
    deploymentStatus: textOf(root, 'deploymentStatus'),
    sharingModel: textOf(root, 'sharingModel'),
    nameField: nameField && {
      type: textOf(nameField, 'type'),
      label: textOf(nameField, 'label'),
      displayFormat: textOf(nameField, 'displayFormat'),
    },
  }
}

const FIELD_ELEMENTS =
  'fullName label type length precision scale visibleLines required unique externalId caseSensitive defaultValue formula formulaTreatBlanksAs displayFormat startingNumber referenceTo relationshipName relationshipLabel relationshipOrder reparentableMasterDetail writeRequiresMasterRead deleteConstraint lookupFilter valueSet description inlineHelpText trackHistory trackTrending trackFeedHistory securityClassification complianceGroup businessStatus businessOwnerGroup businessOwnerUser populateExistingRows displayLocationInDecimal maskChar maskType encryptionScheme stripMarkup summarizedField summaryFilterItems summaryForeignKey summaryOperation'.split(
    ' ',
  )

function fieldSpec(root: Element): FieldSpec {
  for (const { name } of root.children) {
    if (!FIELD_ELEMENTS.includes(name)) {
      throw new SyntaxError(
        `Element {http://soap.sforce.com/2006/04/metadata}${name} invalid at this location in type CustomField`,
      )
    }
    if (childrenNamed(root, name).length > 1 && name !== 'summaryFilterItems') {
      throw new SyntaxError(`Element ${name} is duplicated at this location in type CustomField`)
    }
  }
  const text = (name: string) => textOf(root, name)
  const number = (name: string) => (text(name) === undefined ? undefined : Number(text(name)))
  const truth = (name: string) => flag(root, name)
  const [valueSet] = childrenNamed(root, 'valueSet')
  return {
    fullName: text('fullName') ?? '',
    label: text('label'),
    type: text('type'),
    length: number('length'),
    precision: number('precision'),
    scale: number('scale'),
    visibleLines: number('visibleLines'),
    required: truth('required'),
    unique: truth('unique'),
    externalId: truth('externalId'),
    caseSensitive: truth('caseSensitive'),
    defaultValue: text('defaultValue'),
    formula: text('formula'),
    displayFormat: text('displayFormat'),
    referenceTo: text('referenceTo'),
    relationshipName: text('relationshipName'),
    deleteConstraint: text('deleteConstraint'),
    valueSet: valueSet && valueSetSpec(valueSet),
  }
}

function valueSetSpec(root: Element) {
  const [definition] = childrenNamed(root, 'valueSetDefinition')
  return {
    restricted: flag(root, 'restricted') ?? false,
    valueSetName: textOf(root, 'valueSetName'),
    values:
      definition &&
      childrenNamed(definition, 'value').map((value) => ({
        fullName: textOf(value, 'fullName') ?? '',
        label: textOf(value, 'label') ?? '',
        isDefault: flag(value, 'default') ?? false,
      })),
  }
}

function ruleSpec(root: Element): RuleSpec {
  return {
    fullName: textOf(root, 'fullName') ?? '',
    active: flag(root, 'active'),
    errorConditionFormula: textOf(root, 'errorConditionFormula'),
    errorMessage: textOf(root, 'errorMessage'),
    errorDisplayField: textOf(root, 'errorDisplayField'),
  }
}

function permissionSetSpec(root: Element, fullName: string): PermissionSetSpec {
  const is = (element: Element, name: string) => flag(element, name) ?? false
  return {
    fullName,
    label: textOf(root, 'label'),
    objects: childrenNamed(root, 'objectPermissions').map((each) => ({
      object: textOf(each, 'object') ?? '',
      allowCreate: is(each, 'allowCreate'),
      allowRead: is(each, 'allowRead'),
      allowEdit: is(each, 'allowEdit'),
      allowDelete: is(each, 'allowDelete'),
      viewAllRecords: is(each, 'viewAllRecords'),
      modifyAllRecords: is(each, 'modifyAllRecords'),
    })),
    fields: childrenNamed(root, 'fieldPermissions').map((each) => ({
      field: textOf(each, 'field') ?? '',
      readable: is(each, 'readable'),
      editable: is(each, 'editable'),
    })),
  }
}

function flag(element: Element, name: string): boolean | undefined {
  const text = textOf(element, name)
  if (text === undefined || text === 'true' || text === 'false') {
    return text === undefined ? undefined : text === 'true'
  }
  throw new SyntaxError(`'${text}' is not a valid value for the enum 'boolean' (${name})`)
}
