import {
  DescribeAgreementCommand,
  GetAgreementTermsCommand,
  SearchAgreementsCommand,
} from '@aws-sdk/client-marketplace-agreement'
import {
  DescribeChangeSetCommand,
  DescribeEntityCommand,
  ListChangeSetsCommand,
  ListEntitiesCommand,
} from '@aws-sdk/client-marketplace-catalog'
import { GetEntitlementsCommand } from '@aws-sdk/client-marketplace-entitlement-service'
import {
  BatchMeterUsageCommand,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { AccountPort, Check } from '../../src/connections/port.ts'
import { asProblem, type Code, Problem } from '../../src/kernel/problem.ts'
import { type AwsClient, catalogName } from './client.ts'
import { permissionOf } from './failures.ts'
import { feedFiles } from './feed-files.ts'
import { tokenProblem } from './registration.ts'

/** A product code and a token that no product and no buyer has: AWS's answer shows that we may ask. */
const nobody = 'tradepost-permission-check'

/** One harmless call to each API that the ports use. A refusal of what was asked shows that asking is allowed. */
export const account = (aws: AwsClient): AccountPort => ({
  async check() {
    return [
      ...(await session(aws)),
      ...(await catalogue(aws)),
      ...(await agreements(aws)),
      ...(await saas(aws)),
      ...(await feeds(aws)),
    ]
  },
})

type Tried<T> = { readonly check: Check; readonly value: T | undefined }

async function attempt<T>(
  call: string,
  act: () => Promise<T>,
  allowed: readonly Code[] = [],
): Promise<Tried<T>> {
  const permission = permissionOf(call)
  try {
    return { check: { call, permission, outcome: 'ok' }, value: await act() }
  } catch (error) {
    const { code, message } = asProblem(error)
    if (allowed.includes(code))
      return { check: { call, permission, outcome: 'ok' }, value: undefined }
    const outcome = code === 'forbidden' ? 'missing' : 'failed'
    return { check: { call, permission, outcome, detail: message }, value: undefined }
  }
}

const skipped = (call: string, detail: string): Check => ({
  call,
  permission: permissionOf(call),
  outcome: 'skipped',
  detail,
})

async function session(aws: AwsClient): Promise<readonly Check[]> {
  const role =
    aws.credentials.kind === 'role'
      ? [(await attempt('AssumeRole', () => aws.session.renew())).check]
      : []
  const identity = await attempt('GetCallerIdentity', async () => {
    const { Account } = await aws.call('GetCallerIdentity', (options) =>
      aws.sts.send(new GetCallerIdentityCommand({}), options),
    )
    const { sellerAccount } = aws.settings
    if (sellerAccount && Account !== sellerAccount)
      throw new Problem('invalid', `the credentials are of ${Account}, not of ${sellerAccount}`)
  })
  return [...role, identity.check]
}

async function catalogue(aws: AwsClient): Promise<readonly Check[]> {
  const entities = await attempt('ListEntities', () =>
    aws.call('ListEntities', (options) => {
      const input = { Catalog: catalogName, EntityType: 'SaaSProduct', MaxResults: 1 }
      return aws.catalog.send(new ListEntitiesCommand(input), options)
    }),
  )
  const sets = await attempt('ListChangeSets', () =>
    aws.call('ListChangeSets', (options) =>
      aws.catalog.send(new ListChangeSetsCommand({ Catalog: catalogName, MaxResults: 1 }), options),
    ),
  )
  const EntityId = entities.value?.EntitySummaryList?.[0]?.EntityId
  const ChangeSetId = sets.value?.ChangeSetSummaryList?.[0]?.ChangeSetId
  const entity = await onFound('DescribeEntity', EntityId, 'no product', (id) =>
    aws.call('DescribeEntity', (options) =>
      aws.catalog.send(new DescribeEntityCommand({ Catalog: catalogName, EntityId: id }), options),
    ),
  )
  const set = await onFound('DescribeChangeSet', ChangeSetId, 'no change set', (id) =>
    aws.call('DescribeChangeSet', (options) =>
      aws.catalog.send(
        new DescribeChangeSetCommand({ Catalog: catalogName, ChangeSetId: id }),
        options,
      ),
    ),
  )
  const start = skipped('StartChangeSet', 'cannot be tried without changing something')
  return [entities.check, entity, sets.check, set, start]
}

async function onFound(
  call: string,
  id: string | undefined,
  nothing: string,
  act: (id: string) => Promise<unknown>,
): Promise<Check> {
  if (id === undefined) return skipped(call, `there is ${nothing} to try it on`)
  return (await attempt(call, () => act(id), ['not_found'])).check
}

async function agreements(aws: AwsClient): Promise<readonly Check[]> {
  const filters = [
    { name: 'PartyType', values: ['Proposer'] },
    { name: 'AgreementType', values: ['PurchaseAgreement'] },
  ]
  const found = await attempt('SearchAgreements', () =>
    aws.call('SearchAgreements', (options) =>
      aws.agreement.send(
        new SearchAgreementsCommand({ catalog: catalogName, filters, maxResults: 1 }),
        options,
      ),
    ),
  )
  const id = found.value?.agreementViewSummaries?.[0]?.agreementId
  const detail = await onFound('DescribeAgreement', id, 'no agreement', (agreementId) =>
    aws.call('DescribeAgreement', (options) =>
      aws.agreement.send(new DescribeAgreementCommand({ agreementId }), options),
    ),
  )
  const terms = await onFound('GetAgreementTerms', id, 'no agreement', (agreementId) =>
    aws.call('GetAgreementTerms', (options) =>
      aws.agreement.send(new GetAgreementTermsCommand({ agreementId, maxResults: 1 }), options),
    ),
  )
  return [found.check, detail, terms]
}

async function saas(aws: AwsClient): Promise<readonly Check[]> {
  const refused: readonly Code[] = ['rejected', 'not_found']
  const entitlements = await attempt(
    'GetEntitlements',
    () =>
      aws.call('GetEntitlements', (options) =>
        aws.entitlement.send(new GetEntitlementsCommand({ ProductCode: nobody }), options),
      ),
    refused,
  )
  const usage = await attempt(
    'BatchMeterUsage',
    () =>
      aws.call('BatchMeterUsage', (options) =>
        aws.metering.send(new BatchMeterUsageCommand({ UsageRecords: [] }), options),
      ),
    refused,
  )
  const customer = await attempt(
    'ResolveCustomer',
    () =>
      aws.call(
        'ResolveCustomer',
        (options) =>
          aws.metering.send(new ResolveCustomerCommand({ RegistrationToken: nobody }), options),
        tokenProblem,
      ),
    refused,
  )
  return [entitlements.check, usage.check, customer.check]
}

async function feeds(aws: AwsClient): Promise<readonly Check[]> {
  const place = aws.settings.feeds
  if (!place)
    return ['ListObjectsV2', 'GetObject'].map((call) => skipped(call, 'no feeds are set up'))
  if (place.kind === 'folder') {
    const { check } = await attempt('ReadFeedFolder', () => feedFiles(aws, place))
    return [{ ...check, permission: `read ${place.path}` }]
  }
  const { bucket: Bucket, prefix: Prefix } = place
  const list = await attempt('ListObjectsV2', () =>
    aws.call('ListObjectsV2', (options) =>
      aws.s3.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), options),
    ),
  )
  const Key = list.value?.Contents?.[0]?.Key
  const read = await onFound('GetObject', Key, 'no file', () =>
    aws.call('GetObject', async (options) => {
      const { Body } = await aws.s3.send(
        new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-0' }),
        options,
      )
      await Body?.transformToByteArray()
    }),
  )
  return [list.check, read]
}
