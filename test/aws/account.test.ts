import { describe, expect, it } from 'vitest'
import { cloud, failing } from './cloud.ts'

const role = {
  kind: 'role',
  roleArn: 'arn:aws:iam::777788889999:role/tradepost',
  externalId: 'ext-1',
  accessKeyId: 'AKIAPLATFORM',
  secretAccessKey: 'platform',
}
let sessions = 0
const assumed = (until: string) => () => {
  sessions += 1
  return `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA${sessions}</AccessKeyId>
    <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${until}</Expiration>
    </Credentials></AssumeRoleResult></AssumeRoleResponse>`
}
const denied = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
  <Message>User is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`
const caller = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>777788889999</Account>
  </GetCallerIdentityResult></GetCallerIdentityResponse>`
const product = {
  EntityId: 'prod-1',
  EntityType: 'SaaSProduct',
  LastModifiedDate: '2026-08-21T00:00:00Z',
  Name: 'Example',
}
const healthy = {
  GetCallerIdentity: caller,
  ListEntities: { EntitySummaryList: [product] },
  DescribeEntity: { EntityIdentifier: 'prod-1@1' },
  ListChangeSets: { ChangeSetSummaryList: [] },
  SearchAgreements: { agreementViewSummaries: [{ agreementId: 'agmt-1' }] },
  DescribeAgreement: { agreementId: 'agmt-1' },
  GetAgreementTerms: { acceptedTerms: [] },
  GetEntitlements: { status: 400, error: 'InvalidParameterException' },
  BatchMeterUsage: { Results: [], UnprocessedRecords: [] },
  ResolveCustomer: { status: 400, error: 'InvalidTokenException' },
}
const outcomes = async (account: Awaited<ReturnType<typeof cloud>>['account']) =>
  Object.fromEntries((await account.check()).map(({ call, outcome }) => [call, outcome]))

describe('the check', () => {
  it('tries each API, and a refusal of nonsense shows that asking is allowed', async () => {
    const { calls, account } = await cloud(healthy)
    expect(await outcomes(account)).toEqual({
      GetCallerIdentity: 'ok',
      ListEntities: 'ok',
      DescribeEntity: 'ok',
      ListChangeSets: 'ok',
      DescribeChangeSet: 'skipped',
      StartChangeSet: 'skipped',
      SearchAgreements: 'ok',
      DescribeAgreement: 'ok',
      GetAgreementTerms: 'ok',
      GetEntitlements: 'ok',
      BatchMeterUsage: 'ok',
      ResolveCustomer: 'ok',
      ListObjectsV2: 'skipped',
      GetObject: 'skipped',
    })
    const usage = calls.find(({ operation }) => operation === 'BatchMeterUsage')
    expect(usage?.body.UsageRecords).toEqual([])
  })

  it('names each permission that is missing, and what else is wrong', async () => {
    const { account } = await cloud(
      {
        ...healthy,
        SearchAgreements: { status: 400, error: 'AccessDeniedException' },
        BatchMeterUsage: { status: 400, error: 'AccessDeniedException' },
        ListObjectsV2: denied,
      },
      { settings: { sellerAccount: '111111111111', feeds: { kind: 's3', bucket: 'feeds' } } },
    )
    const checks = await account.check()
    const bad = checks.filter(({ outcome }) => outcome === 'missing' || outcome === 'failed')
    expect(bad.map(({ outcome, permission }) => [outcome, permission])).toEqual([
      ['failed', 'sts:GetCallerIdentity'],
      ['missing', 'aws-marketplace:SearchAgreements'],
      ['missing', 'aws-marketplace:BatchMeterUsage'],
      ['missing', 's3:ListBucket'],
    ])
    expect(bad[0]?.detail).toBe('the credentials are of 777788889999, not of 111111111111')
  })

  it('reports wrong credentials as outcomes', async () => {
    const wrong = { status: 403, error: 'UnrecognizedClientException' }
    const { account } = await cloud({ ...healthy, ListEntities: wrong, SearchAgreements: wrong })
    expect(await outcomes(account)).toMatchObject({
      ListEntities: 'failed',
      DescribeEntity: 'skipped',
    })
  })

  it('of a role that does not trust us fails everywhere, and says what to do', async () => {
    const { account } = await cloud({ ...healthy, AssumeRole: denied }, { credentials: role })
    const checks = await account.check()
    expect(checks[0]).toMatchObject({ call: 'AssumeRole', outcome: 'missing' })
    expect(checks[0]?.detail).toMatch(/trust policy must name our account and the external id/)
    expect(checks.filter(({ outcome }) => outcome === 'ok')).toEqual([])
  })
})

