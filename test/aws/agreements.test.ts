import { describe, expect, it } from 'vitest'
import { type Call, cloud, failing } from './cloud.ts'

const epoch = (text: string) => Date.parse(text) / 1000
const licenseArn =
  'arn:aws:license-manager::294406891311:license:l-0123456789abcdef0123456789abcdef'
const summary = (agreementId: string, updated: string, rest: object = {}) => ({
  agreementId,
  acceptanceTime: epoch('2026-08-20T14:23:11.013Z'),
  startTime: epoch('2026-08-20T14:23:11.013Z'),
  lastUpdateTime: epoch(updated),
  acceptor: { accountId: '111122223333' },
  proposer: { accountId: '777788889999' },
  proposalSummary: { resources: [{ id: 'prod-1', type: 'SaaSProduct' }], offerId: 'offer-1' },
  status: 'ACTIVE',
  entitlements: [{ licenseArn }],
  initialAgreementId: 'agmt-0',
  ...rest,
})
const detail = (rest: object = {}) => ({
  agreementId: 'agmt-1',
  acceptor: { accountId: '111122223333' },
  acceptanceTime: epoch('2026-08-20T14:23:11.013Z'),
  startTime: epoch('2026-08-20T14:23:11.013Z'),
  endTime: epoch('2027-08-19T23:59:59.999Z'),
  estimatedCharges: { currencyCode: 'USD', agreementValue: '1200.0' },
  proposalSummary: { resources: [{ id: 'prod-1', type: 'SaaSProduct' }], offerId: 'offer-1' },
  status: 'ACTIVE',
  initialAgreementId: 'agmt-0',
  ...rest,
})
const configurable = {
  configurableUpfrontPricingTerm: {
    type: 'ConfigurableUpfrontPricingTerm',
    currencyCode: 'USD',
    rateCards: [
      {
        selector: { type: 'Duration', value: 'P12M' },
        rateCard: [{ dimensionKey: 'users', price: '240' }],
      },
    ],
    configuration: {
      selectorValue: 'P12M',
      dimensions: [{ dimensionKey: 'users', dimensionValue: 5 }],
    },
  },
}
const answers = {
  SearchAgreements: { agreementViewSummaries: [summary('agmt-1', '2026-08-21T00:00:00.500Z')] },
  DescribeAgreement: detail(),
  GetAgreementTerms: { acceptedTerms: [configurable] },
  BatchDescribeEntities: {
    EntityDetails: { 'prod-1': { DetailsDocument: { Description: { ProductCode: 'pc1' } } } },
  },
  GetEntitlements: {
    Entitlements: [
      {
        ProductCode: 'pc1',
        Dimension: 'users',
        Value: { IntegerValue: 5 },
        ExpirationDate: epoch('2027-08-19T23:59:59Z'),
        LicenseArn: licenseArn,
      },
    ],
  },
}
const only = async (change: object) => {
  const { agreements } = await cloud({ ...answers, ...change })
  return (await agreements.changedSince(null)).agreements[0]
}

