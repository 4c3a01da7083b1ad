import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OAuth2Client } from 'google-auth-library'
import { importX509, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ACME,
  exchange,
  GLOBEX,
  INITECH,
  openGcp,
  openSeller,
  type SimulatedGcp,
  UMBRELLA,
} from './open.ts'

const ISSUER =
  'https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com'

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

const product = (change: object) => gcp.post(`/control/products/${ACME.service}`, change)
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
const kidOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')).kid
const certificates = async () => (await exchange('GET', gcp.origin + new URL(ISSUER).pathname)).body

describe('signing up', () => {
  it("posts the form with a token that Google's own library takes", async () => {
    const seller = await openSeller([302])
    await product({ signUpUrl: seller.url })
    const made = await gcp.bought()
    const { body: answer } = await gcp.post('/buyer/sign-up', { entitlement: made.id })
    await seller.stop()
    expect(answer).toMatchObject({ status: 302, location: '/welcome', body: '<h1>Welcome</h1>' })
    const [request] = seller.received
    expect(request?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
    const token = new URLSearchParams(request?.body).get('x-gcp-marketplace-token') ?? ''
    expect(claimsOf(token)).toMatchObject({
      iss: ISSUER,
      aud: '127.0.0.1',
      sub: made.account,
      google: { roles: ['account_admin'], user_identity: expect.any(String) },
    })
    expect(claimsOf(token).exp - claimsOf(token).iat).toBe(300)
    await gcp.set({ tokens: { issueClock: 'real' } })
    const { body } = await gcp.post('/buyer/token', { entitlement: made.id })
    const client = new OAuth2Client()
    const keys = await certificates()
    const ticket = await client.verifySignedJwtWithCertsAsync(body.token, keys, '127.0.0.1', [
      ISSUER,
    ])
    expect(ticket.getPayload()?.sub).toBe(made.account)
  })

  it('names the audience that the product is set to', async () => {
    await product({ audience: ACME.service })
    const made = await gcp.bought()
    const { body } = await gcp.post('/buyer/token', { entitlement: made.id })
    expect(claimsOf(body.token).aud).toBe(ACME.service)
    await product({ audience: null })
    const bare = await gcp.post('/buyer/token', { entitlement: made.id })
    expect(bare.status).toBe(409)
    expect((await gcp.post('/buyer/sign-up', { entitlement: made.id })).status).toBe(409)
  })

  it('gives tokens that are expired, for others, or signed by a key nobody knows', async () => {
    await product({ audience: 'saas.example.com' })
    const made = await gcp.bought()
    const token = async (switches: object) =>
      (await gcp.post('/buyer/token', { entitlement: made.id, ...switches })).body.token
    const now = gcp.simulator.clock.now() / 1000
    expect(claimsOf(await token({ expired: true })).exp).toBeLessThan(now)
    expect(claimsOf(await token({ audience: 'other.example' })).aud).toBe('other.example')
    expect(claimsOf(await token({ issuer: 'https://evil.example' })).iss).toBe(
      'https://evil.example',
    )
    const verify = async (jwt: string) =>
      jwtVerify(jwt, await importX509((await certificates())[kidOf(jwt)], 'RS256'), {
        currentDate: new Date(gcp.simulator.clock.now()),
      })
    expect((await verify(await token({}))).payload.sub).toBe(made.account)
    await expect(verify(await token({ otherKey: true }))).rejects.toThrow(/signature/)
  })

  it('lists orders with several orders on, as ids or as objects', async () => {
    await product({ audience: 'saas.example.com' })
    const made = await gcp.bought()
    const google = async (switches = {}) =>
      claimsOf((await gcp.post('/buyer/token', { entitlement: made.id, ...switches })).body.token)
        .google
    expect((await google()).orders).toBeUndefined()
    await product({ multipleOrders: true })
    expect((await google()).orders).toEqual([made.id])
    expect((await google({ orders: 'objects' })).orders).toEqual([{ orderId: made.id }])
    await gcp.set({ signUp: { orders: 'none' } })
    expect((await google()).orders).toBeUndefined()
  })

  it('opens the login URL with a token, or merely opens it without single sign-on', async () => {
    const seller = await openSeller()
    await product({ audience: 'saas.example.com', loginUrl: seller.url })
    const { id } = await gcp.bought()
    await gcp.post('/buyer/log-in', { entitlement: id })
    await product({ singleSignOn: false })
    await gcp.post('/buyer/log-in', { entitlement: id })
    await seller.stop()
    expect(seller.received.map(({ method }) => method)).toEqual(['POST', 'GET'])
    expect(seller.received[1]?.body).toBe('')
  })
})

describe('buying', () => {
  it('makes one account per provider, and one open order per product', async () => {
    const first = await gcp.bought()
    const again = await gcp.post('/buyer/buy', {
      service: ACME.service,
      plan: 'payg',
      billingAccount: INITECH,
    })
    expect(again.status).toBe(409)
    await product({ multipleOrders: true })
    const second = await gcp.bought({ plan: 'payg' })
    const other = await gcp.bought({ service: UMBRELLA.service })
    expect(second.account).toBe(first.account)
    expect(other.account).not.toBe(first.account)
  })

  it.each([
    ['an unknown service', { service: 'nothing' }, 404],
    ['an unknown plan', { plan: 'gold' }, 404],
    ['an unknown billing account', { billingAccount: '000000-000000-000000' }, 404],
  ])('refuses %s', async (_, asked, status) => {
    const usual = { service: ACME.service, plan: 'pro', billingAccount: INITECH }
    expect((await gcp.post('/buyer/buy', { ...usual, ...asked })).status).toBe(status)
  })

  it('cancels a usage plan at once, a waiting order as aborted, and nothing twice', async () => {
    const { id } = await gcp.active({ plan: 'payg' })
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect(await gcp.read(id)).toMatchObject({ cancellationReason: 'user-cancelled' })
    expect((await gcp.post('/buyer/cancel', { entitlement: id })).status).toBe(409)
    const waiting = await gcp.bought({ billingAccount: GLOBEX })
    await gcp.post('/buyer/cancel', { entitlement: waiting.id })
    expect(await gcp.read(waiting.id)).toMatchObject({
      state: 'ENTITLEMENT_CANCELLED',
      cancellationReason: 'user-aborted',
    })
  })

  it('takes a while to cancel when the switch says so', async () => {
    await gcp.set({ procurement: { cancellingMs: 60_000 } })
    const { id } = await gcp.active({ plan: 'payg' })
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_ACTIVE')
    await gcp.advance('PT1M')
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_CANCELLED')
  })

  it('refuses to change what is not active', async () => {
    const { id } = await gcp.bought()
    const answer = await gcp.post('/buyer/change-plan', { entitlement: id, plan: 'payg' })
    expect(answer.status).toBe(409)
    expect((await gcp.post('/buyer/revert', { entitlement: id })).status).toBe(409)
  })
})

describe('billing accounts', () => {
  it('lose their orders a while after billing is disabled, unless it is enabled again', async () => {
    const { id } = await gcp.active()
    await gcp.post('/buyer/disable-billing', { billingAccount: INITECH })
    const refused = await gcp.post('/buyer/buy', {
      service: UMBRELLA.service,
      plan: 'pro',
      billingAccount: INITECH,
    })
    expect(refused.status).toBe(409)
    await gcp.advance('P10D')
    await gcp.post('/buyer/enable-billing', { billingAccount: INITECH })
    await gcp.advance('P30D')
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_ACTIVE')
    await gcp.set({ procurement: { billingDisabledMs: 0 } })
    await gcp.post('/buyer/disable-billing', { billingAccount: INITECH })
    await gcp.advance('PT0S')
    expect(await gcp.read(id)).toMatchObject({
      state: 'ENTITLEMENT_CANCELLED',
      cancellationReason: 'billing-disabled',
    })
  })

  it('end everything when they are closed, and are deleted 60 days later', async () => {
    const made = await gcp.active()
    await gcp.post('/buyer/close', { billingAccount: INITECH })
    expect(await gcp.read(made.id)).toMatchObject({ cancellationReason: 'account-closed' })
    await gcp.advance('P61D')
    expect((await gcp.call('GET', gcp.account(made.account))).status).toBe(404)
    const types = (await gcp.events()).map((event) => event.eventType)
    expect(types.slice(-2).sort()).toEqual(['ACCOUNT_DELETED', 'ENTITLEMENT_DELETED'])
  })
})

describe('the world', () => {
  it('is the same after a restart, timers included', async () => {
    const file = join(tmpdir(), `gcp-${process.pid}-${Date.now()}.sqlite`)
    const first = await openGcp({ file })
    const made = await first.bought()
    await first.call('POST', first.account(made.account, ':approve'), {})
    await first.call('POST', first.entitlement(made.id, ':approve'), {})
    await first.stop()
    const second = await openGcp({ file })
    await second.advance('PT1M')
    expect((await second.read(made.id)).state).toBe('ENTITLEMENT_ACTIVE')
    await second.stop()
    for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  })

  it('refuses settings it does not have, or of another kind', async () => {
    expect((await gcp.set({ notices: { colour: 1 } })).status).toBe(422)
    expect((await gcp.set({ notices: { delayMs: 'long' } })).status).toBe(422)
    expect((await gcp.set({ nothing: {} })).status).toBe(422)
  })
})
