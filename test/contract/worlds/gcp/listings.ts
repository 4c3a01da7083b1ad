import type { RemoteListing } from '../../../../src/listings/model.ts'
import { SERVICE } from '../../../gcp-simulator/offers.ts'
import type { ListingsWorld } from '../../listings.ts'
import { ACME, startGcp } from './cloud.ts'
import type { OffersBy } from './deals.ts'
import { bought } from './purchases.ts'

const service = (name: string) => `${name}.endpoints.${ACME.id}.cloud.goog`
const reports = service('acme-reports')
const meters = ['api_calls', 'storage_gb']
const plan = (id: string, months = 1) => ({
  id,
  title: id,
  kind: 'subscription',
  hasUsage: false,
  standardOffers: [{ id, months, fee: '10' }],
})

/**
 * Two products: from the Commerce Producer API, or from the settings and what was ordered. Neither tells who can see
 * one; what changes are its plans.
 */
export async function gcpListings(by: OffersBy): Promise<ListingsWorld> {
  const cloud = await startGcp({ settings: { offers: by } })
  await cloud.portal({ multipleOrders: true })
  let made = 0
  const make = (name: string, plans: readonly object[]) =>
    cloud.portal({ provider: ACME.id, title: name, multipleOrders: true, plans }, name)
  /** Without the API a product shows once somebody ordered it. */
  const show = async (name: string, planId: string) => {
    if (by === 'handoff') await bought(cloud, planId, undefined, name)
  }
  await make(reports, [plan('desk')])
  await show(reports, 'desk')
  return {
    ...cloud.world('listings'),
    first: [by === 'api' ? analytics() : statedAnalytics(), by === 'api' ? desk() : orderedDesk()],
    looks: ({ plans }) => plans?.map(({ planRef }) => planRef),
    quietPages: by === 'api' ? 3 : 1,
    async add(count) {
      const names = Array.from({ length: count }, () => service(`more-${++made}`))
      for (const name of names) {
        await make(name, [plan('desk')])
        await show(name, 'desk')
      }
      return names
    },
    async hide(listingRef) {
      const { products } = await cloud.ledger('products')
      const { plans } = products.find(({ name }: any) => name === listingRef)
      const added = `plan-${++made}`
      await cloud.portal({ plans: [...plans, plan(added)] }, listingRef)
      await show(listingRef, added)
    },
    expire: () => cloud.post('/gcp/control/tokens/forget'),
    async answerEmptyPages() {
      const api = by === 'api' ? 'producer' : 'procurement'
      await cloud.set({ [api]: { emptyFirstPage: true } })
    },
  }
}

const sku = (plan: string, id: string) => `${plan}=${SERVICE}/skus/${id}`
const usd = (rate: string) => ({ rate, currency: 'USD' })
const shape = { hasTrial: null, units: null }

/** As the API tells it: a dimension has a SKU for each plan. */
const analytics = (): Partial<RemoteListing> => ({
  listingRef: ACME.service,
  name: 'Acme Analytics',
  kind: 'saas',
  visibility: 'unknown',
  meteringRef: ACME.service,
  dimensions: [
    {
      key: 'api_calls',
      name: 'api_calls',
      dimensionRef: `${sku('payg', 'PAYGAPICALLS')} ${sku('pro', 'PROAPICALLS')}`,
      types: ['usage'],
      unit: 'API calls',
      listRate: usd('0.05'),
    },
    {
      key: 'storage_gb',
      name: 'storage_gb',
      dimensionRef: `${sku('payg', 'PAYGSTORAGEG')} ${sku('pro', 'PROSTORAGEGB')}`,
      types: ['usage'],
      unit: 'Storage',
      listRate: usd('0.02'),
    },
  ],
  plans: [
    {
      planRef: 'payg',
      planKey: `${SERVICE}/standardOffers/payg`,
      name: 'Pay as you go',
      shape: { charge: null, months: [], meters, ...shape },
    },
    {
      planRef: 'pro',
      planKey: `${SERVICE}/standardOffers/pro`,
      name: 'Pro',
      shape: { charge: 'flat', months: [1, 12], meters, ...shape },
    },
  ],
})

const desk = (): Partial<RemoteListing> => ({
  listingRef: reports,
  name: reports,
  visibility: 'unknown',
  dimensions: [],
  plans: [
    {
      planRef: 'desk',
      planKey: `${SERVICE.replace(ACME.service, reports)}/standardOffers/desk`,
      name: 'desk',
      shape: { charge: 'flat', months: [1], meters: [], ...shape },
    },
  ],
})

/** As the settings state it. */
const statedAnalytics = (): Partial<RemoteListing> => ({
  listingRef: ACME.service,
  name: 'Acme Analytics',
  visibility: 'settings',
  meteringRef: ACME.service,
  dimensions: [
    { key: 'api_calls', name: 'api_calls', types: ['usage'], listRate: usd('0.05') },
    { key: 'storage_gb', name: 'storage_gb', types: ['usage'], listRate: usd('0.02') },
  ],
  plans: [
    {
      planRef: 'pro',
      planKey: null,
      name: 'Pro',
      shape: { charge: null, months: [1, 12], meters, ...shape },
    },
    {
      planRef: 'payg',
      planKey: null,
      name: 'Pay as you go',
      shape: { charge: null, months: null, meters, ...shape },
    },
  ],
})

/** As an order names it. */
const orderedDesk = (): Partial<RemoteListing> => ({
  listingRef: reports,
  name: reports,
  visibility: 'entitlements',
  dimensions: [],
  plans: [{ planRef: 'desk', planKey: null, name: 'desk', shape: null }],
})
