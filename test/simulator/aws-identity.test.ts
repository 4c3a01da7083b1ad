import { SearchAgreementsCommand } from '@aws-sdk/client-marketplace-agreement'
import { ListEntitiesCommand } from '@aws-sdk/client-marketplace-catalog'
import { GetEntitlementsCommand } from '@aws-sdk/client-marketplace-entitlement-service'
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
} from '@aws-sdk/client-marketplace-metering'
import { GetObjectCommand, HeadBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  clientsOf,
  openAws,
  PRODUCT_CODE,
  ROLE,
  refusal,
  type SimulatedAws,
  sellerKey,
} from './aws-clients.ts'
import { signedFetch } from './aws-signer.ts'

let aws: SimulatedAws

beforeAll(async () => {
  aws = await openAws()
})
afterAll(() => aws.stop())

type Clients = ReturnType<typeof clientsOf>

const calls: Record<string, (clients: Clients) => Promise<unknown>> = {
  catalog: ({ catalog }) =>
    catalog.send(new ListEntitiesCommand({ Catalog: 'AWSMarketplace', EntityType: 'Offer' })),
  agreement: ({ agreement }) =>
    agreement.send(
      new SearchAgreementsCommand({
        filters: [
          { name: 'PartyType', values: ['Proposer'] },
          { name: 'AgreementType', values: ['PurchaseAgreement'] },
        ],
      }),
    ),
  metering: ({ metering }) => metering.send(new BatchMeterUsageCommand({ UsageRecords: [] })),
  entitlement: ({ entitlement }) =>
    entitlement.send(new GetEntitlementsCommand({ ProductCode: PRODUCT_CODE })),
  sts: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
  s3: ({ s3 }) => s3.send(new ListObjectsV2Command({ Bucket: 'seller-data-feeds' })),
}
const services = Object.keys(calls)
const said = async (service: string, clients: Clients) => {
  const failed = await refusal(calls[service]?.(clients) ?? Promise.resolve())
  return [failed.name, failed.$metadata.httpStatusCode]
}
const assume = (more: object = {}, clients: Clients = aws) =>
  clients.sts.send(
    new AssumeRoleCommand({
      RoleArn: ROLE,
      RoleSessionName: 'test',
      ExternalId: 'tradepost-demo',
      ...more,
    }),
  )
const sessionClients = async () => {
  const { Credentials } = await assume()
  return clientsOf(aws.origin, {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  })
}

describe.each(services)('%s', (service) => {
  const rest = ['catalog'].includes(service)
  const json = rest ? 403 : 400
  const names: Record<string, [string, string, string]> = {
    sts: ['SignatureDoesNotMatch', 'InvalidClientTokenId', 'ExpiredToken'],
    s3: ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'ExpiredToken'],
  }
  const [mismatch, unknown, expired] = names[service] ?? [
    'InvalidSignatureException',
    'UnrecognizedClientException',
    'ExpiredTokenException',
  ]
  const xml = service === 'sts' || service === 's3'

  it('believes the seller and his role', async () => {
    await calls[service]?.(aws)
    await calls[service]?.(await sessionClients())
  })

  it('does not believe a wrong secret', async () => {
    const wrong = clientsOf(aws.origin, { ...sellerKey, secretAccessKey: 'guess' })
    expect(await said(service, wrong)).toEqual([mismatch, xml ? 403 : json])
  })

  it('does not know every key', async () => {
    const stranger = clientsOf(aws.origin, { ...sellerKey, accessKeyId: 'AKIASTRANGER00000001' })
    expect(await said(service, stranger)).toEqual([unknown, xml ? 403 : json])
  })

  it('ends sessions', async () => {
    const session = await sessionClients()
    await aws.post('/aws/control/sessions/expire')
    const status = service === 's3' ? 400 : service === 'sts' ? 403 : json
    expect(await said(service, session)).toEqual([expired, status])
  })
})

describe('permissions', () => {
  it.each([
    ['catalog', 'aws-marketplace:ListEntities', 403, 'AccessDeniedException'],
    ['agreement', 'aws-marketplace:SearchAgreements', 400, 'AccessDeniedException'],
    ['metering', 'aws-marketplace:BatchMeterUsage', 400, 'AccessDeniedException'],
    ['entitlement', 'aws-marketplace:GetEntitlements', 400, 'AccessDeniedException'],
    ['s3', 's3:ListBucket', 403, 'AccessDenied'],
  ])('of %s are refused by action', async (service, action, status, name) => {
    await aws.post('/aws/control/denied', { roleArn: ROLE, actions: [action] })
    expect(await said(service, await sessionClients())).toEqual([name, status])
    await calls[service]?.(aws)
    await aws.post('/aws/control/denied', { roleArn: ROLE, actions: [] })
    await calls[service]?.(await sessionClients())
  })
})

