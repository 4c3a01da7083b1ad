import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metricNameOf, usageOf } from '../../adapters/gcp/operation-usage.ts'
import { hourOf, instant } from '../../src/kernel/time.ts'
import {
  type Answer,
  type Call,
  consumer,
  entitled,
  failing,
  google,
  metrics,
  refusing,
  report,
  service,
  trouble,
} from './metering-fake.ts'

const operations = ({ body }: Call) => body.operations
const thrown = (act: Promise<unknown>) =>
  act.then(
    () => expect.fail('nothing thrown'),
    (e) => e,
  )

describe('a report', () => {
  it('is checked, and then an operation of its hour, consumer and metric', async () => {
    const { port, calls } = google()
    const [outcome] = await port.report([report()])
    const [check, told] = calls
    const operation = {
      operationId: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/,
      ),
      operationName: expect.stringMatching(/\w/),
      consumerId: consumer,
      startTime: '2026-02-06T12:00:00.000Z',
      endTime: '2026-02-06T13:00:00.000Z',
    }
    expect(check).toEqual({
      method: 'POST',
      path: `/v1/services/${service}:check`,
      body: { operation },
    })
    expect(told).toEqual({
      method: 'POST',
      path: `/v1/services/${service}:report`,
      body: {
        operations: [
          {
            ...operation,
            metricValueSets: [
              {
                metricName: `${service}/pro_api_calls`,
                metricValues: [{ int64Value: '150' }],
              },
            ],
          },
        ],
      },
    })
    const { operationId } = operations(told!)[0]
    expect(outcome).toEqual({ id: 'rec_1', is: 'accepted', receipt: operationId })
  })

  it('carries decimals where the metrics are set to take doubles', async () => {
    const { port, of } = google({}, { metering: { values: 'double' } })
    expect(port.traits.quantity).toBe('decimal')
    await port.report([report({ quantity: '0.1' })])
    expect(operations(of('report')[0]!)[0].metricValueSets[0].metricValues).toEqual([
      { doubleValue: 0.1 },
    ])
  })

  it('keeps all digits of the largest whole number', async () => {
    const { port, of } = google()
    await port.report([report({ quantity: port.traits.quantityMax })])
    expect(operations(of('report')[0]!)[0].metricValueSets[0].metricValues).toEqual([
      { int64Value: '9223372036854775807' },
    ])
  })

  it.each(['0.5', '-1', '1e3', 'NaN', '9223372036854775808'])(
    'of %s is refused without a call',
    async (quantity) => {
      const { port, calls } = google()
      expect(await port.report([report({ quantity })])).toEqual([
        { id: 'rec_1', is: 'refused', tooLate: false, reason: expect.stringContaining(quantity) },
      ])
      expect(calls).toEqual([])
    },
  )

  it('waits for the consumer that its entitlement does not have yet', async () => {
    const { port, of } = google({ entitlement: entitled({ usageReportingId: undefined }) })
    const [outcome] = await port.report([report({ licenseRef: null })])
    expect(outcome).toMatchObject({
      is: 'later',
      reason: expect.stringContaining('usageReportingId'),
    })
    expect(of('report')).toEqual([])
  })

  it('takes the consumer from its entitlement once that has it', async () => {
    const { port, of, calls } = google({ entitlement: entitled() })
    const open = report({ licenseRef: null, meteringRef: null })
    expect((await port.report([open]))[0]?.is).toBe('accepted')
    expect(calls[0]?.path).toBe(`/v1/providers/acme-public/entitlements/${open.agreementRef}`)
    expect(operations(of('report')[0]!)[0].consumerId).toBe(consumer)
  })

  it('of an hour that still runs is put off until it is over', async () => {
    const { port, of, clock } = google({ entitlement: entitled() })
    clock.now = '2026-02-06T12:45:00.000Z'
    expect((await port.report([report()]))[0]).toMatchObject({
      is: 'later',
      retryAfterMs: 15 * 60_000,
    })
    expect(of('report')).toEqual([])
  })
})

