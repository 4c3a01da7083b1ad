import { jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import type { Log } from '../../src/platform/log.ts'
import { createTestWorld, type World } from '../world.ts'
import {
  addListing,
  byRef,
  connect,
  createMarket,
  handoffSecret,
  kinds,
  type Market,
  registration,
  remote,
  sync,
} from './market.ts'

let world: World
let market: Market
let connection: string
const lines: string[] = []
const write = (fields: object, message: string) => {
  lines.push(JSON.stringify(fields) + message)
}
const log: Log = { debug: write, info: write, warn: write, error: write }

beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter], log })
  connection = await connect(world)
})
afterAll(() => world.close())

const arrive = (token: string, at = connection) =>
  world.fetch(
    new Request(`http://tradepost.test/register/${at}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ 'bazaar-token': token }),
    }),
  )
const claims = async (response: Response) => {
  const token = new URL(response.headers.get('location') ?? '').searchParams.get('tradepost') ?? ''
  const { payload } = await jwtVerify(token, new TextEncoder().encode(handoffSecret), {
    algorithms: ['HS256'],
    issuer: 'http://tradepost.test',
    audience: 'https://app.example.com',
    currentDate: new Date(world.deps.now()),
  })
  return payload
}
const registrations = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/registrations`)).body.data

describe('a buyer’s user who arrives with a good token', () => {
  it('is tied to the agreement with their licence and handed to the sign-up page', async () => {
    market.put(remote('one'))
    market.put(remote('two'))
    await sync(world, connection)
    market.tokens.set('good', registration({ licenseRef: 'license-of-two' }))
    const response = await arrive('good')
    expect(response.status).toBe(303)
    const location = new URL(response.headers.get('location') ?? '')
    expect([location.origin, location.pathname, location.searchParams.get('a')]).toEqual([
      'https://app.example.com',
      '/sign-up',
      '1',
    ])
    const agreement = await byRef(world, connection, 'two')
    const payload = await claims(response)
    expect(payload).toMatchObject({
      sub: '111122223333',
      account: '111122223333',
      agreement: agreement.id,
      agreementRef: 'two',
      license: 'license-of-two',
      jti: expect.stringMatching(/^[\w-]{36}$/),
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600)
    expect(agreement.registeredAt).toBe(world.deps.now())
    expect(await kinds(world, agreement.id)).toContain('agreement.registered')
    expect(await registrations(agreement.id)).toMatchObject([
      { buyerRef: '111122223333', times: 1 },
    ])
  })

  it('may reload: the marketplace is asked once, the hand-off is new each time', async () => {
    market.tokens.set('reload', registration({ licenseRef: 'license-of-one' }))
    const first = await claims(await arrive('reload'))
    const second = await claims(await arrive('reload'))
    expect(first.jti).not.toBe(second.jti)
    expect(market.calls.filter((call) => call === 'resolve reload')).toHaveLength(1)
    const { id } = await byRef(world, connection, 'one')
    expect(await registrations(id)).toMatchObject([{ times: 2 }])
    expect((await kinds(world, id)).filter((kind) => kind === 'agreement.registered')).toHaveLength(
      1,
    )
    world.advance(31 * 60_000)
    expect((await arrive('reload')).status).toBe(303)
    expect(market.calls.filter((call) => call === 'resolve reload')).toHaveLength(2)
    expect((await kinds(world, id)).filter((kind) => kind === 'agreement.registered')).toHaveLength(
      1,
    )
    world.advance(31 * 60_000)
    market.tokens.set('reload', 'expired')
    expect((await arrive('reload')).status).toBe(410)
    expect(await registrations(id)).toHaveLength(1)
  })

  it('may come by a link', async () => {
    market.tokens.set('by+link', registration({ licenseRef: 'license-of-one' }))
    const url = `http://tradepost.test/register/${connection}?bazaar-token=by%2Blink`
    expect((await world.fetch(new Request(url, { method: 'HEAD' }))).status).toBe(400)
    expect(market.calls).not.toContain('resolve by+link')
    expect((await world.fetch(new Request(url))).status).toBe(303)
  })

  it('is bound when the agreement arrives, which is asked for at once', async () => {
    await world.drain()
    market.tokens.set('early', registration({ licenseRef: 'license-of-soon' }))
    const payload = await claims(await arrive('early'))
    expect(payload).toMatchObject({ agreement: null, license: 'license-of-soon' })
    const { data } = (await world.as('viewer').get('/v1/syncs')).body
    expect(data[0]).toMatchObject({ name: 'agreements', dueAt: world.deps.now() })
    market.put(remote('soon'))
    await world.drain()
    const agreement = await byRef(world, connection, 'soon')
    expect(await registrations(agreement.id)).toMatchObject([{ id: payload.registration }])
    expect(agreement.registeredAt).not.toBeNull()
  })

  it('is bound by account and product when no licence tells, and only one could be meant', async () => {
    await addListing(world, connection, 'prod-legacy')
    const legacy = { listingRef: 'prod-legacy', buyerRef: '999', licenseRefs: [] }
    market.put(remote('legacy', legacy))
    await sync(world, connection)
    const who = { buyerRef: '999', customerRef: 'c-1', meteringRef: 'code-of-prod-legacy' }
    market.tokens.set('legacy', registration(who))
    expect(await claims(await arrive('legacy'))).toMatchObject({ agreementRef: 'legacy' })
    market.put(remote('legacy-2', legacy))
    await sync(world, connection)
    market.tokens.set('which', registration(who))
    expect(await claims(await arrive('which'))).toMatchObject({ agreement: null, account: '999' })
  })

  it('sees a page when the seller has no sign-up page', async () => {
    const plain = await connect(world, { name: 'No sign-up', signUpUrl: '' })
    const response = await arrive('good', plain)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('You are registered')
  })
})

describe('somebody else sees a page that says what to do', () => {
  it.each([
    ['expired', 410, 'fresh link'],
    ['forged', 400, 'could not verify'],
    ['', 400, 'Open your subscription in the marketplace'],
  ])('with the token %o', async (token, status, words) => {
    market.tokens.set('expired', 'expired')
    const response = await arrive(token)
    expect([response.status, await response.text()]).toEqual([
      status,
      expect.stringContaining(words),
    ])
  })

  it('that asks nothing of anybody and is not kept', async () => {
    const response = await arrive('forged')
    const policy = response.headers.get('content-security-policy')
    const page = await response.text()
    expect(policy).toMatch(/default-src 'none'/)
    expect(policy).toContain(/nonce="([^"]+)"/.exec(page)?.[1])
    expect(page).not.toMatch(/https?:|src=|<script|forged</i)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  })

  it('when the marketplace does not answer, and the link stays good', async () => {
    const down = new Problem(
      'unavailable',
      'timed out for patient-token',
      {},
      { cause: 'patient-token' },
    )
    market.tokens.set('patient-token', down)
    const response = await arrive('patient-token')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60'])
    expect(await response.text()).toContain('link stays good')
    market.tokens.set('patient-token', registration({ licenseRef: 'license-of-one' }))
    expect((await arrive('patient-token')).status).toBe(303)
  })

  it.each([['conn_nobody'], ['%00'], ['offer_1'], ["conn_'"]])('at /register/%s', async (id) => {
    expect((await arrive('good', id)).status).toBe(404)
  })

  it('when the body is no form or far too large', async () => {
    const send = (body: string, type: string) =>
      world.fetch(
        new Request(`http://tradepost.test/register/${connection}`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        }),
      )
    expect((await send('{"bazaar-token":"good"}', 'application/json')).status).toBe(400)
    expect((await send('%%%=%zz&=&&', 'application/x-www-form-urlencoded')).status).toBe(400)
    expect((await send('x'.repeat(70_000), 'application/x-www-form-urlencoded')).status).toBe(413)
  })

  it('when too many come at once', async () => {
    const asked = market.calls.length
    for (let n = 0; n < 21; n++) await arrive('hammered')
    expect((await arrive('hammered')).status).toBe(429)
    expect(market.calls.length - asked).toBe(20)
    world.advance(60_000)
    expect((await arrive('hammered')).status).toBe(400)
  })
})

it('keeps of a token its hash and nothing else, in the database and the log', async () => {
  const rows = await world.deps.db.selectFrom('registrations').selectAll().execute()
  const kept = JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  for (const token of ['good', 'reload', 'patient-token']) expect(kept).not.toContain(`"${token}"`)
  expect(rows.every((row) => /^[0-9a-f]{64}$/.test(row.token_hash))).toBe(true)
  expect(lines.join('\n')).not.toMatch(/patient-token|bazaar-token|tradepost=/)
  expect(lines.join('\n')).toContain('registration could not be completed')
})

it('forgets arrivals that came to nothing after a month', async () => {
  const count = async () =>
    (
      await world.deps.db
        .selectFrom('registrations')
        .select('id')
        .where('state_is', 'in', ['expired', 'forged', 'arrived'])
        .execute()
    ).length
  expect(await count()).toBeGreaterThan(0)
  world.advance(32 * 86_400_000)
  await world.drain()
  expect(await count()).toBe(0)
})
