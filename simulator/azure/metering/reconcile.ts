import type { UsageEvent } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { DAY_MS, dayOf, HOUR_MS, startOf } from '../time.ts'

/** Plans the day's reconciliation, some hours after the day is over. */
export function reconcileLater(state: AzureState): void {
  const day = dayOf(state.now())
  const due = startOf(day) + DAY_MS + state.settings().metering.reconcileHours * HOUR_MS
  state.timers.set('metering.reconcile', due, { until: startOf(day) + DAY_MS }, `recon:${day}`)
}

/** Timer: what was submitted by then has gone through the pipeline whole. */
export function reconciles(state: AzureState, { until }: { until: number }): void {
  for (const [key, event] of state.usage.entries()) {
    if (event.reconStatus !== 'Submitted' || event.acceptedAt >= until) continue
    state.usage.put(key, {
      ...event,
      reconStatus: 'Accepted',
      processedQuantity: event.quantity,
    })
  }
}

/** Makes a day's events of a subscription and dimension come out another way. Answers how many. */
export function reconcileAs(
  state: AzureState,
  which: { readonly subscription: string; readonly dimension: string; readonly day: string },
  outcome: {
    readonly reconStatus: UsageEvent['reconStatus']
    /** Of each event. */
    readonly processedQuantity: string
  },
): number {
  const found = state.usage
    .entries()
    .filter(
      ([, one]) =>
        one.subscription === which.subscription &&
        one.dimension === which.dimension &&
        dayOf(one.hour) === which.day,
    )
  for (const [key, event] of found) state.usage.put(key, { ...event, ...outcome })
  return found.length
}
