import type { CrmBudget, CrmKind, CrmMissing, CrmOutcome, CrmRow } from './model.ts'

/**
 * A sales system that mirrors offers, agreements and drawdown.
 *
 * - `organisation` is the id of the organisation behind the credentials. It changes when a test copy is made
 *   afresh: whatever was kept there before is then gone.
 * - `missing` names every object and field it lacks (or hides from us); an empty list means ready.
 * - `save` upserts at most `batchMax` rows of one kind by key and answers one outcome per row, in order: one call
 *   when each row can be read, never a throw for one bad row. Saving the same row again changes nothing.
 *   A link that is absent is left alone; one that is null is cleared.
 * - What concerns the whole call is thrown (`throttled` when the day's calls are used up, `unauthenticated`,
 *   `not_found` when the object is missing).
 * - `budget` is what the last answer said of the day's calls, or undefined before the first.
 */
export interface CrmPort {
  readonly batchMax: number
  organisation(): Promise<string>
  missing(): Promise<readonly CrmMissing[]>
  save(kind: CrmKind, rows: readonly CrmRow[]): Promise<readonly CrmOutcome[]>
  budget(): CrmBudget | undefined
}
