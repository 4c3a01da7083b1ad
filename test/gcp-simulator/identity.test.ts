import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import { cloudcommerceprocurement } from '@googleapis/cloudcommerceprocurement'
import { ExternalAccountClient } from 'google-auth-library'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seedKey } from '../../simulator/gcp/seed.ts'
import {
  ACME,
  CLOUD_PLATFORM,
  credentials,
  exchange,
  openGcp,
  rewired,
  type SimulatedGcp,
  UMBRELLA,
} from './open.ts'

const AUDIENCE = 'https://oauth2.googleapis.com/token'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

const list = (token: string) =>
  gcp.call('GET', `/v1/providers/${ACME.id}/accounts`, undefined, token)

async function assertion(
  change: Record<string, unknown> = {},
  privateKey = seedKey(ACME).private_key,
) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: ACME.serviceAccount,
    scope: CLOUD_PLATFORM,
    aud: AUDIENCE,
    iat: now,
    exp: now + 3600,
    ...change,
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256' })
    .sign(createPrivateKey(String(privateKey)))
}

const ask = (jwt: string) =>
  exchange('POST', `${gcp.origin}/token`, {
    headers: FORM,
    body: new URLSearchParams({ grant_type: JWT_BEARER, assertion: jwt }).toString(),
  })

it("gives Google's own credentials a token that Google's own client is let in with", async () => {
  const client = cloudcommerceprocurement({
    version: 'v1',
    rootUrl: `${gcp.origin}/`,
    auth: credentials(gcp.origin) as never,
  })
  const { data } = await client.providers.accounts.list({ parent: `providers/${ACME.id}` })
  expect(data).toEqual({})
  const answer = await ask(await assertion())
  expect(answer.body).toEqual({
    access_token: expect.stringMatching(/^ya29\./),
    expires_in: 3599,
    token_type: 'Bearer',
  })
})

