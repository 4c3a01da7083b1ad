import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exchange, GLOBEX, INITECH, openAzure, type SimulatedAzure, UMBRELLA } from './open.ts'

let azure: SimulatedAzure

beforeEach(async () => {
  azure = await openAzure()
})
afterEach(() => azure.stop())

const path = (id: string) => `/saas/subscriptions/${id}`

it('sells, resolves, activates after a while and sets the term', async () => {
  const id = await azure.bought({ billingAccountId: GLOBEX })
  expect(await azure.subscription(id)).toMatchObject({
    saasSubscriptionStatus: 'PendingFulfillmentStart',
    term: { termUnit: 'P1M' },
    publisherId: 'acmesoft',
    offerId: 'acme-analytics',
  })
  expect((await azure.call('POST', `${path(id)}/activate`)).status).toBe(200)
  expect((await azure.subscription(id)).saasSubscriptionStatus).toBe('PendingFulfillmentStart')
  await azure.advance('PT1M')
  expect(await azure.subscription(id)).toMatchObject({
    saasSubscriptionStatus: 'Subscribed',
    term: { startDate: '2027-01-10T00:00:00Z', endDate: '2027-02-09T00:00:00Z', termUnit: 'P1M' },
  })
  expect((await azure.call('POST', `${path(id)}/activate`, { planId: 'team' })).status).toBe(200)
})

