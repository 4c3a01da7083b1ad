import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ACME, openGcp, openSeller, type SimulatedGcp, UMBRELLA } from './open.ts'

const SUBSCRIPTION = `/v1/${ACME.subscription}`
const SECOND = `/v1/projects/${ACME.id}/subscriptions/second`

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

const pull = async (path = SUBSCRIPTION, maxMessages = 100): Promise<any[]> => {
  const { body } = await gcp.call('POST', `${path}:pull`, { maxMessages })
  return body.receivedMessages ?? []
}
const acknowledge = (messages: any[], path = SUBSCRIPTION) =>
  gcp.call('POST', `${path}:acknowledge`, { ackIds: messages.map(({ ackId }) => ackId) })
const eventOf = ({ message }: any) =>
  JSON.parse(Buffer.from(message.data, 'base64').toString('utf8'))
const types = (events: any[]) => events.map((event) => event.eventType ?? '-')

describe('events', () => {
  it('tell of a purchase under one id, the new account first and without a type', async () => {
    const made = await gcp.bought()
    const events = (await pull()).map(eventOf)
    expect(types(events)).toEqual(['-', 'ACCOUNT_ACTIVE', 'ENTITLEMENT_CREATION_REQUESTED'])
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1)
    expect(events[0]).toEqual({
      eventId: expect.stringMatching(/^CREATE_ENTITLEMENT-/),
      account: { id: made.account, updateTime: expect.stringMatching(/\.\d{6}Z$/) },
      providerId: ACME.id,
    })
    expect(events[2].entitlement).toMatchObject({
      id: made.id,
      newPlan: 'pro-P1Y',
      newProduct: ACME.service,
      orderId: made.id,
    })
  })

  it('have ids of their own when the switch says so, and no account-created message when it is off', async () => {
    await gcp.set({ notices: { sharedEventId: false } })
    await gcp.post(`/control/products/${ACME.service}`, { accountNotifications: false })
    await gcp.bought()
    const events = await gcp.events()
    expect(types(events)).toEqual(['ACCOUNT_ACTIVE', 'ENTITLEMENT_CREATION_REQUESTED'])
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(2)
  })

  it('lose their type where the switch names it', async () => {
    await gcp.set({ notices: { withoutEventType: ['ACCOUNT_ACTIVE'] } })
    await gcp.bought()
    expect(types(await gcp.events())).toEqual(['-', '-', 'ENTITLEMENT_CREATION_REQUESTED'])
  })

  it('follow an order through its life', async () => {
    const { id } = await gcp.active({ plan: 'pro' })
    await gcp.post('/buyer/change-plan', { entitlement: id, plan: 'payg' })
    await gcp.call('POST', gcp.entitlement(id, ':approvePlanChange'), { pendingPlanName: 'payg' })
    await gcp.advance('PT1M')
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect(types(await gcp.events()).slice(3)).toEqual([
      'ENTITLEMENT_ACTIVE',
      'ENTITLEMENT_PLAN_CHANGE_REQUESTED',
      'ENTITLEMENT_PLAN_CHANGED',
      'ENTITLEMENT_CANCELLING',
      'ENTITLEMENT_CANCELLED',
    ])
  })

  it('say nothing of another provider, and can be sent by hand', async () => {
    await gcp.bought({ service: UMBRELLA.service })
    expect(await pull()).toEqual([])
    const body = { provider: ACME.id, type: 'SOMETHING_NEW', id: 'x', eventId: 'E-1' }
    await gcp.post('/control/notices', body)
    const [event] = (await pull()).map(eventOf)
    expect(event).toMatchObject({ eventId: 'E-1', eventType: 'SOMETHING_NEW' })
  })
})

