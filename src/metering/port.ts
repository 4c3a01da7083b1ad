import type { Day } from '../kernel/time.ts'
import type { HeldUsage, MeteringTraits, Report, ReportOutcome } from './model.ts'

/**
 * Metered usage at one marketplace.
 *
 * - `report` takes at most `traits.batchMax` reports of any agreements and answers one outcome for each, whatever the
 *   marketplace's order; it never throws for one bad report (a whole-batch refusal is narrowed down inside).
 * - Sending an identical report again is safe and ends in the same outcome.
 * - What concerns the whole call (throttled, unavailable, no permission, a reply that never came) is thrown:
 *   every report of the batch is then `unknown` and must be sent again identically.
 * - `compatible` says whether two reports may share a call.
 * - `readBack` is what the marketplace holds from the first to the last day, both included, of every agreement; in
 *   chunks of at most 1,000 rows. Absent where it does not tell.
 */
export interface MeteringPort {
  readonly traits: MeteringTraits
  compatible(a: Report, b: Report): boolean
  report(reports: readonly Report[]): Promise<readonly ReportOutcome[]>
  readBack?(first: Day, last: Day): AsyncIterable<readonly HeldUsage[]>
}