describe('an operation', () => {
  const settings = {
    products: [{ service, name: 'Acme', plans: [], metrics: metrics.map((one) => ({ ...one })) }],
  } as any
  it.each([
    ['pro', 'api_calls', 'pro_api_calls'],
    ['pro-P1Y', 'api_calls', 'pro_api_calls'],
    ['pro-P2Y6M', 'api_calls', 'pro_api_calls'],
    ['payg', 'api_calls', 'api_calls'],
    [null, 'api_calls', 'api_calls'],
    ['payg', 'storage_gb', 'payg_storage_gb'],
    ['payg-P1Y', 'storage_gb', 'payg_storage_gb'],
    ['pro', 'storage_gb', 'any_storage_gb'],
    [null, 'storage_gb', 'any_storage_gb'],
    ['pro', 'seats', 'seats'],
  ])('of plan %s and %s is of metric %s', (planRef, dimension, metric) => {
    expect(metricNameOf({ planRef, dimension }, service, settings)).toBe(`${service}/${metric}`)
  })

  it('has the same id however often and whatever quantity it is told, and another for anything else', () => {
    const settings = settingsOf()
    const idOf = (change: Parameters<typeof report>[0]) =>
      usageOf(report(change), { service, consumer }, settings).operation.operationId
    const about = fc.record({
      agreementRef: fc.uuid(),
      dimension: fc.constantFrom('api_calls', 'storage_gb', 'a', 'b'),
      hour: fc
        .integer({ min: 0, max: 10_000 })
        .map((n) => hourOf(instant(Date.UTC(2026, 0, 1) + n * 3_600_000))),
    })
    const key = (of: object) => JSON.stringify(Object.values(of))
    fc.assert(
      fc.property(about, about, fc.nat(), fc.nat(), (one, other, a, b) => {
        expect(idOf({ ...one, quantity: `${a}` })).toBe(idOf({ ...one, quantity: `${b}`, id: 'x' }))
        expect(idOf(one) === idOf(other)).toBe(key(one) === key(other))
      }),
    )
  })
})

const settingsOf = () => ({ products: [], metering: { values: 'int64' } }) as any