describe('an agreement', () => {
  it('is told whole', async () => {
    expect(await only({})).toMatchObject({
      agreementRef: 'agmt-1',
      initialRef: 'agmt-0',
      offerRef: 'offer-1',
      listingRef: 'prod-1',
      buyerRef: '111122223333',
      licenseRefs: [licenseArn],
      state: { is: 'active' },
      nativeStatus: 'ACTIVE',
      acceptedAt: '2026-08-20T14:23:11.013Z',
      endsAt: '2027-08-20T00:00:00.000Z',
      changedAt: '2026-08-21T00:00:00.500Z',
      value: { currency: 'USD', amount: '1200.00' },
      charges: [{ at: '2026-08-20T14:23:11.013Z', amount: { currency: 'USD', amount: '1200.00' } }],
      entitlements: [
        {
          dimension: 'users',
          quantity: '5',
          licenseRef: licenseArn,
          expiresAt: '2027-08-20T00:00:00.000Z',
        },
      ],
      native: { terms: [configurable] },
    })
  })

  it('reads the same when nothing changed: no request id stays in it', async () => {
    expect(JSON.stringify(await only({}))).not.toContain('$metadata')
  })

  it('asks for entitlements by licence, with the product’s code', async () => {
    const { calls, agreements } = await cloud(answers)
    await agreements.changedSince(null)
    expect(calls.find(({ operation }) => operation === 'GetEntitlements')?.body).toMatchObject({
      ProductCode: 'pc1',
      Filter: { LICENSE_ARN: [licenseArn] },
    })
  })

  it('entitles to what was bought while AWS has not provided it or will not tell', async () => {
    const refused = { status: 400, error: 'InvalidParameterException' }
    for (const GetEntitlements of [{}, refused])
      expect(await only({ GetEntitlements })).toMatchObject({
        entitlements: [{ dimension: 'users', quantity: '5', licenseRef: licenseArn }],
      })
    const ended = summary('agmt-1', '2026-08-21T00:00:00Z', { status: 'EXPIRED' })
    const SearchAgreements = { agreementViewSummaries: [ended] }
    expect(await only({ GetEntitlements: {}, SearchAgreements })).toMatchObject({
      entitlements: [],
    })
  })

  it('pay as you go has rates, no end and nothing entitled', async () => {
    const usage = {
      usageBasedPricingTerm: {
        currencyCode: 'USD',
        rateCards: [{ rateCard: [{ dimensionKey: 'api', price: '0.00000001' }] }],
      },
    }
    for (const endTime of [null, epoch('9999-01-01T00:00:00Z')])
      expect(
        await only({
          DescribeAgreement: detail({
            endTime,
            estimatedCharges: { currencyCode: 'USD', agreementValue: '0' },
          }),
          GetAgreementTerms: { acceptedTerms: [usage] },
          GetEntitlements: 'hang up',
        }),
      ).toMatchObject({
        endsAt: null,
        usageRates: [{ dimension: 'api', rate: '0.00000001', currency: 'USD' }],
        entitlements: [],
        charges: [],
        value: { amount: '0.00' },
      })
  })

  it('charges as scheduled, reads all pages of terms and lives with terms it does not know', async () => {
    const pages: Record<string, object> = {
      first: { acceptedTerms: [{ brandNewTerm: { type: 'X' } }], nextToken: 'second' },
      second: {
        acceptedTerms: [
          {
            paymentScheduleTerm: {
              currencyCode: 'JPY',
              schedule: [{ chargeDate: epoch('2026-12-01T00:00:00Z'), chargeAmount: '1000.00' }],
            },
          },
        ],
      },
    }
    const GetAgreementTerms = ({ body }: Call) => pages[body.nextToken ?? 'first']
    expect(await only({ GetAgreementTerms })).toMatchObject({
      charges: [{ at: '2026-12-01T00:00:00.000Z', amount: { currency: 'JPY', amount: '1000' } }],
    })
  })

  it('does not say when an amendment was billed', async () => {
    const estimatedCharges = { currencyCode: 'USD', agreementValue: '1300.00' }
    const found = await only({ DescribeAgreement: detail({ estimatedCharges }) })
    expect(found).toMatchObject({ charges: [], value: { amount: '1300.00' } })
  })

  it.each([
    ['CANCELLED', { is: 'ended', how: 'cancelled' }],
    ['EXPIRED', { is: 'ended', how: 'expired' }],
    ['RENEWED', { is: 'ended', how: 'renewed' }],
    ['REPLACED', { is: 'ended', how: 'replaced' }],
    ['TERMINATED', { is: 'ended', how: 'terminated' }],
    ['ARCHIVED', { is: 'unknown', word: 'ARCHIVED' }],
  ])('%s', async (status, state) =>
    expect(await only({ DescribeAgreement: detail({ status }) })).toMatchObject({
      state,
      nativeStatus: status,
    }),
  )
})

