import { ACMESOFT, GLOBEX, INITECH } from '../../simulator/azure/seed.ts'
import type { Client } from '../../simulator/demo/client.ts'
import { type Cloud, type Deal, during, type HeldOffer } from '../cloud.ts'
import { pause } from '../process.ts'
import { askedFor, heldAgreements, live } from './azure-life.ts'

const tenantOfInitech = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'
const { offerId, publisherId, tenantId, clientId, secret } = ACMESOFT

const team = { plan: 'team', meters: { api_calls: '1200', storage_gb: '0' } } as const
const flat = (total: string) => ({
  flat: total,
  usage: [
    { dimension: 'api_calls', rate: '0.40' },
    { dimension: 'storage_gb', rate: '0.02' },
  ],
})

/** Each plan is sold once to one billing account: which of two offers a subscription took, Microsoft does not say. */
const deals: readonly Deal[] = [
  { ...team, pricing: flat('4800.00'), fate: 'bought' },
  { ...team, pricing: flat('4700.00'), fate: 'withdrawn' },
  {
    plan: 'per-seat',
    pricing: { contract: [{ dimension: 'seats', quantity: '10', price: '120.00' }] },
    fate: 'extended',
    meters: {},
  },
  { ...team, pricing: flat('4600.00'), fate: 'unmade' },
  { ...team, pricing: flat('4500.00'), fate: 'flaky' },
  {
    plan: 'enterprise',
    pricing: flat('20000.00'),
    fate: 'bought',
    meters: { api_calls: '0' },
  },
]

/** Microsoft's marketplace: flat plans with meters beside them, and seats. */
export const azure: Cloud = {
  provider: 'azure',
  listingRef: offerId,
  buyerRefs: [INITECH, tenantOfInitech],
  connection: (simulator) => ({
    settings: { publisherId, tenantId, clientId, endpoints: endpointsAt(`${simulator}/azure`) },
    credentials: { clientSecret: secret },
  }),
  notify: (clouds, base, connection) =>
    clouds.post(`/azure/control/offers/${offerId}`, {
      landingPageUrl: `${base}/register/${connection}`,
      connectionWebhook: `${base}/notices/${connection}`,
    }),
  unlimit: async () => {},
  accept: (clouds) =>
    subscribe(clouds, { planId: 'team', billingAccountId: GLOBEX, privateOfferId: null }),
  arrive,
  publicMeters: team.meters,
  recordUnits: '2500.5',
  deals,
  async script(clouds, fate) {
    const own = { code: 'internalError', message: 'An internal error has occurred.', after: 1 }
    const theirs = { code: 'Conflict', message: 'Something else is being published.', after: 2 }
    if (fate === 'flaky') await clouds.post('/azure/control/jobs/fail-next', own)
    if (fate === 'unmade') await clouds.post('/azure/control/jobs/fail-next', theirs)
  },
  async buy(clouds, offerRef, { plan }) {
    const privateOfferId = `private-offer/${offerRef}`
    await clouds.post('/azure/buyer/accept', { offerId: privateOfferId })
    const asked = { planId: plan, billingAccountId: INITECH, privateOfferId }
    const license = await subscribe(
      clouds,
      plan === 'per-seat' ? { ...asked, quantity: 10 } : asked,
    )
    await arrive(clouds, license)
    return license
  },
  usageCalls: async (clouds) => (await clouds.get('/azure/control/calls')).PostBatchUsageEvent ?? 0,
  recordsPerCall: 25,
  heldRecords: async (clouds) => (await clouds.get('/azure/control/ledger')).records.length,
  async heldUnits(clouds) {
    const { totals } = await clouds.get('/azure/control/ledger')
    return new Map(totals.map((one: any) => [`${one.subscription}/${one.dimension}`, one.quantity]))
  },
  heldOffers,
  heldAgreements,
  moments: {
    publishing: [
      during('azure', 'ingestion:POST configure', 'slow'),
      during('azure', 'ingestion:POST configure', 'late'),
      during('azure', 'ingestion:GET configure', 'late'),
    ],
    life: [
      during('azure', 'Resolve', 'late'),
      during('azure', 'ActivateSubscription', 'slow'),
      during('azure', 'ActivateSubscription', 'late'),
      during('azure', 'UpdateSubscription', 'late'),
      { name: 'webhook', arm: nextDelivery },
      during('azure', 'DeleteSubscription', 'late'),
      during('azure', 'UpdateOperationStatus', 'late'),
    ],
    metering: [
      during('azure', 'PostBatchUsageEvent', 'slow'),
      during('azure', 'PostBatchUsageEvent', 'late'),
    ],
  },
  life: (stage) => live(stage, { buy: subscribe, arrive }),
  heldRequests: askedFor,
  async polls(clouds) {
    const { jobs } = await clouds.get('/azure/control/jobs')
    return jobs.map((one: any) => ({ polls: one.polls, hasty: one.hastyPolls }))
  },
  async polling(clouds) {
    const calls = Object.entries<number>(await clouds.get('/azure/control/calls'))
    const sum = (counts: (operation: string) => boolean) =>
      calls.filter(([name]) => counts(name)).reduce((total, [, n]) => total + n, 0)
    return {
      lists: sum((name) => name === 'ListSubscriptions'),
      all: sum((name) => !name.startsWith('login:')),
    }
  },
}

const endpointsAt = (base: string) => ({
  login: `${base}/login`,
  fulfilment: `${base}/marketplaceapi/api`,
  metering: `${base}/marketplaceapi/api`,
  ingestion: `${base}/graph/rp/product-ingestion`,
  partner: `${base}/partner/v1.0`,
  insights: `${base}/partnercenter/insights/v1/cmp`,
})

const subscribe = async (clouds: Client, asked: object): Promise<string> =>
  (await clouds.post('/azure/buyer/buy', { offerId, termUnit: 'P1Y', ...asked })).subscriptionId

const attemptsMax = 600

/** The buyer opens our page, and reloads it as long as it does not show. */
async function arrive(clouds: Client, subscriptionId: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const status = await clouds
      .post('/azure/buyer/configure', { subscriptionId })
      .then((page) => page.status as number)
      .catch((error: unknown) => {
        if (/could not reach/.test(String(error))) return 503
        throw error
      })
    if (status < 400) return
    if (status < 500) throw new Error(`the registration page answered ${status}`)
    await pause(200)
  }
  throw new Error('the registration page never showed')
}

async function heldOffers(clouds: Client): Promise<readonly HeldOffer[]> {
  const { privateOffers } = await clouds.get('/azure/control/private-offers')
  return privateOffers.map((one: any) => ({ name: one.resource.name, is: one.state }))
}

async function nextDelivery(clouds: Client) {
  const attempts = async () =>
    (await clouds.get('/azure/control/deliveries')).deliveries.reduce(
      (sum: number, one: { attempts: number }) => sum + one.attempts,
      0,
    )
  const before = await attempts()
  return async () => (await attempts()) > before
}