describe('services.check', () => {
  it('is asked once for a consumer and kept for a minute', async () => {
    const { port, of, clock } = google()
    const of2 = report({ id: 'rec_2', dimension: 'storage_gb' })
    await port.report([report(), of2])
    clock.now = '2026-02-06T13:06:59.000Z'
    await port.report([report({ id: 'rec_3', hour: '2026-02-06T11:00Z' })])
    expect(of('check')).toHaveLength(1)
    clock.now = '2026-02-06T13:07:01.000Z'
    await port.report([report({ id: 'rec_4', hour: '2026-02-06T10:00Z' })])
    expect(of('check')).toHaveLength(2)
    expect(of('report')).toHaveLength(3)
  })

  it.each(['BILLING_DISABLED', 'SERVICE_NOT_ACTIVATED', 'PROJECT_DELETED'])(
    'answering %s puts a running entitlement’s usage off',
    async (code) => {
      const { port, of } = google({ check: () => failing(code), entitlement: entitled() })
      const [outcome] = await port.report([report()])
      expect(outcome).toMatchObject({ is: 'later', reason: expect.stringContaining(code) })
      expect(of('report')).toEqual([])
      expect(outcome).toHaveProperty('retryAfterMs', 15 * 60_000)
    },
  )

  it('says that usage is taken for 30 days while billing is disabled, as documented', async () => {
    const sample = JSON.parse(
      '{"operationId":"5f0a4a0e","checkErrors":[{"code":"BILLING_DISABLED","subject":"project:1","detail":"Billing is disabled for project 1.","status":{"code":7,"message":"no"}}],"serviceConfigId":"2026-01-10r0"}',
    )
    const { port } = google({ check: () => ({ json: sample }), entitlement: entitled() })
    expect(await port.report([report()])).toEqual([
      {
        id: 'rec_1',
        is: 'later',
        reason: expect.stringContaining('Billing is disabled for project 1.'),
        retryAfterMs: 15 * 60_000,
        takenUntil: '2026-03-08T13:00:00.000Z',
      },
    ])
  })

  it.each([
    'NOT_FOUND',
    'PROJECT_INVALID',
    'CONSUMER_INVALID',
    'PERMISSION_DENIED',
    'API_KEY_INVALID',
  ])('answering %s refuses the usage and says what to check', async (code) => {
    const { port, of } = google({ check: () => failing(code), entitlement: entitled() })
    expect(await port.report([report()])).toEqual([
      {
        id: 'rec_1',
        is: 'refused',
        tooLate: false,
        reason: expect.stringMatching(`${code}.*check`),
      },
    ])
    expect(of('report')).toEqual([])
  })

  it.each(['BILLING_STATUS_UNAVAILABLE', 'NAMESPACE_LOOKUP_UNAVAILABLE', 'INJECTED_ERROR'])(
    'answering %s lets the usage through',
    async (code) => {
      const { port } = google({ check: () => failing(code) })
      expect((await port.report([report()]))[0]?.is).toBe('accepted')
    },
  )

  it.each(['RESOURCE_EXHAUSTED', 'LOAD_SHEDDING', 'SOMETHING_NEW'])(
    'answering %s puts the usage off without a longer deadline',
    async (code) => {
      const { port } = google({ check: () => failing(code), entitlement: entitled() })
      const [outcome] = await port.report([report()])
      expect(outcome?.is).toBe('later')
      expect(outcome).not.toHaveProperty('takenUntil')
    },
  )

  it('of one consumer does not touch another’s usage', async () => {
    const { port, of } = google({
      check: ({ body }) =>
        body.operation.consumerId === consumer ? failing('CONSUMER_INVALID') : { json: {} },
      entitlement: entitled(),
    })
    const other = report({ id: 'rec_2', agreementRef: 'other', licenseRef: 'project_number:2' })
    const outcomes = await port.report([report(), other])
    expect(outcomes.map(({ id, is }) => [id, is])).toEqual([
      ['rec_1', 'refused'],
      ['rec_2', 'accepted'],
    ])
    expect(operations(of('report')[0]!)).toHaveLength(1)
  })

  it('that fails leaves the last answer standing, and is thrown where there was none', async () => {
    let answer: Answer = { status: 503, json: trouble(503, 'UNAVAILABLE', 'try again') }
    const { port, clock } = google({ check: () => answer })
    expect((await thrown(port.report([report()]))).code).toBe('unavailable')
    answer = { json: {} }
    expect((await port.report([report()]))[0]?.is).toBe('accepted')
    answer = 'hang up'
    clock.now = '2026-02-06T13:40:00.000Z'
    const next = report({ id: 'rec_2', hour: '2026-02-06T11:00Z' })
    expect((await port.report([next]))[0]?.is).toBe('accepted')
  })

  it('that cannot tell of one consumer puts off that one’s usage only', async () => {
    const { port } = google({
      check: ({ body }) =>
        body.operation.consumerId === consumer ? { status: 500, json: {} } : { json: {} },
    })
    const other = report({ id: 'rec_2', agreementRef: 'other', licenseRef: 'project_number:2' })
    const outcomes = await port.report([report(), other])
    expect(outcomes.map(({ id, is }) => [id, is])).toEqual([
      ['rec_1', 'later'],
      ['rec_2', 'accepted'],
    ])
  })
})

