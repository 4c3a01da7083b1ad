import { AwsFailure } from '../failure.ts'
import type { Change } from './model.ts'
import { isKnown, schemaErrors } from './schemas.ts'
import { syncFaults } from './sync-rules.ts'

const REFERENCE = /^\$([\w-]+)\.Entity\.Identifier$/
const SIMULATED = ['SaaSProduct@1.0', 'Offer@1.0', 'OfferSet@1.0']
const DETAILS_MAX = 16_384

export type Field = {
  Reason: 'UnknownOperation' | 'CannotParse' | 'FieldValidationFailed' | 'Other'
  EntityType?: string
  EntityId?: string
  ChangeType?: string
  Field?: string
  Message: string
}

/** The changes a StartChangeSet asks for, or every reason why AWS would not take them. */
export function readChanges(input: any): Change[] {
  if (input.Intent === 'VALIDATE') {
    throw invalid([
      { Reason: 'Other', Message: 'VALIDATE is for AddDeliveryOptions of AMI products only.' },
    ])
  }
  const faults: Field[] = []
  const changes = input.ChangeSet.map((change: any, at: number): Change => {
    const details = readDetails(change, at, faults)
    if (details !== undefined) faults.push(...changeFaults(change, details, at))
    return {
      ChangeType: change.ChangeType,
      Entity: { ...change.Entity },
      Details: details,
      errors: [],
      ...(change.ChangeName === undefined ? {} : { ChangeName: change.ChangeName }),
    }
  })
  faults.push(...setFaults(changes))
  if (faults.length > 0) throw invalid(faults)
  return changes
}

function readDetails(change: any, at: number, faults: Field[]): any {
  const text = change.Details
  const document = change.DetailsDocument
  const field = `ChangeSet[${at}].Details`
  if ((text === undefined) === (document === undefined)) {
    faults.push(
      about(change, 'Other', field, 'Provide exactly one of Details and DetailsDocument.'),
    )
    return undefined
  }
  if (document !== undefined) {
    if (JSON.stringify(document).length <= DETAILS_MAX) return document
    faults.push(
      about(change, 'FieldValidationFailed', `${field}Document`, 'The document is too long.'),
    )
    return undefined
  }
  try {
    return JSON.parse(text)
  } catch {
    faults.push(about(change, 'CannotParse', field, 'Details is not JSON.'))
    return undefined
  }
}

function changeFaults(change: any, details: any, at: number): Field[] {
  const type = change.Entity.Type
  if (!isKnown(type, change.ChangeType)) {
    return [
      about(change, 'UnknownOperation', `ChangeSet[${at}].ChangeType`, 'Unknown change type.'),
    ]
  }
  const path = `ChangeSet[${at}].Details`
  const shape = schemaErrors(type, change.ChangeType, details).map((error) =>
    about(
      change,
      'FieldValidationFailed',
      path + error.instancePath.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.'),
      error.message ?? 'is not valid',
    ),
  )
  if (shape.length > 0) return shape
  if (!SIMULATED.includes(type) || change.ChangeType.includes('ResaleAuthorization')) {
    return [
      about(
        change,
        'Other',
        `ChangeSet[${at}].ChangeType`,
        `${type}/${change.ChangeType} is not simulated.`,
      ),
    ]
  }
  return syncFaults(type, change.ChangeType, details).map((fault) =>
    about(
      change,
      'FieldValidationFailed',
      [path, fault.path].filter(Boolean).join('.'),
      fault.message,
    ),
  )
}

/** Rules over the whole set: names are unique, references point at creates, nothing is said twice. */
function setFaults(changes: readonly Change[]): Field[] {
  const faults: Field[] = []
  const names = new Set<string>()
  const said = new Set<string>()
  const creates = new Set(changes.filter(isCreate).map((change) => change.ChangeName))
  changes.forEach((change, at) => {
    const wrong = (field: string, message: string) =>
      faults.push(about(change, 'Other', `ChangeSet[${at}].${field}`, message))
    if (change.ChangeName !== undefined && names.has(change.ChangeName)) {
      wrong('ChangeName', 'Provide unique change names.')
    }
    if (change.ChangeName !== undefined) names.add(change.ChangeName)
    const id = change.Entity.Identifier
    if (isCreate(change)) {
      if (id !== undefined) wrong('Entity.Identifier', 'A create change has no Identifier.')
    } else if (id === undefined) {
      wrong('Entity.Identifier', 'Provide an Identifier.')
    } else {
      const key = `${id.split('@')[0]}/${change.ChangeType}`
      if (said.has(key)) wrong('ChangeType', 'Provide each change type once for an entity.')
      said.add(key)
    }
    for (const name of references([id, change.Details])) {
      if (!creates.has(name)) wrong('Entity.Identifier', `No create change is named ${name}.`)
    }
  })
  return faults
}

export function isCreate(change: { readonly ChangeType: string }): boolean {
  return change.ChangeType.startsWith('Create')
}

/** Names of the create changes that a value refers to as `$Name.Entity.Identifier`. */
function references(value: unknown): string[] {
  if (typeof value === 'string') return REFERENCE.exec(value)?.slice(1) ?? []
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap(references)
}

/** The value with every `$Name.Entity.Identifier` replaced by what was created under that name. */
export function resolve(value: any, created: ReadonlyMap<string, string>): any {
  if (typeof value === 'string') return created.get(REFERENCE.exec(value)?.[1] ?? '') ?? value
  if (Array.isArray(value)) return value.map((item) => resolve(item, created))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolve(item, created)]),
  )
}

/** The exception AWS answers synchronous refusals with, every field at once. */
export function invalid(fields: readonly Field[]): AwsFailure {
  const message = fields.map((one) => (one.Field ? `${one.Field}: ${one.Message}` : one.Message))
  return new AwsFailure('ValidationException', message.join(' '), {
    ValidationExceptionFieldList: fields,
  })
}

/** A fault of one change of the set. */
export function about(change: any, Reason: Field['Reason'], path: string, Message: string): Field {
  const id = change.Entity.Identifier
  return {
    Reason,
    EntityType: change.Entity.Type,
    ...(id === undefined || id.startsWith('$') ? {} : { EntityId: id }),
    ChangeType: change.ChangeType,
    Field: path,
    Message,
  }
}
