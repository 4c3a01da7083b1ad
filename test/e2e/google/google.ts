import { expect } from 'vitest'
import { ACME, seedKey } from '../../../simulator/gcp/seed.ts'
import type { Instant } from '../../../src/kernel/time.ts'
import type { Answer } from '../../world.ts'
import { createLocalWorld } from '../local.ts'

export { ACME, GLOBEX, HOOLI, INITECH, UMBRELLA } from '../../../simulator/gcp/seed.ts'

export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

export const pushAudience = 'https://tradepost.acme.example/notices'
export const signUpAudience = 'analytics.acme.example'

export type Google = Awaited<ReturnType<typeof openGoogle>>

export type Opened = {
  readonly startAt?: Instant
  readonly mode?: 'api' | 'handoff'
  /** How messages come here. */
  readonly notices?: 'push' | 'pull' | 'none'
  /** Settings of the connection beside the usual ones. */
  readonly settings?: object
  /** Switches of the simulated cloud. */
  readonly switches?: object
}

/** The whole service with one seller at the simulated marketplace, its sign-up page and its messages set up. */
export async function openGoogle(options: Opened = {}) {
  const world = await createLocalWorld(options.startAt)
  const origin = world.clouds.origin
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(origin + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : undefined, text }
  }
  const cloud = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await call(method, path, body)
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }
  const ok = async (answer: Promise<Answer>): Promise<any> => {
    const { status, body, text } = await answer
    if (status >= 300) throw new Error(`${status} ${text}`)
    return body
  }
  const admin = world.as('admin')
  const get = (path: string) => ok(admin.get(path))
  const post = (path: string, body: unknown = {}) => ok(admin.post(path, body))
  const set = (settings: object) => cloud('POST', '/gcp/control/settings', settings)
  await set({ tokens: { clock: 'simulated' } })
  if (options.switches) await set(options.switches)
  const account = accountAt(origin, options)
  const connection = (await post('/v1/connections', account)).id as string
  await cloud('POST', `/gcp/control/products/${ACME.service}`, {
    signUpUrl: `${world.address}/register/${connection}`,
    loginUrl: `${world.address}/register/${connection}`,
    audience: signUpAudience,
  })
  if ((options.notices ?? 'push') === 'push')
    await cloud('POST', '/gcp/control/push', {
      subscription: ACME.subscription,
      endpoint: `${world.address}/notices/${connection}`,
      audience: pushAudience,
      serviceAccountEmail: ACME.pushIdentity,
    })
  await world.drain()

  const everything = async (path: string): Promise<any[]> => {
    const joint = path.includes('?') ? '&' : '?'
    const rows: any[] = []
    for (let next: string | null = ''; next !== null; ) {
      const page: any = await get(`${path}${joint}limit=200${next && `&cursor=${next}`}`)
      rows.push(...page.data)
      next = page.next
    }
    return rows
  }
  const agreementOf = async (entitlement: string): Promise<any> =>
    (await everything(`/v1/agreements?connection=${connection}`)).find(
      (one: any) => one.agreementRef === entitlement,
    )
  const entitlements = async (): Promise<any[]> =>
    (await cloud('GET', '/gcp/control/entitlements')).entitlements
  const tries = (path: string, body: object) => call('POST', `/gcp/buyer/${path}`, body)
  const buyer = (path: string, body: object) => cloud('POST', `/gcp/buyer/${path}`, body)
  const buy = async (plan: string, billingAccount: string): Promise<string> =>
    (await buyer('buy', { service: ACME.service, plan, billingAccount })).id
  return {
    ...world,
    connection,
    account,
    call,
    cloud,
    get,
    post,
    set,
    everything,
    agreementOf,
    entitlements,
    entitlement: async (id: string) => (await entitlements()).find((one) => one.id === id),
    /** A customer's step in the console, which must be possible. */
    buyer,
    /** A customer's step that may be impossible. */
    tries,
    buy,
    /** The buyer's browser at the product's sign-up page. */
    signUp: (entitlement: string) => buyer('sign-up', { entitlement }),
    /** Buys, signs up, and lets the approval come to its end. */
    async subscribe(
      plan: string,
      billingAccount: string,
    ): Promise<{ readonly id: string; readonly agreement: string }> {
      const id = await buy(plan, billingAccount)
      await world.pass(5 * secondMs)
      expect(await buyer('sign-up', { entitlement: id })).toMatchObject({ status: 303 })
      await world.pass(2 * minuteMs)
      const agreement = await agreementOf(id)
      expect(agreement).toMatchObject({ state: { is: 'active' } })
      return { id, agreement: agreement.id }
    },
    /** The list is read now, and what it shows is taken in. */
    async poll(): Promise<void> {
      await post(`/v1/syncs/agreements/run?connection=${connection}`)
      await world.drain()
    },
    calls: (): Promise<Record<string, number>> => cloud('GET', '/gcp/control/calls'),
    operations: (agreement: string) => everything(`/v1/agreements/${agreement}/operations`),
    messages: async (): Promise<any[]> =>
      (await cloud('GET', '/gcp/control/messages')).messages.filter(
        (one: any) => one.subscription === ACME.subscription,
      ),
    events: (kind: string): Promise<any[]> => everything(`/v1/events?kind=${kind}`),
    strike: (fault: object) => cloud('POST', '/faults', { cloud: 'gcp', ...fault }),
    heal: () => cloud('DELETE', '/faults'),
    /** No job has stopped and no notice was given up. */
    async expectNothingStopped(): Promise<void> {
      expect((await get('/v1/jobs?state=stopped')).data).toEqual([])
      expect(await everything('/v1/notices?state=failed')).toEqual([])
    },
  }
}

/** What the settings say of the product: no API tells the metrics, and by hand not even the plans. */
export const products = [
  {
    service: ACME.service,
    name: ACME.serviceTitle,
    plans: [
      { id: 'pro', name: 'Pro', months: [1, 12] },
      { id: 'payg', name: 'Pay as you go' },
    ],
    metrics: ['pro', 'payg'].flatMap((plan) => [
      { plan, dimension: 'api_calls', metric: `${plan}_api_calls`, unit: 'call', listRate: '0.05' },
      {
        plan,
        dimension: 'storage_gb',
        metric: `${plan}_storage_gb`,
        unit: 'GiBy',
        listRate: '0.02',
      },
    ]),
  },
]

const noticesBy = {
  push: { kind: 'push', audience: pushAudience, serviceAccountEmail: ACME.pushIdentity },
  pull: { kind: 'pull', subscription: ACME.subscription },
  none: { kind: 'none' },
} as const

/** A connection to acme. */
export function accountAt(
  origin: string,
  { mode = 'api', notices = 'push', settings }: Opened = {},
) {
  const key = seedKey(ACME)
  return {
    provider: 'gcp',
    name: 'Seller',
    settings: {
      projectId: ACME.id,
      offers: mode,
      products,
      audiences: [signUpAudience],
      notices: noticesBy[notices],
      offerUrl: '{console}/marketplace/offers/{offer}?project={project}',
      endpoint: origin,
      ...settings,
    },
    credentials: {
      kind: 'key',
      clientEmail: String(key.client_email),
      privateKey: String(key.private_key),
      privateKeyId: String(key.private_key_id),
    },
    signUpUrl: 'https://app.example.com/sign-up',
  }
}