describe('pulled messages', () => {
  it('come again after their deadline, and not after they are acknowledged', async () => {
    await gcp.bought()
    const first = await pull()
    expect(first).toHaveLength(3)
    expect(await pull()).toEqual([])
    await acknowledge(first.slice(0, 1))
    await gcp.advance('PT10S')
    const second = await pull()
    expect(second.map(({ message }) => message.messageId)).toEqual(
      first.slice(1).map(({ message }) => message.messageId),
    )
    await acknowledge(first)
    await gcp.advance('PT10S')
    expect(await pull()).toHaveLength(2)
  })

  it('come back at once when given back, and later when asked for longer', async () => {
    await gcp.bought()
    const messages = await pull()
    const change = (ackDeadlineSeconds: number) =>
      gcp.call('POST', `${SUBSCRIPTION}:modifyAckDeadline`, {
        ackIds: messages.map(({ ackId }) => ackId),
        ackDeadlineSeconds,
      })
    await change(60)
    await gcp.advance('PT30S')
    expect(await pull()).toEqual([])
    expect((await change(601)).body.error.status).toBe('INVALID_ARGUMENT')
    await change(0)
    expect(await pull(SUBSCRIPTION, 2)).toHaveLength(2)
  })

  it('wait as the retry policy says, count attempts with a dead letter policy, and expire', async () => {
    const policy = {
      topic: ACME.topic,
      ackDeadlineSeconds: 10,
      messageRetentionDuration: '600s',
      retryPolicy: { minimumBackoff: '30s', maximumBackoff: '60s' },
      deadLetterPolicy: { maxDeliveryAttempts: 5 },
    }
    expect((await gcp.call('PUT', SECOND, policy)).status).toBe(200)
    expect((await gcp.call('PUT', SECOND, policy)).body.error.status).toBe('ALREADY_EXISTS')
    expect((await gcp.call('GET', SECOND)).body).toMatchObject({ topic: ACME.topic })
    await gcp.bought()
    const [first] = await pull(SECOND, 1)
    expect(first.deliveryAttempt).toBe(1)
    await gcp.advance('PT30S')
    const others = await pull(SECOND)
    expect(others).toHaveLength(2)
    await acknowledge(others, SECOND)
    await gcp.advance('PT10S')
    expect((await pull(SECOND))[0].deliveryAttempt).toBe(2)
    await gcp.advance('PT20M')
    expect(await pull(SECOND)).toEqual([])
    const { body } = await gcp.get('/control/messages')
    const expired = body.messages.filter((one: any) => one.state === 'expired')
    expect(expired).toHaveLength(1)
  })

  it('belong to whoever is linked, in their own project', async () => {
    const foreign = await gcp.token(UMBRELLA)
    const answer = await gcp.call('POST', `${SUBSCRIPTION}:pull`, { maxMessages: 1 }, foreign)
    expect(answer.status).toBe(403)
    const other = await gcp.call('PUT', SECOND, { topic: UMBRELLA.topic })
    expect(other.status).toBe(403)
    const nothing = await gcp.call('POST', `${SECOND}:pull`, { maxMessages: 1 })
    expect(nothing.body.error.status).toBe('NOT_FOUND')
    const zero = await gcp.call('POST', `${SUBSCRIPTION}:pull`, { maxMessages: 0 })
    expect(zero.body.error.status).toBe('INVALID_ARGUMENT')
  })
})

describe('mishaps', () => {
  it('send a type twice, drop it or hold it back', async () => {
    const mishaps = {
      '-': { drop: true },
      ACCOUNT_ACTIVE: { duplicate: true },
      ENTITLEMENT_CREATION_REQUESTED: { delayMs: 60_000 },
    }
    await gcp.set({ notices: { types: mishaps } })
    await gcp.bought()
    const first = await pull()
    expect(types(first.map(eventOf))).toEqual(['ACCOUNT_ACTIVE', 'ACCOUNT_ACTIVE'])
    expect(first[0].message.messageId).not.toBe(first[1].message.messageId)
    await acknowledge(first)
    await gcp.advance('PT1M')
    expect(types((await pull()).map(eventOf))).toEqual(['ENTITLEMENT_CREATION_REQUESTED'])
  })

  it('duplicate, drop, delay and disorder everything by their rates', async () => {
    await gcp.set({ notices: { duplicateRate: 1, delayMs: 1_000 } })
    await gcp.bought()
    expect(await pull()).toEqual([])
    await gcp.advance('PT1S')
    expect(await pull()).toHaveLength(6)
    await gcp.set({ notices: { duplicateRate: 0, delayMs: 0, dropRate: 1 } })
    await gcp.bought({ billingAccount: '0A1B2C-3D4E5F-607182' })
    const { body } = await gcp.get('/control/messages')
    const dropped = body.messages.filter((one: any) => one.state === 'dropped')
    expect(dropped).toHaveLength(3)
    await gcp.set({ notices: { dropRate: 0, disorderRate: 1, disorderMs: 600_000 } })
    await gcp.bought({ billingAccount: '01F00D-CAFE00-BEEF11' })
    await gcp.advance('PT10M')
    const order = types((await pull()).map(eventOf)).slice(-3)
    expect([...order].sort()).toEqual(['-', 'ACCOUNT_ACTIVE', 'ENTITLEMENT_CREATION_REQUESTED'])
  })
})

