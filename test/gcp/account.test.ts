import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { denied, entitlement, gone, google, listPath, refused, service } from './google.ts'

const accounts = 'GET /v1/providers/acme-public/accounts'
const certs = 'GET /robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com'
const check = `POST /v1/services/${service}:check`
const subscription = 'projects/acme-public/subscriptions/marketplace'
const services = 'GET /v1beta/projects/acme-public/locations/global/services'
const objects = 'GET /storage/v1/b/acme-marketplace-reports/o'
const unknownConsumer = {
  json: { operationId: '1', checkErrors: [{ code: 'NOT_FOUND' }], serviceConfigId: '1' },
}
const good = {
  [accounts]: { json: { accounts: [] } },
  [`GET ${listPath}`]: { json: { entitlements: [entitlement({ plan: 'pro-P1Y' })] } },
  [check]: unknownConsumer,
  [`GET /v1/${subscription}`]: { json: { name: subscription } },
  [services]: { json: {} },
  [objects]: { json: {} },
}
const everything = {
  offers: 'api',
  notices: { kind: 'pull', subscription },
  reports: { kind: 'bucket', bucket: 'acme-marketplace-reports' },
}

async function outcomes(replies: object, settings: object = everything) {
  const { account, calls } = google({ ...good, ...replies }, { settings })
  const checks = await account.check()
  return { calls, checks, of: (call: string) => checks.find((one) => one.call.startsWith(call)) }
}

describe('the account', () => {
  it('is checked by one harmless call to each API in use', async () => {
    const { checks, calls } = await outcomes({})
    expect(checks.map(({ call, outcome }) => [call, outcome])).toEqual([
      ['accounts.list, entitlements.list', 'ok'],
      ['settings.products', 'ok'],
      [`services.check ${service}`, 'ok'],
      ['services.list', 'ok'],
      ['subscriptions.get', 'ok'],
      ['objects.list', 'ok'],
      ['sign-up certificates', 'failed'],
    ])
    expect(calls.filter(({ method }) => method !== 'GET').map(({ path }) => path)).toEqual([
      `/v1/services/${service}:check`,
    ])
  })

  it('leaves out what its settings do not use', async () => {
    const { checks } = await outcomes({}, { products: [] })
    expect(checks.map(({ call, outcome }) => [call, outcome])).toEqual([
      ['accounts.list, entitlements.list', 'ok'],
      ['settings.products', 'failed'],
      ['services.check', 'skipped'],
      ['services.list', 'skipped'],
      ['subscriptions.get', 'skipped'],
      ['objects.list', 'skipped'],
      ['sign-up certificates', 'failed'],
    ])
  })

  it('lacks what is refused, each by itself, with what an administrator can do', async () => {
    const { of, checks } = await outcomes({
      [accounts]: denied,
      [check]: denied,
      [objects]: denied,
    })
    expect(of('accounts.list')).toMatchObject({
      outcome: 'missing',
      permission: expect.stringContaining('linked'),
      detail: expect.stringMatching(/Producer Portal.*a role alone is not enough/),
    })
    expect(of('services.check')).toMatchObject({
      outcome: 'missing',
      detail: expect.stringContaining('roles/servicemanagement.serviceController'),
    })
    expect(of('objects.list')?.outcome).toBe('missing')
    expect(checks.filter(({ outcome }) => outcome === 'missing')).toHaveLength(3)
  })

  it('may ask for usage where the made-up consumer is refused, and not where the service is unknown', async () => {
    const argument = refused(400, 'INVALID_ARGUMENT', 'Consumer is invalid.')
    expect((await outcomes({ [check]: argument })).of('services.check')?.outcome).toBe('ok')
    expect((await outcomes({ [check]: gone })).of('services.check')?.outcome).toBe('failed')
  })

  it('says which ordered products and plans the settings do not know', async () => {
    const other = 'acme-extra.endpoints.acme-public.cloud.goog'
    const orders = (...rows: object[]) => ({
      [`GET ${listPath}`]: { json: { entitlements: rows } },
    })
    const rows = [
      entitlement({ plan: 'ultimate-P1Y' }),
      entitlement({ productExternalName: other, plan: 'basic' }),
      entitlement(),
    ]
    const byHand = await outcomes(orders(...rows), { offers: 'handoff' })
    expect(byHand.of('settings.products')).toMatchObject({
      outcome: 'failed',
      detail: `was ordered and is missing from products: ${service}: ultimate; ${other}: basic`,
    })
    const byApi = await outcomes(orders(...rows))
    expect(byApi.of('settings.products')?.outcome).toBe('ok')
    const billed = { productExternalName: other, usageReportingId: 'project_number:1' }
    const metered = await outcomes(orders(entitlement(billed)))
    expect(metered.of('settings.products')?.detail).toBe(
      `was ordered and is missing from products: ${other}`,
    )
    const unlisted = await outcomes({ [`GET ${listPath}`]: denied })
    expect(unlisted.of('settings.products')?.outcome).toBe('skipped')
  })

  it('is told that it cannot sign in at every call, and nothing is thrown', async () => {
    const { checks } = await outcomes({
      'POST /token': { status: 400, json: { error: 'invalid_grant' } },
    })
    expect(new Set(checks.map(({ outcome }) => outcome))).toEqual(new Set(['failed', 'skipped']))
    expect(checks[0]?.detail).toMatch(/does not let us sign in: invalid_grant/)
  })

  it('can read its report folder, or is told that it cannot', async () => {
    const folder = async (path: string) =>
      (await outcomes({}, { reports: { kind: 'folder', path } })).of('report folder')?.outcome
    expect(await folder(tmpdir())).toBe('ok')
    expect(await folder('/nowhere/at/all')).toBe('failed')
  })

  it('looks up the keys that pushes and sign-ups are signed with', async () => {
    const push = {
      kind: 'push',
      audience: 'https://tradepost.test',
      serviceAccountEmail: 'push@acme-public.iam.gserviceaccount.com',
    }
    const { of, calls } = await outcomes({ [certs]: 'hang up' }, { notices: push })
    expect(of('oauth2/v3/certs')?.outcome).toBe('failed')
    expect(of('sign-up certificates')?.detail).toMatch(/cannot be had/)
    expect(calls.map(({ path }) => path)).toContain('/oauth2/v3/certs')
  })
})
