import type { SavedQuery } from './insights-model.ts'
import { systemQueries } from './insights-query.ts'
import type { AzureState } from './state.ts'

/** The text of a query a publisher may report on: its own, or a system query. */
export function queryText(state: AzureState, publisherId: string, id: string): string | undefined {
  const own = saved(state).get(id)
  if (own?.publisherId === publisherId) return own.query
  return systemQueries.find((one) => one.queryId === id)?.query
}

/** Query templates publishers made, by id. */
export function saved(state: AzureState) {
  return state.world.table<SavedQuery>('azure.queries')
}
