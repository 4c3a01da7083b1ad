import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/kernel/time.ts'
import { clientId, cloud, failing, type Reply, tenantId } from './cloud.ts'
import { sample, sampleId } from './subscription.ts'

const keysPath = `GET /${tenantId}/discovery/v2.0/keys`
const marketplace = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7'
const nowSeconds = Date.parse('2026-03-10T09:01:00Z') / 1000
const times = { iat: nowSeconds, nbf: nowSeconds - 60, exp: nowSeconds + 3600 }

/** The claims of both token versions as they really come. */
const v1 = {
  aud: clientId,
  iss: `https://sts.windows.net/${tenantId}/`,
  ...times,
  appid: marketplace,
  appidacr: '2',
  tid: tenantId,
  ver: '1.0',
}
const v2 = {
  aud: clientId,
  iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
  ...times,
  azp: marketplace,
  azpacr: '2',
  tid: tenantId,
  ver: '2.0',
}

type Keys = Awaited<ReturnType<typeof generateKeyPair>>
let keys: Keys
let others: Keys
let published: object
beforeAll(async () => {
  ;[keys, others] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  published = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', use: 'sig' }] }
})

const sign = (claims: JWTPayload, kid = 'k1', by = keys) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).sign(by.privateKey)

const told = (changes: object = {}) => ({
  id: '74dfb4db-c193-4891-827d-eb05fbdc64b0',
  activityId: '74dfb4db-c193-4891-827d-eb05fbdc64b0',
  publisherId: 'contoso',
  offerId: 'contoso-saas-preview',
  planId: 'gold',
  quantity: 25,
  subscriptionId: sampleId,
  timeStamp: '2026-03-10T08:48:58.4449937Z',
  action: 'ChangePlan',
  status: 'InProgress',
  operationRequestSource: 'Azure',
  subscription: sample,
  purchaseToken: null,
  ...changes,
})

type Given = { claims?: JWTPayload; body?: unknown; token?: string; now?: () => Instant }
function market(reply: () => Reply = () => ({ json: published }), now?: () => Instant) {
  const { notices, calls } = cloud({ [keysPath]: reply }, now ? { now } : {})
  const receive = async ({ claims = v1, body = told(), token }: Given = {}) => {
    const authorization = token ?? `Bearer ${await sign(claims)}`
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return notices.receive({ headers: { authorization }, body: text }, 'unused')
  }
  return { receive, calls }
}

