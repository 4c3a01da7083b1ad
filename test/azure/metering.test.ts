import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/kernel/time.ts'
import type { HeldUsage, Report } from '../../src/metering/model.ts'
import { type Call, cloud, failing, open, type Replies, recording, replay } from './cloud.ts'

const batchPath = 'POST /api/batchUsageEvent'
const report = (changes: Partial<Report> = {}): Report => ({
  id: 'rec_1',
  agreementRef: '37f9dea2-4345-438f-b0bd-03d40d28c7e0',
  licenseRef: '37f9dea2-4345-438f-b0bd-03d40d28c7e0',
  buyerRef: 'tenant',
  customerRef: null,
  meteringRef: null,
  planRef: 'silver',
  dimension: 'dim1',
  hour: '2026-03-10T08:00Z',
  quantity: '5',
  allocations: [],
  ...changes,
})

type Sent = Record<string, unknown>
const eventsOf = ({ body }: Call): Sent[] => body.request
/** Answers each event of a batch by what `outcome` says of it. */
const answering =
  (outcome: (event: Sent) => object) =>
  (call: Call): { json: object } => ({
    json: { result: eventsOf(call).map((event) => ({ ...event, ...outcome(event) })) },
  })
const told = (replies: Replies, now?: Instant) => cloud(replies, now ? { now } : {})

const held = (quantity: string) =>
  `{"result":[{"status":"Duplicate","error":{"code":"Conflict","message":"This usage event already exist.","additionalInfo":{"acceptedMessage":{"usageEventId":"first","status":"Duplicate","quantity":${quantity}}}}}]}`