describe('a cancelled entitlement', () => {
  const cancelled = (at: string) =>
    entitled({ state: 'ENTITLEMENT_CANCELLED', updateTime: at, usageReportingId: consumer })
  const check = () => failing('SERVICE_NOT_ACTIVATED')

  it('has its last hours reported although its consumer no longer passes', async () => {
    const { port, of } = google({ check, entitlement: cancelled('2026-02-06T12:40:00.5Z') })
    const before = report({ id: 'rec_0', hour: '2026-02-06T11:00Z' })
    expect((await port.report([before, report()])).map(({ is }) => is)).toEqual([
      'accepted',
      'accepted',
    ])
    const ends = operations(of('report')[0]!).map(({ endTime }: any) => endTime)
    expect(ends).toEqual(['2026-02-06T12:00:00.000Z', '2026-02-06T12:40:00.500Z'])
  })

  it('is read once for all its hours of a call', async () => {
    const { port, calls } = google({ check, entitlement: cancelled('2026-02-06T12:40:00Z') })
    await port.report([report(), report({ id: 'rec_0', hour: '2026-02-06T11:00Z' })])
    expect(calls.filter(({ method }) => method === 'GET')).toHaveLength(1)
  })

  it('has an hour that began after its end refused', async () => {
    const { port, of } = google({ check, entitlement: cancelled('2026-02-06T12:00:00Z') })
    expect((await port.report([report()]))[0]).toMatchObject({
      is: 'refused',
      reason: expect.stringContaining('2026-02-06T12:00:00.000Z'),
    })
    expect(of('report')).toEqual([])
  })

  it('has the hour of its end reported at once, up to that moment', async () => {
    const { port, of, clock } = google({ entitlement: cancelled('2026-02-06T12:40:00Z') })
    clock.now = '2026-02-06T12:41:00.000Z'
    expect((await port.report([report()]))[0]?.is).toBe('accepted')
    expect(of('check')).toEqual([])
    expect(operations(of('report')[0]!)[0].endTime).toBe('2026-02-06T12:40:00.000Z')
  })

  it('has usage refused that Google no longer takes', async () => {
    const { port } = google({
      check,
      entitlement: cancelled('2026-02-06T12:40:00Z'),
      report: refusing('pro_api_calls', 7),
    })
    expect((await port.report([report()]))[0]).toMatchObject({ is: 'refused' })
  })

  it('that is deleted has its usage refused', async () => {
    const { port } = google({ check })
    expect((await port.report([report()]))[0]).toMatchObject({
      is: 'refused',
      reason: expect.stringContaining('deleted'),
    })
  })
})

