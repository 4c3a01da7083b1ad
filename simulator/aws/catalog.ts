import { batchDescribeEntities, describeEntity } from './catalog/entities.ts'
import { listEntities } from './catalog/list.ts'
import { invalid } from './catalog/read-changes.ts'
import { cancelChangeSet, describeChangeSet, listChangeSets } from './catalog/sets.ts'
import { startChangeSet } from './catalog/start.ts'
import type { Service } from './service.ts'
import { loadModel } from './shapes.ts'

/**
 * AWS Marketplace Catalog API, 2018-09-17: REST-JSON, us-east-1 only. Rates are those of "Quotas for
 * AWS Marketplace Catalog API".
 */
export const catalog: Service = {
  name: 'catalog',
  protocol: 'rest-json',
  contentType: 'application/json',
  targetPrefix: '',
  model: loadModel('marketplace-catalog'),
  signingName: 'aws-marketplace',
  regions: ['us-east-1'],
  patterns: false,
  throttle: 'ThrottlingException',
  internal: 'InternalServiceException',
  invalid: (found) =>
    invalid(
      found.map((one) => ({
        Reason: 'FieldValidationFailed' as const,
        Field: one.path,
        Message: one.message,
      })),
    ),
  operations: {
    StartChangeSet: { perSecond: 5, handle: startChangeSet },
    DescribeChangeSet: { perSecond: 10, handle: describeChangeSet },
    CancelChangeSet: { perSecond: 5, handle: cancelChangeSet },
    ListChangeSets: { perSecond: 5, handle: listChangeSets },
    ListEntities: { perSecond: 10, handle: listEntities },
    DescribeEntity: { perSecond: 20, handle: describeEntity },
    BatchDescribeEntities: {
      action: 'aws-marketplace:DescribeEntity',
      perSecond: 20,
      handle: batchDescribeEntities,
    },
  },
}
