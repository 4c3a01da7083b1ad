import { describe, expect, it } from 'vitest'
import { cloud, failing } from './cloud.ts'
import { order } from './order.ts'

const none = { ChangeSetSummaryList: [] }
const started = { ChangeSetId: 'cs1', ChangeSetArn: 'arn:aws:aws-marketplace:x' }

describe('submit', () => {
  it('starts exactly what requests shows', async () => {
    const { calls, offers } = await cloud({ ListChangeSets: none, StartChangeSet: started })
    expect(await offers.submit(order(), 'offer_1', null)).toEqual({
      is: 'publishing',
      operation: 'cs1',
    })
    expect(calls.at(-1)?.body).toEqual(offers.requests(order(), 'offer_1')[0])
  })

  it('starts nothing for a key that AWS has a change set of', async () => {
    const list = {
      ChangeSetSummaryList: [
        { ChangeSetName: 'offer_12', ChangeSetId: 'other' },
        { ChangeSetName: 'offer_1', ChangeSetId: 'first', Status: 'FAILED' },
      ],
    }
    const { calls, offers } = await cloud({ ListChangeSets: list })
    expect(await offers.submit(order(), 'offer_1', null)).toMatchObject({ operation: 'first' })
    expect(calls.map(({ operation }) => operation)).toEqual(['ListChangeSets'])
    expect(calls[0]?.body.FilterList).toEqual([{ Name: 'ChangeSetName', ValueList: ['offer_1'] }])
  })

  it('tells a lost reply as unavailable after one try', async () => {
    const { calls, offers } = await cloud({ ListChangeSets: none, StartChangeSet: 'hang up' })
    expect(await failing(offers.submit(order(), 'offer_1', null))).toMatchObject({
      code: 'unavailable',
    })
    expect(calls.filter(({ operation }) => operation === 'StartChangeSet')).toHaveLength(1)
  })

  it('throws an immediate refusal with every reason', async () => {
    const fault = (ChangeType: string, Field: string) => ({
      ChangeType,
      Field,
      Reason: 'FieldValidationFailed',
      Message: `${Field} is wrong`,
    })
    const { offers } = await cloud({
      ListChangeSets: none,
      StartChangeSet: {
        status: 422,
        error: 'ValidationException',
        ValidationExceptionFieldList: [
          fault('UpdateInformation', 'DetailsDocument.Name'),
          fault('UpdateTargeting', 'DetailsDocument.PositiveTargeting'),
        ],
      },
    })
    const problem = await failing(offers.submit(order(), 'offer_1', null))
    expect(problem).toMatchObject({
      code: 'rejected',
      details: {
        reasons: [
          {
            part: 'UpdateInformation DetailsDocument.Name',
            code: 'FieldValidationFailed',
            message: 'DetailsDocument.Name is wrong',
          },
          { part: 'UpdateTargeting DetailsDocument.PositiveTargeting' },
        ],
      },
    })
  })

  it.each([
    [423, 'ResourceInUseException', 'conflict', {}],
    [429, 'ThrottlingException', 'throttled', {}],
    [402, 'ServiceQuotaExceededException', 'throttled', { retryAfterMs: 600_000 }],
    [403, 'AccessDeniedException', 'forbidden', { whose: 'ours' }],
    [404, 'ResourceNotFoundException', 'rejected', { awsCode: 'ResourceNotFoundException' }],
    [500, 'InternalServiceException', 'unavailable', {}],
  ] as const)('%i %s is %s', async (status, error, code, details) => {
    const StartChangeSet = { status, error }
    const { calls, offers } = await cloud({ ListChangeSets: none, StartChangeSet })
    const problem = await failing(offers.submit(order(), 'offer_1', null))
    expect(problem).toMatchObject({ code, details })
    expect(calls).toHaveLength(2)
  })
})

