import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exchange, openAzure, type SimulatedAzure } from './open.ts'

type Recording = {
  readonly request: { readonly method: string; readonly uri: string; readonly body: any }
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: any
}

/** Production traffic as Microsoft's .NET client recorded it, sanitised; see NOTICE. */
const recordings: Record<string, Recording> = JSON.parse(
  readFileSync(new URL('./data/recordings.json', import.meta.url), 'utf8'),
)
const recorded = (name: string): Recording => recordings[name]!

let azure: SimulatedAzure
let id: string

beforeEach(async () => {
  azure = await openAzure()
  id = await azure.subscribed()
})
afterEach(() => azure.stop())

/** Paths and types of everything in a value; lists count by their first item. */
function shape(value: any, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : shape(value[0], `${path}[]`)
  if (value === null || typeof value !== 'object') return [`${path}: ${typeof value}`]
  return Object.entries(value).flatMap(([key, item]) => shape(item, `${path}.${key}`))
}

/** Every path of the recording is in ours with the same type, and ours has none the recording lacks. */
function expectAlike(ours: any, theirs: any): void {
  expect(shape(ours).sort()).toEqual(shape(theirs).sort())
}

it.each(['list', 'get', 'plans'])('answers %s as recorded', async (name) => {
  const { pathname } = new URL(recorded(name).request.uri)
  const path = pathname.replace('/api', '').replace(/\/[0-9a-f-]{36}/, `/${id}`)
  const ours = await azure.call('GET', path)
  expect(ours.status).toBe(recorded(name).status)
  for (const header of Object.keys(recorded(name).headers)) {
    if (header !== 'content-length') expect(ours.headers.get(header), header).not.toBeNull()
  }
  const { '@nextLink': _link, ...theirs } = recorded(name).body
  expectAlike(ours.body, theirs)
})

it('leaves out the term of what was never activated, and quantity of flat plans, as recorded', async () => {
  const never = recorded('list').body.subscriptions[2]
  expect(Object.keys(never.term)).toEqual(['termUnit'])
  const ours = await azure.subscription(await azure.bought())
  expectAlike(ours, never)
})

it('resolves as recorded', async () => {
  const { body } = await azure.post('/control/tokens', { subscriptionId: id })
  const headers = { 'x-ms-marketplace-token': body.token }
  const ours = await azure.call('POST', '/saas/subscriptions/resolve', undefined, headers)
  expect(ours.status).toBe(200)
  expectAlike(ours.body, recorded('resolve').body)
})

it('changes a plan as recorded: headers, empty body, the operation of the other host', async () => {
  const ours = await azure.call('PATCH', `/saas/subscriptions/${id}`, { planId: 'enterprise' })
  const theirs = recorded('patch')
  expect([ours.status, ours.body]).toEqual([theirs.status, undefined])
  for (const header of Object.keys(theirs.headers)) {
    expect(ours.headers.get(header), header).not.toBeNull()
  }
  expect(ours.headers.get('retry-after')).toBe(theirs.headers['retry-after'])
  const operation = ours.headers.get('operation-id')
  expect(ours.headers.get('x-ms-requestid')).toBe(operation)
  expect(ours.headers.get('x-ms-correlationid')).toBe(operation)
  const location = ours.headers.get('operation-location') ?? ''
  expect(location).toContain('/azure/follow-up/api/saas/subscriptions/')
  const headers = { authorization: `Bearer ${azure.bearer}` }
  const first = await exchange('GET', location, { headers })
  expectAlike(first.body, recorded('operation').body)
  expect(first.body).toMatchObject({ status: 'NotStarted', operationRequestSource: 'Partner' })
})

it('takes usage as recorded, by id and by resource URI, and reads it back', async () => {
  const asked = (name: string, minutes: number) => ({
    ...recorded(name).request.body,
    effectiveStartTime: new Date(azure.now() - minutes * 60_000).toISOString(),
    dimension: 'api_calls',
    planId: 'team',
  })
  await azure.advance('PT5H')
  const one = { ...asked('usageEvent', 65), resourceId: id }
  const ours = await azure.call('POST', '/usageEvent', one)
  expect([ours.status, ours.body.quantity]).toEqual([200, 20.5])
  expectAlike(ours.body, recorded('usageEvent').body)
  const { resourceUri } = ours.body
  const byUri = await azure.call('POST', '/usageEvent', {
    ...asked('usageEventUri', 125),
    resourceUri,
  })
  expectAlike(byUri.body, recorded('usageEventUri').body)
  const batch = { request: [{ ...one, dimension: 'storage_gb' }] }
  const first = await azure.call('POST', '/batchUsageEvent', batch)
  expectAlike(first.body, recorded('batch').body)
  const again = await azure.call('POST', '/batchUsageEvent', batch)
  expectAlike(again.body, recorded('batchAgain').body)
  const since = encodeURIComponent(new Date(azure.now() - 3_600_000).toISOString())
  const read = await azure.call('GET', `/usageEvents?usageStartDate=${since}`)
  expectAlike(read.body, recorded('usageEvents').body)
})
