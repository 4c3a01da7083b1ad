import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity'
import { createLocalJWKSet, importPKCS8, jwtVerify, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { selfSigned } from './certificate.ts'
import { ACMESOFT, exchange, login, MARKETPLACE, openAzure, type SimulatedAzure } from './open.ts'

let azure: SimulatedAzure

beforeEach(async () => {
  azure = await openAzure()
})
afterEach(() => azure.stop())

const v1 = { grant_type: 'client_credentials', client_id: ACMESOFT.clientId, resource: MARKETPLACE }
const v2 = {
  grant_type: 'client_credentials',
  client_id: ACMESOFT.clientId,
  client_secret: ACMESOFT.secret,
  scope: `${MARKETPLACE}/.default`,
}
const list = (token: string) =>
  exchange('GET', `${azure.base}/marketplaceapi/api/saas/subscriptions?api-version=2018-08-31`, {
    headers: { authorization: `Bearer ${token}` },
  })

it('answers v1 with numbers as text and the resource, v2 with numbers', async () => {
  const form = { ...v1, client_secret: ACMESOFT.secret }
  const first = await login(azure.base, ACMESOFT.tenantId, form, 1)
  expect(Object.keys(first.body).sort()).toEqual([
    'access_token',
    'expires_in',
    'expires_on',
    'ext_expires_in',
    'not_before',
    'resource',
    'token_type',
  ])
  expect(first.body.expires_in).toBe('3599')
  const second = await login(azure.base, ACMESOFT.tenantId, v2)
  expect(second.body).toEqual({
    token_type: 'Bearer',
    expires_in: 3599,
    ext_expires_in: 3599,
    access_token: expect.any(String),
  })
  for (const answer of [first, second])
    expect((await list(answer.body.access_token)).status).toBe(200)
})

it.each([
  [
    'an unknown app',
    { client_id: '00000000-0000-4000-8000-000000000000' },
    400,
    700016,
    'unauthorized_client',
  ],
  ['a bad secret', { client_secret: 'nonsense' }, 401, 7000215, 'invalid_client'],
  [
    'an unknown resource',
    { scope: 'https://nowhere.example/.default' },
    400,
    500011,
    'invalid_resource',
  ],
  ['a scope without .default', { scope: MARKETPLACE }, 400, 1002012, 'invalid_scope'],
  ['another grant', { grant_type: 'password' }, 400, 70003, 'unsupported_grant_type'],
])('refuses %s in the words of the login service', async (_name, change, status, code, error) => {
  const answer = await login(azure.base, ACMESOFT.tenantId, { ...v2, ...change })
  expect(answer.status).toBe(status)
  expect(answer.body).toMatchObject({ error, error_codes: [code] })
  expect(answer.body.error_description).toContain(`AADSTS${code}: `)
  for (const key of ['timestamp', 'trace_id', 'correlation_id', 'error_uri']) {
    expect(answer.body[key]).toBeTypeOf('string')
  }
})

it('knows only its tenants, and wants one', async () => {
  const unknown = await login(azure.base, '11111111-0000-4000-8000-000000000000', v2)
  expect(unknown.body.error_codes).toEqual([90002])
  expect((await login(azure.base, 'common', v2)).body.error_codes).toEqual([50059])
})

it('expires and revokes secrets', async () => {
  const { clientId } = ACMESOFT
  const expiresAt = new Date(azure.now() + 86_400_000).toISOString()
  await azure.post('/control/secrets', { clientId, value: 'second', expiresAt })
  const form = { ...v2, client_secret: 'second' }
  expect((await login(azure.base, ACMESOFT.tenantId, form)).status).toBe(200)
  await azure.advance('P1D')
  const expired = await login(azure.base, ACMESOFT.tenantId, form)
  expect([expired.status, expired.body.error_codes]).toEqual([401, [7000222]])
  await azure.post('/control/secrets', { clientId, value: ACMESOFT.secret, revoke: true })
  expect((await login(azure.base, ACMESOFT.tenantId, v2)).body.error_codes).toEqual([7000215])
})

it('takes a certificate assertion, and only of a registered certificate', async () => {
  const { pem, key, x5t } = selfSigned()
  const endpoint = `${azure.base}/login/${ACMESOFT.tenantId}/oauth2/v2.0/token`
  const assertion = async (aud: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': x5t })
      .setIssuer(ACMESOFT.clientId)
      .setSubject(ACMESOFT.clientId)
      .setAudience(aud)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(await importPKCS8(key, 'PS256'))
  const ask = async (aud: string) =>
    login(azure.base, ACMESOFT.tenantId, {
      grant_type: 'client_credentials',
      client_id: ACMESOFT.clientId,
      scope: `${MARKETPLACE}/.default`,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(aud),
    })
  expect((await ask(endpoint)).body.error_codes).toEqual([700027])
  await azure.post('/control/apps', { clientId: ACMESOFT.clientId, certificate: pem })
  const answer = await ask(endpoint)
  expect(answer.status).toBe(200)
  expect((await list(answer.body.access_token)).status).toBe(200)
  expect((await ask('https://elsewhere.example')).body.error_codes).toEqual([700023])
})

it('exchanges refresh tokens for ever newer ones, until they are revoked', async () => {
  const form = (refresh_token: string) => ({
    grant_type: 'refresh_token',
    client_id: ACMESOFT.clientId,
    client_secret: ACMESOFT.secret,
    scope: 'https://api.partner.microsoft.com/.default offline_access',
    refresh_token,
  })
  const first = await login(azure.base, ACMESOFT.tenantId, form(ACMESOFT.refreshToken))
  expect(first.status).toBe(200)
  expect(first.body.refresh_token).not.toBe(ACMESOFT.refreshToken)
  const second = await login(azure.base, 'common', form(first.body.refresh_token))
  expect(second.status).toBe(200)
  await azure.set({ tokens: { refreshReuse: 'refused' } })
  const again = await login(azure.base, ACMESOFT.tenantId, form(first.body.refresh_token))
  expect(again.body).toMatchObject({ error: 'invalid_grant', error_codes: [50173] })
  await azure.set({ tokens: { clock: 'simulated' } })
  await azure.advance('P91D')
  const stale = await login(azure.base, ACMESOFT.tenantId, form(second.body.refresh_token))
  expect(stale.body.error_codes).toEqual([700082])
  const unknown = await login(azure.base, ACMESOFT.tenantId, form('nonsense'))
  expect(unknown.body.error_codes).toEqual([9002313])
})

it('believes only tokens of the right audience that are neither expired nor revoked', async () => {
  expect((await list(await azure.token(ACMESOFT, 'https://graph.microsoft.com'))).status).toBe(401)
  await azure.set({ tokens: { wrongAudienceIs401: false } })
  expect((await list(await azure.token(ACMESOFT, 'https://graph.microsoft.com'))).status).toBe(403)
  expect((await list('nonsense')).status).toBe(403)
  expect((await list(azure.bearer)).status).toBe(200)
  await azure.post('/control/sessions/expire')
  expect((await list(azure.bearer)).status).toBe(403)
  await azure.set({ tokens: { clock: 'simulated' } })
  const fresh = await azure.token()
  expect((await list(fresh)).status).toBe(200)
  await azure.advance('PT1H')
  expect((await list(fresh)).status).toBe(403)
})

it('refuses ingestion to an application that is not Manager in Partner Center', async () => {
  const token = await azure.token(ACMESOFT, 'https://graph.microsoft.com')
  const products = () =>
    exchange('GET', `${azure.base}/graph/rp/product-ingestion/product?$version=2022-07-01`, {
      headers: { authorization: `Bearer ${token}` },
    })
  expect((await products()).status).toBe(200)
  await azure.post('/control/apps', { clientId: ACMESOFT.clientId, isManager: false })
  expect((await products()).status).toBe(403)
})

it('publishes its keys, rotates them, and describes itself', async () => {
  const at = `${azure.base}/login/${ACMESOFT.tenantId}`
  const described = await exchange('GET', `${at}/v2.0/.well-known/openid-configuration`)
  expect(described.body.issuer).toBe(`https://login.microsoftonline.com/${ACMESOFT.tenantId}/v2.0`)
  const keys = async () => (await exchange('GET', described.body.jwks_uri)).body
  const before = await keys()
  await jwtVerify(azure.bearer, createLocalJWKSet(before), { currentDate: new Date() })
  await azure.post('/control/keys/rotate')
  expect((await keys()).keys).toHaveLength(2)
  expect((await list(azure.bearer)).status).toBe(200)
  await azure.post('/control/keys/rotate', { forget: true })
  expect((await keys()).keys).toHaveLength(1)
  expect((await list(azure.bearer)).status).toBe(403)
})

it("serves Microsoft's own client, behind a proxy that gives it https", async () => {
  const httpClient = {
    async sendRequest(request: any) {
      const url = request.url.replace('https://login.example', `${azure.base}/login`)
      const answer = await fetch(url, {
        method: request.method,
        headers: { ...request.headers.toJSON(), 'x-forwarded-host': 'login.example' },
        ...(typeof request.body === 'string' ? { body: request.body } : {}),
      })
      const headers = new request.headers.constructor(Object.fromEntries(answer.headers))
      return { request, status: answer.status, headers, bodyAsText: await answer.text() }
    },
  }
  const { tenantId, clientId, secret } = ACMESOFT
  const options = {
    authorityHost: 'https://login.example',
    disableInstanceDiscovery: true,
    httpClient,
    retryOptions: { maxRetries: 0 },
  }
  const scope = `${MARKETPLACE}/.default`
  const { token } = await new ClientSecretCredential(tenantId, clientId, secret, options).getToken(
    scope,
  )
  expect((await list(token)).status).toBe(200)
  const { pem, key } = selfSigned()
  await azure.post('/control/apps', { clientId, certificate: pem })
  const certificate = `${pem}\n${key}`
  const credential = new ClientCertificateCredential(tenantId, clientId, { certificate }, options)
  expect((await list((await credential.getToken(scope)).token)).status).toBe(200)
  const wrong = new ClientSecretCredential(tenantId, clientId, 'nonsense', options).getToken(scope)
  await expect(wrong).rejects.toThrow(/AADSTS7000215/)
})

it('hands tokens to managed identities', async () => {
  const query = `resource=${MARKETPLACE}&client_id=${ACMESOFT.clientId}`
  const at = `${azure.base}/identity/metadata/identity/oauth2/token?api-version=2018-02-01&${query}`
  expect((await exchange('GET', at)).status).toBe(400)
  const answer = await exchange('GET', at, { headers: { metadata: 'true' } })
  expect((await list(answer.body.access_token)).status).toBe(200)
})