describe('progress', () => {
  const progress = async (set: object) => {
    const { offers } = await cloud({ DescribeChangeSet: { ChangeSetId: 'cs1', ...set } })
    return offers.progress('cs1')
  }
  const create = {
    ChangeType: 'CreateOffer',
    Entity: { Type: 'Offer@1.0', Identifier: 'offer-ad8example51@1' },
    DetailsDocument: { ProductId: 'prod-x' },
    ErrorDetailList: [],
  }

  it.each(['PREPARING', 'APPLYING'])('%s is still publishing', async (Status) =>
    expect(await progress({ Status })).toEqual({ is: 'publishing', operation: 'cs1' }),
  )

  it('a success names the offer without its revision, and where to buy', async () =>
    expect(await progress({ Status: 'SUCCEEDED', ChangeSet: [create] })).toEqual({
      is: 'live',
      offerRef: 'offer-ad8example51',
      buyUrl: 'https://console.aws.amazon.com/marketplace/home#/private-offers',
    }))

  it('fills product and offer into the link of the settings, from either form of details', async () => {
    const { DetailsDocument, ...bare } = create
    const ChangeSet = [{ ...bare, Details: JSON.stringify(DetailsDocument) }]
    const { offers } = await cloud(
      { DescribeChangeSet: { Status: 'SUCCEEDED', ChangeSet } },
      { settings: { buyUrl: 'https://a.example/?p={product}&o={offer}' } },
    )
    expect(await offers.progress('cs1')).toMatchObject({
      buyUrl: 'https://a.example/?p=prod-x&o=offer-ad8example51',
    })
  })

  it('a failure tells every error of every change', async () => {
    const failed = (ChangeType: string, ...codes: string[]) => ({
      ChangeType,
      ErrorDetailList: codes.map((ErrorCode) => ({ ErrorCode, ErrorMessage: `${ErrorCode}!` })),
    })
    const ChangeSet = [failed('UpdateLegalTerms', 'A', 'B'), failed('ReleaseOffer', 'C')]
    expect(await progress({ Status: 'FAILED', FailureCode: 'CLIENT_ERROR', ChangeSet })).toEqual({
      is: 'refused',
      reasons: [
        { part: 'UpdateLegalTerms', code: 'A', message: 'A!' },
        { part: 'UpdateLegalTerms', code: 'B', message: 'B!' },
        { part: 'ReleaseOffer', code: 'C', message: 'C!' },
      ],
    })
  })

  it("AWS's own fault may be tried again, a cancelled one is refused", async () => {
    const fault = { Status: 'FAILED', FailureCode: 'SERVER_FAULT', FailureDescription: 'sorry' }
    expect(await progress(fault)).toEqual({ is: 'failed', detail: 'sorry' })
    expect(await progress({ Status: 'CANCELLED' })).toMatchObject({ is: 'refused' })
  })

  it('an unknown operation is not found, however AWS says so', async () => {
    for (const [status, error] of [
      [404, 'ResourceNotFoundException'],
      [422, 'ValidationException'],
    ]) {
      const { offers } = await cloud({ DescribeChangeSet: { status, error } })
      expect(await failing(offers.progress('cs1'))).toMatchObject({ code: 'not_found' })
    }
  })

  it('an unknown state is our fault to know', async () =>
    expect(await failing(progress({ Status: 'PONDERING' }))).toMatchObject({ code: 'internal' }))
})

describe('a live offer', () => {
  it.each([
    ['withdraw', '2026-11-01', '2026-10-31'],
    ['extend', '2027-02-28', '2027-02-28'],
  ] as const)('%s changes its last day', async (verb, day, until) => {
    const { calls, offers } = await cloud({
      ListChangeSets: none,
      StartChangeSet: started,
      DescribeChangeSet: { Status: 'SUCCEEDED' },
    })
    expect(await offers[verb]('offer-x', day, 'key-1')).toEqual({ is: 'running', operation: 'cs1' })
    expect(calls[1]?.body.ChangeSet).toEqual([
      {
        ChangeType: 'UpdateAvailability',
        Entity: { Type: 'Offer@1.0', Identifier: 'offer-x' },
        DetailsDocument: { AvailabilityEndDate: until },
      },
    ])
    expect(await offers.changeProgress('cs1')).toEqual({ is: 'done' })
  })
})
