import type { AzureState } from './state.ts'
import { createTimers, type Timers } from './timers.ts'

/** What ingestion, analytics and payout exports have planned for later. */
export function catalogTimers(state: AzureState): Timers {
  return createTimers(state.world, 'azure.catalogTimers')
}
