import type { Hour, Instant } from '../../src/kernel/time.ts'
import type { Metered } from '../../src/metering/metered.ts'
import type { MeteringTraits, Report } from '../../src/metering/model.ts'

/** A marketplace's rules as a test of rules needs them: only what matters there is named. */
export const traitsWith = (more: Partial<MeteringTraits> = {}): MeteringTraits => ({
  batchMax: 25,
  quantity: 'whole',
  quantityMax: '2147483647',
  lateHoursMax: 24,
  monthClose: { day: 1, hour: 6 },
  flushMinutes: 60,
  callsPerSecondMax: 10,
  allocationsMax: 2500,
  overageOnly: false,
  ...more,
})

/** As it began when it was accepted, unless said otherwise. */
export const meterWith = (more: Partial<Metered> = {}): Metered =>
  ({
    agreement: 'agr_1',
    agreementRef: 'one',
    connection: 'conn_1',
    startsAt: '2027-03-01T00:00:00.000Z',
    runsFrom: more.startsAt ?? '2027-03-01T00:00:00.000Z',
    endedAt: null,
    revision: 1,
    readAt: '2027-03-10T12:00:00.000Z',
    updatedAt: '2027-03-10T12:00:00.000Z',
    included: [],
    traits: traitsWith(),
    dimensions: new Map([
      ['calls', true],
      ['seats', false],
    ]),
    isBlind: false,
    rates: new Map(),
    identity: () => ({}),
    ...more,
  }) as Metered

export const reportWith = (id: string, more: Partial<Report> = {}): Report => ({
  id,
  agreementRef: 'one',
  licenseRef: null,
  buyerRef: 'buyer',
  customerRef: null,
  meteringRef: null,
  planRef: null,
  dimension: 'calls',
  hour: '2027-03-10T09:00Z' as Hour,
  quantity: '1',
  allocations: [],
  ...more,
})

/** Of the tenth of March 2027. */
export const hourAt = (time: string): Hour => `2027-03-10T${time}:00Z` as Hour
export const timeAt = (time: string): Instant => `2027-03-10T${time}:00.000Z` as Instant
