import { INITECH } from '../../../../simulator/azure/seed.ts'
import type { Day } from '../../../../src/kernel/time.ts'
import type { OffersWorld, Sent } from '../../offer-world.ts'
import { badOn, cautiousOn } from './broken-orders.ts'
import { type SimulatedAzure, startAzure } from './cloud.ts'
import { drawnOn } from './drawn-orders.ts'
import { goodOn, refusedAtOnceOn, refusedLaterOn } from './orders.ts'

const nobody = '00000000-0000-4000-8000-000000000000'
const throttledShare = 0.5

/** Orders are written for the day it is: firsts and lasts of months cannot be moved on by days. */
export async function azureOffers(): Promise<OffersWorld> {
  const cloud = await startAzure()
  const today = () => cloud.now().slice(0, 10) as Day
  const world = cloud.world('offers', { offers: { settleMinutes: 10 } })
  return {
    ...world,
    keyless: true,
    get good() {
      return goodOn(today())
    },
    get bad() {
      return badOn(today())
    },
    get cautious() {
      return cautiousOn(today())
    },
    get refusedLater() {
      return refusedLaterOn(today())
    },
    get refusedAtOnce() {
      return refusedAtOnceOn(today())
    },
    get drawn() {
      return drawnOn(today())
    },
    send: (requests) => send(cloud, requests),
    operations: async () => (await cloud.get('/azure/control/jobs')).jobs.length,
    offers: async () => (await offersOf(cloud)).length,
    async compared(requests, operation) {
      const { jobs } = await cloud.get('/azure/control/jobs')
      const job = jobs.find(({ id }: any) => id === JSON.parse(operation).job)
      const shown = requests.map((one: any) => JSON.parse(JSON.stringify(one)).resources)
      return [shown.map(withoutNumbers), [withoutNumbers(job.asked)]]
    },
    settle: () => cloud.advance('PT5M'),
    changeOperations: { withdraw: 1, extend: 2 },
    async accept(offerId) {
      await cloud.post('/azure/buyer/accept', { offerId })
    },
    failNext: () => cloud.post('/azure/control/jobs/fail-next'),
    async cancel(operation) {
      await cloud.ingest('POST', `configure/${JSON.parse(operation).job}/cancel`)
    },
    async seenByBuyer(offerRef) {
      const account = `billingAccountId=${encodeURIComponent(INITECH)}`
      const { privateOffers } = await cloud.get(`/azure/buyer/private-offers?${account}`)
      const seen = privateOffers.find(({ offerId }: any) => offerId === offerRef)
      return seen?.status === 'Pending acceptance' ? { until: seen.acceptBy } : null
    },
    nobodys: {
      publishing: JSON.stringify({ step: 'create', job: nobody, key: 'offer_none', atMs: 0 }),
      change: JSON.stringify({ step: 'withdraw', job: nobody, offer: nobody, atMs: 0 }),
    },
    async ration() {
      await cloud.post('/faults', {
        cloud: 'azure',
        match: 'ingestion:',
        kinds: ['throttle'],
        rate: throttledShare,
      })
    },
    relax: world.heal,
  }
}

/** POST configure with just these requests; then the job's status once the simulated minutes are over. */
async function send(cloud: SimulatedAzure, requests: readonly unknown[]): Promise<Sent> {
  await withdrawShared(cloud)
  for (const request of requests) {
    const { status, body } = await cloud.ingest('POST', 'configure', request)
    if (status >= 300) return { is: 'refused', why: [JSON.stringify(body)] }
    await cloud.advance('PT5M')
    const { body: job } = await cloud.ingest('GET', `configure/${body.jobId}/status`)
    if (job.jobResult !== 'succeeded')
      return {
        is: 'refused',
        why: job.errors.map((one: any) => `${one.code} ${one.resourceId}: ${one.message}`),
      }
  }
  return { is: 'taken' }
}

/** Two multiparty offers of one plan for one customer overlap, which is not what is tried here. */
async function withdrawShared(cloud: SimulatedAzure): Promise<void> {
  const shared = (await offersOf(cloud)).filter(
    ({ partner, state }: any) => partner !== null && state === 'live',
  )
  if (shared.length === 0) return
  const schemas = 'https://schema.mp.microsoft.com/schema'
  await cloud.ingest('POST', 'configure', {
    $schema: `${schemas}/configure/2022-07-01`,
    resources: shared.map(({ id, resource }: any) => ({
      $schema: `${schemas}/private-offer/2023-07-15`,
      id: `private-offer/${id}`,
      name: resource.name,
      privateOfferType: resource.privateOfferType,
      state: 'withdrawn',
    })),
  })
  await cloud.advance('PT5M')
}

async function offersOf(cloud: SimulatedAzure): Promise<readonly any[]> {
  const { privateOffers } = await cloud.get('/azure/control/private-offers')
  return privateOffers.filter(({ state }: any) => state !== 'deleted')
}

/** The simulator keeps amounts as text with the digits they came with. */
const withoutNumbers = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) => (typeof inner === 'number' ? String(inner) : inner)),
  )