describe('a report', () => {
  it('is an event of its hour and plan, its quantity digit for digit', async () => {
    const { metering, calls } = told({
      [batchPath]: answering(() => ({ status: 'Accepted', usageEventId: 'e-1' })),
    })
    expect(await metering.report([report({ quantity: '0.100000000001' })])).toEqual([
      { id: 'rec_1', is: 'accepted', receipt: 'e-1' },
    ])
    expect(calls[0]!.text).toBe(
      '{"request":[{"resourceId":"37f9dea2-4345-438f-b0bd-03d40d28c7e0","quantity":0.100000000001,"dimension":"dim1","effectiveStartTime":"2026-03-10T08:00:00Z","planId":"silver"}]}',
    )
  })

  it('names the last second of its hour only when its first is too old', async () => {
    const accepted = { [batchPath]: answering(() => ({ status: 'Accepted' })) }
    const startOf = async (now: Instant) => {
      const { metering, calls } = told(accepted, now)
      await metering.report([report()])
      return eventsOf(calls[0]!)[0]!.effectiveStartTime
    }
    expect(await startOf('2026-03-11T07:50:00.000Z')).toBe('2026-03-10T08:00:00Z')
    expect(await startOf('2026-03-11T08:10:00.000Z')).toBe('2026-03-10T08:59:59Z')
  })

  const failed = (status: string) => ({ status, error: { code: status, message: 'so it is' } })
  it.each([
    ['Expired', { is: 'refused', tooLate: true }],
    ['Error', { is: 'later' }],
    ['ResourceNotFound', { is: 'refused', tooLate: false }],
    ['ResourceNotAuthorized', { is: 'refused', tooLate: false }],
    ['ResourceNotActive', { is: 'later', retryAfterMs: 900_000 }],
    ['InvalidDimension', { is: 'refused', tooLate: false }],
    ['InvalidQuantity', { is: 'refused', tooLate: false }],
    ['BadArgument', { is: 'refused', tooLate: false }],
    ['Dreaming', { is: 'later' }],
  ])('that is %s does not touch the others', async (status, outcome) => {
    const { metering } = told({
      [batchPath]: answering(({ dimension }) =>
        dimension === 'dim1' ? failed(status) : { status: 'Accepted', usageEventId: 'e-2' },
      ),
    })
    const [first, second] = await metering.report([
      report(),
      report({ id: 'rec_2', dimension: 'b' }),
    ])
    expect(first).toMatchObject({
      id: 'rec_1',
      ...outcome,
      reason: expect.stringContaining(status),
    })
    expect(second).toEqual({ id: 'rec_2', is: 'accepted', receipt: 'e-2' })
  })

  it.each([
    ['5', '5.0', { is: 'accepted', receipt: 'first' }],
    ['5', '5e0', { is: 'accepted', receipt: 'first' }],
    ['0.1', '0.10000000000000001', { is: 'accepted', receipt: 'first' }],
    ['0.1', '0.100000000001', { is: 'differs', held: '0.100000000001' }],
    ['5', '6', { is: 'differs', held: '6' }],
    ['123456.123456789012', '123456.12345678901', { is: 'accepted', receipt: 'first' }],
    ['123456.123456789012', '123456.12345678', { is: 'differs', held: '123456.12345678' }],
  ])('of %s that repeats one of %s is %o', async (quantity, accepted, outcome) => {
    const { metering } = told({ [batchPath]: { text: held(accepted) } })
    expect(await metering.report([report({ quantity })])).toEqual([{ id: 'rec_1', ...outcome }])
  })

  it('that is a duplicate of nothing shown is not called a success', async () => {
    const { metering } = told({ [batchPath]: { json: { result: [{ status: 'Duplicate' }] } } })
    expect(await metering.report([report()])).toEqual([{ id: 'rec_1', is: 'differs', held: null }])
  })

  it('is refused here when it has no plan or nothing to tell', async () => {
    const { metering, calls } = told({})
    const outcomes = await metering.report([report({ planRef: null }), report({ quantity: '0' })])
    expect(outcomes.map(({ is }) => is)).toEqual(['refused', 'refused'])
    expect(calls).toEqual([])
  })

  it('is found in an answer of another order, and is later when it is not there', async () => {
    const { metering } = told({
      [batchPath]: (call) => ({
        json: {
          result: eventsOf(call)
            .slice(0, 2)
            .toReversed()
            .map((event) => ({ ...event, status: 'Accepted', usageEventId: event.dimension })),
        },
      }),
    })
    const reports = ['a', 'b', 'c'].map((dimension) => report({ id: dimension, dimension }))
    expect(await metering.report(reports)).toEqual([
      { id: 'a', is: 'accepted', receipt: 'a' },
      { id: 'b', is: 'accepted', receipt: 'b' },
      { id: 'c', is: 'later', reason: expect.any(String) },
    ])
  })
})

