import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { openClient } from '../../adapters/gcp/client.ts'
import { credentials, settings as settingsOf } from '../../adapters/gcp/settings.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import {
  type Answer,
  clockOf,
  denied,
  failing,
  fake,
  key,
  privateKey,
  publicKey,
  type Replies,
  refused,
  settings,
} from './google.ts'

type Given = { settings?: object; credentials?: object; now?: () => Instant }

function client(replies: Replies, given: Given = {}) {
  const world = fake(replies)
  const account = {
    settings: settingsOf.parse({ ...settings, ...given.settings }),
    credentials: credentials.parse(given.credentials ?? key),
  }
  const gcp = openClient(account, { fetch: world.fetch, nowMs: clockOf(given) })
  return { ...world, gcp }
}

const list = {
  api: 'producer',
  method: 'GET',
  path: '/v1beta/projects/acme-public/locations/global/services',
  operation: 'services.list',
} as const
const listed = `GET ${list.path}`
const create = {
  ...list,
  method: 'POST',
  body: { title: 'x' },
  operation: 'privateOffers.create',
} as const
const created = `POST ${list.path}`
const form = (text: string) => Object.fromEntries(new URLSearchParams(text))

describe('settings', () => {
  const parse = (change: object) => settingsOf.safeParse({ ...settings, ...change })

  it('are Google’s own addresses unless told otherwise, one or all', () => {
    const plain = settingsOf.parse({ ...settings, endpoint: undefined })
    expect(plain.endpoints.procurement).toBe('https://cloudcommerceprocurement.googleapis.com')
    expect(plain.endpoints.signUpCerts).toBe(
      'https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com',
    )
    const mixed = settingsOf.parse({
      ...settings,
      endpoint: 'http://127.0.0.1:8788/',
      endpoints: { storage: 'https://storage.googleapis.com' },
    })
    expect(mixed.endpoints).toMatchObject({
      token: 'http://127.0.0.1:8788/token',
      producer: 'http://127.0.0.1:8788',
      pushCerts: 'http://127.0.0.1:8788/oauth2/v3/certs',
      storage: 'https://storage.googleapis.com',
    })
  })

  it('take the project for the provider, and need to be told how offers are made and whom tokens are for', () => {
    expect(settingsOf.parse(settings).providerId).toBe('acme-public')
    expect(parse({ offers: undefined }).success).toBe(false)
    expect(parse({ audiences: [] }).success).toBe(false)
  })

  it('refuse an address with a path, which Google’s clients would drop', () => {
    const { error } = parse({ endpoint: 'http://127.0.0.1/gcp' })
    expect(error?.issues[0]?.message).toMatch(/without a path/)
  })

  it('refuse a credential configuration that starts programs or sends tokens elsewhere', () => {
    const configuration = {
      type: 'external_account',
      audience:
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: '/var/run/token' },
    }
    const good = (change: object) =>
      credentials.safeParse({
        kind: 'workload_identity',
        configuration: { ...configuration, ...change },
      }).success
    expect(good({})).toBe(true)
    expect(good({ token_url: 'https://sts.evil.example/v1/token' })).toBe(false)
    expect(good({ service_account_impersonation_url: 'https://evil.example/' })).toBe(false)
    expect(good({ credential_source: { executable: { command: 'id' } } })).toBe(false)
  })
})

