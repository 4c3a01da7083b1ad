import { UMBRELLA } from '../../../../simulator/azure/seed.ts'
import {
  dayOf,
  type Hour,
  hourMs,
  hourOf,
  type Instant,
  instant,
  millis,
} from '../../../../src/kernel/time.ts'
import type { Report } from '../../../../src/metering/model.ts'
import type { MeteringWorld } from '../../metering.ts'
import { type SimulatedAzure, startAzure } from './cloud.ts'
import { activate, bought, ok } from './purchases.ts'

const subscriptionsCount = 24
const dimensions = ['api_calls', 'storage_gb']
const hoursBack = 20
const lateHoursMax = 24
/** "Metered billing retrieve usage events": what `reconStatus` says. */
const reconStatus = { differs: 'Mismatch', rejected: 'Rejected' } as const

export async function azureMetering(): Promise<MeteringWorld> {
  const cloud = await startAzure()
  const foreign = await bought(cloud, { offerId: UMBRELLA.offerId })
  const places = await subscribed(cloud, subscriptionsCount)
  await cloud.advance('P2DT2M')
  const [first = ''] = places
  const ended = new Set<string>()
  const taken = new Set<string>()
  let last = 0
  const at = (agreementRef: string, dimension: string, hour: Hour): Report => ({
    id: `rec_${++last}`,
    agreementRef,
    licenseRef: agreementRef,
    buyerRef: 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22',
    customerRef: null,
    meteringRef: null,
    planRef: 'team',
    dimension,
    hour,
    quantity: String(last % 90 || 1),
    allocations: [],
  })
  const next = (): Report => {
    for (let back = 1; back <= hoursBack; back += 1)
      for (const dimension of dimensions)
        for (const place of places.slice(1)) {
          const hour = hoursBefore(cloud.now(), back)
          const key = `${place} ${dimension} ${hour}`
          if (ended.has(place) || taken.has(key)) continue
          taken.add(key)
          return at(place, dimension, hour)
        }
    throw new Error('no free hour is left')
  }
  return {
    ...cloud.world('metering'),
    kinds: ['usual'],
    next,
    tellsApart: true,
    showsHeld: true,
    takesNothing: false,
    needsPlan: true,
    oldest: () => ({
      taken: at(first, 'api_calls', hoursBefore(cloud.now(), lateHoursMax)),
      lost: at(first, 'api_calls', hoursBefore(cloud.now(), lateHoursMax + 1)),
    }),
    spoiled: {
      'a dimension nobody knows': (good) => ({ ...good, dimension: 'rooms' }),
      'a dimension that is sold up front': (good) => ({ ...good, dimension: 'seats' }),
      'a subscription nobody knows': (good) => ({
        ...good,
        agreementRef: '00000000-0000-4000-8000-000000000000',
      }),
      'a subscription of another publisher’s': (good) => ({ ...good, agreementRef: foreign }),
      'another plan than was bought': (good) => ({ ...good, planRef: 'enterprise' }),
      'less than nothing': (good) => ({ ...good, quantity: '-1' }),
      'an hour that has not begun': (good) => ({ ...good, hour: hoursBefore(cloud.now(), -1) }),
    },
    async counted(report) {
      const { records } = await cloud.get('/azure/control/ledger')
      return records
        .filter(
          (one: any) =>
            one.subscription === report.agreementRef &&
            one.dimension === report.dimension &&
            hourOf(one.hour) === report.hour,
        )
        .map((one: any) => one.quantity)
    },
    async end(report) {
      ended.add(report.agreementRef)
      await cloud.post('/azure/buyer/cancel', { subscriptionId: report.agreementRef })
      return at(report.agreementRef, 'storage_gb', hoursBefore(cloud.now(), 2))
    },
    leaveUnprocessed: (share) => cloud.set({ metering: { errorRate: share } }),
    async suspend({ agreementRef: subscriptionId }) {
      await cloud.post('/azure/buyer/pay-fails', { subscriptionId })
      return {
        async resume() {
          const { id } = await cloud.post('/azure/buyer/pay', { subscriptionId })
          const status = 'Success'
          await ok(cloud.fulfil('PATCH', `${subscriptionId}/operations/${id}`, { status }))
        },
      }
    },
    async settleHeld({ agreementRef: subscription, dimension, hour }, as) {
      await cloud.advance('PT31H')
      if (as === 'agreed') return
      await cloud.post('/azure/control/usage/reconcile', {
        subscription,
        dimension,
        day: dayOf(hour),
        reconStatus: reconStatus[as],
        processedQuantity: '0.5',
      })
    },
  }
}

const hoursBefore = (now: Instant, hours: number): Hour =>
  hourOf(instant(millis(now) - hours * hourMs))

/** So many subscriptions of one buyer, active. */
async function subscribed(cloud: SimulatedAzure, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) ids.push(await bought(cloud))
  await activate(cloud, ids)
  return ids
}
