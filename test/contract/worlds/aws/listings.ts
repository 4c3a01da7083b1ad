import type { Dimension } from '../../../../src/listings/model.ts'
import type { ListingsWorld } from '../../listings.ts'
import { startAws } from './cloud.ts'

const changesPerSetMax = 20

const dimensions: Dimension[] = [
  { key: 'seats', name: 'Seats', unit: 'Units', types: ['contract'] },
  { key: 'support', name: 'Premium support', unit: 'Units', types: ['contract'] },
  { key: 'api_calls', name: 'API calls', unit: 'Requests', types: ['usage'] },
  { key: 'storage_gb', name: 'Storage', unit: 'GB', types: ['usage'] },
]

export async function awsListings(as: 'keys' | 'role'): Promise<ListingsWorld> {
  const cloud = await startAws({ as })
  return {
    ...cloud.world('listings'),
    first: [
      {
        listingRef: 'prod-demo5aas00001',
        name: 'Acme Analytics',
        kind: 'saas',
        visibility: 'Public',
        meteringRef: 'acmeanalyticsproductcode1',
        dimensions,
      },
      {
        listingRef: 'prod-demo1egacy001',
        name: 'Acme Reports',
        kind: 'saas',
        visibility: 'Public',
        meteringRef: 'acmereportsproductcode001',
        dimensions,
      },
    ],
    async add(count) {
      const added: string[] = []
      while (added.length < count) {
        const ended = await cloud.change(
          Array.from({ length: Math.min(changesPerSetMax, count - added.length) }, () => ({
            ChangeType: 'CreateProduct',
            Entity: { Type: 'SaaSProduct@1.0' },
            DetailsDocument: {},
          })),
        )
        if (ended.Status !== 'SUCCEEDED') throw new Error(JSON.stringify(ended))
        for (const { Entity } of ended.ChangeSet) added.push(Entity.Identifier.split('@')[0])
      }
      return added
    },
    async hide(listingRef) {
      await cloud.post(`/aws/control/products/${listingRef}`, { visibility: 'Restricted' })
    },
    expire: () => cloud.post('/aws/control/sessions/expire'),
    answerEmptyPages: () => cloud.set({ catalog: { emptyFirstPage: true } }),
  }
}