describe('a call', () => {
  it('never holds two reports of one key', async () => {
    const { metering, calls } = told({
      [batchPath]: answering(({ quantity }) => ({
        status: 'Accepted',
        usageEventId: `${quantity}`,
      })),
    })
    const twins = [report({ id: 'x', quantity: '1' }), report({ id: 'y', quantity: '2' })]
    expect(metering.compatible(twins[0]!, twins[1]!)).toBe(false)
    expect(metering.compatible(twins[0]!, report({ hour: '2026-03-10T07:00Z' }))).toBe(true)
    expect(await metering.report(twins)).toEqual([
      { id: 'x', is: 'accepted', receipt: '1' },
      { id: 'y', is: 'accepted', receipt: '2' },
    ])
    expect(calls).toHaveLength(2)
  })

  it('that is refused as a whole is narrowed down to the one to blame', async () => {
    const { metering } = told({
      [batchPath]: (call) =>
        eventsOf(call).some(({ dimension }) => dimension === 'bad')
          ? { status: 400, json: { code: 'BadArgument', message: 'One or more errors' } }
          : answering(() => ({ status: 'Accepted', usageEventId: 'e' }))(call),
    })
    const reports = ['a', 'b', 'bad', 'd'].map((dimension) => report({ id: dimension, dimension }))
    expect((await metering.report(reports)).map(({ id, is }) => [id, is])).toEqual([
      ['a', 'accepted'],
      ['b', 'accepted'],
      ['bad', 'refused'],
      ['d', 'accepted'],
    ])
  })

  it.each([
    [
      { status: 403, json: { code: 'Forbidden', message: 'Client is not authorized' } },
      'forbidden',
    ],
    [{ status: 429, json: {} }, 'throttled'],
    [{ status: 500, json: {} }, 'unavailable'],
    ['hang up', 'unavailable'],
  ] as const)('that fails as a whole is thrown, and sent once: %o', async (reply, code) => {
    const { metering, calls } = told({ [batchPath]: reply })
    expect((await failing(metering.report([report()]))).code).toBe(code)
    expect(calls).toHaveLength(1)
  })

  it('goes as it really went with Microsoft', async () => {
    const { fetch } = replay('PostBatchUsageAsync')
    const { RequestBody, ResponseBody } = recording('PostBatchUsageAsync')[0]!
    const { metering } = open(fetch, { now: '2021-03-15T23:05:00.000Z' })
    const [sent] = RequestBody.request
    const real = report({
      agreementRef: sent.resourceId,
      dimension: sent.dimension,
      quantity: String(sent.quantity),
      hour: '2021-03-15T18:00Z',
    })
    expect(await metering.report([real])).toEqual([
      { id: 'rec_1', is: 'accepted', receipt: ResponseBody.result[0].usageEventId },
    ])
  })
})

describe('what Microsoft holds', () => {
  const all = async (rows: AsyncIterable<readonly HeldUsage[]>) => {
    const held: HeldUsage[] = []
    for await (const chunk of rows) held.push(...chunk)
    return held
  }
  const row = (day: string, reconStatus: string, processedQuantity: number) => ({
    usageDate: `${day}T00:00:00Z`,
    usageResourceId: 'sub',
    dimension: 'dim1',
    planId: 'silver',
    reconStatus,
    submittedQuantity: 17.25,
    processedQuantity,
    submittedCount: 17,
  })

  it('is told day by day with its own word', async () => {
    const { metering, calls } = told({
      'GET /api/usageEvents': ({ url }) => ({
        json: [
          row('2026-03-01', 'Accepted', 17.25),
          row('2026-03-02', 'Submitted', 0),
          row('2026-03-03', 'Mismatch', 16),
          row('2026-03-04', 'Rejected', 0),
          row('2026-03-08', 'DryRun', 0),
        ].filter(
          ({ usageDate }) =>
            usageDate >= url.searchParams.get('usageStartDate')! &&
            usageDate <= url.searchParams.get('UsageEndDate')!,
        ),
      }),
    })
    const told8 = await all(metering.readBack!('2026-03-01', '2026-03-08'))
    expect(told8.map(({ day, verdict, processed }) => [day, verdict, processed])).toEqual([
      ['2026-03-01', 'agreed', '17.25'],
      ['2026-03-02', 'pending', null],
      ['2026-03-03', 'differs', '16'],
      ['2026-03-04', 'rejected', '0'],
      ['2026-03-08', 'unknown', '0'],
    ])
    expect(told8[0]).toEqual({
      agreementRef: 'sub',
      dimension: 'dim1',
      day: '2026-03-01',
      planRef: 'silver',
      submitted: '17.25',
      processed: '17.25',
      verdict: 'agreed',
      nativeStatus: 'Accepted',
    })
    expect(calls).toHaveLength(2)
  })

  it('is read as Microsoft really tells it', async () => {
    const { fetch } = replay('GetMeterUsageAsync')
    const { metering } = open(fetch, {})
    const held = await all(metering.readBack!('2024-01-18', '2024-01-19'))
    expect(held.length).toBeGreaterThan(1)
    expect(held[0]).toMatchObject({
      agreementRef: 'da562c02-f95f-4883-a2db-33199fa88018',
      day: '2024-01-19',
      submitted: '6',
      processed: null,
      verdict: 'pending',
    })
  })
})