describe('the sender', () => {
  it.each([
    ['v1', v1],
    ['v2', v2],
  ])('is known by a token of %s, without the shared secret', async (_, claims) => {
    expect(await market().receive({ claims })).toHaveLength(1)
  })

  it.each([
    ['expired', { ...v1, exp: nowSeconds - 301 }],
    ['not yet valid', { ...v1, nbf: nowSeconds + 301 }],
    ['without an end', { ...v1, exp: undefined }],
    ['for another app', { ...v1, aud: marketplace }],
    ['of another tenant', { ...v1, tid: 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22' }],
    ['of another issuer', { ...v1, iss: 'https://sts.windows.net/common/' }],
    ['made by another app (v1)', { ...v1, appid: clientId }],
    ['made by another app (v2)', { ...v2, azp: clientId }],
    ['made by nobody', { ...v2, azp: undefined }],
  ])('is not known by a token that is %s', async (_, claims) => {
    const { receive } = market()
    const given = JSON.parse(JSON.stringify(claims)) as JWTPayload
    expect(await failing(receive({ claims: given }))).toMatchObject({
      code: 'unauthenticated',
      details: { whose: 'theirs' },
    })
  })

  it('is allowed five minutes between the clocks', async () => {
    const { receive } = market()
    const skewed = { ...v1, exp: nowSeconds - 299, nbf: nowSeconds + 299 }
    expect(await receive({ claims: { ...skewed, nbf: nowSeconds - 600 } })).toHaveLength(1)
    expect(await receive({ claims: { ...skewed, exp: nowSeconds + 600 } })).toHaveLength(1)
  })

  it('is not known without a signature of the tenant’s', async () => {
    const { receive } = market()
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(v1))}.`
    const shared = await new SignJWT(v1)
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(new TextEncoder().encode('a-secret-of-32-letters-or-rather-more'))
    for (const token of ['', 'Bearer', 'Bearer x', `Bearer ${unsigned}`, `Bearer ${shared}`])
      expect((await failing(receive({ token }))).code).toBe('unauthenticated')
    const forged = `Bearer ${await sign(v1, 'k1', others)}`
    expect((await failing(receive({ token: forged }))).code).toBe('unauthenticated')
  })

  it('is told apart by keys that are fetched once and kept', async () => {
    const { receive, calls } = market()
    await Promise.all([receive(), receive(), receive({ claims: v2 })])
    await receive()
    expect(calls.map(({ path }) => path)).toEqual([`/${tenantId}/discovery/v2.0/keys`])
  })

  it('may use a new key at once, but cannot make us look for one more than ten times a minute', async () => {
    let now: Instant = '2026-03-10T09:01:00.000Z'
    let answer: object = published
    const { receive, calls } = market(
      () => ({ json: answer }),
      () => now,
    )
    await receive()
    now = '2026-03-10T09:02:30.000Z'
    answer = { keys: [{ ...(await exportJWK(others.publicKey)), kid: 'k2' }] }
    expect(await receive({ token: `Bearer ${await sign(v1, 'k2', others)}` })).toHaveLength(1)
    expect(calls).toHaveLength(2)
    const unknown = `Bearer ${await sign(v1, 'k3', others)}`
    for (let looks = 2; looks <= 10; looks++)
      expect((await failing(receive({ token: unknown }))).code).toBe('unauthenticated')
    expect((await failing(receive({ token: unknown }))).code).toBe('unavailable')
    expect(calls).toHaveLength(11)
    expect(await receive({ token: `Bearer ${await sign(v1, 'k2', others)}` })).toHaveLength(1)
    now = '2026-03-10T09:04:00.000Z'
    expect((await failing(receive({ token: unknown }))).code).toBe('unauthenticated')
    expect(calls).toHaveLength(12)
  })

  it.each(['hang up', { status: 503, text: 'down' }, { text: '<html>' }, { json: {} }] as const)(
    'is never refused because the keys cannot be had: %o',
    async (reply) => {
      const { receive } = market(() => reply)
      expect((await failing(receive())).code).toBe('unavailable')
    },
  )

  it('is not waited for longer than three seconds', async () => {
    const { receive } = market(() => 'silence')
    const began = performance.now()
    expect((await failing(receive())).code).toBe('unavailable')
    expect(performance.now() - began).toBeLessThan(4000)
  })

  it('is still known by keys that are kept while new ones cannot be had', async () => {
    let now: Instant = '2026-03-10T09:01:00.000Z'
    let reply: Reply = { json: published }
    const { receive } = market(
      () => reply,
      () => now,
    )
    await receive()
    now = '2026-03-11T10:01:00.000Z'
    reply = 'hang up'
    const later = { ...v1, nbf: nowSeconds, exp: nowSeconds + 2 * 86_400 }
    expect(await receive({ claims: later })).toHaveLength(1)
  })
})

describe('a notice', () => {
  it('asks whether a buyer’s plan change stands', async () => {
    expect(await market().receive()).toEqual([
      {
        noticeRef: '74dfb4db-c193-4891-827d-eb05fbdc64b0/ChangePlan/InProgress',
        kind: 'ChangePlan',
        at: '2026-03-10T08:48:58.444Z',
        about: {
          is: 'agreement',
          agreementRef: sampleId,
          licenseRef: sampleId,
          listingRef: 'contoso-saas',
        },
        asks: {
          agreementRef: sampleId,
          operationRef: '74dfb4db-c193-4891-827d-eb05fbdc64b0',
          change: { is: 'plan', planRef: 'gold' },
        },
        native: told(),
      },
    ])
  })

  it('asks whether a buyer’s seat change stands', async () => {
    const [notice] = await market().receive({ body: told({ action: 'ChangeQuantity' }) })
    expect(notice?.asks?.change).toEqual({ is: 'quantity', quantity: '25' })
  })

  it.each([
    { operationRequestSource: 'Partner' },
    { status: 'Succeeded' },
    { action: 'Reinstate' },
    { action: 'Renew', status: 'Succeeded' },
    { action: 'Subscribe', status: 'Succeeded' },
    { action: 'Brand new', status: 'Whatever' },
  ])('asks nothing when %o', async (changes) => {
    const [notice] = await market().receive({ body: told(changes) })
    expect(notice).toMatchObject({ about: { is: 'agreement', agreementRef: sampleId } })
    expect(notice?.asks).toBeUndefined()
  })

  it('believes no end that it tells: the subscription is looked at', async () => {
    const body = told({ action: 'Unsubscribe', status: 'Succeeded' })
    expect(await market().receive({ body })).toMatchObject([
      { kind: 'Unsubscribe', about: { is: 'agreement', agreementRef: sampleId } },
    ])
  })

  it('is one when it is repeated, and another when the operation moves on', async () => {
    const { receive } = market()
    const ref = async (changes: object) => (await receive({ body: told(changes) }))[0]?.noticeRef
    expect(await ref({})).toBe(await ref({ newField: 1 }))
    expect(await ref({})).not.toBe(await ref({ status: 'Succeeded' }))
  })

  it.each(['', 'no json', '[]', '{}', JSON.stringify({ id: 'x', action: 'Renew' })])(
    'that cannot be read is kept, and decides nothing: %s',
    async (body) => {
      const [notice] = await market().receive({ body })
      expect(notice).toMatchObject({ kind: 'unreadable', about: { is: 'other' } })
      expect(notice?.asks).toBeUndefined()
    },
  )

  it('of another publisher is not ours to decide on', async () => {
    const [notice] = await market().receive({ body: told({ publisherId: 'fabrikam' }) })
    expect(notice).toMatchObject({ kind: 'unreadable', about: { is: 'other' } })
    expect(notice?.asks).toBeUndefined()
  })
})
