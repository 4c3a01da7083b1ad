import { afterEach, beforeEach, expect, it } from 'vitest'
import { exchange, openAzure, type SimulatedAzure, UMBRELLA } from './open.ts'

let azure: SimulatedAzure
let id: string

beforeEach(async () => {
  azure = await openAzure()
  id = await azure.subscribed({ termUnit: 'P1Y' })
  await azure.advance('PT30H')
})
afterEach(() => azure.stop())

const HOUR = 3_600_000
const ago = (hours: number) => new Date(azure.now() - hours * HOUR).toISOString()
const event = (change: object = {}) => ({
  resourceId: id,
  quantity: 5,
  dimension: 'api_calls',
  effectiveStartTime: ago(1),
  planId: 'team',
  ...change,
})
const one = (body: unknown) => azure.call('POST', '/usageEvent', body)
const batch = async (...request: unknown[]) => azure.call('POST', '/batchUsageEvent', { request })
const statuses = async (...request: unknown[]) =>
  (await batch(...request)).body.result.map((item: any) => item.status)

it('answers a batch in order, with every status', async () => {
  const suspended = await azure.subscribed()
  await azure.post('/buyer/pay-fails', { subscriptionId: suspended })
  const foreign = await azure.bought({ offerId: 'umbrella-feeds' })
  const unknown = '00000000-0000-4000-8000-000000000000'
  const seats = await azure.subscribed({ planId: 'per-seat', quantity: 3 })
  const { status, body } = await batch(
    event(),
    event({ quantity: 6 }),
    event({ effectiveStartTime: ago(24.1) }),
    event({ resourceId: unknown }),
    event({ resourceId: foreign }),
    event({ resourceId: suspended, effectiveStartTime: ago(0) }),
    event({ dimension: 'nonsense' }),
    event({ quantity: 0 }),
    event({ quantity: -1 }),
    event({ planId: 'enterprise' }),
    event({ effectiveStartTime: ago(-0.1) }),
    event({ resourceId: seats, planId: 'per-seat', effectiveStartTime: ago(0) }),
    { ...event(), resourceId: undefined },
  )
  expect([status, body.count]).toEqual([200, 13])
  expect(body.result.map((item: any) => item.status)).toEqual([
    'Accepted',
    'Duplicate',
    'Expired',
    'ResourceNotFound',
    'ResourceNotAuthorized',
    'ResourceNotActive',
    'InvalidDimension',
    'InvalidQuantity',
    'InvalidQuantity',
    'BadArgument',
    'BadArgument',
    'InvalidDimension',
    'BadArgument',
  ])
  for (const item of body.result.slice(1)) {
    expect(item.usageEventId).toBeUndefined()
    expect(item.error).toMatchObject({ message: expect.any(String), code: expect.any(String) })
  }
  expect(body.result[1].error.additionalInfo.acceptedMessage).toMatchObject({
    usageEventId: body.result[0].usageEventId,
    quantity: 5,
  })
})

it('keeps one event an hour, whatever the minute', async () => {
  const hour = new Date(Math.floor(azure.now() / HOUR) * HOUR - 2 * HOUR).getTime()
  const at = (minutes: number) => new Date(hour + minutes * 60_000).toISOString()
  const sent = [0, 59, 60].map((minute) => event({ effectiveStartTime: at(minute) }))
  expect(await statuses(...sent)).toEqual(['Accepted', 'Duplicate', 'Accepted'])
  expect(await statuses(event({ effectiveStartTime: at(30), dimension: 'storage_gb' }))).toEqual([
    'Accepted',
  ])
})

it('answers single events by status code', async () => {
  const first = await one(event())
  expect(first.status).toBe(200)
  const again = await one(event({ quantity: 7 }))
  expect(again.status).toBe(409)
  expect(again.body).toEqual({
    additionalInfo: { acceptedMessage: { ...first.body, status: 'Duplicate' } },
    message: 'This usage event already exist.',
    code: 'Conflict',
  })
  const nameless = await one({ ...event(), resourceId: undefined })
  expect([nameless.status, nameless.body]).toEqual([
    400,
    {
      message: 'One or more errors have occurred.',
      target: 'usageEventRequest',
      details: [
        { message: 'The resourceId is required.', target: 'ResourceId', code: 'BadArgument' },
      ],
      code: 'BadArgument',
    },
  ])
  const authorization = `Bearer ${await azure.token(UMBRELLA)}`
  const foreign = await azure.call('POST', '/usageEvent', event(), { authorization })
  expect([foreign.status, foreign.body]).toEqual([
    403,
    { message: 'Client is not authorized for this usage resource.', code: 'Forbidden' },
  ])
  expect((await one(event({ effectiveStartTime: ago(25) }))).body.details[0].code).toBe('Expired')
})

