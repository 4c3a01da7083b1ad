import { createHash, generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { AzureClient } from '../../adapters/azure/client.ts'
import { jsonNumber } from '../../adapters/azure/exact-json.ts'
import { credentials, settings } from '../../adapters/azure/settings.ts'
import type { Keep } from '../../src/adapter.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { millis } from '../../src/kernel/time.ts'
import { account, clientId, cloud, failing, type Replies, secret, tenantId } from './cloud.ts'

type Given = { settings?: object; credentials?: object; now?: () => Instant; keep?: Keep }

function client(replies: Replies, given: Given = {}) {
  const { fetch, calls, tokenCalls } = cloud(replies)
  const now = given.now ?? (() => '2026-03-10T09:01:00.000Z' as const)
  const opened = {
    settings: settings.parse({
      ...account,
      endpoints: { login: 'http://login.test' },
      ...given.settings,
    }),
    credentials: credentials.parse(given.credentials ?? { clientSecret: secret }),
  }
  return {
    calls,
    tokenCalls,
    azure: new AzureClient(opened, { fetch, nowMs: () => millis(now()), keep: given.keep }),
  }
}

const list = { method: 'GET', path: '/saas/subscriptions' } as const
const listed = 'GET /api/saas/subscriptions'
const form = (text: string) => Object.fromEntries(new URLSearchParams(text))
const tokenV2 = `POST /${tenantId}/oauth2/v2.0/token`
const tokenV1 = `POST /${tenantId}/oauth2/token`

describe('signing in', () => {
  it('asks v2 for the scope of each API, with the app’s secret', async () => {
    const { azure, tokenCalls, calls } = client({ [listed]: { json: {} } })
    await azure.call('fulfilment', list)
    expect(form(tokenCalls[0]!.text)).toEqual({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope: '20e940b3-4c77-4b0b-9a53-9e16a1b010a7/.default',
    })
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer token-1')
    expect(calls[0]!.headers.get('x-ms-requestid')).toMatch(/^[0-9a-f-]{36}$/)
    expect(calls[0]!.url.searchParams.get('api-version')).toBe('2018-08-31')
  })

  it('asks v1 for the resource, whose numbers are text', async () => {
    const granted = { token_type: 'Bearer', expires_in: '3599', access_token: 'one' }
    const { azure, tokenCalls, calls } = client(
      { [tokenV1]: { json: granted }, [listed]: { json: {} } },
      { settings: { tokenVersion: 'v1' } },
    )
    await azure.call('fulfilment', list)
    expect(form(tokenCalls[0]!.text).resource).toBe('20e940b3-4c77-4b0b-9a53-9e16a1b010a7')
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer one')
  })

  it('keeps a token until five minutes before it ends, one for each audience', async () => {
    let now: Instant = '2026-03-10T09:00:00.000Z'
    const { azure, tokenCalls } = client(
      { [listed]: { json: {} }, 'GET /rp/product-ingestion/product': { json: {} } },
      { now: () => now },
    )
    await Promise.all([azure.call('fulfilment', list), azure.call('fulfilment', list)])
    await azure.call('ingestion', { method: 'GET', path: '/product' })
    expect(tokenCalls).toHaveLength(2)
    now = '2026-03-10T09:54:00.000Z'
    await azure.call('fulfilment', list)
    expect(tokenCalls).toHaveLength(2)
    now = '2026-03-10T09:55:30.000Z'
    await azure.call('fulfilment', list)
    expect(tokenCalls).toHaveLength(3)
  })

  it('gets a new token once when a kept one is refused, and not when a new one is', async () => {
    let good = 'Bearer token-1'
    const { azure, tokenCalls, calls } = client({
      [listed]: ({ headers }) =>
        headers.get('authorization') === good ? { json: {} } : { status: 401, json: {} },
    })
    await azure.call('fulfilment', list)
    good = 'Bearer token-2'
    await azure.call('fulfilment', list)
    expect(tokenCalls).toHaveLength(2)
    good = 'none'
    const before = calls.length
    expect(await failing(azure.call('fulfilment', list))).toMatchObject({
      code: 'unauthenticated',
      details: { whose: 'ours' },
    })
    expect(calls.length - before).toBe(2)
  })

  it('gets a new token when one kept for a while is denied, for a 403 says no more', async () => {
    let now: Instant = '2026-03-10T09:01:00.000Z'
    const good = (token: number) => `Bearer token-${token}`
    const wanted = { token: 1 }
    const { azure, tokenCalls, calls } = client(
      {
        [listed]: ({ headers }) =>
          headers.get('authorization') === good(wanted.token)
            ? { json: {} }
            : { status: 403, json: {} },
      },
      { now: () => now },
    )
    await azure.call('fulfilment', list)
    wanted.token = 2
    expect((await failing(azure.call('fulfilment', list))).code).toBe('forbidden')
    expect([tokenCalls.length, calls.length]).toEqual([1, 2])
    now = '2026-03-10T09:07:00.000Z'
    await azure.call('fulfilment', list)
    expect([tokenCalls.length, calls.length]).toEqual([2, 4])
  })

  it('says what Entra said and what to do, and never the secret', async () => {
    const { azure } = client({
      [tokenV2]: {
        status: 401,
        json: {
          error: 'invalid_client',
          error_description: `AADSTS7000222: The provided client secret keys ${secret} are expired.\r\nTrace ID: 0f0d`,
          error_codes: [7000222],
        },
      },
    })
    const problem = await failing(azure.call('fulfilment', list))
    expect(problem).toMatchObject({
      code: 'unauthenticated',
      details: { whose: 'ours', azureCode: 'AADSTS7000222' },
    })
    expect(problem.message).toMatch(/the client secret has expired.*AADSTS7000222/)
    expect(JSON.stringify([problem.message, problem.details, String(problem.cause)])).not.toContain(
      secret,
    )
  })

  it.each([
    ['a login service in trouble', { status: 503, text: 'down' }, 'unavailable'],
    ['nobody there', 'hang up', 'unavailable'],
    ['too many calls', { status: 429, headers: { 'retry-after': '7' }, json: {} }, 'throttled'],
    ['something that is not Entra', { status: 404, text: '<html>' }, 'unauthenticated'],
  ] as const)('knows %s', async (_, reply, code) => {
    const { azure } = client({ [tokenV2]: reply })
    expect((await failing(azure.call('fulfilment', list))).code).toBe(code)
  })

  it('signs an assertion with its certificate, as Entra checks it', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    // Only its bytes count here: Entra knows a certificate by their digest.
    const der = Buffer.from('the bytes of a certificate')
    const block = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----`
    const pem = `${block}\n${privateKey.export({ type: 'pkcs8', format: 'pem' })}`
    const { azure, tokenCalls } = client(
      { [listed]: { json: {} } },
      { credentials: { certificate: pem } },
    )
    await azure.call('fulfilment', list)
    const { client_assertion: assertion = '', client_secret } = form(tokenCalls[0]!.text)
    const { payload } = await jwtVerify(assertion, publicKey, {
      algorithms: ['PS256'],
      audience: `http://login.test/${tenantId}/oauth2/v2.0/token`,
      issuer: clientId,
      subject: clientId,
      currentDate: new Date('2026-03-10T09:01:00Z'),
    })
    expect(payload.jti).toBeTruthy()
    expect(decodeProtectedHeader(assertion)['x5t#S256']).toBe(
      createHash('sha256').update(der).digest('base64url'),
    )
    expect(client_secret).toBeUndefined()
  })

  it('tells a certificate it cannot use', async () => {
    const { azure } = client({}, { credentials: { certificate: 'no pem' } })
    expect((await failing(azure.call('fulfilment', list))).message).toMatch(/certificate/)
  })

  it('tries the audiences of analytics in order and keeps the one that works', async () => {
    const good = 'https://api.partnercenter.microsoft.com/.default'
    const { azure, tokenCalls } = client({
      [tokenV2]: ({ text }) => ({ json: { expires_in: 3599, access_token: form(text).scope } }),
      'GET /insights/v1/cmp/ScheduledDataset': ({ headers }) =>
        headers.get('authorization') === `Bearer ${good}` ? { json: {} } : { status: 401 },
    })
    const ask = () => azure.call('insights', { method: 'GET', path: '/ScheduledDataset' })
    await ask()
    await ask()
    expect(tokenCalls.map(({ text }) => form(text).scope)).toEqual([
      'https://graph.windows.net/.default',
      good,
    ])
  })

  it('exchanges the refresh token of a user for the payouts, and keeps the newest over a restart', async () => {
    let kept: unknown = null
    const keep: Keep = {
      read: async () => kept,
      write: async (value) => {
        kept = value
      },
    }
    const grant = (n: number) => ({
      json: { expires_in: 3599, access_token: 'user', refresh_token: `newer ${n}` },
    })
    let now: Instant = '2026-03-10T09:00:00.000Z'
    let granted = 0
    const start = () =>
      client(
        {
          [tokenV2]: () => grant(++granted),
          'GET /v1.0/payouts/payments/1': { json: {} },
        },
        {
          credentials: { clientSecret: secret, payouts: { refreshToken: 'older' } },
          now: () => now,
          keep,
        },
      )
    const ask = ({ azure }: ReturnType<typeof client>) =>
      azure.call('partner', { method: 'GET', path: '/payouts/payments/1' })
    const before = start()
    await ask(before)
    now = '2026-03-10T10:00:00.000Z'
    await ask(before)
    const after = start()
    await ask(after)
    const asked = [...before.tokenCalls, ...after.tokenCalls]
    expect(asked.map(({ text }) => form(text).refresh_token)).toEqual([
      'older',
      'newer 1',
      'newer 2',
    ])
  })
})

