import { readFileSync } from 'node:fs'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  ACMESOFT,
  exchange,
  MARKETPLACE,
  openAzure,
  openWebhook,
  type SimulatedAzure,
} from './open.ts'

let azure: SimulatedAzure
let webhook: Awaited<ReturnType<typeof openWebhook>>

beforeEach(async () => {
  azure = await openAzure()
})
afterEach(async () => {
  await azure.stop()
  await webhook.stop()
})

async function listen(answers?: readonly number[]): Promise<void> {
  webhook = await openWebhook(answers)
  await azure.post('/control/offers/acme-analytics', { connectionWebhook: webhook.url })
}

const tick = () => azure.advance('PT1S')
const path = (id: string, operation: string) => `/saas/subscriptions/${id}/operations/${operation}`
const patch = (id: string, operation: string, status: string) =>
  azure.call('PATCH', path(id, operation), { status })
const statusOf = async (id: string, operation: string) =>
  (await azure.call('GET', path(id, operation))).body.status
const deliveries = async () => (await azure.get('/control/deliveries')).body.deliveries

it.each(['v1', 'v2'] as const)('signs what it sends, %s', async (claims) => {
  await listen()
  await azure.set({ webhooks: { claims } })
  const id = await azure.subscribed()
  await azure.post('/buyer/cancel', { subscriptionId: id })
  await tick()
  const keys = createRemoteJWKSet(
    new URL(`${azure.base}/login/${ACMESOFT.tenantId}/discovery/v2.0/keys`),
  )
  const { tenantId } = ACMESOFT
  const issuer = {
    v1: `https://sts.windows.net/${tenantId}/`,
    v2: `https://login.microsoftonline.com/${tenantId}/v2.0`,
  }
  const { payload } = await jwtVerify(webhook.received[0]!.token, keys, {
    audience: ACMESOFT.clientId,
    issuer: issuer[claims],
    currentDate: new Date(azure.now()),
  })
  expect(payload).toMatchObject({ tid: tenantId, ver: claims === 'v1' ? '1.0' : '2.0' })
  expect(payload[claims === 'v1' ? 'appid' : 'azp']).toBe(MARKETPLACE)
})

it('tells a change with new values above and the old state below, and applies it when patched', async () => {
  await listen()
  const id = await azure.subscribed()
  const asked = await azure.post('/buyer/change-plan', { subscriptionId: id, planId: 'enterprise' })
  await tick()
  const { body } = webhook.received[0]!
  expect(body).toMatchObject({
    id: asked.body.id,
    action: 'ChangePlan',
    status: 'InProgress',
    planId: 'enterprise',
    subscription: { planId: 'team', saasSubscriptionStatus: 'Subscribed' },
    operationRequestSource: 'Azure',
    purchaseToken: null,
  })
  const { purchaseToken: _, quantity, ...sample } = sampleOf('ChangePlan')
  expect(quantity).toBe(20)
  expect(Object.keys(body)).toEqual(expect.arrayContaining(Object.keys(sample)))
  expect((await azure.subscription(id)).planId).toBe('team')
  expect((await patch(id, body.id, 'Success')).status).toBe(200)
  expect(await statusOf(id, body.id)).toBe('Succeeded')
  expect((await azure.subscription(id)).planId).toBe('enterprise')
  expect((await patch(id, body.id, 'Success')).status).toBe(409)
})

it('takes ten seconds of silence for a yes, and a Failure for a no', async () => {
  await listen()
  const id = await azure.subscribed({ planId: 'per-seat', quantity: 5 })
  const change = async (quantity: number) =>
    (await azure.post('/buyer/change-seats', { subscriptionId: id, quantity })).body.id
  const first = await change(7)
  await azure.advance('PT9S')
  expect(await statusOf(id, first)).toBe('InProgress')
  expect(
    (await azure.call('GET', `/saas/subscriptions/${id}/operations`)).body.operations[0],
  ).toMatchObject({
    id: first,
    action: 'ChangeQuantity',
    quantity: 7,
  })
  await azure.advance('PT2S')
  expect(await statusOf(id, first)).toBe('Succeeded')
  expect((await azure.subscription(id)).quantity).toBe(7)
  expect((await azure.call('GET', `/saas/subscriptions/${id}/operations`)).body).toEqual({})
  const second = await change(9)
  await tick()
  await patch(id, second, 'Failure')
  await azure.advance('PT1M')
  expect(await statusOf(id, second)).toBe('Failed')
  expect((await azure.subscription(id)).quantity).toBe(7)
})

it('takes a 4xx for a rejection of a change', async () => {
  await listen([403, 200])
  const id = await azure.subscribed()
  const { body } = await azure.post('/buyer/change-plan', {
    subscriptionId: id,
    planId: 'enterprise',
  })
  await azure.advance('PT1H')
  expect(await statusOf(id, body.id)).toBe('Failed')
  expect((await azure.subscription(id)).planId).toBe('team')
  expect(webhook.received).toHaveLength(1)
  expect((await deliveries())[0]).toMatchObject({ state: 'refused', lastAnswer: '403' })
})

it('tries again after 5xx for eight hours, then fails the operation', async () => {
  await listen([500, 503, 200, 500])
  const id = await azure.subscribed()
  const change = async (planId: string) =>
    (await azure.post('/buyer/change-plan', { subscriptionId: id, planId })).body.id
  await change('enterprise')
  await azure.advance('PT5M')
  expect(webhook.received).toHaveLength(3)
  expect((await azure.subscription(id)).planId).toBe('enterprise')
  const failing = await change('team')
  await azure.advance('PT7H')
  expect(await statusOf(id, failing)).toBe('InProgress')
  await azure.advance('PT2H')
  expect(await statusOf(id, failing)).toBe('Failed')
  expect((await deliveries())[1].attempts).toBe(500)
}, 60_000)