it('takes 25 at once, not 26, and not none', async () => {
  const many = Array.from({ length: 26 }, (_, at) => event({ effectiveStartTime: ago(at * 0.9) }))
  expect((await batch(...many)).status).toBe(400)
  expect((await batch(...many.slice(1))).body.count).toBe(25)
  expect((await batch()).status).toBe(400)
  const forbidden = await azure.call(
    'POST',
    '/batchUsageEvent',
    { request: [] },
    { authorization: '' },
  )
  expect(forbidden.status).toBe(403)
})

it('keeps quantities to the last digit', async () => {
  const digits = '12345678901234567.123456789'
  const body = JSON.stringify(event()).replace('"quantity":5', `"quantity":${digits}`)
  const headers = { authorization: `Bearer ${azure.bearer}`, 'content-type': 'application/json' }
  const url = `${azure.base}/marketplaceapi/api/usageEvent?api-version=2018-08-31`
  const answer = await fetch(url, { method: 'POST', headers, body })
  expect(await answer.text()).toContain(`"quantity":${digits}`)
  await one(event({ quantity: 1e-7, effectiveStartTime: ago(2) }))
  const { body: ledger } = await azure.get('/control/ledger')
  expect(ledger.totals).toEqual([
    { subscription: id, dimension: 'api_calls', quantity: '12345678901234567.123456889' },
  ])
  expect(ledger.records.map((record: any) => record.quantity)).toEqual([digits, '0.0000001'])
})

it('takes hours before the end, of the ended and of the changed', async () => {
  await azure.post('/buyer/cancel', { subscriptionId: id })
  await azure.advance('PT2H')
  expect(
    await statuses(event({ effectiveStartTime: ago(3) }), event({ effectiveStartTime: ago(1) })),
  ).toEqual(['Accepted', 'ResourceNotActive'])
})

it('takes the plan that was held in the hour, and may take any', async () => {
  await azure.call('PATCH', `/saas/subscriptions/${id}`, { planId: 'enterprise' })
  await azure.advance('PT3S')
  const { body } = await azure.get('/control/operations')
  const operation = body.operations.at(-1).id
  await azure.call('PATCH', `/saas/subscriptions/${id}/operations/${operation}`, {
    status: 'Success',
  })
  const old = event({ effectiveStartTime: ago(2) })
  expect(await statuses(old, { ...old, planId: 'per-seat' })).toEqual(['Accepted', 'BadArgument'])
  await azure.set({ metering: { wrongPlan: 'accept', planInKey: true } })
  expect(await statuses({ ...old, planId: 'per-seat' })).toEqual(['Accepted'])
})

it('reads back by day: Submitted, then Accepted or what control says', async () => {
  await batch(event({ quantity: 2.5 }), event({ quantity: 3, effectiveStartTime: ago(2) }))
  const since = `usageStartDate=${encodeURIComponent(ago(12))}`
  const rows = async (query = '') => (await azure.call('GET', `/usageEvents?${since}${query}`)).body
  expect(await rows()).toEqual([
    expect.objectContaining({
      usageDate: '2027-01-11T00:00:00Z',
      usageResourceId: id,
      reconStatus: 'Submitted',
      submittedQuantity: 5.5,
      processedQuantity: 0,
      submittedCount: 2,
      planName: '',
    }),
  ])
  await azure.advance('P1D')
  expect(await rows('&reconStatus=Accepted&dimension=api_calls')).toEqual([
    expect.objectContaining({
      processedQuantity: 5.5,
      planName: 'Team',
      offerName: 'Acme Analytics',
    }),
  ])
  expect(await rows('&reconStatus=Submitted')).toEqual([])
  const day = { subscription: id, dimension: 'api_calls', day: '2027-01-11' }
  const mismatch = { ...day, reconStatus: 'Mismatch', processedQuantity: '2' }
  expect((await azure.post('/control/usage/reconcile', mismatch)).body).toEqual({ changed: 2 })
  expect((await rows())[0]).toMatchObject({ reconStatus: 'Mismatch', processedQuantity: 4 })
  await azure.post('/control/usage/reconcile', { ...day, reconStatus: 'Rejected' })
  expect((await rows())[0]).toMatchObject({
    reconStatus: 'Rejected',
    processedQuantity: 0,
    planName: '',
  })
  expect((await azure.call('GET', '/usageEvents')).status).toBe(400)
})

it('errs by chance, and keeps what it did before a lost answer', async () => {
  await azure.set({ metering: { errorRate: 1 } })
  expect(await statuses(event())).toEqual(['Error'])
  await azure.set({ metering: { errorRate: 0 } })
  const plan = { cloud: 'azure', rate: 1, kinds: ['lost'], match: 'PostBatchUsageEvent', times: 1 }
  await exchange('POST', `${azure.origin}/faults`, { body: plan })
  await expect(batch(event())).rejects.toThrow()
  expect(await statuses(event())).toEqual(['Duplicate'])
})
