import type { Facts } from '../kernel/facts.ts'
import type { Id } from '../kernel/id.ts'
import type { Currency, Money, Rate } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import { type Day, daysBetween, type Instant, within } from '../kernel/time.ts'
import type { Cap, ShareTerm } from './rules.ts'

/** Somebody's figure, and the day it was true: what we cannot see ourselves. */
export type Stated = { readonly amount: Money; readonly asOf: Day }

/** A stretch of the term with its own amount to spend. One that is not split has one tranche. */
export type Tranche = {
  readonly start: Day
  readonly endExclusive: Day
  readonly amount: Money
  /** The buyer's own use of the cloud in this tranche so far. Null when nobody told us. */
  readonly native: Stated | null
  /** What other vendors' sales counted in this tranche so far. Null when nobody told us. */
  readonly others: Stated | null
  /** The buyer's own use expected by the tranche's end. Null when nobody told us. */
  readonly forecastNative: Money | null
}

/** A rate to use for lines of another currency, from a day on, and where it came from. */
export type ExchangeRate = {
  readonly from: Currency
  readonly on: Day
  readonly rate: Rate
  readonly source: string
}

/** Who said that the commitment is so, when, and how sure that is. */
export type Claim = {
  readonly source: 'buyer_api' | 'buyer_told_us' | 'cloud_told_us' | 'estimate'
  readonly statedAt: Day
  readonly statedBy: string
  readonly confidence: 'high' | 'medium' | 'low'
}

export type RefundPolicy = 'AT_REFUND_DATE' | 'AT_ORIGINAL_DATE'

/** What the buyer promised the cloud, as one version of our record says. */
export type Terms = {
  readonly provider: string
  readonly instrument: string
  /** The buyer's accounts at the provider that fall under it. Empty: not known, every account of the buyer. */
  readonly accounts: readonly string[]
  readonly currency: Currency
  readonly signedAt: Day
  readonly country: string | null
  readonly tranches: readonly Tranche[]
  /** The contract's ceiling; null leaves it to the programme's rule. */
  readonly cap: Cap | null
  readonly shares: readonly ShareTerm[]
  readonly rates: readonly ExchangeRate[]
  /** More of what the rules ask about: `commitment.…`, `buyer.…`, and what holds for all our lines here. */
  readonly facts: Facts
  /** Whether a raised amount lets spend over the old ceiling count after all. */
  readonly reinstateOnAmend: boolean
  readonly refunds: RefundPolicy
  readonly shortfall: { readonly policy: 'invoice' | 'carry_forward'; readonly pct: string | null }
  readonly claim: Claim
  readonly note: string
}

/**
 * One version of a commitment. An amendment is a new version from the day it takes effect; a correction is a
 * newer version from the same day. Nothing is edited.
 */
export type Version = {
  readonly terms: Terms
  readonly validFrom: Day
  /** When it was told, which may be before it was written down. */
  readonly knownFrom: Day
  readonly recordedAt: Instant
  readonly number: number
}

export type Commitment = {
  readonly id: Id<'cmt'>
  readonly buyer: Id<'buyer'>
  readonly revision: number
  /** By number, the oldest first. */
  readonly versions: readonly Version[]
}

/** A point to look from: what was valid on `asOf`, as told by `known`, as written down by `recordedBy`. */
export type Vantage = {
  readonly asOf: Day
  readonly known: Day
  readonly recordedBy: Instant | null
}

/** The versions in force up to the day looked from, the latest last; empty when none was valid or known. */
export function history(versions: readonly Version[], at: Vantage): Version[] {
  const known = versions.filter(
    (v) =>
      v.validFrom <= at.asOf &&
      v.knownFrom <= at.known &&
      (at.recordedBy === null || v.recordedAt <= at.recordedBy),
  )
  const newest = new Map<Day, Version>()
  for (const version of known) {
    const other = newest.get(version.validFrom)
    if (!other || other.number < version.number) newest.set(version.validFrom, version)
  }
  return [...newest.values()].toSorted((a, b) => (a.validFrom < b.validFrom ? -1 : 1))
}

export const trancheOn = (tranches: readonly Tranche[], day: Day): Tranche | undefined =>
  tranches.find((tranche) => within(day, tranche))

/** From the first tranche's start to the last one's end. */
export const termOf = (tranches: readonly Tranche[]): { start: Day; endExclusive: Day } => ({
  start: tranches[0]?.start ?? ('9999-12-31' as Day),
  endExclusive: tranches.at(-1)?.endExclusive ?? ('9999-12-31' as Day),
})

/** The rate to use on a day: the latest stated one not after it. Undefined when none was stated. */
export const rateOn = (
  rates: readonly ExchangeRate[],
  from: Currency,
  day: Day,
): ExchangeRate | undefined =>
  rates
    .filter((rate) => rate.from === from && rate.on <= day)
    .toSorted((a, b) => (a.on < b.on ? -1 : 1))
    .at(-1)

/** Everything about terms that no schema of one field can see. */
export function faults(terms: Terms): Violation[] {
  const found: Violation[] = []
  terms.tranches.forEach((tranche, i) => {
    const path = `tranches.${i}`
    const before = terms.tranches[i - 1]
    if (daysBetween(tranche.start, tranche.endExclusive) <= 0)
      found.push({ path: `${path}.endExclusive`, message: 'must lie after start' })
    if (before && tranche.start < before.endExclusive)
      found.push({ path: `${path}.start`, message: 'must not lie before the end of the one above' })
    if (tranche.amount.minor <= 0n)
      found.push({ path: `${path}.amount`, message: 'must be more than zero' })
    for (const part of ['native', 'others'] as const) {
      const day = tranche[part]?.asOf
      if (day !== undefined && (day < tranche.start || day > tranche.endExclusive))
        found.push({ path: `${path}.${part}.asOf`, message: 'must lie in the tranche' })
    }
  })
  if (terms.signedAt > termOf(terms.tranches).endExclusive)
    found.push({ path: 'signedAt', message: 'must not lie after the end of the term' })
  if (terms.shortfall.policy === 'invoice' && terms.shortfall.pct !== null)
    found.push({ path: 'shortfall.carryForwardPct', message: 'only goes with carry_forward' })
  return found
}
