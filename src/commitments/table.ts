import type * as z from 'zod'
import type { standingView } from './views.ts'

/** The drawdown report's columns, stable: amounts are in the commitment's currency, which has its own. */
export const csvColumns = [
  'commitment',
  'buyer',
  'provider',
  'instrument',
  'currency',
  'version',
  'tranche_start',
  'tranche_end_exclusive',
  'tranche_amount',
  'drawn_through_us',
  'drawn_through_us_in_all',
  'unknown_as_invoiced',
  'ceiling',
  'ceiling_used_by_us',
  'headroom_at_most',
  'remaining_at_most',
  'consumed_by_everybody',
  'consumed_by_day',
  'pace',
  'projected_at_end',
  'projected_shortfall',
  'exhaustion_date',
  'claim_source',
  'claim_stated_at',
  'claim_age_days',
  'flags',
] as const

/** One commitment for a spreadsheet. What is not known is an empty cell, never zero. */
export function csvRow(row: z.input<typeof standingView>): Record<string, string | number | null> {
  const { tranche, forecast, claim } = row
  const [ceiling] = row.ceilings
  return {
    commitment: row.commitment,
    buyer: row.buyer,
    provider: row.provider,
    instrument: row.instrument,
    currency: row.currency,
    version: row.version,
    tranche_start: tranche?.start ?? null,
    tranche_end_exclusive: tranche?.endExclusive ?? null,
    tranche_amount: tranche?.amount.amount ?? null,
    drawn_through_us: row.drawn.amount,
    drawn_through_us_in_all: row.drawnInAll.amount,
    unknown_as_invoiced: row.unknown.map((sum) => `${sum.amount} ${sum.currency}`).join('; '),
    ceiling: ceiling?.limit?.amount ?? null,
    ceiling_used_by_us: ceiling?.ours.amount ?? null,
    headroom_at_most: ceiling?.headroomAtMost?.amount ?? null,
    remaining_at_most: row.remainingAtMost?.amount ?? null,
    consumed_by_everybody: forecast?.consumed.amount ?? null,
    consumed_by_day: forecast?.by ?? null,
    pace: forecast?.pace ?? null,
    projected_at_end: forecast?.projectedAtEnd.amount ?? null,
    projected_shortfall: forecast?.projectedShortfall.amount ?? null,
    exhaustion_date: forecast?.exhaustionDate ?? null,
    claim_source: claim.source,
    claim_stated_at: claim.statedAt,
    claim_age_days: row.claimAgeDays,
    flags: row.flags.join(' '),
  }
}
