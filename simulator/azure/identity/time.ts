import type { AzureState } from '../state.ts'

/** Now, in milliseconds, by the clock tokens go by. */
export function tokenNow(state: AzureState): number {
  return state.settings().tokens.clock === 'real' ? Date.now() : state.now()
}