it('opens the landing page with an opaque token that must be decoded, and resolves it for a day', async () => {
  const opened: string[] = []
  const server = createServer((request, response) => {
    opened.push(request.url ?? '')
    response.writeHead(302, { location: '/welcome' }).end()
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/land?from=azure`
  await azure.post('/control/offers/acme-analytics', { landingPageUrl: url })
  const subscriptionId = await azure.bought()
  const { body } = await azure.post('/buyer/configure', { subscriptionId })
  expect(body).toMatchObject({ status: 302, location: '/welcome', token: expect.any(String) })
  const [, encoded = ''] = /&token=(.+)$/.exec(opened[0] ?? '') ?? []
  expect(encoded).not.toBe(body.token)
  const resolve = async (token: string) =>
    azure.call('POST', '/saas/subscriptions/resolve', undefined, {
      'x-ms-marketplace-token': token,
    })
  expect((await resolve(encoded)).status).toBe(400)
  const resolved = await resolve(decodeURIComponent(encoded))
  expect(resolved.body).toMatchObject({
    id: subscriptionId,
    planId: 'team',
    offerId: 'acme-analytics',
  })
  expect((await resolve(body.token)).status).toBe(200)
  expect((await azure.call('POST', '/saas/subscriptions/resolve')).status).toBe(400)
  await azure.advance('P1D')
  expect((await resolve(body.token)).status).toBe(400)
  server.close()
})

it('keeps to its own publisher', async () => {
  const id = await azure.subscribed()
  const authorization = `Bearer ${await azure.token(UMBRELLA)}`
  const as = (method: string, rest: string) =>
    azure.call(method, rest, undefined, { authorization })
  expect((await as('GET', path(id))).status).toBe(403)
  expect((await as('DELETE', path(id))).status).toBe(403)
  expect((await as('GET', '/saas/subscriptions')).body).toEqual({ subscriptions: [] })
  const unknown = path('00000000-0000-4000-8000-000000000000')
  expect((await azure.call('GET', unknown)).status).toBe(404)
  const { body } = await azure.post('/control/tokens', { subscriptionId: id })
  const headers = { authorization, 'x-ms-marketplace-token': body.token }
  const resolved = await azure.call('POST', '/saas/subscriptions/resolve', undefined, headers)
  expect(resolved.status).toBe(403)
})

it('pages oddly, over the other host, with and without a final slash', async () => {
  await azure.set({ fulfilment: { pageSizes: [3, 2] } })
  const ids: string[] = []
  for (let count = 0; count < 7; count += 1) ids.push(await azure.bought())
  const headers = { authorization: `Bearer ${azure.bearer}` }
  const sizes: number[] = []
  const seen: string[] = []
  let link = `${azure.base}/marketplaceapi/api/saas/subscriptions/?api-version=2018-08-31`
  for (let pages = 0; link !== '' && pages < 9; pages += 1) {
    const { body } = await exchange('GET', link, { headers })
    sizes.push(body.subscriptions.length)
    seen.push(...body.subscriptions.map((one: any) => one.id))
    link = body['@nextLink'] ?? ''
    if (link !== '') expect(link.startsWith(`${azure.base}/follow-up/api/`)).toBe(true)
  }
  expect(sizes).toEqual([3, 2, 2])
  expect(seen).toEqual(ids)
  expect((await azure.call('GET', '/saas/subscriptions')).status).toBe(200)
  expect((await azure.call('GET', '/saas/subscriptions?continuationToken=zzz')).status).toBe(400)
})

it('asks for the api-version and echoes request ids', async () => {
  const authorization = `Bearer ${azure.bearer}`
  const at = `${azure.base}/marketplaceapi/api/saas/subscriptions`
  expect((await exchange('GET', at, { headers: { authorization } })).status).toBe(400)
  const requestId = '11111111-2222-4333-8444-555555555555'
  const headers = { 'x-ms-requestid': requestId }
  const answer = await azure.call('GET', '/saas/subscriptions', undefined, headers)
  expect(answer.headers.get('x-ms-requestid')).toBe(requestId)
  expect(answer.headers.get('x-ms-correlationid')).toBe(requestId)
})

it("marks purchases of the preview and shows providers' purchases as read-only", async () => {
  const preview = await azure.subscription(await azure.bought({ preview: true }))
  expect(preview.offerId).toBe('acme-analytics-preview')
  const id = await azure.subscribed({ csp: true })
  const bought = await azure.subscription(id)
  expect(bought.allowedCustomerOperations).toEqual(['Read'])
  expect(bought.purchaser.tenantId).not.toBe(bought.beneficiary.tenantId)
  expect((await azure.call('PATCH', path(id), { planId: 'enterprise' })).status).toBe(400)
  expect((await azure.call('DELETE', path(id))).status).toBe(400)
})

it('lists plans, one by name, none for an unknown name', async () => {
  const id = await azure.subscribed()
  const plans = async (query = '') =>
    (await azure.call('GET', `${path(id)}/listAvailablePlans${query}`)).body.plans
  expect((await plans()).map((plan: any) => plan.planId)).toEqual([
    'team',
    'enterprise',
    'per-seat',
  ])
  const [team] = await plans('?planId=team')
  expect(team.planComponents.recurrentBillingTerms[0]).toEqual({
    currency: 'USD',
    price: 500,
    termUnit: 'P1M',
    termDescription: '1 Month Subscription',
    meteredQuantityIncluded: [
      { dimensionId: 'api_calls', units: '100' },
      { dimensionId: 'storage_gb', units: '0' },
    ],
  })
  expect(await plans('?planId=none')).toEqual([])
  const [perSeat] = await plans('?planId=per-seat')
  expect(perSeat).toMatchObject({ isPricePerSeat: true, minQuantity: 1, maxQuantity: 500 })
})

it.each([
  ['the same plan', { planId: 'team' }],
  ['an unknown plan', { planId: 'none' }],
  ['seats of a flat plan', { quantity: 4 }],
  ['both at once', { planId: 'enterprise', quantity: 4 }],
  ['nothing', {}],
])('refuses to change to %s', async (_name, body) => {
  const id = await azure.subscribed()
  expect((await azure.call('PATCH', path(id), body)).status).toBe(400)
})

it('holds seats to the limits of the plan', async () => {
  const seats = { planId: 'per-seat', quantity: 5 }
  const id = await azure.subscribed(seats)
  expect((await azure.subscription(id)).quantity).toBe(5)
  for (const quantity of [0, 501, 5, 2.5]) {
    expect((await azure.call('PATCH', path(id), { quantity })).status, String(quantity)).toBe(400)
  }
  expect((await azure.call('PATCH', path(id), { quantity: 9 })).status).toBe(202)
  const pending = await azure.call('DELETE', path(id))
  expect([pending.status, pending.body.error.code]).toEqual([409, 'Conflict'])
  expect((await azure.call('PATCH', path(id), { quantity: 7 })).status).toBe(409)
  await azure.set({ fulfilment: { pendingChange: '400' } })
  expect((await azure.call('PATCH', path(id), { quantity: 7 })).status).toBe(400)
  const refused = await azure.post('/buyer/buy', {
    offerId: 'acme-analytics',
    planId: 'per-seat',
    billingAccountId: INITECH,
  })
  expect(refused.status).toBe(422)
})

it('unsubscribes on DELETE, for good, step by step', async () => {
  const id = await azure.subscribed()
  const asked = await azure.call('DELETE', path(id))
  const operation = `${path(id)}/operations/${asked.headers.get('operation-id')}`
  const status = async () => (await azure.call('GET', operation)).body.status
  expect([asked.status, await status()]).toEqual([202, 'NotStarted'])
  await azure.advance('PT2S')
  expect(await status()).toBe('InProgress')
  await azure.advance('PT2S')
  expect(await status()).toBe('Succeeded')
  expect((await azure.subscription(id)).saasSubscriptionStatus).toBe('Unsubscribed')
  expect((await azure.call('DELETE', path(id))).status).toBe(400)
  expect((await azure.call('POST', `${path(id)}/activate`)).status).toBe(404)
})

it('gives up purchases nobody activates and subscriptions nobody pays', async () => {
  const waiting = await azure.bought()
  const unpaid = await azure.subscribed({ termUnit: 'P1Y' })
  await azure.post('/buyer/pay-fails', { subscriptionId: unpaid })
  expect((await azure.subscription(unpaid)).saasSubscriptionStatus).toBe('Suspended')
  expect((await azure.call('POST', `${path(unpaid)}/activate`)).status).toBe(400)
  await azure.advance('P29D')
  expect((await azure.subscription(waiting)).saasSubscriptionStatus).toBe('PendingFulfillmentStart')
  await azure.advance('P2D')
  for (const id of [waiting, unpaid]) {
    expect((await azure.subscription(id)).saasSubscriptionStatus).toBe('Unsubscribed')
  }
})

it('renews at the end of the term, or ends when the buyer turned that off', async () => {
  const renewing = await azure.subscribed()
  const ending = await azure.subscribed()
  await azure.post('/buyer/turn-off-renewal', { subscriptionId: ending })
  await azure.advance('P31D')
  expect((await azure.subscription(renewing)).term).toMatchObject({
    startDate: '2027-02-10T00:00:00Z',
    endDate: '2027-03-09T00:00:00Z',
  })
  expect(await azure.subscription(ending)).toMatchObject({
    autoRenew: false,
    saasSubscriptionStatus: 'Unsubscribed',
  })
})

it('ends a subscription whose activation fails', async () => {
  await azure.post('/control/activations/fail', { times: 1 })
  const id = await azure.subscribed()
  expect((await azure.subscription(id)).saasSubscriptionStatus).toBe('Unsubscribed')
})

it('counts what was believed, strikes by operation, and never the control side', async () => {
  await azure.call('GET', '/saas/subscriptions')
  expect((await azure.get('/control/calls')).body.ListSubscriptions).toBe(1)
  const plan = {
    cloud: 'azure',
    rate: 1,
    kinds: ['throttle'],
    match: 'ListSubscriptions',
    times: 1,
  }
  await exchange('POST', `${azure.origin}/faults`, { body: plan })
  const struck = await azure.call('GET', '/saas/subscriptions')
  expect([struck.status, struck.headers.get('retry-after')]).toEqual([429, '10'])
  expect((await azure.call('GET', '/saas/subscriptions')).status).toBe(200)
})
