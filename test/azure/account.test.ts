import { describe, expect, it } from 'vitest'
import { clientId, cloud, type Replies, secret, tenantId } from './cloud.ts'

const ingestion = '/rp/product-ingestion'
const tree = (azureAdAppId: string) => ({
  [`GET ${ingestion}/resource-tree/product/p1`]: {
    json: { resources: [{ id: 'x' }, { azureAdAppId, azureAdTenantId: tenantId.toUpperCase() }] },
  },
})
const well: Replies = {
  'GET /api/saas/subscriptions': { json: { subscriptions: [{ id: 's', publisherId: 'Contoso' }] } },
  'GET /api/usageEvents': { json: [] },
  [`GET ${ingestion}/product`]: { json: { value: [{ id: 'product/p1' }] } },
  [`GET ${ingestion}/private-offer/query`]: { json: { value: [] } },
  'GET /insights/v1/cmp/ScheduledDataset': { json: { value: [] } },
  ...tree(clientId),
}

const check = async (replies: Replies, credentials: object = { clientSecret: secret }) => {
  const { account, calls } = cloud(replies, { credentials })
  const checks = await account.check()
  return { calls, of: Object.fromEntries(checks.map((one) => [one.call, one])), checks }
}

describe('the account', () => {
  it('is well when everything answers, changes nothing and skips payouts', async () => {
    const { checks, calls } = await check(well)
    expect(checks.map(({ outcome }) => outcome)).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
      'ok',
      'ok',
      'skipped',
    ])
    expect(new Set(checks.map(({ permission }) => permission)).size).toBe(checks.length)
    expect(calls.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('tries the payouts where a user signed in', async () => {
    const credentials = { clientSecret: secret, payouts: { refreshToken: 'refresh' } }
    expect((await check(well, credentials)).of['GET payouts/payments']?.outcome).toBe('ok')
  })

  it('says that the role Manager is missing, and leaves out what hangs on it', async () => {
    const { of } = await check({ ...well, [`GET ${ingestion}/product`]: { status: 403, json: {} } })
    expect(of['GET product']).toMatchObject({
      outcome: 'missing',
      detail: expect.stringContaining('role Manager'),
    })
    expect(of['GET resource-tree']?.outcome).toBe('skipped')
    expect(of['GET private-offer/query']?.outcome).toBe('skipped')
    expect(of['GET subscriptions']?.outcome).toBe('ok')
  })

  it('says that the technical configuration names another app', async () => {
    const other = '11111111-93f1-4a5e-8a0e-6f1b3f6d2a11'
    const { of } = await check({ ...well, ...tree(other) })
    expect(of['GET resource-tree']).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(new RegExp(`${other}.*${clientId}`)),
    })
  })

  it('says that the app is another publisher’s', async () => {
    const { of } = await check({
      ...well,
      'GET /api/saas/subscriptions': { json: { subscriptions: [{ publisherId: 'fabrikam' }] } },
    })
    expect(of['GET subscriptions']).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/fabrikam.*contoso/),
    })
  })

  it('says what is wrong with the secret, everywhere, and never the secret', async () => {
    const { checks } = await check({
      ...well,
      [`POST /${tenantId}/oauth2/v2.0/token`]: {
        status: 401,
        json: { error: 'invalid_client', error_description: `AADSTS7000215: wrong ${secret}` },
      },
    })
    const tried = checks.filter(({ outcome }) => outcome !== 'skipped')
    expect(tried.length).toBeGreaterThan(3)
    for (const { outcome, detail } of tried) {
      expect(outcome).toBe('failed')
      expect(detail).toMatch(/client secret is wrong/)
    }
    expect(JSON.stringify(checks)).not.toContain(secret)
  })

  it('says that the marketplace has no service principal in the tenant', async () => {
    const { of } = await check({
      ...well,
      [`POST /${tenantId}/oauth2/v2.0/token`]: ({ text }) =>
        text.includes('20e940b3')
          ? {
              status: 400,
              json: { error: 'invalid_resource', error_description: 'AADSTS500011: not found' },
            }
          : { json: { access_token: 't', expires_in: 3599 } },
    })
    expect(of['GET subscriptions']).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('service principal'),
    })
    expect(of['GET product']?.outcome).toBe('ok')
  })
})
