import { generateKeyPairSync, sign } from 'node:crypto'
import { Connection } from 'jsforce'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { oauth, type SimulatedOrg, startOrg, VERSION } from './salesforce-org.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
let org: SimulatedOrg
beforeAll(async () => {
  org = await startOrg()
})
beforeEach(() => org.control('POST', 'reset'))
afterAll(() => org.stop())

const fresh = (more: object = {}, host = org.url) =>
  new Connection({ version: VERSION, oauth2: oauth(host, more) })

function assertion(claims: object, key: Parameters<typeof sign>[2], alg = 'RS256') {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg })}.${part(claims)}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
}

describe('client credentials', () => {
  it('sign in the run-as user and say where the org is', async () => {
    const conn = fresh()
    const user = await conn.authorize({ grant_type: 'client_credentials' })
    const { organizationId } = await org.control('GET', '')
    expect(user).toMatchObject({
      organizationId,
      url: `${org.url}/id/${organizationId}/${user.id}`,
    })
    expect(conn.instanceUrl).toBe(org.url)
    expect(conn.refreshToken).toBeUndefined()
    const info = await conn.request<any>('/services/oauth2/userinfo')
    expect(info).toMatchObject({
      organization_id: organizationId,
      user_id: user.id,
      preferred_username: 'integration@acme.example',
    })
    expect(await conn.identity()).toMatchObject({ username: 'integration@acme.example' })
  })

  it.each([
    ['an unknown key', { clientId: 'other' }, 'invalid_client_id', 'client identifier invalid'],
    ['a wrong secret', { clientSecret: 'x' }, 'invalid_client', 'invalid client credentials'],
  ])('are refused for %s', async (_, more, name, message) => {
    const failing = fresh(more).authorize({ grant_type: 'client_credentials' })
    await expect(failing).rejects.toMatchObject({ name, message })
  })

  it('are refused without a run-as user, for a frozen one, and at the login host', async () => {
    await org.control('POST', 'switches', { noRunAsUser: true })
    const attempt = (host?: string) =>
      fresh({}, host).authorize({ grant_type: 'client_credentials' })
    await expect(attempt()).rejects.toThrow('no client credentials user enabled')
    await org.control('POST', 'switches', { noRunAsUser: false })
    await org.control('POST', 'users', { username: 'integration@acme.example', isFrozen: true })
    await expect(attempt()).rejects.toThrow('user is locked')
    await expect(attempt(`${org.url}/login`)).rejects.toThrow(
      'request not supported on this domain',
    )
  })
})

describe('the JWT bearer flow', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const claims = () => ({
    iss: 'tradepost-simulator',
    sub: 'integration@acme.example',
    aud: 'https://login.salesforce.com',
    exp: org.clock.now() / 1000 + 180,
  })
  const attempt = (more: object = {}, key: Parameters<typeof sign>[2] = privateKey) =>
    fresh().authorize({
      grant_type: JWT_BEARER,
      assertion: assertion({ ...claims(), ...more }, key),
    })

  beforeEach(async () => {
    const certificate = publicKey.export({ type: 'spki', format: 'pem' })
    await org.control('POST', 'app', { certificate })
  })

  it('signs in the user the assertion names', async () => {
    const user = await attempt({ sub: 'admin@acme.example' })
    const users = (await org.control('GET', '')).users
    expect(users.find((each: any) => each.Id === user.id).Username).toBe('admin@acme.example')
  })

  it.each([
    ['another audience', { aud: 'https://test.salesforce.com' }, 'audience is invalid'],
    ['one in the past', { exp: 1 }, 'expired authorization code'],
    ['one too far ahead', { exp: 9e9 }, 'expired authorization code'],
    [
      'a user nobody approved',
      { sub: 'riley.rep@acme.example' },
      "user hasn't approved this consumer",
    ],
    ['another consumer', { iss: 'other' }, 'client identifier invalid'],
  ])('refuses %s', async (_, more, message) => {
    await expect(attempt(more)).rejects.toThrow(message)
  })

  it('refuses a signature by another key, and everything without a certificate', async () => {
    await expect(attempt({}, other.privateKey)).rejects.toThrow('invalid assertion')
    await org.control('POST', 'app', { certificate: null })
    await expect(attempt()).rejects.toThrow('invalid assertion')
  })
})

describe('a token', () => {
  it('dies when it is not used for two hours, and lives on when it is', async () => {
    const conn = await org.connect()
    for (let hour = 0; hour < 6; hour += 1) {
      org.clock.advance(90 * 60_000)
      await conn.limits()
    }
    org.clock.advance(121 * 60_000)
    await expect(conn.limits()).rejects.toThrow()
    const reply = await fetch(`${org.url}/services/data/v68.0/limits`, {
      headers: { authorization: `Bearer ${conn.accessToken}` },
    })
    expect(reply.status).toBe(401)
    expect(await reply.json()).toEqual([
      { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
    ])
  })

  it('is renewed by refreshFn once, and refused for ever by the switch', async () => {
    const conn = await org.connect()
    let refreshed = 0
    const again = new Connection({
      version: VERSION,
      instanceUrl: org.url,
      accessToken: conn.accessToken!,
      refreshFn: async (_, done) => {
        refreshed += 1
        if (refreshed > 2) return done(new Error('gave up'))
        done(null, (await org.connect()).accessToken!)
      },
    })
    await org.control('POST', 'expire', { what: 'tokens' })
    expect((await again.query('SELECT Id FROM Account')).totalSize).toBe(2)
    expect(refreshed).toBe(1)
    await org.control('POST', 'switches', { always401: true })
    await expect(again.query('SELECT Id FROM Account')).rejects.toThrow('gave up')
  })

  it('can be revoked', async () => {
    const conn = await org.connect()
    await conn.oauth2.revokeToken(conn.accessToken!)
    await expect(conn.limits()).rejects.toThrow()
  })

  it('comes for a refresh token, and not for a revoked one', async () => {
    const { refresh_token } = await org.control('POST', 'refresh-token', {})
    const conn = fresh()
    expect(await conn.oauth2.refreshToken(refresh_token)).toHaveProperty('access_token')
    await conn.oauth2.revokeToken(refresh_token)
    await expect(conn.oauth2.refreshToken(refresh_token)).rejects.toThrow(
      'expired access/refresh token',
    )
  })

  it('is refused when the header is not a bearer header', async () => {
    const reply = await org.raw('/services/data/v68.0/limits', {
      headers: { authorization: 'Basic x' },
    })
    expect([reply.status, await reply.json()]).toEqual([
      401,
      [{ message: 'INVALID_HEADER_TYPE', errorCode: 'INVALID_AUTH_HEADER' }],
    ])
  })
})

it('keeps what it knows across a restart', async () => {
  const file = `/tmp/salesforce-${process.pid}-${Math.random()}.sqlite`
  const first = await startOrg({ file })
  const conn = await first.connect()
  const made = await conn.sobject('Account').create({ Name: 'Kept' })
  await first.stop()
  const second = await startOrg({ file })
  const again = new Connection({
    version: VERSION,
    instanceUrl: second.url,
    accessToken: conn.accessToken!,
  })
  expect(await again.sobject('Account').retrieve(made.id!)).toMatchObject({ Name: 'Kept' })
  const next = await again.sobject('Account').create({ Name: 'Next' })
  expect(next.id).not.toBe(made.id)
  await second.stop()
})
