import { randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { gcp } from '../../../../adapters/gcp/index.ts'
import { ACME, type SeededProvider, seedKey, UMBRELLA } from '../../../../simulator/gcp/seed.ts'
import type { PortName, Ports } from '../../../../src/adapter.ts'
import type { Mishap, World } from '../../world.ts'
import { nowhere, simulate } from '../simulated.ts'
import { identities, type SignIn } from './sign-in.ts'

export type { SignIn } from './sign-in.ts'
export { ACME, UMBRELLA }

const control = '/gcp/control'
/** Where a seller's contract documents are; nobody serves it. */
const documentHost = 'acme.example'
export const pdf = '%PDF-1.7\n% terms of acme\n'

/** What each port asks for, by parts of the names of the simulator's operations; of what is lost, only what changes something. */
type Struck = { readonly every: readonly string[]; readonly lost?: readonly string[] }
const struckOf: Readonly<Partial<Record<PortName, Struck>>> = {
  listings: { every: ['producer:', 'procurement:'] },
  offers: {
    every: ['producer:'],
    lost: [
      'producer:privateOffers.create',
      'producer:privateOffers.cancel',
      'producer:privateOffers.patch',
    ],
  },
  agreements: {
    every: ['procurement:'],
    lost: [
      'entitlements.list',
      'entitlements.approve',
      'entitlements.reject',
      'entitlements.patch',
    ],
  },
  metering: { every: ['serviceControl:'], lost: ['serviceControl:services.report'] },
  revenue: { every: ['storage:'] },
}

/** APIs a service account is linked to or has a role for, one by one. */
export const apis = ['procurement', 'producer', 'serviceControl', 'pubsub', 'storage'] as const
export type LinkedApi = (typeof apis)[number]

/** What no API tells of acme's product: which metric a plan's dimension is. */
export const product = {
  service: ACME.service,
  name: 'Acme Analytics',
  plans: [
    { id: 'pro', name: 'Pro', months: [1, 12] },
    { id: 'payg', name: 'Pay as you go' },
  ],
  metrics: ['pro', 'payg'].flatMap((plan) => [
    { plan, dimension: 'api_calls', metric: `${plan}_api_calls`, listRate: '0.05' },
    { plan, dimension: 'storage_gb', metric: `${plan}_storage_gb`, listRate: '0.02' },
  ]),
}

/** The simulated marketplace, its messages once and in order, and the adapter opened on it as acme. */
export async function startGcp(
  options: { readonly startAt?: string; readonly signIn?: SignIn; readonly settings?: object } = {},
) {
  const cloud = await simulate('gcp', options)
  const { origin } = cloud
  const set = (settings: object) => cloud.post(`${control}/settings`, settings)
  await set({ tokens: { clock: 'simulated' } })
  const { own, wrong, token, secrets, close } = identities(options.signIn ?? 'key')
  const environment = { ...cloud.environment, fetch: (asked: Request) => fetch(homeward(asked)) }

  /** Google's own hosts are all here; contract documents are read as they would be from the seller's own host. */
  function homeward(asked: Request): Request | string {
    const url = new URL(asked.url)
    if (url.hostname === documentHost) return `data:application/pdf,${encodeURIComponent(pdf)}`
    if (!url.hostname.endsWith('.googleapis.com')) return asked
    return new Request(origin + url.pathname + url.search, asked)
  }

  /** What a world of any of Google's ports has; settings are added to those every connection has. */
  function world<Name extends PortName>(port: Name, settings: object = {}): World<Name> {
    const open = (at: string, credentials: object): Ports[Name] => {
      const endpoints = token === '' ? {} : { endpoints: { token: `${at}${token}` } }
      const account = {
        settings: { ...settingsAt(at), ...endpoints, ...options.settings, ...settings },
        credentials,
      }
      return gcp.open(account, environment)[port] as Ports[Name]
    }
    return {
      port: () => open(origin, own),
      impostor: () => open(origin, wrong),
      astray: () => open(nowhere, own),
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
      secrets,
      async close() {
        close()
        await cloud.close()
      },
    }
  }

  /** Takes from the service account the right to call just these APIs. */
  async function deny(denied: readonly LinkedApi[]): Promise<void> {
    const linked = Object.fromEntries(apis.map((api) => [api, !denied.includes(api)]))
    await cloud.post(`${control}/service-accounts`, { email: ACME.serviceAccount, linked })
  }

  const strike = (mishap: Mishap, match: string, times?: number) =>
    cloud.post('/faults', {
      cloud: 'gcp',
      kinds: [mishap],
      ...(match === '' ? {} : { match }),
      ...(times === undefined ? {} : { times }),
    })

  /** A call of Google's APIs past the adapter, as a seller. */
  async function call(
    method: string,
    path: string,
    body?: unknown,
    seller = ACME,
  ): Promise<Answer> {
    const answer = await fetch(origin + path, {
      method,
      headers: {
        authorization: `Bearer ${await bearer(seller, Date.parse(cloud.now()))}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }

  const buyer = (act: string, asked: object): Promise<any> => cloud.post(`/gcp/buyer/${act}`, asked)
  const portal = (wanted: object, service: string = ACME.service): Promise<any> =>
    cloud.post(`${control}/products/${service}`, wanted)
  const ledger = async (what: string): Promise<any> => cloud.get(`${control}/${what}`)

  return { ...cloud, environment, set, deny, world, call, buyer, portal, ledger }
}

export type SimulatedGcp = Awaited<ReturnType<typeof startGcp>>
export type Answer = { readonly status: number; readonly body: any }

/** Throws what an answer past the adapter was refused with. */
export async function ok(call: Promise<Answer>): Promise<any> {
  const { status, body } = await call
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

const settingsAt = (at: string) => ({
  projectId: ACME.id,
  offers: 'api',
  audiences: ['acme.example'],
  products: [product],
  offerUrl: '{console}/marketplace/offers/{offer}?project={project}',
  endpoint: at,
})

/** A token that the seller's service account signs itself. */
async function bearer(seller: SeededProvider, nowMs: number): Promise<string> {
  const { private_key: pem = '', private_key_id: kid = '' } = seedKey(seller)
  const iat = Math.floor(nowMs / 1000)
  return new SignJWT({ scope: 'https://www.googleapis.com/auth/cloud-platform' })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(seller.serviceAccount)
    .setSubject(seller.serviceAccount)
    .setJti(randomUUID())
    .setIssuedAt(iat)
    .setExpirationTime(iat + 3600)
    .sign(await importPKCS8(pem, 'RS256'))
}

/** Signing in is no call to the marketplace, nor is fetching keys. */
const total = (calls: Readonly<Record<string, number>>) =>
  Object.entries(calls)
    .filter(([operation]) => !/^(token|sts|iamcredentials|certs):/.test(operation))
    .reduce((sum, [, count]) => sum + count, 0)
