import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cutOff } from '../network.ts'
import {
  advance,
  base,
  describes,
  grantToken,
  host,
  offerRow,
  open,
  orgId,
  token,
  usage,
} from './org.ts'

cutOff()
beforeEach(() => advance(3_600_000))
afterEach(() => {
  const left = nock.pendingMocks()
  nock.cleanAll()
  expect(left).toEqual([])
})

const save = `${base}/composite/sobjects/Marketplace_Offer__c/Marketplace_Key__c`
const expired = [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]
const saved = [{ id: 'a0BdM0000000001AAA', success: true, errors: [], created: false }]
const describeOffer = () =>
  nock(host)
    .get(`${base}/sobjects/Marketplace_Offer__c/describe`)
    .reply(200, { name: 'Marketplace_Offer__c', createable: true, updateable: true, fields: [] })

describe('a session', () => {
  it('is asked for with exactly the form of the client credentials flow', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_id: 'consumer-key',
      client_secret: 'consumer-secret',
    }
    nock(host).post('/services/oauth2/token', form).reply(200, token('token-1'))
    expect(await open().crm.organisation()).toBe(orgId)
  })

  it('is asked for with an assertion signed for the user, short-lived and for the right audience', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const forms: URLSearchParams[] = []
    nock(host)
      .post('/services/oauth2/token', (body) => forms.push(new URLSearchParams(body)) > 0)
      .reply(200, token('token-1'))
    const { crm } = open(
      {},
      {
        kind: 'jwt',
        clientId: 'consumer-key',
        username: 'integration@acme.example',
        privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      },
    )
    await crm.organisation()
    const form = forms[0]!
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const claims = decodeJwt(form.get('assertion')!)
    expect(claims).toMatchObject({
      iss: 'consumer-key',
      sub: 'integration@acme.example',
      aud: 'https://login.salesforce.com',
    })
    expect(decodeProtectedHeader(form.get('assertion')!).alg).toBe('RS256')
  })

  it('is one for all calls, and made anew once when Salesforce ends it', async () => {
    grantToken('token-1')
    describeOffer()
    nock(host, { reqheaders: { authorization: 'Bearer token-1' } })
      .patch(save)
      .reply(401, expired)
    grantToken('token-2')
    nock(host, { reqheaders: { authorization: 'Bearer token-2' } })
      .patch(save)
      .reply(200, saved)
    expect(await open().crm.save('offer', [offerRow()])).toEqual([
      { key: 'offer_1', is: 'saved', crmRef: 'a0BdM0000000001AAA' },
    ])
  })

  it('stops after two tokens in a minute when every one is refused, instead of asking for ever', async () => {
    const { crm } = open()
    grantToken('token-1')
    nock(host)
      .get(/describe/)
      .times(2)
      .reply(401, expired)
    grantToken('token-2')
    await expect(crm.save('offer', [offerRow()])).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(crm.save('offer', [offerRow()])).rejects.toMatchObject({ code: 'unauthenticated' })
    advance(61_000)
    grantToken('token-3')
    expect(await crm.organisation()).toBe(orgId)
  })

  it('does not hammer the token endpoint with credentials that were just refused', async () => {
    const { crm } = open()
    nock(host)
      .post('/services/oauth2/token')
      .times(2)
      .reply(400, { error: 'invalid_client', error_description: 'invalid client credentials' })
    for (const _ of [1, 2, 3, 4])
      await expect(crm.organisation()).rejects.toMatchObject({
        code: 'unauthenticated',
        message: 'Salesforce refused the credentials: invalid_client: invalid client credentials',
        details: { whose: 'ours' },
      })
  })

  it.each([
    [503, '<html>down</html>'],
    [403, [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }]],
  ])(
    'is not given up for an answer of %i that is not about the credentials',
    async (status, body) => {
      nock(host).post('/services/oauth2/token').reply(status, body)
      await expect(open().crm.organisation()).rejects.toMatchObject({ code: 'unavailable' })
    },
  )

  it('says what an administrator must do', async () => {
    nock(host).post('/services/oauth2/token').reply(400, {
      error: 'invalid_grant',
      error_description: 'no client credentials user enabled',
    })
    await expect(open().crm.organisation()).rejects.toThrow(/run-as user/)
  })

  it('is refused when the credentials lead to another org than the one that was set', async () => {
    grantToken('token-1', '00Dxx0000000002EAA')
    await expect(open({ orgId }).crm.organisation()).rejects.toMatchObject({
      code: 'forbidden',
      details: { orgId: '00Dxx0000000002EAA' },
    })
  })

  it('is refused when a refreshed sandbox answers under the same address', async () => {
    const { crm } = open()
    grantToken('token-1')
    describeOffer()
    nock(host).patch(save).reply(401, expired)
    grantToken('token-2', '00Dxx0000000002EAA')
    await expect(crm.save('offer', [offerRow()])).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('a failure', () => {
  const codeOf = async (status: number, body: any, headers?: Record<string, string>) => {
    const { crm } = open()
    grantToken()
    describeOffer()
    nock(host).patch(save).reply(status, body, headers)
    return crm.save('offer', [offerRow()]).catch((error: any) => error)
  }

  it('of the day’s calls waits an hour', async () => {
    const body = [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }]
    const problem = await codeOf(403, body)
    expect(problem).toMatchObject({ code: 'throttled', details: { retryAfterMs: 3_600_000 } })
  })

  it('of too many calls at once waits seconds', async () => {
    const message = 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'
    const problem = await codeOf(403, [{ message, errorCode: 'REQUEST_LIMIT_EXCEEDED' }])
    expect(problem).toMatchObject({ code: 'throttled', details: { retryAfterMs: 15_000 } })
  })

  it.each([
    [
      500,
      [{ message: 'An unexpected error occurred.', errorCode: 'UNKNOWN_EXCEPTION' }],
      'unavailable',
    ],
    [503, [{ message: 'down', errorCode: 'SERVER_UNAVAILABLE' }], 'unavailable'],
    [502, '<html>Bad Gateway</html>', 'unavailable'],
    [420, '<html>setting up</html>', 'unavailable'],
    [403, [{ message: 'API is not enabled', errorCode: 'API_DISABLED_FOR_ORG' }], 'forbidden'],
    [
      404,
      [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }],
      'not_found',
    ],
    [200, { unexpected: true }, 'internal'],
  ])('of %i is classified', async (status, body, code) => {
    expect(await codeOf(status, body)).toMatchObject({ code })
  })

  it('of the network is unavailable, and tells neither token nor secret', async () => {
    const { crm } = open()
    grantToken('secret-token')
    describeOffer()
    nock(host).patch(save).replyWithError('socket hang up')
    const problem = await crm.save('offer', [offerRow()]).catch((error: any) => error)
    expect(problem.code).toBe('unavailable')
    const shown = JSON.stringify([problem.message, problem.details, String(problem.cause?.stack)])
    expect(shown).not.toMatch(/secret-token|consumer-secret/)
  })
})

