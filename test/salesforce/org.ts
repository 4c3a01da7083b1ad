import nock from 'nock'
import { salesforce } from '../../adapters/salesforce/index.ts'
import { fieldsOf, type Mapping, mappings } from '../../adapters/salesforce/mapping.ts'
import type { CrmPort } from '../../src/crm/port.ts'

export const host = 'https://acme.my.salesforce.com'
export const base = '/services/data/v68.0'
export const orgId = '00Dxx0000000001EAA'

export const credentials = {
  kind: 'client_credentials',
  clientId: 'consumer-key',
  clientSecret: 'consumer-secret',
}

/** What the token endpoint answers (Salesforce Help, "OAuth 2.0 Client Credentials Flow"). */
export const token = (accessToken: string, org = orgId) => ({
  access_token: accessToken,
  signature: 'c2ln',
  scope: 'api',
  instance_url: host,
  id: `https://login.salesforce.com/id/${org}/005xx000001SwiUAAS`,
  token_type: 'Bearer',
  issued_at: '1763800000000',
})

export const grantToken = (accessToken = 'token-1', org = orgId) =>
  nock(host).post('/services/oauth2/token').reply(200, token(accessToken, org))

const json = { 'content-type': 'application/json;charset=UTF-8' }
export const usage = (used: number, limit = 15000) => ({
  ...json,
  'sforce-limit-info': `api-usage=${used}/${limit}`,
})

/** An object as the user with the permission set sees it. */
export const described = (mapping: Mapping, extra: readonly string[] = []) => ({
  name: mapping.object,
  createable: true,
  updateable: true,
  fields: [...fieldsOf(mapping), ...extra].map((name) => ({
    name,
    createable: true,
    updateable: true,
    calculated: false,
  })),
})

export const describes = (change: (object: string, reply: any) => any = (_, reply) => reply) => {
  for (const mapping of Object.values(mappings)) {
    const reply = change(mapping.object, described(mapping as Mapping))
    nock(host)
      .get(`${base}/sobjects/${mapping.object}/describe`)
      .reply(reply ? 200 : 404, reply ?? [notFound], usage(10))
  }
}
export const notFound = {
  errorCode: 'NOT_FOUND',
  message: 'The requested resource does not exist',
}

let clock = Date.parse('2027-01-01T00:00:00Z')
export const advance = (ms: number) => {
  clock += ms
}

export function open(settings: object = {}, given: object = credentials) {
  const ports = salesforce.open(
    { settings: { loginUrl: host, currency: 'USD', ...settings }, credentials: given },
    { fetch, nowMs: () => clock },
  )
  if (!ports.crm || !ports.account) throw new Error('ports are missing')
  return { crm: ports.crm, account: ports.account }
}

export const offerRow = (n = 1, fields: object = {}, links: object = {}) =>
  ({
    kind: 'offer',
    key: `offer_${n}`,
    fields: {
      provider: 'aws',
      name: 'Acme 2027',
      offerRef: 'offer-abc',
      listingRef: 'prod-1',
      listingName: 'Widgets',
      status: 'live',
      nativeStatus: null,
      buyUrl: 'https://aws.amazon.com/marketplace/saas/ordering?offerId=offer-abc',
      type: 'new',
      acceptBy: '2027-02-01',
      startsOn: null,
      endsOn: null,
      termMonths: '36',
      currency: 'USD',
      value: '360000.10',
      feePercent: '3',
      netValue: '349200.10',
      buyerRefs: '012345678901',
      payments: 'schedule',
      changedAt: '2027-01-01T00:00:00.000Z',
      ...fields,
    },
    links,
  }) as unknown as Parameters<CrmPort['save']>[1][number]
