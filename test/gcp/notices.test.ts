import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Instant, millis } from '../../src/kernel/time.ts'
import {
  type Answer,
  accountId,
  denied,
  entitlementId,
  failing,
  google,
  privateKey,
  type Reply,
} from './google.ts'

const now: Instant = '2026-03-10T09:01:00.000Z'
const { privateKey: own, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = async (): Promise<Answer> => ({
  json: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] },
})
const keys = await jwks()
const push = {
  kind: 'push',
  audience: 'https://tradepost.test/notices',
  serviceAccountEmail: 'pubsub-push@acme-public.iam.gserviceaccount.com',
}
const seconds = millis(now) / 1000
const bearer = async (change: object = {}, key: KeyObject = own, kid = 'k1') =>
  `Bearer ${await new SignJWT({
    iss: 'https://accounts.google.com',
    aud: push.audience,
    azp: '113774264463038321964',
    sub: '113774264463038321964',
    email: push.serviceAccountEmail,
    email_verified: true,
    iat: seconds - 5,
    exp: seconds + 3595,
    ...change,
  })
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
    .sign(key)}`

const encoded = (event: unknown) =>
  Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)).toString('base64')
const envelope = (event: unknown, messageId: string | undefined = '2070443601311540') =>
  JSON.stringify({
    message: { data: encoded(event), messageId, publishTime: '2026-01-21T00:06:20.000Z' },
    subscription: 'projects/acme-public/subscriptions/marketplace',
  })
const subject = (id: string) => ({ id, updateTime: '2026-01-21T00:06:19.754732Z' })
const active = {
  eventId: 'ENTITLEMENT_ACTIVE-f502acf7-5ada-4f92-a53e-d0c9644099f9',
  eventType: 'ENTITLEMENT_ACTIVE',
  entitlement: subject(entitlementId),
  providerId: 'acme-public',
}

const world = (reply: Reply = keys, settings: object = { notices: push }) =>
  google({ 'GET /oauth2/v3/certs': reply }, { settings, now })
async function received(body: string) {
  const { notices } = world()
  const told = await notices.receive({ headers: { authorization: await bearer() }, body }, '')
  expect(told).toHaveLength(1)
  return told[0]!
}

describe('a message that is pushed', () => {
  it('is a hint to look at its entitlement, named by what happened to what', async () => {
    expect(await received(envelope(active))).toMatchObject({
      noticeRef: `ENTITLEMENT_ACTIVE:${active.eventId}:${entitlementId}`,
      kind: 'ENTITLEMENT_ACTIVE',
      at: '2026-01-21T00:06:19.754Z',
      about: { is: 'agreement', agreementRef: entitlementId },
      native: { messageId: '2070443601311540', event: active },
    })
  })

  it('is one notice however often it comes, and several where events share an id', async () => {
    const eventId = 'CREATE_ENTITLEMENT-f502acf7'
    const refs = new Set<string>()
    for (const event of [
      { ...active, eventId },
      { ...active, eventId },
      { ...active, eventId, eventType: 'ENTITLEMENT_OFFER_ACCEPTED' },
      { eventId, eventType: 'ACCOUNT_ACTIVE', account: subject(accountId) },
      { eventId, account: subject(accountId) },
    ])
      refs.add((await received(envelope(event, `m${refs.size}`))).noticeRef)
    expect([...refs]).toEqual([
      `ENTITLEMENT_ACTIVE:${eventId}:${entitlementId}`,
      `ENTITLEMENT_OFFER_ACCEPTED:${eventId}:${entitlementId}`,
      `ACCOUNT_ACTIVE:${eventId}:${accountId}`,
      `-:${eventId}:${accountId}`,
    ])
  })

  it('is about an account when that is what it has, which is gone only once it was deleted', async () => {
    const event = { eventId: 'x', providerId: 'acme-public', account: subject(accountId) }
    expect(await received(envelope(event))).toMatchObject({
      kind: 'ACCOUNT_CREATED',
      about: { is: 'account', buyerRef: accountId, isGone: false },
    })
    const deleted = { ...event, eventType: 'ACCOUNT_DELETED' }
    expect((await received(envelope(deleted))).about).toMatchObject({ isGone: true })
  })

  it('of a kind nobody knows is about what it has', async () => {
    const event = { ...active, eventType: 'ENTITLEMENT_BLESSED' }
    expect(await received(envelope(event))).toMatchObject({
      kind: 'ENTITLEMENT_BLESSED',
      about: { is: 'agreement' },
    })
  })

  it('of another seller, or one that cannot be read, is taken and tells nothing', async () => {
    const other = await received(envelope({ ...active, providerId: 'umbrella-public' }))
    expect(other.about).toEqual({ is: 'other' })
    for (const event of ['not json', '{"eventId":"x"}', '"\\u0000"', '[]'])
      expect(await received(envelope(event))).toMatchObject({
        noticeRef: '2070443601311540',
        kind: 'unreadable',
        at: '2026-01-21T00:06:20.000Z',
        about: { is: 'other' },
      })
    const nul = { ...active, entitlement: { ...active.entitlement, note: '\0' } }
    expect((await received(envelope(nul))).native).toMatchObject({ event: encoded(nul) })
  })

  it('is kept as unreadable when it is no message at all, or it would come again for ever', async () => {
    const { notices } = world()
    const authorization = await bearer()
    for (const body of ['', '{}', '{"message":{}}', '[]']) {
      const [notice] = await notices.receive({ headers: { authorization }, body }, '')
      expect(notice).toMatchObject({ kind: 'unreadable', about: { is: 'other' } })
      expect(notice?.noticeRef).toMatch(/^unreadable\/[0-9a-f]{64}$/)
    }
  })
})