describe('a role', () => {
  const ListEntities = { EntitySummaryList: [] }
  it('is assumed once for calls at the same time, and signs them', async () => {
    const { calls, listings } = await cloud(
      { AssumeRole: assumed('2026-11-01T11:00:00Z'), ListEntities },
      { credentials: role },
    )
    await Promise.all([1, 2, 3].map(() => listings.changedSince(null)))
    await listings.changedSince(null)
    const [first, ...others] = calls
    expect(first).toMatchObject({ operation: 'AssumeRole', key: 'AKIAPLATFORM' })
    expect(first?.body).toContain('ExternalId=ext-1')
    expect(new Set(others.map(({ operation, key }) => `${operation} ${key}`))).toEqual(
      new Set([`ListEntities ASIA${sessions}`]),
    )
  })

  it('is renewed five minutes before its session ends', async () => {
    const { calls, listings } = await cloud(
      { AssumeRole: assumed('2026-11-01T10:04:00Z'), ListEntities },
      { credentials: role },
    )
    await listings.changedSince(null)
    await listings.changedSince(null)
    expect(calls.filter(({ operation }) => operation === 'AssumeRole').length).toBeGreaterThan(1)
  })

  it('is asked again when AWS says the session has expired', async () => {
    let asked = 0
    const { calls, listings } = await cloud(
      {
        AssumeRole: assumed('2026-11-01T11:00:00Z'),
        ListEntities: () => {
          asked += 1
          return asked === 1 ? { status: 403, error: 'ExpiredTokenException' } : ListEntities
        },
      },
      { credentials: role },
    )
    expect(await listings.changedSince(null)).toMatchObject({ listings: [] })
    expect(calls.map(({ operation }) => operation)).toEqual([
      'AssumeRole',
      'ListEntities',
      'AssumeRole',
      'ListEntities',
    ])
  })

  it('that may not be assumed is our fault to mend', async () => {
    const { listings } = await cloud({ AssumeRole: denied }, { credentials: role })
    expect(await failing(listings.changedSince(null))).toMatchObject({
      code: 'forbidden',
      details: { whose: 'ours', operation: 'AssumeRole' },
    })
  })
})

describe('listings', () => {
  const details = {
    Description: { ProductTitle: 'Example SaaS', ProductCode: 'pc1', Visibility: 'Public' },
    Dimensions: [
      { Key: 'seats', Name: 'Seats', Description: 'One user', Unit: 'Units', Types: ['Entitled'] },
      { Key: 'api', Name: 'Calls', Types: ['ExternallyMetered', 'Invented'] },
    ],
  }
  const BatchDescribeEntities = { EntityDetails: { 'prod-1': { DetailsDocument: details } } }

  it('are told in our words, once, for one call when nothing changed', async () => {
    const { calls, listings } = await cloud({ ...healthy, BatchDescribeEntities })
    const first = await listings.changedSince(null)
    expect(first).toMatchObject({
      more: false,
      listings: [
        {
          listingRef: 'prod-1',
          name: 'Example SaaS',
          kind: 'saas',
          visibility: 'Public',
          meteringRef: 'pc1',
          dimensions: [
            { key: 'seats', name: 'Seats', unit: 'Units', types: ['contract'] },
            { key: 'api', name: 'Calls', types: ['usage'] },
          ],
          modifiedAt: '2026-08-21T00:00:00.000Z',
          native: { details },
        },
      ],
    })
    expect((await listings.changedSince(first.cursor)).listings).toEqual([])
    expect(calls.map(({ operation }) => operation)).toEqual([
      'ListEntities',
      'BatchDescribeEntities',
      'ListEntities',
    ])
    expect(calls[2]?.body.EntityTypeFilters).toEqual({
      SaaSProductFilters: {
        LastModifiedDate: { DateRange: { AfterValue: '2026-08-20T23:55:00Z' } },
      },
    })
  })

  it('without a readable document keep what the list says', async () => {
    const empty = { EntityDetails: { 'prod-1': { DetailsDocument: { Dimensions: 'none' } } } }
    const { listings } = await cloud({ ...healthy, BatchDescribeEntities: empty })
    expect((await listings.changedSince(null)).listings).toMatchObject([
      { name: 'Example', meteringRef: null, dimensions: [] },
    ])
  })

  it('that AWS could not tell now are asked for again later', async () => {
    const fault = { ErrorCode: 'InternalServiceException', ErrorMessage: 'x' }
    const { listings } = await cloud({
      ...healthy,
      BatchDescribeEntities: { EntityDetails: {}, Errors: { 'prod-1': fault } },
    })
    expect(await failing(listings.changedSince(null))).toMatchObject({ code: 'unavailable' })
  })
})