describe('the account check', () => {
  const around = () => {
    grantToken()
    nock(host)
      .get('/services/data')
      .reply(200, [{ label: 'Winter ’27', url: base, version: '68.0' }])
    nock(host)
      .get('/services/oauth2/userinfo')
      .reply(200, { preferred_username: 'integration@acme.example', organization_id: orgId })
    nock(host)
      .get(`${base}/limits`)
      .reply(200, { DailyApiRequests: { Max: 15000, Remaining: 14945 } }, usage(55))
  }

  it('finds everything in an org that has the package', async () => {
    around()
    describes()
    const checks = await open().account.check()
    expect(checks.map((c) => [c.call, c.outcome])).toEqual([
      ['oauth2/token', 'ok'],
      ['services/data', 'ok'],
      ['oauth2/userinfo', 'ok'],
      ['limits', 'ok'],
      ['describe Marketplace_Offer__c', 'ok'],
      ['describe Marketplace_Agreement__c', 'ok'],
      ['describe Marketplace_Commitment__c', 'ok'],
      ['describe Opportunity', 'ok'],
    ])
    expect(checks[0]?.detail).toContain(orgId)
    expect(checks[3]?.detail).toBe('14945 of 15000 calls left today')
  })

  it('names the object that is not installed and the field that is hidden', async () => {
    around()
    describes((object, reply) => {
      if (object === 'Marketplace_Commitment__c') return undefined
      if (object !== 'Marketplace_Offer__c') return reply
      return { ...reply, fields: reply.fields.filter((f: any) => f.name !== 'Net_Value__c') }
    })
    const missing = (await open().account.check()).filter((c) => c.outcome === 'missing')
    expect(missing.map((c) => c.permission)).toEqual([
      'Marketplace_Offer__c.Net_Value__c: Edit',
      'Marketplace_Commitment__c: Read, Create, Edit',
    ])
  })

  it('reports wrong credentials as an outcome', async () => {
    nock(host)
      .post('/services/oauth2/token')
      .reply(400, { error: 'invalid_client', error_description: 'invalid client credentials' })
    const checks = await open().account.check()
    expect(checks).toMatchObject([{ call: 'oauth2/token', outcome: 'failed' }])
  })
})
