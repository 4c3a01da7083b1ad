import { afterEach, beforeEach, expect, it } from 'vitest'
import { ACME, exchange, INITECH, openGcp, type SimulatedGcp, UMBRELLA } from './open.ts'

const HOUR = 3_600_000
let gcp: SimulatedGcp
let id: string
let consumerId: string
let count = 0

beforeEach(async () => {
  gcp = await openGcp()
  id = (await gcp.active()).id
  consumerId = (await gcp.read(id)).usageReportingId
  await gcp.advance('PT2H')
})
afterEach(() => gcp.stop())

const now = () => gcp.simulator.clock.now()
const metric = (name: string) => `${ACME.service}/${name}`
const uuid = () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`

/** An operation of the last ten minutes, or as `change` says. */
function operation(change: Record<string, any> = {}): any {
  const { ago = 0, minutes = 10, values, ...rest } = change
  return {
    operationId: uuid(),
    operationName: 'usage',
    consumerId,
    startTime: new Date(now() - ago - minutes * 60_000).toISOString(),
    endTime: new Date(now() - ago).toISOString(),
    metricValueSets: values ?? [
      { metricName: metric('pro_api_calls'), metricValues: [{ int64Value: '150' }] },
    ],
    ...rest,
  }
}
const at = (verb: string) => `/v1/services/${ACME.service}:${verb}`
const report = (...operations: object[]) => gcp.call('POST', at('report'), { operations })
const check = async (change: object = {}) =>
  (await gcp.call('POST', at('check'), { operation: operation(change) })).body
const usage = async () => (await gcp.get('/control/usage')).body
const codes = (answer: any) => (answer.body.reportErrors ?? []).map((one: any) => one.status.code)

it('lets an active consumer through', async () => {
  const number = consumerId.split(':')[1]
  expect(await check()).toMatchObject({
    serviceConfigId: '2027-01-01r0',
    checkInfo: { consumerInfo: { projectNumber: number, type: 'PROJECT' } },
  })
  expect((await check({ consumerId: `projects/${number}` })).checkErrors).toBeUndefined()
})

it('says why a consumer may not be served, with HTTP 200', async () => {
  const code = async (change: object = {}) => (await check(change)).checkErrors[0].code
  expect(await code({ consumerId: 'project_number:1' })).toBe('NOT_FOUND')
  expect(await code({ consumerId: 'nonsense' })).toBe('CONSUMER_INVALID')
  await gcp.set({ serviceControl: { checkErrors: { [consumerId]: 'BILLING_STATUS_UNAVAILABLE' } } })
  expect(await code()).toBe('BILLING_STATUS_UNAVAILABLE')
  await gcp.set({ serviceControl: { checkErrors: {} } })
  await gcp.post('/buyer/disable-billing', { billingAccount: INITECH })
  expect(await check()).toMatchObject({
    checkErrors: [{ code: 'BILLING_DISABLED', subject: expect.stringMatching(/^project:\d+$/) }],
  })
  await gcp.post('/buyer/enable-billing', { billingAccount: INITECH })
  await gcp.post('/buyer/cancel', { entitlement: id, when: 'now' })
  expect(await code()).toBe('SERVICE_NOT_ACTIVATED')
  await gcp.post('/buyer/close', { billingAccount: INITECH })
  expect(await code()).toBe('PROJECT_DELETED')
})

it('refuses user labels in a check', async () => {
  const answer = await check({ userLabels: { a: 'b' } })
  expect(answer.error.status).toBe('INVALID_ARGUMENT')
})

it('is the service of its seller only', async () => {
  const umbrella = await gcp.token(UMBRELLA)
  const body = { operations: [operation()] }
  expect((await gcp.call('POST', at('report'), body, umbrella)).status).toBe(403)
  expect((await gcp.call('POST', '/v1/services/none:report', body)).status).toBe(403)
})

it('counts by metric and hour', async () => {
  const storage = [{ metricName: metric('pro_storage_gb'), metricValues: [{ int64Value: '7' }] }]
  const labels = { 'cloudmarketplace.googleapis.com/resource_name': 'db' }
  expect(
    (await report(operation({ userLabels: labels }), operation({ values: storage }))).body,
  ).toEqual({
    serviceConfigId: '2027-01-01r0',
    serviceRolloutId: '2027-01-01r0',
  })
  const ledger = await usage()
  expect(ledger.hours).toEqual([
    { entitlement: id, metric: 'pro_api_calls', hour: '2027-01-10T11', quantity: '150' },
    { entitlement: id, metric: 'pro_storage_gb', hour: '2027-01-10T11', quantity: '7' },
  ])
  expect(ledger.operations[0].userLabels).toEqual(labels)
  expect(ledger.violations).toEqual([])
})

it('counts a repeated operation once, also with other content, and says so', async () => {
  const first = operation()
  await report(first)
  await report(first)
  const other = [{ metricName: metric('pro_api_calls'), metricValues: [{ int64Value: '999' }] }]
  expect(codes(await report({ ...first, metricValueSets: other }))).toEqual([])
  const ledger = await usage()
  expect([ledger.totals[0].quantity, ledger.repeats]).toEqual(['150', 2])
  expect(ledger.violations).toMatchObject([{ kind: 'different_content' }])
})

it('counts repeats twice when it does not look at ids, and names the overlap', async () => {
  await gcp.set({ serviceControl: { dedupe: 'none' } })
  const first = operation()
  await report(first)
  await report(first)
  const ledger = await usage()
  expect(ledger.totals[0].quantity).toBe('300')
  expect(ledger.violations).toMatchObject([{ kind: 'overlap' }])
})

it('names what failed and counts the rest of the request', async () => {
  const set = (name: string, value: object) => [{ metricName: metric(name), metricValues: [value] }]
  const answer = await report(
    operation({ values: set('pro_unknown', { int64Value: '1' }) }),
    operation({ values: set('pro_api_calls', { doubleValue: 1.5 }) }),
    operation({ values: set('pro_api_calls', { int64Value: '-1' }) }),
    operation({ consumerId: 'project_number:1' }),
    operation({ operationName: '' }),
    operation({
      startTime: new Date(now()).toISOString(),
      endTime: new Date(now() - 1).toISOString(),
    }),
    operation({ ago: -HOUR }),
    operation({ labels: { colour: 'red' } }),
    operation(),
  )
  expect(answer.status).toBe(200)
  expect(codes(answer)).toEqual([3, 3, 3, 5, 3, 3, 3, 3])
  expect(answer.body.reportErrors[0].status.message).toBe(
    "Metric 'pro_unknown' is not defined in the service configuration.",
  )
  expect((await usage()).totals).toMatchObject([{ quantity: '150' }])
})

it('fails an operation as a whole, which may then be sent again under its id', async () => {
  const broken = operation({
    values: [
      { metricName: metric('pro_api_calls'), metricValues: [{ int64Value: '1' }] },
      { metricName: metric('pro_unknown'), metricValues: [{ int64Value: '1' }] },
    ],
  })
  expect(codes(await report(broken))).toEqual([3])
  expect((await usage()).totals).toEqual([])
  const { metricValueSets, ...rest } = broken
  expect(codes(await report({ ...rest, metricValueSets: metricValueSets.slice(0, 1) }))).toEqual([])
  expect((await usage()).totals).toMatchObject([{ quantity: '1' }])
})

it('takes the other number type where the switch says so', async () => {
  await gcp.set({ serviceControl: { wrongType: 'accept' } })
  const values = [{ metricName: metric('pro_api_calls'), metricValues: [{ doubleValue: 0.1 }] }]
  await report(operation({ values }), operation({ values, ago: HOUR / 2 }))
  expect((await usage()).totals).toMatchObject([{ quantity: '0.2' }])
})

it('refuses the whole request for duplicate values or more than 1 MB', async () => {
  const twice = [
    {
      metricName: metric('pro_api_calls'),
      metricValues: [{ int64Value: '1' }, { int64Value: '2' }],
    },
  ]
  const doubled = await report(operation(), operation({ values: twice }))
  expect([doubled.status, doubled.body.error.status]).toEqual([400, 'INVALID_ARGUMENT'])
  const labelled = [
    { ...twice[0], metricValues: [{ int64Value: '1', labels: { a: '1' } }, { int64Value: '2' }] },
  ]
  expect((await report(operation({ values: labelled }))).status).toBe(200)
  const huge = await report(operation({ userLabels: { a: 'x'.repeat(1_000_000) } }))
  expect(huge.status).toBe(400)
  expect((await usage()).totals).toMatchObject([{ quantity: '3' }])
})

it('warns of late usage, refuses it, or lets it be', async () => {
  const late = () => operation({ ago: 1.5 * HOUR, minutes: 1 })
  expect(codes(await report(late()))).toEqual([])
  expect((await usage()).violations).toMatchObject([{ kind: 'late' }])
  await gcp.set({ serviceControl: { late: 'reject' } })
  expect(codes(await report(late()))).toEqual([3])
  await gcp.set({ serviceControl: { late: 'ignore' } })
  expect(codes(await report(late()))).toEqual([])
  const kinds = (await usage()).violations.map((one: any) => one.kind)
  expect(kinds).toEqual(['late', 'refused', 'overlap'])
})

it('takes what happened before a cancellation for an hour, and nothing later', async () => {
  await gcp.post('/buyer/cancel', { entitlement: id, when: 'now' })
  await gcp.advance('PT30M')
  expect(codes(await report(operation({ ago: HOUR / 2 })))).toEqual([])
  expect(codes(await report(operation()))).toEqual([7])
  await gcp.advance('PT31M')
  expect(codes(await report(operation({ ago: 1.1 * HOUR })))).toEqual([7])
  await gcp.set({ serviceControl: { inactiveCode: 9 } })
  expect(codes(await report(operation()))).toEqual([9])
})

it('refuses a consumer whose billing is disabled, and one a switch names', async () => {
  await gcp.post('/buyer/disable-billing', { billingAccount: INITECH })
  expect(codes(await report(operation()))).toEqual([7])
  await gcp.post('/buyer/enable-billing', { billingAccount: INITECH })
  await gcp.set({ serviceControl: { reportErrors: { [consumerId]: 13 } } })
  expect(codes(await report(operation()))).toEqual([13])
})

it('notes usage of another plan and from before the order', async () => {
  const payg = [{ metricName: metric('payg_api_calls'), metricValues: [{ int64Value: '1' }] }]
  await report(operation({ values: payg }), operation({ ago: 3 * HOUR }))
  const kinds = (await usage()).violations.map((one: any) => one.kind)
  expect(kinds).toEqual(['other_plan', 'late', 'before_activation'])
})

it('takes the work of a lost answer, and does nothing for a struck call', async () => {
  const { origin } = gcp
  const strike = (kinds: string[]) =>
    exchange('POST', `${origin}/faults`, {
      body: { cloud: 'gcp', kinds, match: 'report', times: 1 },
    })
  await strike(['lost'])
  const first = operation()
  await expect(report(first)).rejects.toThrow()
  expect((await usage()).totals).toMatchObject([{ quantity: '150' }])
  await strike(['throttle'])
  expect((await report(operation())).status).toBe(429)
  await strike(['error'])
  expect((await report(operation())).status).toBe(503)
  expect(codes(await report(first))).toEqual([])
  expect((await usage()).totals).toMatchObject([{ quantity: '150' }])
})