describe('what changed', () => {
  it('costs one call when nothing did, and is not told twice', async () => {
    const { calls, agreements } = await cloud(answers)
    const first = await agreements.changedSince(null)
    expect(first).toMatchObject({ more: false, agreements: [{ agreementRef: 'agmt-1' }] })
    const asked = calls.length
    const second = await agreements.changedSince(first.cursor)
    expect(second).toMatchObject({ agreements: [], more: false })
    expect(calls.slice(asked).map(({ operation }) => operation)).toEqual(['SearchAgreements'])
    expect(calls.at(-1)?.body.filters).toContainEqual({
      name: 'AfterLastUpdateTime',
      values: ['2026-08-20T23:55:00Z'],
    })
  })

  it('is told again when it changes inside the overlap, and for a cursor that is repeated', async () => {
    let updated = '2026-08-21T00:00:00Z'
    const { agreements } = await cloud({
      ...answers,
      SearchAgreements: () => ({ agreementViewSummaries: [summary('agmt-1', updated)] }),
    })
    const first = await agreements.changedSince(null)
    updated = '2026-08-21T00:00:01Z'
    const second = await agreements.changedSince(first.cursor)
    expect(second.agreements).toHaveLength(1)
    expect((await agreements.changedSince(first.cursor)).agreements).toHaveLength(1)
    expect((await agreements.changedSince(second.cursor)).agreements).toHaveLength(0)
  })

  it('comes page by page, sorted by change, and begins again when a page token died', async () => {
    const SearchAgreements = ({ body }: Call) => {
      if (body.nextToken === 'dead')
        return { status: 400, error: 'ValidationException', reason: 'INVALID_NEXT_TOKEN' }
      return body.nextToken === 'two'
        ? { agreementViewSummaries: [summary('agmt-2', '2026-08-22T00:00:00Z')] }
        : { agreementViewSummaries: [summary('agmt-1', '2026-08-21T00:00:00Z')], nextToken: 'two' }
    }
    const { calls, agreements } = await cloud({ ...answers, SearchAgreements })
    const first = await agreements.changedSince(null)
    expect(first.more).toBe(true)
    expect(calls[0]?.body).toMatchObject({
      filters: [
        { name: 'PartyType', values: ['Proposer'] },
        { name: 'AgreementType', values: ['PurchaseAgreement'] },
      ],
      sort: { sortBy: 'LastUpdateTime', sortOrder: 'ASCENDING' },
    })
    const second = await agreements.changedSince(first.cursor)
    expect(second).toMatchObject({ more: false, agreements: [{ agreementRef: 'agmt-2' }] })
    const died = await agreements.changedSince(first.cursor.replace('"two"', '"dead"'))
    expect(died.more).toBe(true)
  })

  it('refuses a cursor that is none', async () => {
    const { agreements } = await cloud({})
    expect(await failing(agreements.changedSince('x'))).toMatchObject({ code: 'invalid' })
  })
})

describe('one agreement', () => {
  it('is found with its licences in its chain', async () => {
    const { calls, agreements } = await cloud(answers)
    expect(await agreements.get('agmt-1')).toMatchObject({ licenseRefs: [licenseArn] })
    expect(calls[1]?.body.filters).toContainEqual({
      name: 'InitialAgreementId',
      values: ['agmt-0'],
    })
  })

  it.each([
    [{ status: 400, error: 'ResourceNotFoundException' }],
    [{ status: 400, error: 'ValidationException' }],
    [{ status: 400, error: 'AccessDeniedException', reason: 'INVALID_ACCESS' }],
  ])('of somebody else is not found: %j', async (DescribeAgreement) => {
    const { agreements } = await cloud({ ...answers, DescribeAgreement })
    expect(await failing(agreements.get('agmt-1'))).toMatchObject({ code: 'not_found' })
  })

  it('that the seller did not propose is not found', async () => {
    const { agreements } = await cloud({
      ...answers,
      SearchAgreements: { agreementViewSummaries: [] },
    })
    expect(await failing(agreements.get('agmt-1'))).toMatchObject({ code: 'not_found' })
  })
})

describe('a registration token', () => {
  it('is read from the form AWS posts', async () => {
    const { agreements } = await cloud({})
    expect(agreements.readToken({ 'x-amzn-marketplace-token': 'a b/c=' })).toBe('a+b/c=')
    expect(agreements.readToken({ token: 'x' })).toBeUndefined()
    expect(agreements.readToken({ 'x-amzn-marketplace-token': '' })).toBeUndefined()
  })

  it('says who came, with and without the legacy identifier', async () => {
    const now = { CustomerAWSAccountId: '111122223333', LicenseArn: licenseArn, ProductCode: 'pc1' }
    const { agreements } = await cloud({ ResolveCustomer: now })
    expect(await agreements.resolve('t')).toEqual({
      agreementRef: null,
      buyerRef: '111122223333',
      licenseRef: licenseArn,
      customerRef: null,
      meteringRef: 'pc1',
      native: now,
    })
    const legacy = await cloud({ ResolveCustomer: { ...now, CustomerIdentifier: 'X01' } })
    expect(await legacy.agreements.resolve('t')).toMatchObject({ customerRef: 'X01' })
  })

  it.each([
    [
      'ExpiredTokenException',
      'The submitted registration token has expired',
      'rejected',
      'expired',
    ],
    ['InvalidTokenException', 'not valid', 'rejected', 'invalid'],
    [
      'ExpiredTokenException',
      'The security token included in the request is expired',
      'unauthenticated',
      undefined,
    ],
  ])('%s "%s" is %s', async (error, message, code, token) => {
    const { agreements } = await cloud({ ResolveCustomer: { status: 400, error, message } })
    const problem = await failing(agreements.resolve('t'))
    expect(problem.code).toBe(code)
    expect(problem.details.token).toBe(token)
  })
})