describe('signing in', () => {
  it('makes an assertion with the service account’s key, by our clock', async () => {
    const now = '2026-03-10T09:01:00.000Z'
    const { gcp, tokenCalls, calls } = client({ [listed]: { json: {} } }, { now: () => now })
    await gcp.call(list)
    const { grant_type, assertion } = form(tokenCalls[0]!.text)
    expect(grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    expect(decodeProtectedHeader(assertion!)).toMatchObject({ alg: 'RS256', kid: 'key-1' })
    const { payload } = await jwtVerify(assertion!, publicKey, { currentDate: new Date(now) })
    expect(payload).toMatchObject({
      iss: key.clientEmail,
      aud: 'https://oauth2.googleapis.com/token',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      iat: millis(now) / 1000,
      exp: millis(now) / 1000 + 3600,
    })
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer ya29.1')
  })

  it('keeps one token for all APIs until five minutes before it ends', async () => {
    let now: Instant = '2026-03-10T09:00:00.000Z'
    const { gcp, tokenCalls } = client({ [listed]: { json: {} } }, { now: () => now })
    await Promise.all([gcp.call(list), gcp.call(list)])
    now = '2026-03-10T09:54:00.000Z'
    await gcp.call(list)
    expect(tokenCalls).toHaveLength(1)
    now = '2026-03-10T09:55:30.000Z'
    await gcp.call(list)
    expect(tokenCalls).toHaveLength(2)
  })

  it('asks for another token once when a kept one is refused, also for a POST', async () => {
    let isOver = false
    const over = refused(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    const { gcp, tokenCalls, calls } = client({
      [created]: ({ headers }): Answer =>
        isOver && headers.get('authorization') === 'Bearer ya29.1' ? over : { json: { name: 'x' } },
    })
    await gcp.call(create)
    isOver = true
    expect(await gcp.call(create)).toEqual({ name: 'x' })
    expect([tokenCalls.length, calls.length]).toEqual([2, 3])
  })

  it('says what is wrong with a key that Google refuses, and never shows it', async () => {
    const { gcp } = client({
      'POST /token': {
        status: 400,
        json: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
      },
    })
    const problem = await failing(gcp.call(list))
    expect(problem.code).toBe('unauthenticated')
    expect(problem.message).toMatch(/invalid_grant: Invalid JWT Signature.*key was deleted/)
    expect(problem.details.whose).toBe('ours')
    const broken = client({}, { credentials: { ...key, privateKey: privateKey.slice(0, 400) } })
    const unread = await failing(broken.gcp.call(list))
    expect(unread.code).toBe('unauthenticated')
    expect(JSON.stringify([unread.message, unread.details, String(unread.cause)])).not.toContain(
      privateKey.slice(40, 80),
    )
  })

  it('waits for a token endpoint that is down or busy', async () => {
    for (const [reply, code] of [
      [{ status: 503, text: 'no' }, 'unavailable'],
      [{ status: 429, json: { error: 'rate_limited' } }, 'throttled'],
      ['hang up', 'unavailable'],
    ] as const)
      expect((await failing(client({ 'POST /token': reply }).gcp.call(list))).code).toBe(code)
  })

  it('exchanges a workload’s token and takes on its service account', async () => {
    const account = '/v1/projects/-/serviceAccounts/x@acme-public.iam.gserviceaccount.com'
    const given = {
      credentials: {
        kind: 'workload_identity',
        configuration: {
          type: 'external_account',
          audience:
            '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          token_url: 'https://sts.googleapis.com/v1/token',
          service_account_impersonation_url: `https://iamcredentials.googleapis.com${account}:generateAccessToken`,
          credential_source: { url: 'http://idp.test/subject' },
        },
      },
    }
    const { gcp, calls, tokenCalls } = client(
      {
        [listed]: { json: {} },
        'GET /subject': { text: 'subject-token', headers: { 'content-type': 'text/plain' } },
        [`POST ${account}:generateAccessToken`]: {
          json: { accessToken: 'ya29.short', expireTime: '2026-03-10T10:01:00Z' },
        },
      },
      given,
    )
    await gcp.call(list)
    expect(form(tokenCalls[0]!.text)).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'subject-token',
    })
    expect(calls.map(({ headers }) => headers.get('authorization'))).toEqual([
      null,
      'Bearer ya29.1',
      'Bearer ya29.short',
    ])
    const none = await failing(client({ 'GET /subject': { status: 500 } }, given).gcp.call(list))
    expect([none.code, none.details.whose]).toEqual(['unauthenticated', 'ours'])
  })
})

