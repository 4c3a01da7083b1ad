import {
  type Hour,
  hourMs,
  hourOf,
  type Instant,
  instant,
  millis,
} from '../../../../src/kernel/time.ts'
import type { Report } from '../../../../src/metering/model.ts'
import {
  GLOBEX,
  INITECH,
  LEGACY_CODE,
  LEGACY_PUBLIC_OFFER,
  PRODUCT_CODE,
  PUBLIC_OFFER,
} from '../../../simulator/aws-clients.ts'
import type { MeteringWorld } from '../../metering.ts'
import { type SimulatedAws, startAws } from './cloud.ts'

const licencesMax = 24
const hoursBack = 20
const lateHoursMax = 24

type Place = Pick<
  Report,
  'agreementRef' | 'licenseRef' | 'buyerRef' | 'customerRef' | 'meteringRef' | 'planRef'
>

/** `duplicates`: how AWS answers a record that repeats an earlier one exactly; its documents say both. */
export async function awsMetering(
  duplicates: 'Success' | 'DuplicateRecord',
): Promise<MeteringWorld> {
  const cloud = await startAws()
  await cloud.set({ metering: { duplicateSameQuantity: duplicates } })
  const usual = await licensed(cloud, licencesMax)
  const legacy = await registered(cloud)
  await cloud.advance('P2D')
  const [young = usual[0]!] = await licensed(cloud, 1)
  await cloud.advance('PT2M')
  let last = 0
  const at = (place: Place, dimension: string, hour: Hour): Report => ({
    ...place,
    id: `rec_${++last}`,
    dimension,
    hour,
    quantity: String(last % 90 || 1),
    allocations: [],
  })
  const hours = Array.from({ length: hoursBack }, (_, i) => hoursBefore(cloud.now(), i + 1))
  const slots = { usual: slotsOf(usual.slice(2), hours), legacy: slotsOf(legacy, hours) }
  const next = (kind: 'usual' | 'legacy' = 'usual'): Report => {
    const slot = slots[kind].next().value
    if (!slot) throw new Error('no free hour is left')
    return at(slot.place, slot.dimension, slot.hour)
  }
  return {
    ...cloud.world('metering', { legacyListings: [LEGACY_CODE], identicalUsage: duplicates }),
    kinds: ['usual', 'legacy'],
    next,
    tellsApart: duplicates === 'Success',
    showsHeld: false,
    takesNothing: true,
    needsPlan: false,
    oldest() {
      // AWS looks at the time stamp, which may lie anywhere in the hour.
      const oldest = hoursBefore(cloud.now(), lateHoursMax)
      const before = hoursBefore(cloud.now(), lateHoursMax + 1)
      return { taken: at(usual[1]!, 'api_calls', oldest), lost: at(usual[1]!, 'api_calls', before) }
    },
    spoiled: {
      'a dimension nobody knows': (good) => ({ ...good, dimension: 'rooms' }),
      'a dimension that is sold up front': (good) => ({ ...good, dimension: 'seats' }),
      'a licence nobody knows': (good) => ({
        ...good,
        licenseRef: `arn:aws:license-manager::294406891311:license:l-${'0'.repeat(32)}`,
      }),
      'the licence of another account': (good) => ({ ...good, buyerRef: GLOBEX }),
      'an hour before the licence began': (good) => ({
        ...good,
        ...young,
        hour: hours[5]!,
      }),
      'allocations that do not add up': (good) => ({
        ...good,
        quantity: '10',
        allocations: [{ quantity: '9', tags: { team: 'red' } }],
      }),
      'two allocations with the same tags': (good) => ({
        ...good,
        quantity: '10',
        allocations: [
          { quantity: '5', tags: { team: 'red' } },
          { quantity: '5', tags: { team: 'red' } },
        ],
      }),
    },
    async counted(report) {
      const { records } = await cloud.get('/aws/control/ledger')
      return records
        .filter(
          (one: any) =>
            one.licenseArn === report.licenseRef &&
            one.dimension === report.dimension &&
            hourOf(one.hour) === report.hour,
        )
        .map((one: any) => String(one.quantity))
    },
    async end(report) {
      await cloud.post('/aws/buyer/cancel', { agreementId: report.agreementRef })
      await cloud.advance('PT1M')
      return at(report, 'storage_gb', hours[0]!)
    },
    leaveUnprocessed: (share) => cloud.set({ metering: { unprocessedRate: share } }),
    async nearMonthClose() {
      const now = millis(cloud.now())
      const close = millis('2027-02-01T06:00:00.000Z')
      await cloud.advance(`PT${(close - now) / 1000 - 900}S`)
      const rest = usual.slice(2).values()
      return () => at(rest.next().value!, 'api_calls', '2027-01-31T23:00Z')
    },
  }
}

const hoursBefore = (now: Instant, hours: number): Hour =>
  hourOf(instant(millis(now) - hours * hourMs))

/** Initech's agreements, each with a licence of its own. */
async function licensed(cloud: SimulatedAws, count: number): Promise<readonly Place[]> {
  const places: Place[] = []
  for (let i = 0; i < count; i += 1) {
    const { agreementId, licenseArn } = await cloud.post('/aws/buyer/accept', {
      offerId: PUBLIC_OFFER,
      account: INITECH,
      quantities: { seats: 1 },
    })
    places.push({
      agreementRef: agreementId,
      licenseRef: licenseArn,
      buyerRef: INITECH,
      customerRef: null,
      meteringRef: PRODUCT_CODE,
      planRef: null,
    })
  }
  return places
}

/** One agreement each: the old kind of product has no more. */
async function registered(cloud: SimulatedAws): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const [account, customerRef] of [
    [INITECH, 'X01INITECHX'],
    [GLOBEX, 'X01GLOBEX0X'],
  ] as const) {
    const { agreementId, licenseArn } = await cloud.accept(LEGACY_PUBLIC_OFFER, {
      account,
      quantities: { seats: 1 },
    })
    places.push({
      agreementRef: agreementId,
      licenseRef: licenseArn,
      buyerRef: account,
      customerRef,
      meteringRef: LEGACY_CODE,
      planRef: null,
    })
  }
  return places
}

function* slotsOf(places: readonly Place[], hours: readonly Hour[]) {
  for (const hour of hours)
    for (const dimension of ['api_calls', 'storage_gb'])
      for (const place of places) yield { place, dimension, hour }
}
