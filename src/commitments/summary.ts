import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { type Currency, type Money, subtract, sum } from '../kernel/money.ts'
import { addDays, type Day, type Instant } from '../kernel/time.ts'
import { type Claim, termOf } from './model.ts'
import { reckon } from './reckon.ts'
import { every } from './store.ts'

/** A commitment in one row, for the sales system: what it is, and where it stands on a day. */
export type Summary = {
  readonly id: Id<'cmt'>
  readonly buyer: Id<'buyer'>
  readonly provider: string
  readonly instrument: string
  readonly currency: Currency
  readonly committed: Money
  readonly startsOn: Day
  /** The last day, inclusive. */
  readonly endsOn: Day
  readonly drawnThroughUs: Money
  /** By everybody, with the buyer's own use, in the current tranche. Null when that was not stated. */
  readonly drawn: Money | null
  /** What is left of the current tranche after `drawn`. */
  readonly remaining: Money | null
  /** Null when no ceiling is known. */
  readonly headroomAtMost: Money | null
  readonly flags: readonly string[]
  readonly asOf: Day
  readonly confidence: Claim['confidence']
  readonly changedAt: Instant
}

/** Every commitment known on a day, in the order they were entered. */
export async function summaries(deps: Deps, asOf: Day): Promise<Summary[]> {
  const found: Summary[] = []
  for await (const kept of every(deps.db)) {
    const reckoning = await reckon(deps, kept, { asOf, known: asOf, recordedBy: null })
    if (!reckoning) continue
    const { terms, position } = reckoning
    const { start, endExclusive } = termOf(terms.tranches)
    const { tranche, consumed } = position
    found.push({
      id: kept.id,
      buyer: kept.buyer,
      provider: kept.provider,
      instrument: terms.instrument,
      currency: terms.currency,
      committed: sum(
        terms.currency,
        terms.tranches.map((t) => t.amount),
      ),
      startsOn: start,
      endsOn: addDays(endExclusive, -1),
      drawnThroughUs: position.drawnInAll,
      drawn: consumed,
      remaining: tranche && consumed && subtract(tranche.amount, consumed),
      headroomAtMost: position.ceilings.find((c) => c.headroomAtMost)?.headroomAtMost ?? null,
      flags: position.flags,
      asOf,
      confidence: terms.claim.confidence,
      changedAt: kept.updatedAt,
    })
  }
  return found
}
