import { expect } from 'vitest'
import { ACMESOFT } from '../../simulator/azure/seed.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { Answer } from '../world.ts'
import { createLocalWorld } from './local.ts'

export { GLOBEX, HOOLI, INITECH } from '../../simulator/azure/seed.ts'

export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** Webhooks once, in order and at once; a test turns on what it is about. */
const wellBehaved = { duplicateRate: 0, disorderRate: 0, dropRate: 0, dayLateRate: 0 }

export type Microsoft = Awaited<ReturnType<typeof openMicrosoft>>

/** The whole service with one publisher at the simulated marketplace, its landing page and its webhook set up. */
export async function openMicrosoft(
  options: {
    readonly startAt?: Instant
    readonly settings?: object
    readonly webhooks?: object
    /** Syncs that are another test's. */
    readonly without?: readonly string[]
  } = {},
) {
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
  const set = (settings: object) => cloud('POST', '/azure/control/settings', settings)
  await set({ webhooks: { ...wellBehaved, ...options.webhooks } })
  const account = accountAt(origin, options.settings)
  const connection = (await post('/v1/connections', account)).id as string
  await cloud('POST', `/azure/control/offers/${ACMESOFT.offerId}`, {
    landingPageUrl: `${world.address}/register/${connection}`,
    connectionWebhook: `${world.address}/notices/${connection}`,
  })
  if (options.without)
    await world.deps.db.deleteFrom('syncs').where('name', 'in', options.without).execute()
  await world.drain()

  const agreementOf = async (subscriptionId: string): Promise<any> => {
    const { data } = await get(`/v1/agreements?connection=${connection}&limit=200`)
    return data.find((one: any) => one.agreementRef === subscriptionId)
  }
  const subscriptions = async (): Promise<any[]> =>
    (await cloud('GET', '/azure/control/subscriptions')).subscriptions
  const buyer = (path: string, body: object) => call('POST', `/azure/buyer/${path}`, body)
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
    subscriptions,
    subscription: async (id: string) => (await subscriptions()).find((one) => one.id === id),
    agreementOf,
    /** A customer's step in the portal, which must be possible. */
    buyer: async (path: string, body: object): Promise<any> => {
      const answer = await buyer(path, body)
      if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
      return answer.body
    },
    /** A customer's step that may be impossible: the status. */
    tries: async (path: string, body: object) => (await buyer(path, body)).status,
    /** Buys and opens the landing page, and lets activation come to its end. */
    async subscribe(asked: object): Promise<{ id: string; agreement: any }> {
      const bought = await cloud('POST', '/azure/buyer/buy', {
        offerId: ACMESOFT.offerId,
        ...asked,
      })
      const id = bought.subscriptionId as string
      await cloud('POST', '/azure/buyer/configure', { subscriptionId: id })
      await world.pass(2 * minuteMs)
      expect(await agreementOf(id)).toMatchObject({ state: { is: 'active' } })
      return { id, agreement: await agreementOf(id) }
    },
    /** The list is read now, and what it shows is taken in. */
    async poll(): Promise<void> {
      await post(`/v1/syncs/agreements/run?connection=${connection}`)
      await world.drain()
    },
    calls: (): Promise<Record<string, number>> => cloud('GET', '/azure/control/calls'),
    operations: async (agreement: string): Promise<any[]> =>
      everything(`/v1/agreements/${agreement}/operations`),
    deliveries: async (): Promise<any[]> =>
      (await cloud('GET', '/azure/control/deliveries')).deliveries,
    events: (kind: string): Promise<any[]> => everything(`/v1/events?kind=${kind}`),
    strike: (fault: object) => cloud('POST', '/faults', { cloud: 'azure', ...fault }),
    heal: () => cloud('DELETE', '/faults'),
    /** No job has stopped and no notice was given up. */
    async expectNothingStopped(): Promise<void> {
      expect((await get('/v1/jobs?state=stopped')).data).toEqual([])
      expect(await everything('/v1/notices?state=failed')).toEqual([])
    },
  }
}

/** A connection to acmesoft, without its reports: they are another test's. */
export const accountAt = (origin: string, settings: object = {}) => ({
  provider: 'azure',
  name: 'Seller',
  settings: {
    publisherId: ACMESOFT.publisherId,
    tenantId: ACMESOFT.tenantId,
    clientId: ACMESOFT.clientId,
    endpoints: endpointsAt(origin),
    reports: { orders: null, usage: null, revenue: null },
    ...settings,
  },
  credentials: { clientSecret: ACMESOFT.secret },
  signUpUrl: 'https://app.example.com/sign-up',
})

const endpointsAt = (origin: string) => ({
  login: `${origin}/azure/login`,
  fulfilment: `${origin}/azure/marketplaceapi/api`,
  metering: `${origin}/azure/marketplaceapi/api`,
  ingestion: `${origin}/azure/graph/rp/product-ingestion`,
  insights: `${origin}/azure/partnercenter/insights/v1/cmp`,
  partner: `${origin}/azure/partner/v1.0`,
})

/** What Microsoft holds of a subscription, in the words of its documents translated into ours. */
export const expectedOf = (one: any) => ({
  state: states[one.status as keyof typeof states],
  planRef: one.planId,
  quantity:
    one.quantity === null || one.status === 'Unsubscribed' ? undefined : String(one.quantity),
  startsAt:
    one.termStart === null
      ? new Date(one.purchasedAt).toISOString()
      : `${one.termStart}T00:00:00.000Z`,
  endsAt:
    one.termEnd === null
      ? null
      : new Date(Date.parse(`${one.termEnd}T00:00:00Z`) + dayMs).toISOString(),
})

const states = {
  PendingFulfillmentStart: 'pending',
  Subscribed: 'active',
  Suspended: 'suspended',
  Unsubscribed: 'ended',
} as const

/** The same of what we hold. */
export const heldOf = (agreement: any) => ({
  state: agreement?.state.is,
  planRef: agreement?.planRef,
  quantity: agreement?.entitlements[0]?.quantity,
  startsAt: agreement?.startsAt,
  endsAt: agreement?.endsAt,
})
