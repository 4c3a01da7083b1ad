import {
  addMonths,
  firstDay,
  type Hour,
  hourMs,
  hourOf,
  type Instant,
  instant,
  millis,
  monthOf,
} from '../../../../src/kernel/time.ts'
import { zoneDay, zoneStart } from '../../../../src/kernel/zone.ts'
import type { Report } from '../../../../src/metering/model.ts'
import type { MeteringWorld } from '../../metering.ts'
import { ACME, type SimulatedGcp, startGcp } from './cloud.ts'
import { bought, held, INITECH, seller } from './purchases.ts'

/** Whether the product's metrics take whole values or doubles. */
export type Values = 'int64' | 'double'

const ordersCount = 160
const operationsPerRequest = 20
const dimensions = ['api_calls', 'storage_gb']
const pacific = 'America/Los_Angeles'
const minuteMs = 60_000

/** An order and what its usage is reported under. */
type Place = {
  readonly agreementRef: string
  readonly licenseRef: string
  readonly buyerRef: string
}

/** Usage is taken for an hour, as the documents have it; the simulator refuses what is later, as the hardest there could be. */
export async function gcpMetering(values: Values): Promise<MeteringWorld> {
  const cloud = await startGcp({ settings: { metering: { values, operationsPerRequest } } })
  const wrongType = values === 'double' ? 'accept' : 'reject'
  await cloud.set({ serviceControl: { late: 'reject', wrongType } })
  await cloud.portal({ multipleOrders: true })
  const places = await ordered(cloud, ordersCount)
  await cloud.advance('PT3H')
  const ended = new Set<string>()
  const taken = new Set<string>()
  let last = 0
  const at = (place: Place, dimension: string, hour: Hour): Report => ({
    id: `rec_${++last}`,
    ...place,
    customerRef: null,
    meteringRef: ACME.service,
    planRef: 'payg',
    dimension,
    hour,
    quantity: String(last % 90 || 1),
    allocations: [],
  })
  const next = (): Report => {
    const hour = hoursBefore(cloud.now(), 1)
    for (const dimension of dimensions)
      for (const place of places.slice(1)) {
        const key = `${place.agreementRef} ${dimension} ${hour}`
        if (ended.has(place.agreementRef) || taken.has(key)) continue
        taken.add(key)
        return at(place, dimension, hour)
      }
    throw new Error('no order is left for this hour')
  }
  const first = places[0] as Place
  return {
    ...cloud.world('metering'),
    kinds: ['usual'],
    next,
    tellsApart: false,
    showsHeld: false,
    takesNothing: true,
    needsPlan: true,
    oldest: () => ({
      taken: at(first, 'api_calls', hoursBefore(cloud.now(), 1)),
      lost: at(first, 'api_calls', hoursBefore(cloud.now(), 2)),
    }),
    spoiled: spoiled(values),
    counted: (report) => counted(cloud, report),
    async end(report) {
      ended.add(report.agreementRef)
      await cloud.buyer('cancel', { entitlement: report.agreementRef, when: 'now' })
      const { agreementRef, licenseRef, buyerRef } = report
      const place = { agreementRef, licenseRef: licenseRef ?? '', buyerRef }
      return at(place, 'storage_gb', hoursBefore(cloud.now(), -1))
    },
    leaveUnprocessed: (share) =>
      cloud.set({ serviceControl: { reportErrors: unavailableTo(places, share) } }),
    async nearMonthClose() {
      const close = closeAfter(cloud.now())
      const ms = close - 15 * minuteMs - millis(cloud.now())
      await cloud.advance(`PT${ms / 1000}S`)
      const lastHour = hourOf(instant(close - 2 * hourMs))
      const left = places.slice(1).filter(({ agreementRef }) => !ended.has(agreementRef))
      return () => at(left.pop() as Place, 'api_calls', lastHour)
    },
    /** All orders of the billing account with it. */
    async suspend() {
      await cloud.buyer('disable-billing', { billingAccount: INITECH })
      return { resume: () => cloud.buyer('enable-billing', { billingAccount: INITECH }) }
    },
  }
}

const unavailable = 14

/** Of so many consumers, one by one, Google says in its answer that it could not take their operations. */
const unavailableTo = (places: readonly Place[], share: number) =>
  Object.fromEntries(
    places
      .filter((_, i) => (i % 10) / 10 < share)
      .map(({ licenseRef }) => [licenseRef, unavailable]),
  )

const spoiled = (values: Values): MeteringWorld['spoiled'] => ({
  'a dimension nobody knows': (good) => ({ ...good, dimension: 'rooms' }),
  'another plan’s dimension, unnamed': (good) => ({ ...good, planRef: 'enterprise' }),
  'a consumer nobody knows': (good) => ({ ...good, licenseRef: 'project_number:1' }),
  'a consumer that is none': (good) => ({ ...good, licenseRef: 'initech' }),
  'an order nobody knows': (good) => ({
    ...good,
    licenseRef: null,
    agreementRef: '00000000-0000-4000-8000-000000000000',
  }),
  'less than nothing': (good) => ({ ...good, quantity: '-1' }),
  'more than a number holds': (good) => ({ ...good, quantity: '9223372036854775808' }),
  ...(values === 'int64' && {
    'half a call': (good: Report) => ({ ...good, quantity: '0.5' }),
  }),
})

/** What the marketplace counted, by the metric and hour of a report. */
async function counted(
  cloud: SimulatedGcp,
  { agreementRef, dimension, hour }: Report,
): Promise<readonly string[]> {
  const { hours, operations } = await cloud.ledger(`usage?entitlement=${agreementRef}`)
  const isSame = (one: any) => one.metric === `payg_${dimension}`
  const times = operations.filter(
    (one: any) => isSame(one) && hourOf(instant(one.startMs)) === hour,
  ).length
  if (times > 1) throw new Error(`counted ${times} times`)
  return hours
    .filter((one: any) => isSame(one) && hour.startsWith(one.hour))
    .map((one: any) => one.quantity)
}

const hoursBefore = (now: Instant, hours: number): Hour =>
  hourOf(instant(millis(now) - hours * hourMs))

/** 01:00 Pacific on the first of the next month, in milliseconds. */
const closeAfter = (now: Instant): number =>
  millis(zoneStart(addMonths(firstDay(monthOf(zoneDay(now, pacific))), 1), pacific)) + hourMs

/** So many orders of one buyer for use alone, active. */
async function ordered(cloud: SimulatedGcp, count: number): Promise<readonly Place[]> {
  const places: Place[] = []
  for (let i = 0; i < count; i += 1) {
    const agreementRef = await bought(cloud)
    await seller.approve(cloud, agreementRef)
    const { consumer, account } = await held(cloud, agreementRef)
    places.push({ agreementRef, licenseRef: consumer, buyerRef: account })
  }
  return places
}
