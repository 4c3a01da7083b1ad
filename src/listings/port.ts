import type { RemoteListing } from './model.ts'

/** A page of what changed, and where to go on. `cursor` null means from the beginning. */
export type ListingsPage = {
  readonly listings: readonly RemoteListing[]
  /** Pass it next time. */
  readonly cursor: string
  /** Another page waits right now. */
  readonly more: boolean
}

/**
 * Products in one marketplace's catalogue.
 *
 * - `changedSince` returns every listing modified since the cursor at least once; repeating a cursor repeats its page.
 * - A page that finds nothing new costs at most two calls.
 */
export interface ListingsPort {
  changedSince(cursor: string | null): Promise<ListingsPage>
}
