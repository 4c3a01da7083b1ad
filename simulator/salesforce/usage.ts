import { type Org, switchesOf } from './org.ts'

const DAY_MS = 86_400_000
const BUCKET_MS = 300_000

const bucketsOf = (org: Org) => org.world.table<number>('salesforce.usage')

/** Calls in the last 24 hours, kept in buckets of five minutes. */
export function used(org: Org): number {
  const oldest = org.world.clock.now() - DAY_MS
  let sum = 0
  for (const [start, count] of bucketsOf(org).entries()) {
    if (Number(start) + BUCKET_MS <= oldest) bucketsOf(org).delete(start)
    else sum += count
  }
  return sum
}

/** Counts one call of the day. */
export function spend(org: Org): void {
  const start = String(Math.floor(org.world.clock.now() / BUCKET_MS) * BUCKET_MS)
  bucketsOf(org).put(start, (bucketsOf(org).get(start) ?? 0) + 1)
}

export const usageHeader = (org: Org) =>
  `api-usage=${used(org)}/${switchesOf(org).dailyRequestsMax}`

/** Counts a call by its kind, for `GET /control/calls`. */
export function tally(org: Org, kind: string): void {
  const calls = callsOf(org)
  calls.put(kind, (calls.get(kind) ?? 0) + 1)
}

export const callsOf = (org: Org) => org.world.table<number>('salesforce.calls')

/** `GET /limits`: the daily calls as counted, and the figures of a small org for the rest. */
export function limits(org: Org) {
  const max = switchesOf(org).dailyRequestsMax
  const full = (Max: number) => ({ Max, Remaining: Max })
  return {
    DailyApiRequests: { Max: max, Remaining: Math.max(0, max - used(org)) },
    DailyAsyncApexExecutions: full(250_000),
    DailyBulkApiBatches: full(15_000),
    DailyBulkV2QueryFileStorageMB: full(976_562),
    DailyBulkV2QueryJobs: full(10_000),
    DailyDeliveredPlatformEvents: full(10_000),
    DailyStandardVolumePlatformEvents: full(10_000),
    DailyWorkflowEmails: full(345),
    DataStorageMB: full(5),
    FileStorageMB: full(20),
    HourlyTimeBasedWorkflow: full(50),
    SingleEmail: full(15),
  }
}
