import { generateKeyPairSync } from 'node:crypto'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identityTokens } from '../../adapters/azure/identity.ts'
import { credentials, settings } from '../../adapters/azure/settings.ts'
import { cutOff } from '../network.ts'
import { account, clientId, failing, secret, tenantId } from './cloud.ts'

const login = 'https://login.example.test'
const known = settings.parse({ ...account, endpoints: { login } })
const audience = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7'

cutOff()
beforeEach(() => {
  nock(login)
    .get(`/${tenantId}/v2.0/.well-known/openid-configuration`)
    .reply(200, {
      token_endpoint: `${login}/${tenantId}/oauth2/v2.0/token`,
      authorization_endpoint: `${login}/${tenantId}/oauth2/v2.0/authorize`,
      issuer: `${login}/${tenantId}/v2.0`,
      jwks_uri: `${login}/${tenantId}/discovery/v2.0/keys`,
    })
})
afterEach(() => nock.cleanAll())

const entra = (status: number, reply: object) => {
  const asked: Record<string, string>[] = []
  nock(login)
    .post(`/${tenantId}/oauth2/v2.0/token`, (form: Record<string, string>) => asked.push(form) > 0)
    .query(true)
    .reply(status, reply)
  return asked
}

describe('Microsoft’s own client', () => {
  it('gets a token with the secret, at the login endpoint of the settings', async () => {
    const asked = entra(200, { token_type: 'Bearer', expires_in: 3599, access_token: 'real' })
    const token = await identityTokens(known, credentials.parse({ clientSecret: secret }))(audience)
    expect(token).toEqual({ value: 'real', endsAtMs: expect.any(Number) })
    expect(asked[0]).toMatchObject({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope: expect.stringContaining(`${audience}/.default`),
    })
  })

  it('says what Entra said and what to do, and never the secret', async () => {
    entra(401, {
      error: 'invalid_client',
      error_description: `AADSTS7000222: The provided client secret keys for ${secret} are expired.`,
      error_codes: [7000222],
      correlation_id: '5d1a7b0e-58c1-4b3d-8a67-0a3f0d6c9f11',
    })
    const problem = await failing(
      identityTokens(known, credentials.parse({ clientSecret: secret }))(audience),
    )
    expect(problem).toMatchObject({
      code: 'unauthenticated',
      details: { whose: 'ours', azureCode: 'AADSTS7000222' },
    })
    expect(problem.message).toContain('the client secret has expired')
    expect(problem.message).not.toContain(secret)
  })

  it('is unavailable where nobody answers', async () => {
    nock.cleanAll()
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    nock(login).get(/./).times(9).replyWithError(refused)
    const ask = identityTokens(known, credentials.parse({ clientSecret: secret }))
    expect((await failing(ask(audience))).code).toBe('unavailable')
  })

  it('tells a certificate it cannot use', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const problem = await failing(
      identityTokens(known, credentials.parse({ certificate: pem }))(audience),
    )
    expect(problem.code).toBe('unauthenticated')
    expect(problem.message).not.toContain(pem.slice(60, 120))
  })
})