it('tells the publisher of his own change, and of the end he asked for', async () => {
  await listen()
  const id = await azure.subscribed()
  const asked = await azure.call('PATCH', `/saas/subscriptions/${id}`, { planId: 'enterprise' })
  const operation = asked.headers.get('operation-id') ?? ''
  await azure.advance('PT5S')
  expect(webhook.received[0]!.body).toMatchObject({
    id: operation,
    operationRequestSource: 'Partner',
  })
  expect((await patch(id, operation, 'Success')).status).toBe(200)
  expect((await azure.subscription(id)).planId).toBe('enterprise')
  await azure.call('DELETE', `/saas/subscriptions/${id}`)
  await azure.advance('PT10S')
  expect(webhook.received[1]!.body).toMatchObject({
    action: 'Unsubscribe',
    status: 'Succeeded',
    operationRequestSource: 'Partner',
    subscription: { saasSubscriptionStatus: 'Unsubscribed' },
  })
})

it('suspends, reinstates and renews, and says so', async () => {
  await listen()
  const id = await azure.subscribed()
  await azure.post('/buyer/pay-fails', { subscriptionId: id })
  await azure.advance('PT1H')
  await azure.post('/buyer/pay', { subscriptionId: id })
  await azure.advance('PT1M')
  expect((await azure.subscription(id)).saasSubscriptionStatus).toBe('Subscribed')
  await azure.advance('P31D')
  const told = webhook.received.map(({ body }) => [
    body.action,
    body.status,
    body.subscription.saasSubscriptionStatus,
  ])
  expect(told).toEqual([
    ['Suspend', 'Succeeded', 'Suspended'],
    ['Reinstate', 'InProgress', 'Suspended'],
    ['Renew', 'Succeeded', 'Subscribed'],
  ])
})

it('duplicates, drops, delays by a day and mixes up, as told', async () => {
  await listen()
  const cancel = async () => {
    const id = await azure.subscribed()
    await azure.post('/buyer/cancel', { subscriptionId: id })
  }
  await azure.set({ webhooks: { duplicateRate: 1 } })
  await cancel()
  await tick()
  expect(webhook.received).toHaveLength(2)
  expect(webhook.received[1]!.body.id).toBe(webhook.received[0]!.body.id)
  await azure.set({ webhooks: { duplicateRate: 0, dropRate: 1 } })
  await cancel()
  await azure.advance('PT12H')
  expect(webhook.received).toHaveLength(2)
  await azure.set({ webhooks: { dropRate: 0, dayLateRate: 1 } })
  await cancel()
  await azure.advance('PT23H')
  expect(webhook.received).toHaveLength(2)
  await azure.advance('PT2H')
  expect(webhook.received).toHaveLength(3)
  await azure.set({ webhooks: { dayLateRate: 0, disorderRate: 1 } })
  const ids: string[] = []
  for (let count = 0; count < 8; count += 1) ids.push(await azure.subscribed())
  for (const subscriptionId of ids) await azure.post('/buyer/cancel', { subscriptionId })
  await azure.advance('PT3M')
  const told = webhook.received.slice(3).map(({ body }) => body.subscriptionId)
  expect(told).not.toEqual(ids)
  expect(told.toSorted()).toEqual(ids.toSorted())
})

it('answers the switches for operations where documents and reality differ', async () => {
  await listen()
  const id = await azure.subscribed()
  const unknown = '00000000-0000-4000-8000-000000000000'
  const list = (of: string) => azure.call('GET', `/saas/subscriptions/${of}/operations`)
  expect((await list(unknown)).status).toBe(404)
  expect((await azure.call('GET', path(id, unknown))).status).toBe(404)
  await azure.set({
    fulfilment: {
      unknownOperations: 'empty',
      unknownOperation: '400',
      emptyOperations: 'nothing',
      sameChange: 'Conflict',
      finishedOperation: 'missing',
      patchOwnOperation: '500',
    },
  })
  expect(await list(unknown)).toMatchObject({ status: 200, body: undefined })
  expect((await azure.call('GET', path(id, unknown))).status).toBe(400)
  const same = await azure.call('PATCH', `/saas/subscriptions/${id}`, { planId: 'team' })
  await azure.advance('PT5S')
  expect(await statusOf(id, same.headers.get('operation-id') ?? '')).toBe('Conflict')
  const own = await azure.call('PATCH', `/saas/subscriptions/${id}`, { planId: 'enterprise' })
  await azure.advance('PT3S')
  expect((await patch(id, own.headers.get('operation-id') ?? '', 'Success')).status).toBe(500)
  await azure.post('/buyer/cancel', { subscriptionId: id })
  await azure.set({ webhooks: { subscribeEvents: true } })
  await azure.bought()
  await tick()
  const told = webhook.received.map(({ body }) => body)
  const ended = told.find((body) => body.action === 'Unsubscribe')
  expect((await azure.call('GET', path(id, ended.id))).status).toBe(400)
  expect(told.some((body) => body.action === 'Subscribe' && body.status === 'Succeeded')).toBe(true)
})

it('lets no fault strike deliveries, the buyer or control', async () => {
  await listen()
  await exchange('POST', `${azure.origin}/faults`, { body: { cloud: 'azure', rate: 1 } })
  expect((await azure.get('/control/settings')).status).toBe(200)
  const answer = await azure.post('/buyer/buy', {})
  expect(answer.status).toBe(404)
})

function sampleOf(action: string): any {
  const file = new URL(`./data/webhook-${action}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