describe('calling', () => {
  it.each([
    [400, { message: 'no', code: 'BadArgument' }, 'rejected'],
    [401, {}, 'unauthenticated'],
    [403, { message: 'Client is not authorized', code: 'Forbidden' }, 'forbidden'],
    [404, { error: { code: 'NotFound', message: 'nothing' } }, 'not_found'],
    [409, { code: 'Conflict' }, 'conflict'],
    [412, {}, 'conflict'],
    [429, {}, 'throttled'],
    [500, { error: { code: 'UnexpectedError', message: 'oh' } }, 'unavailable'],
    [503, '<html>', 'unavailable'],
    [302, '', 'internal'],
  ] as const)('calls %i by our code', async (status, json, code) => {
    const { azure } = client({ [listed]: { status, json, headers: { 'retry-after': '12' } } })
    const problem = await failing(azure.call('fulfilment', list))
    expect(problem.code).toBe(code)
    expect(problem.details).toMatchObject({ azureStatus: status, retryAfterMs: 12_000 })
    expect(problem.message).toContain('GET /api/saas/subscriptions')
  })

  it('hands on every reason that Microsoft gives', async () => {
    const { azure } = client({
      'POST /api/usageEvent': {
        status: 400,
        headers: { 'x-ms-requestid': 'r-1' },
        json: {
          message: 'One or more errors have occurred.',
          target: 'usageEventRequest',
          details: [
            { message: 'The resourceId is required.', target: 'ResourceId', code: 'BadArgument' },
            { message: 'The planId is required.', target: 'PlanId', code: 'BadArgument' },
          ],
          code: 'BadArgument',
        },
      },
    })
    const problem = await failing(
      azure.call('metering', { method: 'POST', path: '/usageEvent', body: {} }),
    )
    expect(problem.details).toMatchObject({
      azureCode: 'BadArgument',
      azureRequestId: 'r-1',
      reasons: [
        { part: 'ResourceId', code: 'BadArgument', message: 'The resourceId is required.' },
        { part: 'PlanId', code: 'BadArgument', message: 'The planId is required.' },
      ],
    })
  })

  it('tries a read three times in an outage, and a write once', async () => {
    const down = { status: 503, json: {} }
    const { azure, calls } = client({ [listed]: down, 'POST /api/batchUsageEvent': 'hang up' })
    await failing(azure.call('fulfilment', list))
    expect(calls).toHaveLength(3)
    const lost = azure.call('metering', { method: 'POST', path: '/batchUsageEvent', body: {} })
    expect((await failing(lost)).code).toBe('unavailable')
    expect(calls).toHaveLength(4)
  })

  it('does not wait out a pause that Microsoft asks for', async () => {
    const { azure, calls } = client({
      [listed]: { status: 503, headers: { 'retry-after': '60' }, json: {} },
    })
    expect((await failing(azure.call('fulfilment', list))).details.retryAfterMs).toBe(60_000)
    expect(calls).toHaveLength(1)
  })

  it.each([
    'https://evil.example/api/saas/subscriptions',
    'https://main.prod.marketplaceapi.azure.com.evil.example/x',
    'http://main.prod.marketplaceapi.azure.com/api/x',
    'https://user@main.prod.marketplaceapi.azure.com/api/x',
    'https://',
  ])('sends no token to %s', async (url) => {
    const { azure, calls } = client({})
    const problem = await failing(azure.call('fulfilment', { method: 'GET', url }))
    expect(problem.code).toBe('internal')
    expect(calls).toEqual([])
  })

  it('follows a link to the second host as it stands', async () => {
    const url =
      'https://main.prod.marketplaceapi.azure.com/api/saas/subscriptions/?continuationToken=%5b%7b%22token%22%3anull%7d%5d&api-version=2018-08-31'
    const { azure, calls } = client({ 'GET /api/saas/subscriptions/': { json: { a: 1 } } })
    await azure.call('fulfilment', { method: 'GET', url })
    expect(calls[0]!.url.href).toBe(url)
    expect(calls[0]!.headers.get('authorization')).toBe('Bearer token-1')
  })

  it('asks for a finished job below its own base, not where the job’s link leads', async () => {
    const { azure, calls } = client({ 'GET /rp/product-ingestion/configure/j1': { json: {} } })
    const url = 'https://product-ingestion.mp.microsoft.com/configure/j1?$version=2022-07-01'
    await azure.call('ingestion', { method: 'GET', url })
    expect(calls[0]!.url.host).toBe('graph.microsoft.com')
    expect(calls[0]!.url.searchParams.get('$version')).toBe('2022-07-01')
  })

  it('reads numbers exactly and writes them digit for digit', async () => {
    const { azure, calls } = client({
      'POST /api/usageEvent': { text: '{"a":0.1000000000000000055,"b":1E-7,"c":[17]}' },
    })
    const { json } = await azure.call('metering', {
      method: 'POST',
      path: '/usageEvent',
      body: { quantity: jsonNumber('12345678901234567.123456789012') },
      numbers: 'text',
    })
    expect(json).toEqual({ a: '0.1000000000000000055', b: '0.0000001', c: ['17'] })
    expect(calls[0]!.text).toBe('{"quantity":12345678901234567.123456789012}')
  })

  it('sends a document back as it came, digit for digit', async () => {
    const text = '{"price":10.10,"more":[1e2]}'
    const { azure, calls } = client({ [listed]: { text }, 'POST /api/x': { json: {} } })
    const { json } = await azure.call('fulfilment', { ...list, numbers: 'raw' })
    await azure.call('fulfilment', { method: 'POST', path: '/x', body: json })
    expect(calls[1]!.text).toBe(text)
  })

  it('takes an empty body for nothing and refuses what is not JSON', async () => {
    const { azure } = client({ [listed]: { text: '' }, 'GET /api/x': { text: '<html>' } })
    expect((await azure.call('fulfilment', list)).json).toBeUndefined()
    const problem = await failing(azure.call('fulfilment', { method: 'GET', path: '/x' }))
    expect(problem.code).toBe('internal')
  })
})
