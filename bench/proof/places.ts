import type { Client } from '../../simulator/demo/client.ts'
import type { Cloud } from '../cloud.ts'
import { aws } from '../clouds/aws.ts'
import { azure } from '../clouds/azure.ts'
import { gcp } from '../clouds/gcp.ts'
import type { CloudName } from './steps.ts'

/** When a cloud takes usage, told again here from its documents, so that the proof believes nobody. */
export type Rules = {
  readonly isWhole: boolean
  readonly lateHours: number
  /** For how long usage of an agreement that is over is still taken. */
  readonly flushMinutes: number
  /** The first of the next month at this hour of this zone closes a month. */
  readonly monthClose: { readonly hour: number; readonly zone: string } | null
  /** Units that the price includes, by dimension, which are not sent. */
  readonly included: Readonly<Record<string, string>>
}

/** What it holds of one agreement, by dimension and hour (`api_calls 2027-01-10T09`), as exact text. */
type Held = ReadonlyMap<string, string>

export type Place = {
  readonly cloud: Cloud
  readonly rules: Rules
  /** Operations as the simulator's faults name them: usage is told, agreements are looked for. */
  readonly report: string
  connection(simulator: string): object
  /** Makes the simulator as hard to please as it can be. */
  harden(clouds: Client): Promise<unknown>
  cancel(clouds: Client, agreementRef: string): Promise<unknown>
  held(clouds: Client, agreementRef: string): Promise<Held>
  /** What was against the cloud's rules, of one agreement. */
  violations(clouds: Client, licenseRef: string): Promise<readonly string[]>
}

const gcpLateHours = 6
const hourOf = (at: string) => at.slice(0, 13)

export const places: Readonly<Record<CloudName, Place>> = {
  aws: {
    cloud: aws,
    rules: {
      isWhole: true,
      lateHours: 24,
      flushMinutes: 60,
      monthClose: { hour: 6, zone: 'UTC' },
      included: aws.publicMeters,
    },
    report: 'BatchMeterUsage',
    connection: (simulator) => aws.connection(simulator),
    harden: (clouds) =>
      clouds.post('/aws/control/settings', {
        metering: { unprocessedRate: 0.05 },
        quotas: { enforced: false },
      }),
    cancel: (clouds, agreementId) => clouds.post('/aws/buyer/cancel', { agreementId }),
    async held(clouds, agreementRef) {
      const { records } = await clouds.get('/aws/control/ledger')
      return new Map(
        records
          .filter((one: any) => one.agreementId === agreementRef)
          .map((one: any) => [`${one.dimension} ${hourOf(one.hour)}`, String(one.quantity)]),
      )
    },
    violations: async () => [],
  },
  azure: {
    cloud: azure,
    rules: {
      isWhole: false,
      lateHours: 24,
      flushMinutes: 24 * 60,
      monthClose: null,
      included: azure.publicMeters,
    },
    report: 'PostBatchUsageEvent',
    connection: (simulator) => azure.connection(simulator),
    harden: (clouds) => clouds.post('/azure/control/settings', { metering: { errorRate: 0.05 } }),
    cancel: (clouds, subscriptionId) => clouds.post('/azure/buyer/cancel', { subscriptionId }),
    async held(clouds, agreementRef) {
      const { records } = await clouds.get('/azure/control/ledger')
      return new Map(
        records
          .filter((one: any) => one.subscription === agreementRef)
          .map((one: any) => [
            `${one.dimension} ${hourOf(new Date(one.hour).toISOString())}`,
            one.quantity,
          ]),
      )
    },
    violations: async () => [],
  },
  gcp: {
    cloud: gcp,
    rules: {
      isWhole: true,
      lateHours: gcpLateHours,
      flushMinutes: 60,
      monthClose: { hour: 1, zone: 'America/Los_Angeles' },
      included: gcp.publicMeters,
    },
    report: 'services.report',
    connection(simulator) {
      const { settings, credentials } = gcp.connection(simulator)
      const metering = { lateHours: gcpLateHours, callsPerSecond: 100 }
      return { settings: { ...settings, metering }, credentials }
    },
    harden: (clouds) =>
      clouds.post('/gcp/control/settings', {
        tokens: { clock: 'simulated', issueClock: 'simulated' },
        procurement: { activationMs: 1_000 },
        serviceControl: { late: 'reject', lateHours: gcpLateHours },
      }),
    cancel: (clouds, entitlement) => clouds.post('/gcp/buyer/cancel', { entitlement, when: 'now' }),
    async held(clouds, agreementRef) {
      const { hours } = await clouds.get(`/gcp/control/usage?entitlement=${agreementRef}`)
      return new Map(
        hours.map((one: any) => [
          `${one.metric.replace(/^(pro|payg)_/, '')} ${one.hour}`,
          one.quantity,
        ]),
      )
    },
    async violations(clouds, licenseRef) {
      const { violations } = await clouds.get('/gcp/control/usage?entitlement=none')
      return violations
        .filter((one: any) => one.consumerId === licenseRef && one.kind !== 'refused')
        .map((one: any) => `${one.kind}: ${one.detail}`)
    },
  },
}
