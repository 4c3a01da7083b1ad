import { randomUUID } from 'node:crypto'
import type { Client } from '../../simulator/demo/client.ts'
import { ACME, INITECH, seedKey } from '../../simulator/gcp/seed.ts'
import { type Cloud, type Deal, during, type HeldOffer } from '../cloud.ts'
import { pause } from '../process.ts'
import { consumers, entitlementsOf, heldAgreements, heldRequests, live } from './gcp-life.ts'

/** A billing account of the buyer's that does not exist (any more): only Google can tell. */
const closed = 'C105ED-C105ED-C105ED'
const pushAudience = 'tradepost-proofs'
const dimensions = ['api_calls', 'storage_gb']
const free = { api_calls: '0', storage_gb: '0' }

const discounted = [
  { dimension: 'api_calls', rate: '0.04' },
  { dimension: 'storage_gb', rate: '0.019' },
]
const sold = (flat: string, fate: Deal['fate'], billingAccount = INITECH): Deal => ({
  plan: 'pro',
  pricing: { flat, usage: discounted },
  fate,
  meters: free,
  native: { billingAccount, amends: 'none' },
})

const deals: readonly Deal[] = [
  sold('12000.00', 'bought'),
  sold('11000.00', 'withdrawn'),
  sold('10000.00', 'unmade', closed),
  sold('9000.00', 'extended'),
  {
    plan: 'payg',
    pricing: { usageDiscountPercent: '15' },
    fate: 'bought',
    meters: free,
    native: { billingAccount: INITECH, amends: 'none' },
  },
  sold('8000.00', 'unmade', closed),
  sold('7000.00', 'withdrawn'),
  sold('6000.00', 'extended'),
]

/** Google's marketplace: flat fees with use beside them, and plans of use alone. */
export const gcp: Cloud = {
  provider: 'gcp',
  listingRef: ACME.service,
  buyerRefs: [INITECH, closed],
  connection: (simulator) => ({
    settings: {
      projectId: ACME.id,
      offers: 'api',
      // The host of the sign-up page, which is ours.
      audiences: ['127.0.0.1'],
      notices: { kind: 'push', audience: pushAudience, serviceAccountEmail: ACME.pushIdentity },
      products: [{ service: ACME.service, name: ACME.serviceTitle, plans, metrics }],
      // The proofs tell usage of the day before, and as fast as it goes.
      metering: { lateHours: 72, callsPerSecond: 1000 },
      // Their clock runs a hundred times as fast while they wait, and so does it for a request that is slow.
      offerListLagSeconds: 900,
      endpoint: simulator,
    },
    credentials: credentials(),
  }),
  async notify(clouds, base, connection) {
    await keepTime(clouds)
    const page = `${base}/register/${connection}`
    await clouds.post(`/gcp/control/products/${ACME.service}`, {
      signUpUrl: page,
      loginUrl: page,
      multipleOrders: true,
    })
    await clouds.post('/gcp/control/settings', {
      notices: { duplicateRate: 0.25, disorderRate: 0.25 },
    })
    await clouds.post('/gcp/control/push', {
      subscription: ACME.subscription,
      endpoint: `${base}/notices/${connection}`,
      audience: pushAudience,
      serviceAccountEmail: ACME.pushIdentity,
    })
  },
  async unlimit(clouds) {
    await keepTime(clouds)
    await clouds.post('/gcp/control/settings', { procurement: { activationMs: 1_000 } })
  },
  accept: (clouds) => order(clouds, 'payg'),
  arrive,
  publicMeters: free,
  recordUnits: '3',
  deals,
  ends: { unmade: '' },
  async buy(clouds, offer) {
    const { id } = await clouds.post('/gcp/buyer/accept', { offer, billingAccount: INITECH })
    await arrive(clouds, id)
    return id
  },
  usageCalls: async (clouds) => (await callsOf(clouds))['serviceControl:services.report'] ?? 0,
  recordsPerCall: 50,
  checkCalls: async (clouds) => (await callsOf(clouds))['serviceControl:services.check'] ?? 0,
  heldRecords: async (clouds) => (await clouds.get('/gcp/control/usage')).operations.length,
  async heldUnits(clouds) {
    const { totals } = await clouds.get('/gcp/control/usage')
    const licenses = await consumers(clouds)
    return new Map(
      totals.map(({ entitlement, metric, quantity }: any) => [
        `${licenses.get(entitlement)}/${metric.replace(/^(pro|payg)_/, '')}`,
        quantity,
      ]),
    )
  },
  heldOffers,
  heldAgreements,
  moments: {
    publishing: [
      during('gcp', 'privateOffers.create', 'slow'),
      during('gcp', 'privateOffers.create', 'late'),
      during('gcp', 'privateOffers.publish', 'late'),
      during('gcp', 'privateOffers.cancel', 'late'),
      during('gcp', 'privateOffers.delete', 'slow'),
    ],
    life: [
      during('gcp', 'accounts.get', 'late'),
      during('gcp', 'accounts.approve', 'late'),
      during('gcp', 'entitlements.approve', 'slow'),
      during('gcp', 'entitlements.approve', 'late'),
      during('gcp', 'entitlements.approvePlanChange', 'late'),
      during('gcp', 'entitlements.rejectPlanChange', 'late'),
      during('gcp', 'entitlements.reject', 'late'),
      { name: 'push', arm: nextPush },
    ],
    metering: [
      during('gcp', 'services.check', 'late'),
      during('gcp', 'services.report', 'slow'),
      during('gcp', 'services.report', 'late'),
    ],
  },
  life: (stage) => live(stage, { order, arrive }),
  heldRequests,
  async polling(clouds) {
    const calls = Object.entries(await callsOf(clouds))
    const sum = (counts: (operation: string) => boolean) =>
      calls.filter(([name]) => counts(name)).reduce((total, [, n]) => total + n, 0)
    return {
      lists: sum((name) => name === 'procurement:entitlements.list'),
      all: sum((name) => !/^(token|certs):/.test(name)),
    }
  },
}