describe('a call', () => {
  it('repeats query values of one name and leaves out what is undefined', async () => {
    const { gcp, calls } = client({ [listed]: { json: { services: [] } } })
    await gcp.call({ ...list, query: { a: ['1', '2'], b: undefined, c: 'x y' } })
    expect(calls[0]!.url.search).toBe('?a=1&a=2&c=x+y')
  })

  it('sends a GET again while Google is in trouble, and a POST once', async () => {
    let turns = 0
    const shaky = (): Answer => (++turns < 3 ? { status: 503, text: 'down' } : { json: { ok: 1 } })
    const first = client({ [listed]: shaky })
    expect(await first.gcp.call(list)).toEqual({ ok: 1 })
    expect(first.calls).toHaveLength(3)
    const second = client({ [created]: 'hang up' })
    const lost = await failing(second.gcp.call(create))
    expect([lost.code, lost.details.isLost, second.calls.length]).toEqual(['unavailable', true, 1])
  })

  it('is classified by google.rpc’s codes', async () => {
    const cases = [
      [refused(400, 'INVALID_ARGUMENT', 'no'), 'rejected'],
      [refused(400, 'FAILED_PRECONDITION', 'no'), 'rejected'],
      [refused(401, 'UNAUTHENTICATED', 'no'), 'unauthenticated'],
      [refused(404, 'NOT_FOUND', 'no'), 'not_found'],
      [refused(409, 'ABORTED', 'no'), 'conflict'],
      [refused(409, 'ALREADY_EXISTS', 'no'), 'conflict'],
      [refused(429, 'RESOURCE_EXHAUSTED', 'no'), 'throttled'],
      [refused(501, 'UNIMPLEMENTED', 'no'), 'unsupported'],
      [refused(503, 'UNAVAILABLE', 'no'), 'unavailable'],
      [refused(500, 'INTERNAL', 'no'), 'unavailable'],
      [{ status: 418, text: 'a teapot' }, 'rejected'],
      [{ status: 302, headers: { location: 'http://evil.test/' } }, 'internal'],
      [{ text: '<html>' }, 'internal'],
    ] as const
    for (const [reply, code] of cases)
      expect((await failing(client({ [created]: reply }).gcp.call(create))).code).toBe(code)
  })

  it('does not take the 404 of somebody between for an answer of Google’s', async () => {
    const { gcp } = client({ [listed]: { status: 404, text: '<html>not here</html>' } })
    const problem = await failing(gcp.call(list))
    expect(problem.code).toBe('unavailable')
    expect(problem.message).toMatch(/check the endpoint/)
  })

  it('tells every violation that Google names', async () => {
    const { gcp } = client({
      [created]: refused(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.', [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [
            { field: 'private_offer.title', description: 'Title is too long.' },
            { field: 'private_offer.term', description: 'Term is missing.', reason: 'MISSING' },
          ],
        },
        {
          '@type': 'type.googleapis.com/google.rpc.PreconditionFailure',
          violations: [{ type: 'OFFER', subject: 'offers/1', description: 'Is expired.' }],
        },
      ]),
    })
    const { details } = await failing(gcp.call(create))
    expect(details.reasons).toEqual([
      { part: 'private_offer.title', code: 'INVALID_ARGUMENT', message: 'Title is too long.' },
      { part: 'private_offer.term', code: 'MISSING', message: 'Term is missing.' },
      { part: 'offers/1', code: 'OFFER', message: 'Is expired.' },
    ])
  })

  it('says when to come back, from either place', async () => {
    const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3.5s' }
    const told = client({ [listed]: refused(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.', [info]) })
    expect((await failing(told.gcp.call(list))).details.retryAfterMs).toBe(3500)
    const header = client({
      [listed]: { ...refused(503, 'UNAVAILABLE', 'no'), headers: { 'retry-after': '7' } },
    })
    expect((await failing(header.gcp.call(list))).details.retryAfterMs).toBe(7000)
  })

  it('says of a 403 what an administrator has to look at', async () => {
    const { gcp } = client({
      'GET /v1/providers/acme-public/accounts': denied,
      'GET /storage/v1/b/reports/o': {
        status: 403,
        json: { error: { code: 403, message: 'x', errors: [{ reason: 'forbidden' }] } },
      },
    })
    const accounts = await failing(
      gcp.ask('accounts.list', () =>
        gcp.procurement.providers.accounts.list({ parent: 'providers/acme-public' }),
      ),
    )
    expect([accounts.code, accounts.details.whose]).toEqual(['forbidden', 'ours'])
    expect(accounts.message).toMatch(/Producer Portal.*Billing integration.*PERMISSION_DENIED/)
    const bucket = await failing(
      gcp.ask('objects.list', () => gcp.storage.objects.list({ bucket: 'reports' })),
    )
    expect(bucket.message).toMatch(/objectViewer/)
  })
})

describe('Google’s own clients', () => {
  it('reach the one origin, signed, and give what was answered', async () => {
    const { gcp, calls } = client({
      'GET /v1/providers/acme-public/accounts': { json: { accounts: [{ name: 'a' }] } },
      'POST /v1/services/x.example:check': { json: { operationId: '1' } },
      'POST /v1/providers/acme-public/entitlements/e:approve': { json: {} },
    })
    const { providers } = gcp.procurement
    const told = await gcp.ask('accounts.list', () =>
      providers.accounts.list({ parent: 'providers/acme-public', pageSize: 1 }),
    )
    expect(told).toEqual({ accounts: [{ name: 'a' }] })
    await gcp.ask('services.check', () =>
      gcp.serviceControl.services.check({ serviceName: 'x.example', requestBody: {} }),
    )
    await gcp.ask('entitlements.approve', () =>
      providers.entitlements.approve({
        name: 'providers/acme-public/entitlements/e',
        requestBody: {},
      }),
    )
    expect(calls.map(({ headers }) => headers.get('authorization'))).toEqual(
      calls.map(() => 'Bearer ya29.1'),
    )
    expect(calls.at(-1)!.text).toBe('{}')
  })

  it('send a GET again and a POST once, and fail like any call', async () => {
    const { gcp, calls } = client({
      'GET /v1/providers/acme-public/accounts': 'hang up',
      'POST /v1/services/x.example:report': refused(503, 'UNAVAILABLE', 'no'),
    })
    const lost = await failing(
      gcp.ask('accounts.list', () =>
        gcp.procurement.providers.accounts.list({ parent: 'providers/acme-public' }),
      ),
    )
    expect([lost.code, lost.details.isLost, calls.length]).toEqual(['unavailable', true, 3])
    const down = await failing(
      gcp.ask('services.report', () =>
        gcp.serviceControl.services.report({ serviceName: 'x.example', requestBody: {} }),
      ),
    )
    expect([down.code, down.details.googleStatus, calls.length]).toEqual([
      'unavailable',
      'UNAVAILABLE',
      4,
    ])
  })

  it('tell a sign-in that failed as what it is', async () => {
    const { gcp } = client({ 'POST /token': { status: 400, json: { error: 'invalid_grant' } } })
    const problem = await failing(
      gcp.ask('accounts.list', () =>
        gcp.procurement.providers.accounts.list({ parent: 'providers/acme-public' }),
      ),
    )
    expect(problem.code).toBe('unauthenticated')
  })
})