describe('pushed messages', () => {
  const pushTo = (endpoint: string, audience?: string) =>
    gcp.post('/control/push', {
      subscription: ACME.subscription,
      endpoint,
      audience,
      serviceAccountEmail: ACME.pushIdentity,
    })

  it("carry an OpenID token of Google's, for the audience, in the documented envelope", async () => {
    const seller = await openSeller()
    await pushTo(seller.url, 'https://tradepost.example')
    const made = await gcp.bought()
    await gcp.advance('PT0S')
    await seller.stop()
    expect(seller.received).toHaveLength(3)
    const { headers, body } = seller.received[2]!
    const envelope = JSON.parse(body)
    expect(envelope).toMatchObject({
      subscription: ACME.subscription,
      message: {
        messageId: envelope.message.message_id,
        publishTime: envelope.message.publish_time,
      },
    })
    expect(eventOf(envelope).entitlement.id).toBe(made.id)
    const certificates = createRemoteJWKSet(new URL(`${gcp.origin}/oauth2/v3/certs`))
    const token = String(headers.authorization).slice('Bearer '.length)
    const { payload } = await jwtVerify(token, certificates, {
      audience: 'https://tradepost.example',
      issuer: 'https://accounts.google.com',
      currentDate: new Date(gcp.simulator.clock.now()),
    })
    expect(payload).toMatchObject({ email: ACME.pushIdentity, email_verified: true })
    expect(Number(payload.exp) - Number(payload.iat)).toBe(3600)
  })

  it('are tried again, later each time, until they are taken', async () => {
    const seller = await openSeller([500, 404, 204])
    await pushTo(seller.url)
    await gcp.set({ notices: { types: { '-': { drop: true }, ACCOUNT_ACTIVE: { drop: true } } } })
    await gcp.bought()
    await gcp.advance('PT0S')
    expect(seller.received).toHaveLength(1)
    await gcp.advance('PT1S')
    expect(seller.received).toHaveLength(2)
    await gcp.advance('PT1S')
    expect(seller.received).toHaveLength(2)
    await gcp.advance('PT1S')
    await gcp.advance('PT1H')
    await seller.stop()
    expect(seller.received).toHaveLength(3)
    const { body } = await gcp.get('/control/messages')
    expect(body.messages.at(-1)).toMatchObject({
      state: 'acknowledged',
      attempts: 3,
      lastAnswer: '204',
    })
  })

  it('include what waited before the endpoint was set, and name the endpoint as audience by default', async () => {
    await gcp.bought()
    const seller = await openSeller()
    const config = {
      pushEndpoint: seller.url,
      oidcToken: { serviceAccountEmail: ACME.pushIdentity },
    }
    await gcp.call('POST', `${SUBSCRIPTION}:modifyPushConfig`, { pushConfig: config })
    await gcp.advance('PT0S')
    await seller.stop()
    expect(seller.received).toHaveLength(3)
    const token = String(seller.received[0]?.headers.authorization).split('.')[1] ?? ''
    expect(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')).aud).toBe(seller.url)
  })

  it('are signed by the newest key of the set', async () => {
    const { body } = await gcp.post('/control/keys/rotate', { signer: 'push', forget: true })
    const seller = await openSeller()
    await pushTo(seller.url)
    await gcp.bought()
    await gcp.advance('PT0S')
    await seller.stop()
    const token = String(seller.received[0]?.headers.authorization).slice('Bearer '.length)
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'))
    expect(header).toMatchObject({ alg: 'RS256', kid: body.kid })
  })
})