const plans = [
  { id: 'pro', name: 'Pro', months: [1, 12] },
  { id: 'payg', name: 'Pay as you go' },
]
const metrics = plans.flatMap(({ id }) =>
  dimensions.map((dimension) => ({ plan: id, dimension, metric: `${id}_${dimension}` })),
)

function credentials() {
  const key = seedKey(ACME)
  return { kind: 'key', clientEmail: key.client_email, privateKey: key.private_key }
}

const callsOf = (clouds: Client): Promise<Record<string, number>> =>
  clouds.get('/gcp/control/calls')

/** Beside a cloud whose clock is behind runs a service that keeps real time; else both keep the cloud's. */
async function keepTime(clouds: Client): Promise<void> {
  const { now } = await clouds.get('/clock')
  const clock = Date.parse(now) < Date.now() - 60_000 ? 'real' : 'simulated'
  await clouds.post('/gcp/control/settings', { tokens: { clock, issueClock: clock } })
}

/** A customer nobody knew orders a plan at its public price. Returns the entitlement. */
async function order(clouds: Client, plan: string): Promise<string> {
  const digits = randomUUID().replaceAll('-', '').toUpperCase()
  const id = [digits.slice(0, 6), digits.slice(6, 12), digits.slice(-6)].join('-')
  await clouds.post('/gcp/control/billing-accounts', { id, name: `Customer ${id}` })
  const asked = { service: ACME.service, plan, billingAccount: id }
  return (await clouds.post('/gcp/buyer/buy', asked)).id
}

const attemptsMax = 600
/** The service's clock follows the cloud's a moment late: until then a token may be from the future. */
const refusalsMax = 10

/** The buyer's user signs up on our page, and comes again as long as it does not show. */
async function arrive(clouds: Client, entitlement: string): Promise<void> {
  let refusals = 0
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const { status, body } = await clouds
      .post('/gcp/buyer/sign-up', { entitlement })
      .catch((error: unknown) => {
        if (/could not reach/.test(String(error))) return { status: 503, body: '' }
        throw error
      })
    if (status < 400) return
    if (status < 500 && status !== 429 && ++refusals > refusalsMax)
      throw new Error(`the sign-up page answered ${status}: ${body}`)
    await pause(200)
  }
  throw new Error('the sign-up page never showed')
}

const words: Readonly<Record<string, HeldOffer['is']>> = {
  DRAFT: 'draft',
  PUBLISHING: 'draft',
  PUBLISHED: 'live',
  ACCEPTED: 'live',
  ENDED: 'live',
  CANCELLED: 'withdrawn',
  EXPIRED: 'withdrawn',
}

/** A draft that was deleted is forgotten. */
async function heldOffers(clouds: Client): Promise<readonly HeldOffer[]> {
  const { offers } = await clouds.get('/gcp/control/offers')
  return offers.map(({ state, document }: any) => ({
    name: document.fields.title,
    is: words[state] ?? 'draft',
  }))
}

async function nextPush(clouds: Client) {
  const attempts = async () =>
    (await entitlementsOf(clouds)).messages.reduce((sum, one) => sum + one.attempts, 0)
  const before = await attempts()
  return async () => (await attempts()) > before
}