describe('who may push', () => {
  const refusal = async (authorization: string | undefined) => {
    const headers = authorization === undefined ? {} : { authorization }
    const { code } = await failing(world().notices.receive({ headers, body: envelope(active) }, ''))
    return code
  }

  it('is the agreed service account, by a token of Google’s for the agreed audience', async () => {
    for (const change of [
      { email: 'somebody@gmail.com' },
      { email_verified: false },
      { email_verified: undefined },
      { email: undefined },
      { aud: 'https://other.test' },
      { iss: 'https://evil.test' },
      { exp: seconds - 31 },
      { exp: undefined },
    ])
      expect(await refusal(await bearer(change))).toBe('unauthenticated')
  })

  it('is nobody without a token, or with one that somebody else signed', async () => {
    const impostor = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    for (const authorization of [
      undefined,
      'Bearer x',
      'Basic eDp5',
      await bearer({}, impostor),
      await bearer({}, own, 'k2'),
    ])
      expect(await refusal(authorization)).toBe('unauthenticated')
  })

  it('is nobody where notices are not pushed', async () => {
    const { notices } = world(keys, { notices: { kind: 'none' } })
    const incoming = { headers: { authorization: await bearer() }, body: envelope(active) }
    expect((await failing(notices.receive(incoming, ''))).code).toBe('unauthenticated')
    expect([notices.pull, notices.acknowledge]).toEqual([undefined, undefined])
  })

  it('is not decided while Google’s keys cannot be had', async () => {
    const { notices } = world('hang up')
    const incoming = { headers: { authorization: await bearer() }, body: envelope(active) }
    expect((await failing(notices.receive(incoming, ''))).code).toBe('unavailable')
  })

  it('is not shown in what is said of a refusal', async () => {
    const authorization = await bearer({ aud: 'https://other.test' })
    const { message, details } = await failing(
      world().notices.receive({ headers: { authorization }, body: envelope(active) }, ''),
    )
    expect(JSON.stringify([message, details])).not.toContain(authorization.slice(7, 40))
  })
})

describe('messages that are fetched', () => {
  const subscription = 'projects/acme-public/subscriptions/marketplace'
  const settings = { notices: { kind: 'pull', subscription } }
  const pulling = (reply: Reply) =>
    google(
      {
        [`POST /v1/${subscription}:pull`]: reply,
        [`POST /v1/${subscription}:acknowledge`]: { json: {} },
      },
      { settings, now },
    )

  it('come with the receipt that acknowledges them', async () => {
    const message = { data: encoded(active), messageId: '1', publishTime: '2026-01-21T00:06:20Z' }
    const { notices, calls } = pulling({
      json: {
        receivedMessages: [
          { ackId: 'ack-1', deliveryAttempt: 1, message },
          { ackId: 'ack-2', message: { data: 'bm8=' } },
        ],
      },
    })
    const pulled = await notices.pull!(10)
    expect(pulled.map(({ notice, receipt }) => [notice.kind, notice.noticeRef, receipt])).toEqual([
      ['ENTITLEMENT_ACTIVE', `ENTITLEMENT_ACTIVE:${active.eventId}:${entitlementId}`, 'ack-1'],
      ['unreadable', 'ack-2', 'ack-2'],
    ])
    await notices.acknowledge!(['ack-1', 'ack-2'])
    await notices.acknowledge!([])
    expect(calls.map(({ body }) => body)).toEqual([
      { maxMessages: 10, returnImmediately: true },
      { ackIds: ['ack-1', 'ack-2'] },
    ])
  })

  it('are none when there are none, and a want of permission says what to check', async () => {
    expect(await pulling({ json: {} }).notices.pull!(10)).toEqual([])
    const problem = await failing(pulling(denied).notices.pull!(10))
    expect(problem.code).toBe('forbidden')
    expect(problem.message).toMatch(/roles\/pubsub.editor/)
    expect(problem.message).not.toContain(privateKey)
  })
})