describe('AssumeRole', () => {
  it('lets in whom the role trusts, with its external id', async () => {
    const platform = clientsOf(aws.origin, {
      accessKeyId: 'AKIASIMPLATFORM00001',
      secretAccessKey: 'simulated-platform-secret',
    })
    const { AssumedRoleUser } = await assume({}, platform)
    expect(AssumedRoleUser?.Arn).toBe('arn:aws:sts::777788889999:assumed-role/tradepost/test')
  })

  it.each([
    ['a wrong external id', { ExternalId: 'guess' }],
    ['no external id', { ExternalId: undefined }],
    ['an unknown role', { RoleArn: 'arn:aws:iam::777788889999:role/nobody' }],
  ])('refuses %s', async (_, more) => {
    const failed = await refusal(assume(more))
    expect([failed.name, failed.$metadata.httpStatusCode]).toEqual(['AccessDenied', 403])
  })

  it('refuses accounts the role does not trust', async () => {
    const stranger = clientsOf(aws.origin, {
      accessKeyId: 'AKIASIMSELLER0000002',
      secretAccessKey: 'simulated-other-secret',
    })
    expect((await refusal(assume({}, stranger))).name).toBe('AccessDenied')
  })

  it('ends by the simulated clock when told to', async () => {
    await aws.set({ sessions: { clock: 'simulated' } })
    const session = await sessionClients()
    await calls.catalog?.(session)
    await aws.advance('PT1H')
    expect((await said('catalog', session))[0]).toBe('ExpiredTokenException')
    await aws.set({ sessions: { clock: 'real' } })
  })
})

describe('signatures', () => {
  const search = {
    method: 'POST',
    url: '/',
    service: 'aws-marketplace',
    contentType: 'application/x-amz-json-1.0',
    target: 'AWSMPCommerceService_v20200301.DescribeAgreement',
    body: '{"agreementId":"agmt-1"}',
  }
  const send = async (change: object, more: object = {}) => {
    const answer = await signedFetch(`${aws.origin}/aws`, { ...search, ...more }, change)
    return [answer.headers.get('x-amzn-errortype'), (await answer.json()).message]
  }

  it('are believed with and without the slash at the end', async () => {
    for (const url of ['', '/']) {
      expect((await send({}, { url }))[0]).toBe('ResourceNotFoundException')
    }
  })

  it('are as old as a quarter of an hour', async () => {
    expect((await send({ at: Date.now() - 14 * 60_000 }))[0]).toBe('ResourceNotFoundException')
    const [name, message] = await send({ at: Date.now() - 16 * 60_000 })
    expect(name).toBe('InvalidSignatureException')
    expect(message).toContain('expired')
  })

  it('name the region and the service they are for', async () => {
    const [name, message] = await send({ region: 'eu-west-1' })
    expect([name, message]).toEqual([
      'InvalidSignatureException',
      "Credential should be scoped to a valid region, not 'eu-west-1'.",
    ])
    expect((await send({}, { service: 'sts' }))[0]).toBe('InvalidSignatureException')
    const europe = new MarketplaceMeteringClient({
      region: 'eu-central-1',
      endpoint: `${aws.origin}/aws`,
      credentials: sellerKey,
    })
    await europe.send(new BatchMeterUsageCommand({ UsageRecords: [] }))
  })

  it('are needed', async () => {
    const answer = await fetch(`${aws.origin}/aws/ListEntities`, { method: 'POST', body: '{}' })
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'MissingAuthenticationTokenException',
    ])
  })
})

describe('buckets', () => {
  it('say what is missing as S3 does', async () => {
    const get = (Bucket: string, Key: string) => aws.s3.send(new GetObjectCommand({ Bucket, Key }))
    expect((await refusal(get('nobody', 'x'))).name).toBe('NoSuchBucket')
    expect((await refusal(get('seller-data-feeds', 'x/year=2027/data.csv'))).name).toBe('NoSuchKey')
    await aws.s3.send(new HeadBucketCommand({ Bucket: 'seller-data-feeds' }))
    const other = clientsOf(aws.origin, {
      accessKeyId: 'AKIASIMSELLER0000002',
      secretAccessKey: 'simulated-other-secret',
    })
    expect(await said('s3', other)).toEqual(['AccessDenied', 403])
  })
})
