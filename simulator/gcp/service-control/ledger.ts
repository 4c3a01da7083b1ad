import type { Table } from '../../world.ts'
import { monthOf } from '../producer/pacific.ts'
import type { GcpContext } from '../state.ts'
import { pacificMidnight } from '../zone.ts'

const HOUR_MS = 3_600_000

/** Usage that counted: one value of one operation. Instants are simulated milliseconds. */
export type Counted = {
  readonly id: string
  readonly entitlement: string
  readonly provider: string
  readonly service: string
  /** Name below the service. */
  readonly metric: string
  readonly operationId: string
  /** Billionths as text. */
  readonly nanos: string
  readonly startMs: number
  readonly endMs: number
  readonly receivedMs: number
  /** Pacific month it is invoiced in, `2027-01`. */
  readonly month: string
  readonly labels: Readonly<Record<string, string>>
  readonly userLabels: Readonly<Record<string, string>>
}

/** Something a report did that Google's rules speak against, whether it was taken or not. */
export type UsageViolation = {
  readonly at: number
  readonly kind:
    | 'late'
    | 'overlap'
    | 'different_content'
    | 'other_plan'
    | 'before_activation'
    | 'refused'
  readonly operationId: string
  readonly consumerId: string
  readonly detail: string
}

/** Operations that were taken, by `{service}/{consumer}/{operationId}`. */
export const takenOperations = (gcp: GcpContext): Table<{ content: string; repeats: number }> =>
  gcp.world.table('gcp.takenOperations')

export const counted = (gcp: GcpContext): Table<Counted> => gcp.world.table('gcp.countedUsage')

export const usageViolations = (gcp: GcpContext): Table<UsageViolation> =>
  gcp.world.table('gcp.usageViolations')

/** Writes down what was against the rules. */
export function note(gcp: GcpContext, violation: Omit<UsageViolation, 'at'>): void {
  const table = usageViolations(gcp)
  table.put(String(table.size + 1), { at: gcp.now(), ...violation })
}

/**
 * The month usage is invoiced in: its own when it arrives by 01:00 Pacific on the 1st of the next, otherwise
 * the month it arrives in (Google: "Best practices for usage reporting").
 */
export function invoiceMonth(endMs: number, receivedMs: number): string {
  const own = monthOf(Math.max(endMs - 1, 0))
  const arrived = monthOf(receivedMs)
  if (own >= arrived) return own
  const isGrace = receivedMs <= pacificMidnight(`${arrived}-01`) + HOUR_MS
  return isGrace && own === monthOf(pacificMidnight(`${arrived}-01`) - 1) ? own : arrived
}
