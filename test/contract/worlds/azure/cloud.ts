import { azure } from '../../../../adapters/azure/index.ts'
import { ACMESOFT } from '../../../../simulator/azure/seed.ts'
import type { PortName, Ports } from '../../../../src/adapter.ts'
import { selfSigned } from '../../../azure-simulator/certificate.ts'
import { exchange, login, MARKETPLACE } from '../../../azure-simulator/open.ts'
import type { Mishap, World } from '../../world.ts'
import { nowhere, simulate } from '../simulated.ts'

const control = '/azure/control'
const { tenantId, clientId, secret } = ACMESOFT
const apis = ['fulfilment', 'metering', 'ingestion', 'analytics', 'payouts']

/** The ways a publisher's app signs in: its secret at Entra's v2 endpoint, or its certificate at v1. */
export type SignIn = 'secret' | 'certificate'

/** What a port asks for, by parts of the names of the simulator's operations; of what is lost, only what begins something. */
type Struck = { readonly every: readonly string[]; readonly lost?: readonly string[] }
const struckOf: Readonly<Partial<Record<PortName, Struck>>> = {
  listings: { every: ['ingestion:'] },
  offers: { every: ['ingestion:'], lost: ['ingestion:POST configure'] },
  agreements: {
    every: ['Subscription', 'Operation', 'Plans', 'Resolve'],
    lost: ['ListSubscriptions', 'ActivateSubscription', 'UpdateSubscription', 'DeleteSubscription'],
  },
  metering: { every: ['UsageEvent'] },
  revenue: { every: ['analytics:', 'payouts:'] },
}

/** The simulated marketplace, its webhooks once and in order, and the adapter opened on it as one publisher. */
export async function startAzure(
  options: { readonly startAt?: string; readonly signIn?: SignIn; readonly user?: boolean } = {},
) {
  const cloud = await simulate('azure', options)
  const base = `${cloud.origin}/azure`
  const set = (settings: object) => cloud.post(`${control}/settings`, settings)
  await set({
    // Months pass between two uses of what a user signed in with.
    tokens: { clock: 'simulated', refreshLifeDays: 3650 },
    webhooks: { duplicateRate: 0, disorderRate: 0 },
  })
  const isSecret = options.signIn !== 'certificate'
  const [known, stranger] = isSecret ? [null, null] : [selfSigned(), selfSigned()]
  if (known) await cloud.post(`${control}/apps`, { clientId, certificate: known.pem })
  const payouts = (refreshToken: string) =>
    options.user ? { payouts: { refreshToken, clientSecret: secret } } : {}
  const credentials = {
    ...(known ? { certificate: known.pem + known.key } : { clientSecret: secret }),
    ...payouts(ACMESOFT.refreshToken),
  }
  const wrong = {
    ...(stranger
      ? { certificate: stranger.pem + stranger.key }
      : { clientSecret: 'a-secret-of-nobody' }),
    ...payouts('a-token-of-nobody'),
  }

  /** What a world of any of Microsoft's ports has; settings are added to those every connection has. */
  function world<Name extends PortName>(port: Name, settings: object = {}): World<Name> {
    const open = (at: string, signedIn: object): Ports[Name] => {
      const account = {
        settings: { ...settingsAt(at), tokenVersion: isSecret ? 'v2' : 'v1', ...settings },
        credentials: signedIn,
      }
      return azure.open(account, cloud.environment)[port] as Ports[Name]
    }
    return {
      port: () => open(base, credentials),
      impostor: () => open(base, wrong),
      astray: () => open(nowhere, credentials),
      forbid: () => deny(apis),
      async strike(mishap, times) {
        const { every, lost = every } = struckOf[port] ?? { every: [''] }
        for (const match of mishap === 'lost' ? lost : every) await strike(mishap, match, times)
      },
      async heal() {
        await cloud.heal()
        await deny([])
      },
      advance: cloud.advance,
      now: cloud.now,
      calls: async () => total(await cloud.get(`${control}/calls`)),
      secrets: [secret, ACMESOFT.refreshToken, 'a-secret-of-nobody', 'a-token-of-nobody'].concat(
        known && stranger ? [bodyOf(known.key), bodyOf(stranger.key)] : [],
      ),
      close: cloud.close,
    }
  }

  /** Takes from the app the right to call just these APIs. */
  const deny = async (denied: readonly string[]) => {
    await cloud.post(`${control}/apps`, { clientId, denied })
  }

  const strike = (mishap: Mishap, match: string, times?: number) =>
    cloud.post('/faults', {
      cloud: 'azure',
      kinds: [mishap],
      ...(match === '' ? {} : { match }),
      ...(times === undefined ? {} : { times }),
    })

  const token = async (audience = MARKETPLACE): Promise<string> => {
    const granted = await login(base, tenantId, {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      scope: `${audience}/.default`,
    })
    return granted.body.access_token
  }

  async function call(method: string, url: string, audience: string, body?: unknown) {
    const headers = { authorization: `Bearer ${await token(audience)}` }
    return exchange(method, base + url, { headers, ...(body === undefined ? {} : { body }) })
  }

  /** A call of product ingestion past the adapter. */
  function ingest(method: string, path: string, body?: unknown) {
    const joint = path.includes('?') ? '&' : '?'
    const url = `/graph/rp/product-ingestion/${path}${joint}$version=2023-07-15`
    return call(method, url, 'https://graph.microsoft.com', body)
  }

  /** The same of fulfilment; `path` begins with a subscription. */
  function fulfil(method: string, path: string, body?: unknown) {
    const url = `/marketplaceapi/api/saas/subscriptions/${path}?api-version=2018-08-31`
    return call(method, url, MARKETPLACE, body)
  }

  /** A batch of usage. */
  const meter = (body: object) =>
    call('POST', '/marketplaceapi/api/batchUsageEvent?api-version=2018-08-31', MARKETPLACE, body)

  /** A read of programmatic analytics. */
  const analytics = (path: string) =>
    call('GET', `/partnercenter/insights/v1/cmp/${path}`, 'https://graph.windows.net')

  return { ...cloud, base, set, deny, world, token, ingest, fulfil, meter, analytics }
}

export type SimulatedAzure = Awaited<ReturnType<typeof startAzure>>

/** Where everything is that an adapter asks, on one host; and whose account it is. */
const settingsAt = (base: string) => ({
  publisherId: ACMESOFT.publisherId,
  tenantId,
  clientId,
  endpoints: {
    login: `${base}/login`,
    fulfilment: `${base}/marketplaceapi/api`,
    metering: `${base}/marketplaceapi/api`,
    ingestion: `${base}/graph/rp/product-ingestion`,
    partner: `${base}/partner/v1.0`,
    insights: `${base}/partnercenter/insights/v1/cmp`,
  },
})

/** Signing in is no call to the marketplace. */
const total = (calls: Readonly<Record<string, number>>) =>
  Object.entries(calls)
    .filter(([operation]) => !operation.startsWith('login:'))
    .reduce((sum, [, count]) => sum + count, 0)

/** A line out of the middle of a key, as it would stand in a message. */
const bodyOf = (pem: string): string => pem.split('\n')[5] ?? pem