it.each([
  ['another audience', { aud: 'https://example.com' }],
  ['a life of over an hour', { exp: Math.floor(Date.now() / 1000) + 7200 }],
  ['an end in the past', { iat: 1_700_000_000, exp: 1_700_003_600 }],
  ['an unknown account', { iss: 'nobody@acme-public.iam.gserviceaccount.com' }],
])('refuses an assertion with %s', async (_, change) => {
  const answer = await ask(await assertion(change))
  expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

it('refuses an assertion signed by a strange key, and one without a scope', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const strange = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  expect((await ask(await assertion({}, strange))).body.error).toBe('invalid_grant')
  expect((await ask(await assertion({ scope: '' }))).body.error).toBe('invalid_scope')
})

it('answers 401 to no token, a made-up one, one that was forgotten and one that expired', async () => {
  const bare = await exchange('GET', `${gcp.origin}/v1/providers/${ACME.id}/accounts`)
  expect(bare).toMatchObject({
    status: 401,
    body: { error: { code: 401, status: 'UNAUTHENTICATED' } },
  })
  expect((await list('ya29.invented')).status).toBe(401)
  await gcp.set({ tokens: { clock: 'simulated' } })
  await gcp.advance('P40D')
  expect((await list(gcp.bearer)).status).toBe(401)
  await gcp.set({ tokens: { clock: 'real' } })
  const fresh = await gcp.token()
  expect((await list(fresh)).status).toBe(200)
  await gcp.post('/control/tokens/forget')
  expect((await list(fresh)).status).toBe(401)
})

it('gives tokens the life that the switch says', async () => {
  await gcp.set({ tokens: { lifeSeconds: 1 } })
  const { body } = await ask(await assertion())
  expect(body.expires_in).toBe(1)
  expect((await list(body.access_token)).status).toBe(200)
  await new Promise((done) => setTimeout(done, 1_100))
  expect((await list(body.access_token)).status).toBe(401)
})

it('takes a JWT the account signed itself, unless the switch says otherwise', async () => {
  const own = credentials(gcp.origin)
  own.useJWTAccessWithScope = true
  const headers = await own.getRequestHeaders(`${gcp.origin}/`)
  const jwt = String(headers.get('authorization')).slice('Bearer '.length)
  expect(jwt.split('.')).toHaveLength(3)
  expect((await list(jwt)).status).toBe(200)
  await gcp.set({ tokens: { selfSigned: 'refused' } })
  expect((await list(jwt)).status).toBe(401)
})

it('says nothing but 403 when the account is not linked, or calls for another provider', async () => {
  const bareText = {
    error: {
      code: 403,
      message: 'The caller does not have permission',
      status: 'PERMISSION_DENIED',
    },
  }
  const other = await gcp.call('GET', `/v1/providers/${UMBRELLA.id}/accounts`)
  expect(other).toMatchObject({ status: 403, body: bareText })
  await gcp.post('/control/service-accounts', {
    email: ACME.serviceAccount,
    linked: { procurement: false },
  })
  expect(await list(gcp.bearer)).toMatchObject({ status: 403, body: bareText })
  const subscription = await gcp.call('GET', `/v1/${ACME.subscription}`)
  expect(subscription.status).toBe(200)
})

it('wants a scope of the API, and no call from a disabled account', async () => {
  const narrow = await ask(
    await assertion({ scope: 'https://www.googleapis.com/auth/servicecontrol' }),
  )
  expect((await list(narrow.body.access_token)).status).toBe(403)
  await gcp.post('/control/service-accounts', { email: ACME.serviceAccount, isDisabled: true })
  expect((await list(gcp.bearer)).status).toBe(401)
  expect((await ask(await assertion())).body.error).toBe('invalid_grant')
})

it('lets everybody in while tokens are not checked', async () => {
  await gcp.set({ tokens: { check: 'none' } })
  const bare = await exchange('GET', `${gcp.origin}/v1/providers/${ACME.id}/accounts`)
  expect(bare.status).toBe(200)
})

it('exchanges a workload identity for the service account it may act for, and for no other', async () => {
  const federated = (email: string) =>
    ExternalAccountClient.fromJSON({
      type: 'external_account',
      audience: ACME.workloadIdentityAudience,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      // The library asks the token service by a fetch of its own, so its address is the simulator's.
      token_url: `${gcp.origin}/v1/token`,
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
      subject_token_supplier: { getSubjectToken: async () => 'a-token-of-somewhere-else' },
      scopes: [CLOUD_PLATFORM],
      transporterOptions: { fetchImplementation: rewired(gcp.origin) },
    } as never)
  const { token } = (await federated(ACME.serviceAccount)?.getAccessToken()) ?? {}
  expect((await list(String(token))).status).toBe(200)
  await expect(federated(UMBRELLA.serviceAccount)?.getAccessToken()).rejects.toThrow(
    /iam.serviceAccounts.getAccessToken/,
  )
})

it('publishes certificates that verify as X.509, and rotates them', async () => {
  const path = '/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com'
  const first = await exchange('GET', gcp.origin + path)
  const [[kid, pem]] = Object.entries<string>(first.body) as [[string, string]]
  const certificate = new X509Certificate(pem)
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(createPublicKey(pem).asymmetricKeyType).toBe('rsa')
  expect(first.headers.get('cache-control')).toMatch(/max-age=\d+/)
  await gcp.post('/control/keys/rotate', { signer: 'signUp' })
  expect(Object.keys((await exchange('GET', gcp.origin + path)).body)).toHaveLength(2)
  await gcp.post('/control/keys/rotate', { signer: 'signUp', forget: true })
  const last = await exchange('GET', gcp.origin + path)
  expect(Object.keys(last.body)).toHaveLength(1)
  expect(last.body[kid]).toBeUndefined()
})

it('answers unknown paths, parameters and fields as Google does', async () => {
  const nowhere = await gcp.call('GET', '/v1/nonsense')
  expect(nowhere.body.error).toMatchObject({ code: 404, status: 'NOT_FOUND' })
  expect(nowhere.headers.get('content-type')).toBe('application/json; charset=UTF-8')
  const odd = await gcp.call('GET', `/v1/providers/${ACME.id}/accounts?colour=red`)
  expect(odd.body.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' })
  const usual = `/v1/providers/${ACME.id}/accounts?alt=json&prettyPrint=false&key=abc`
  expect((await gcp.call('GET', usual)).status).toBe(200)
  const made = await gcp.bought()
  const field = await gcp.call('POST', gcp.account(made.account, ':approve'), { colour: 'red' })
  expect(field.body.error.message).toMatch(/Unknown name "colour"/)
  const broken = await gcp.call('POST', gcp.account(made.account, ':approve'), '{')
  expect(broken.body.error.status).toBe('INVALID_ARGUMENT')
})

it('says when to come again in a 429 only when the switch says so', async () => {
  const fault = { cloud: 'gcp', kinds: ['throttle'], match: 'procurement:accounts.list', times: 1 }
  const strike = () => exchange('POST', `${gcp.origin}/faults`, { body: fault })
  await strike()
  const first = await list(gcp.bearer)
  expect(first).toMatchObject({ status: 429, body: { error: { status: 'RESOURCE_EXHAUSTED' } } })
  expect(first.headers.get('retry-after')).toBeNull()
  await gcp.set({ faults: { retryAfterSeconds: 7 } })
  await strike()
  const second = await list(gcp.bearer)
  expect(second.headers.get('retry-after')).toBe('7')
  expect(second.body.error.details[1].retryDelay).toBe('7s')
})

it('answers 503 where the fault plan says so, tokens included, and cuts lost replies after the work', async () => {
  const fault = (rest: object) =>
    exchange('POST', `${gcp.origin}/faults`, { body: { cloud: 'gcp', times: 1, ...rest } })
  await fault({ kinds: ['error'], match: 'procurement:' })
  expect((await list(gcp.bearer)).body.error.status).toBe('UNAVAILABLE')
  await fault({ kinds: ['error'], match: 'token:' })
  expect((await ask(await assertion())).status).toBe(503)
  const made = await gcp.bought()
  await fault({ kinds: ['lost'], match: 'accounts.approve' })
  await expect(gcp.call('POST', gcp.account(made.account, ':approve'), {})).rejects.toThrow()
  const account = await gcp.call('GET', gcp.account(made.account))
  expect(account.body.approvals[0].state).toBe('APPROVED')
})