describe('services.report', () => {
  const two = [report(), report({ id: 'rec_2', dimension: 'storage_gb' })]

  it.each([
    [3, 'refused'],
    [5, 'refused'],
    [7, 'later'],
    [9, 'later'],
    [6, 'accepted'],
    [8, 'later'],
    [13, 'later'],
    [14, 'later'],
    [99, 'later'],
  ])(
    'answering 200 with code %s for one operation: that one is %s, the other accepted',
    async (code, is) => {
      const { port } = google({ report: refusing('pro_api_calls', code) })
      const outcomes = await port.report(two)
      expect(outcomes.map((one) => [one.id, one.is])).toEqual([
        ['rec_1', is],
        ['rec_2', 'accepted'],
      ])
    },
  )

  it.each([
    ['an hour and more after its end', '2026-02-06T14:00:01.000Z', '2026-02-06T12:00Z', true],
    ['within the hour', '2026-02-06T13:59:00.000Z', '2026-02-06T12:00Z', false],
    ['after 01:00 Pacific on the first', '2026-03-01T09:00:30.000Z', '2026-03-01T07:00Z', true],
  ] as const)('refusing an hour %s: too late is %4$s', async (_, now, hour, tooLate) => {
    const { port, clock } = google(
      { report: refusing('pro_api_calls', 3) },
      { metering: { lateHours: hour.startsWith('2026-03') ? 24 : 1 } },
    )
    clock.now = now
    expect((await port.report([report({ hour })]))[0]).toMatchObject({ is: 'refused', tooLate })
  })

  it('refused as a whole is halved until the operation to blame stands alone', async () => {
    const bad = 'pro_api_calls'
    const { port } = google({
      report: ({ body }) =>
        JSON.stringify(body).includes(bad)
          ? { status: 400, json: trouble(400, 'INVALID_ARGUMENT', `unknown metric ${bad}`) }
          : { json: {} },
    })
    const good = ['a', 'b', 'c', 'd', 'e', 'f'].map((dimension) =>
      report({ id: dimension, dimension }),
    )
    const outcomes = await port.report([...good.slice(0, 2), report(), ...good.slice(2)])
    expect(new Map(outcomes.map(({ id, is }) => [id, is]))).toEqual(
      new Map([...good.map(({ id }) => [id, 'accepted'] as const), ['rec_1', 'refused']]),
    )
  })

  it.each([
    [{ status: 429, json: trouble(429, 'RESOURCE_EXHAUSTED', 'slow') }, 'throttled'],
    [{ status: 403, json: trouble(403, 'PERMISSION_DENIED', 'no') }, 'forbidden'],
    [{ status: 503, json: trouble(503, 'UNAVAILABLE', 'no') }, 'unavailable'],
    ['hang up', 'unavailable'],
  ] as const)('failing as a call is thrown, and sent again identically', async (answer, code) => {
    let isDown = true
    const { port, of } = google({ report: () => (isDown ? answer : { json: {} }) })
    expect((await thrown(port.report(two))).code).toBe(code)
    isDown = false
    expect((await port.report(two)).map(({ is }) => is)).toEqual(['accepted', 'accepted'])
    const [first, again] = of('report')
    expect(again).toEqual(first)
  })

  it('has what it accepted answered from memory, and tells another quantity of the same hour', async () => {
    const { port, of } = google()
    const [first] = await port.report([report()])
    expect(await port.report([report()])).toEqual([first])
    expect(await port.report([report({ id: 'rec_9', quantity: '151' })])).toEqual([
      { id: 'rec_9', is: 'differs', held: '150' },
    ])
    expect(of('report')).toHaveLength(1)
  })

  it('is told one of two reports of one hour, and the other is compared with it', async () => {
    const { port, of } = google()
    const twins = [report(), report({ id: 'rec_2', quantity: '7' }), report({ id: 'rec_3' })]
    expect((await port.report(twins)).map(({ id, is }) => [id, is])).toEqual([
      ['rec_1', 'accepted'],
      ['rec_2', 'differs'],
      ['rec_3', 'accepted'],
    ])
    expect(operations(of('report')[0]!)).toHaveLength(1)
  })

  it('puts off all that an error without a known operation leaves in doubt', async () => {
    const stray = { reportErrors: [{ operationId: 'whose', status: { code: 3, message: 'no' } }] }
    const { port } = google({ report: () => ({ json: stray }) })
    expect((await port.report(two)).map(({ is }) => is)).toEqual(['later', 'later'])
    expect((await port.report([report()]))[0]?.is).toBe('refused')
  })

  it('is never larger than a megabyte', async () => {
    const long = 'x'.repeat(200_000)
    const { port, calls, of } = google()
    const reports = Array.from({ length: 9 }, (_, n) =>
      report({ id: `${n}`, dimension: `${long}${n}` }),
    )
    expect((await port.report(reports)).every(({ is }) => is === 'accepted')).toBe(true)
    expect(of('report').length).toBeGreaterThan(1)
    for (const { body } of calls) expect(JSON.stringify(body).length).toBeLessThan(1_000_000)
  })

  it('keeps what was accepted before a later request of the same call failed', async () => {
    const long = 'x'.repeat(500_000)
    let requests = 0
    const { port } = google({
      report: () => {
        requests += 1
        return requests === 1 ? { json: {} } : 'hang up'
      },
    })
    const reports = ['1', '2', '3'].map((id) => report({ id, dimension: `${long}${id}` }))
    expect((await port.report(reports)).map(({ id, is }) => [id, is])).toEqual([
      ['1', 'accepted'],
      ['2', 'later'],
      ['3', 'later'],
    ])
  })
})

describe('the traits', () => {
  it('are the documented rules, and what the settings say', () => {
    expect(google({}, { metering: { operationsPerRequest: 7, lateHours: 2 } }).port.traits).toEqual(
      {
        batchMax: 7,
        quantity: 'whole',
        quantityMax: '9223372036854775807',
        lateHoursMax: 2,
        monthClose: { day: 1, hour: 1, timeZone: 'America/Los_Angeles' },
        flushMinutes: 60,
        callsPerSecondMax: 5,
        allocationsMax: 0,
        overageOnly: false,
      },
    )
  })

  it('let reports of one service share a call', () => {
    const { port } = google()
    expect(port.compatible(report(), report({ id: '2', licenseRef: 'project_number:2' }))).toBe(
      true,
    )
    expect(port.compatible(report(), report({ id: '2', meteringRef: 'other' }))).toBe(false)
  })
})
