import { expect } from 'vitest'
import type { Dimension } from '../../../../src/listings/model.ts'
import type { ListingsWorld } from '../../listings.ts'
import { configure, draft, publishReports } from './catalog.ts'
import { startAzure } from './cloud.ts'

const seats: Dimension = { key: 'seats', name: 'Units of the plan', types: ['contract'] }
const draftsAtOnce = 100
/** The documents know no feed of changes: one product's tree is read again each time, and there are three. */
const pollsMax = 3

export async function azureListings(): Promise<ListingsWorld> {
  const cloud = await startAzure()
  await publishReports(cloud)
  await configure(cloud, [draft('acme-labs', 'Acme Labs')], 'PT1M')
  const hidden = new Set<string>()
  let drafts = 0
  return {
    ...cloud.world('listings'),
    first: [
      {
        listingRef: 'acme-analytics',
        name: 'Acme Analytics',
        kind: 'saas',
        visibility: 'public',
        meteringRef: null,
        dimensions: [
          seats,
          { key: 'api_calls', name: 'API calls', unit: '1000 calls', types: ['usage'] },
          { key: 'storage_gb', name: 'Storage', unit: 'GB hour', types: ['usage'] },
        ],
        plans: [
          plan('team', 'Team', 'flat', [1, 12], ['api_calls', 'storage_gb']),
          plan('enterprise', 'Enterprise', 'flat', [12, 36], ['api_calls', 'storage_gb']),
          plan('per-seat', 'Per seat', 'per_unit', [1, 12], [], { min: 1, max: 500 }),
        ],
      },
      {
        listingRef: 'acme-reports',
        name: 'Acme Reports for Azure',
        kind: 'saas',
        visibility: 'public',
        meteringRef: null,
        dimensions: [seats],
        plans: [plan('desk', 'Desk', 'per_unit', [1, 36], [], { min: 5, max: 50 })],
      },
      {
        listingRef: 'acme-labs',
        name: 'Acme Labs',
        visibility: 'draft',
        dimensions: [],
        plans: [],
      },
    ],
    pollsMax,
    async add(count) {
      const names = Array.from({ length: count }, () => `draft-${++drafts}`)
      for (let from = 0; from < count; from += draftsAtOnce) {
        const some = names.slice(from, from + draftsAtOnce)
        await configure(
          cloud,
          some.map((name) => draft(name, name)),
          'PT1M',
        )
      }
      return names
    },
    async hide(listingRef) {
      const { products } = await cloud.get('/azure/control/offers')
      const { plans } = await cloud.get('/azure/control/plans')
      const { guid } = products.find((one: any) => one.offerId === listingRef)
      if (!hidden.delete(listingRef)) hidden.add(listingRef)
      for (const one of plans.filter(({ product }: any) => product === guid))
        await cloud.post(`/azure/control/plans/${one.guid}`, { isStopSell: hidden.has(listingRef) })
    },
    expire: () => cloud.post('/azure/control/sessions/expire'),
    answerEmptyPages: () => cloud.set({ ingestion: { emptyFirstPage: true } }),
  }
}

type Charge = 'flat' | 'per_unit'
type Units = { readonly min: number; readonly max: number }

const plan = (
  planRef: string,
  name: string,
  charge: Charge,
  months: readonly number[],
  meters: readonly string[],
  units: Units | null = null,
) =>
  expect.objectContaining({
    planRef,
    name,
    planKey: expect.stringMatching(/^plan\/[\da-f-]{36}\/[\da-f-]{36}$/),
    shape: { charge, months, meters, hasTrial: false, units },
  })
