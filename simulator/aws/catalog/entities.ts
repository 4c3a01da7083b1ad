import { type Aws, seconds } from '../context.ts'
import { AwsFailure } from '../failure.ts'
import type { Caller } from '../identity.ts'
import { CATALOG, type Entity, entityArn } from './model.ts'
import { invalid } from './read-changes.ts'

export function describeEntity(aws: Aws, input: any, caller: Caller) {
  if (input.Catalog !== CATALOG) throw invalid([{ Reason: 'Other', Message: `Use ${CATALOG}.` }])
  const entity = find(aws, input.EntityId, caller)
  return { ...describe(entity), Details: JSON.stringify(entity.details) }
}

export function batchDescribeEntities(aws: Aws, input: any, caller: Caller) {
  const EntityDetails: Record<string, object> = {}
  const Errors: Record<string, object> = {}
  for (const { Catalog, EntityId } of input.EntityRequestList) {
    try {
      if (Catalog !== CATALOG) throw invalid([{ Reason: 'Other', Message: `Use ${CATALOG}.` }])
      EntityDetails[EntityId] = describe(find(aws, EntityId, caller))
    } catch (error) {
      if (!(error instanceof AwsFailure)) throw error
      Errors[EntityId] = { ErrorCode: error.code, ErrorMessage: error.message }
    }
  }
  return { EntityDetails, Errors }
}

function describe(entity: Entity) {
  return {
    EntityType: `${entity.type}@1.0`,
    EntityIdentifier: `${entity.id}@${entity.revision}`,
    EntityArn: entityArn(entity),
    LastModifiedDate: seconds(entity.modifiedAt),
    DetailsDocument: entity.details,
  }
}

/** The entity, or the revision of it that was asked for. */
function find(aws: Aws, identifier: string, caller: Caller): Entity {
  const [id = '', revision] = identifier.split('@')
  const entity = aws.entities.get(id)
  if (!entity) throw new AwsFailure('ResourceNotFoundException', `Entity ${id} does not exist.`)
  if (entity.owner !== caller.account) {
    throw new AwsFailure('AccessDeniedException', `You do not have access to entity ${id}.`)
  }
  if (revision === undefined || Number(revision) === entity.revision) return entity
  const earlier = aws.revisions.get(`${id}@${revision}`)
  if (!earlier) {
    throw new AwsFailure('ResourceNotFoundException', `Entity ${identifier} does not exist.`)
  }
  return earlier
}
