import { createHash } from 'node:crypto'
import type { Access } from './access.ts'
import type { Org } from './org.ts'
import { type Field, isRequired, type SObject } from './schema.ts'

const SOAP: Record<string, string> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
}

/** `GET /sobjects/T/describe` as this user sees it: fields hidden from the user are not there (REST API, sObject Describe). */
export function describe(org: Org, access: Access, object: SObject, base: string) {
  const fields = object.fields.filter((field) => access.canRead(object, field))
  return {
    actionOverrides: [],
    ...summary(access, object, base),
    childRelationships: childrenOf(org, access, object),
    compactLayoutable: true,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: fields.map((field) => describeField(access, object, field)),
    implementedBy: null,
    implementsInterfaces: null,
    isSubtype: false,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        urls: { layout: `${base}/sobjects/${object.name}/describe/layouts/012000000000000AAA` },
      },
    ],
    searchLayoutable: true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: `All ${object.labelPlural.toLowerCase()}`, name: 'everything' }],
  }
}

/** One line of `GET /sobjects`. */
export function summary(access: Access, object: SObject, base: string) {
  const rights = access.object(object)
  const path = `${base}/sobjects/${object.name}`
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: object.writable && rights.create,
    custom: object.custom,
    customSetting: false,
    deepCloneable: false,
    deletable: object.writable && rights.delete,
    deprecatedAndHidden: false,
    feedEnabled: false,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: true,
    mergeable: ['Account', 'Contact', 'Lead'].includes(object.name),
    mruEnabled: true,
    name: object.name,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: true,
    undeletable: object.writable && rights.delete,
    updateable: object.writable && rights.edit,
    urls: {
      rowTemplate: `${path}/{ID}`,
      describe: `${path}/describe`,
      sobject: path,
    },
  }
}

function describeField(access: Access, object: SObject, field: Field) {
  const isText = ['string', 'textarea', 'picklist', 'multipicklist'].includes(field.type)
  const canWrite = field.formula === null && access.canWrite(object, field)
  return {
    aggregatable: field.filterable,
    aiPredictionField: false,
    autoNumber: field.autoNumber !== null,
    byteLength: isText ? field.length * 3 : field.length,
    calculated: field.formula !== null,
    calculatedFormula: field.formula,
    cascadeDelete: field.onParentDelete === 'cascade',
    caseSensitive: field.caseSensitive,
    compoundFieldName: null,
    controllerName: null,
    createable: field.createable && canWrite,
    custom: field.custom,
    defaultValue: field.type === 'boolean' ? field.defaultValue === true : field.defaultValue,
    defaultValueFormula: null,
    defaultedOnCreate: field.defaulted || field.type === 'boolean',
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.digits,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.externalId,
    extraTypeInfo: field.type === 'textarea' ? 'plaintextarea' : null,
    filterable: field.filterable,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: field.formula !== null,
    groupable: field.filterable && field.formula === null,
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: field.idLookup || field.externalId,
    inlineHelpText: null,
    label: field.label,
    length: field.length,
    mask: null,
    maskType: null,
    name: field.name,
    nameField: field.isName,
    namePointing: false,
    nillable: field.type !== 'boolean' && !isRequired(field) && field.nillable,
    permissionable: field.permissionable,
    picklistValues: field.values.map(({ value, label, isDefault }) => {
      return { active: true, defaultValue: isDefault, label, validFor: null, value }
    }),
    polymorphicForeignKey: false,
    precision: field.precision,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.referenceTo,
    relationshipName: field.relationshipName,
    relationshipOrder: null,
    restrictedDelete: field.onParentDelete === 'restrict',
    restrictedPicklist: field.restricted,
    scale: field.scale,
    searchPrefilterable: false,
    soapType: SOAP[field.type] ?? 'xsd:string',
    sortable: field.filterable,
    type: field.type,
    unique: field.unique,
    updateable: field.updateable && canWrite,
    writeRequiresMasterRead: false,
  }
}

function childrenOf(org: Org, access: Access, parent: SObject) {
  return org.objects.values().flatMap((object) =>
    object.fields.flatMap((field) => {
      const isChild = field.referenceTo.includes(parent.name) && field.childRelationship
      if (!isChild || !access.object(object).read || !access.canRead(object, field)) return []
      return [
        {
          cascadeDelete: field.onParentDelete === 'cascade',
          childSObject: object.name,
          deprecatedAndHidden: false,
          field: field.name,
          junctionIdListNames: [],
          junctionReferenceTo: [],
          relationshipName: field.custom
            ? `${field.childRelationship}__r`
            : field.childRelationship,
          restrictedDelete: field.onParentDelete === 'restrict',
        },
      ]
    }),
  )
}

/** The `ETag` of a body: eight hexadecimal digits in quotes. */
export function etag(body: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 8)}"`
}
