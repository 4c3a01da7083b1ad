import type { Decimal } from '../kernel/decimal.ts'
import { add, type Money, ratio, subtract, sum, zero } from '../kernel/money.ts'
import { addDays, type Day, daysBetween } from '../kernel/time.ts'
import { type Bucket, headroom } from './count.ts'
import type { DrawdownLine, Ledger, TrancheTotals } from './drawdown.ts'
import { above, type Burn, capFlag, type Forecast, forecast, shortfall } from './forecast.ts'
import type { Stated, Terms, Tranche } from './model.ts'

/** A ceiling as far as we can see it. Others sell under it too, so what is left is at most this. */
export type Ceiling = {
  readonly of: 'tranche' | 'total'
  readonly pct: Decimal | null
  /** Null: none is known. */
  readonly limit: Money | null
  readonly ours: Money
  readonly others: Money | null
  readonly ourShare: Decimal | null
  readonly headroomAtMost: Money | null
  readonly flag: 'OK' | 'CAP_NEAR' | 'CAP_REACHED' | 'CAP_UNKNOWN'
}

export type Position = {
  readonly tranche: Tranche | null
  /** Through us, in the tranche. */
  readonly drawn: Money
  readonly drawnInAll: Money
  readonly unknown: readonly Money[]
  readonly ceilings: readonly Ceiling[]
  /** What is left to spend of the tranche: at most this, as far as use was stated. */
  readonly remainingAtMost: Money | null
  /** The day up to which everything in `forecast` was known. Null with no forecast. */
  readonly consumedBy: Day | null
  readonly consumed: Money | null
  readonly forecast: Forecast | null
  readonly shortfall: ReturnType<typeof shortfall> | null
  /** The same from the pace since an earlier statement, at best one of 90 days before. Null with none. */
  readonly recent: Ahead | null
  /** Our own pace over the window before the day looked from. */
  readonly ours: {
    readonly windowDays: number
    readonly counted: Money
    readonly capReachedOn: Day | null
  }
  readonly claimAgeDays: number
  readonly flags: readonly string[]
}

type Ahead = {
  readonly forecast: Forecast
  readonly shortfall: ReturnType<typeof shortfall>
}

const trailingDays = 90
const soonDays = 90
const claimOldDays = 90

/**
 * Where a commitment stands on a day, from its ledger and what was stated, earlier versions of the terms included.
 * Native use that nobody stated stays unknown.
 */
export function position(
  terms: Terms,
  ledger: Ledger,
  asOf: Day,
  earlier: readonly Terms[] = [],
): Position {
  const current = currentOf(ledger, asOf)
  const tranche = current?.tranche ?? null
  const drawn = current?.counted ?? zero(terms.currency)
  const ceilings = current
    ? current.buckets.map((bucket) => ceilingOf(bucket, current.tranche, asOf))
    : []
  const native = tranche && seen(tranche.native, asOf)
  const others = tranche && seen(tranche.others, asOf)
  const ours = pace(terms, ledger, tranche, { asOf, ceilings })
  const spent = sum(terms.currency, [drawn, ...[native, others].flatMap((s) => s?.amount ?? [])])
  const outlook =
    tranche && native
      ? outlookOf(terms, ledger, {
          tranche,
          native,
          others,
          asOf,
          before: saidBefore(earlier, tranche),
        })
      : null
  return {
    tranche,
    drawn,
    drawnInAll: sum(
      terms.currency,
      ledger.tranches.map((t) => t.counted),
    ),
    unknown: current?.unknown ?? [],
    ceilings,
    remainingAtMost: tranche && above(tranche.amount, spent),
    consumedBy: outlook?.by ?? null,
    consumed: outlook?.consumed ?? null,
    forecast: outlook?.forecast ?? null,
    shortfall: outlook?.shortfall ?? null,
    recent: outlook?.recent ?? null,
    ours,
    claimAgeDays: Math.max(0, daysBetween(terms.claim.statedAt, asOf)),
    flags: flagsOf(terms, ledger, { tranche, ceilings, forecast: outlook?.forecast ?? null, asOf }),
  }
}

/** The tranche a day falls in; before the first that one, after it the latest begun. */
function currentOf({ tranches }: Ledger, asOf: Day): TrancheTotals | undefined {
  return tranches.findLast((t) => t.tranche.start <= asOf) ?? tranches[0]
}

const seen = (stated: Stated | null, asOf: Day): Stated | null =>
  stated && stated.asOf <= asOf ? stated : null

function ceilingOf(bucket: Bucket, tranche: Tranche, asOf: Day): Ceiling {
  const { cap, limit, counted } = bucket
  const others = seen(tranche.others, asOf)?.amount ?? null
  const filled = others && bucket.tranche !== null ? add(counted, others) : counted
  return {
    of: cap?.of ?? 'tranche',
    pct: cap?.pct ?? null,
    limit,
    ours: counted,
    others,
    ourShare: limit && limit.minor > 0n ? ratio(counted, limit, 4) : null,
    headroomAtMost: headroom(limit, filled),
    flag: limit ? capFlag(limit, filled) : 'CAP_UNKNOWN',
  }
}

/** What was consumed by everybody up to a day, as far as it was stated. */
type Use = { readonly native: Stated; readonly others: Stated | null }
type Outlook = Use & {
  readonly tranche: Tranche
  readonly asOf: Day
  /** Earlier statements, the oldest first. */
  readonly before: readonly Use[]
}

/** Looks ahead from the last day on which the buyer's own use was stated, so that no two days are mixed. */
function outlookOf(terms: Terms, ledger: Ledger, { tranche, before, asOf, ...use }: Outlook) {
  const by = use.native.asOf
  const consumedBy = ({ native, others }: Use) => {
    const isOurs = (line: DrawdownLine) =>
      line.tranche === tranche.start && line.invoiceDate <= native.asOf
    const ours = counted(terms, ledger.lines, isOurs)
    return sum(terms.currency, [native.amount, ours, ...(others ? [others.amount] : [])])
  }
  const consumed = consumedBy(use)
  const ahead = (burn: Burn): Ahead => {
    const { amount, start, endExclusive } = tranche
    const scheduled = zero(terms.currency)
    const at = { amount, start, endExclusive, asOf: by, consumed, scheduled, burn }
    const found = forecast(at)
    return {
      forecast: found,
      shortfall: shortfall(amount, found.projectedAtEnd, terms.shortfall.pct),
    }
  }
  const elapsed = daysBetween(tranche.start, by)
  const then = windowStart(before, by)
  const since = then && subtract(consumed, consumedBy(then))
  const days = then ? daysBetween(then.native.asOf, by) : 0
  const isPace = since !== undefined && since.minor >= 0n
  return {
    by,
    consumed,
    ...ahead({ method: 'term_to_date', counted: consumed, days: elapsed }),
    recent: isPace ? ahead({ method: 'trailing', counted: since, days }) : null,
  }
}

/** The latest statement that lies a whole window back, or the oldest there is. */
function windowStart(before: readonly Use[], by: Day): Use | undefined {
  const older = before.filter(({ native }) => native.asOf < by)
  return older.findLast(({ native }) => daysBetween(native.asOf, by) >= trailingDays) ?? older[0]
}

const saidBefore = (earlier: readonly Terms[], { start }: Tranche): Use[] =>
  earlier
    .flatMap(({ tranches }) => tranches.filter((t) => t.start === start))
    .flatMap(({ native, others }) =>
      native ? [{ native, others: seen(others, native.asOf) }] : [],
    )
    .toSorted((a, b) => daysBetween(b.native.asOf, a.native.asOf))

function pace(
  terms: Terms,
  ledger: Ledger,
  tranche: Tranche | null,
  { asOf, ceilings }: { readonly asOf: Day; readonly ceilings: readonly Ceiling[] },
): Position['ours'] {
  const start = tranche?.start ?? asOf
  const since = [addDays(asOf, -trailingDays), start].toSorted().at(-1) ?? start
  const windowDays = Math.max(0, daysBetween(since, asOf))
  const recent = counted(
    terms,
    ledger.lines,
    (line) => line.tranche === start && line.invoiceDate >= since && line.invoiceDate <= asOf,
  )
  const ceiling = ceilings.find((c) => c.headroomAtMost)
  const reached = reachedOn(ceiling?.headroomAtMost ?? null, recent, windowDays, asOf)
  // A ceiling on a tranche starts anew with the next one.
  const inTime = reached && (ceiling?.of === 'total' || !tranche || reached < tranche.endExclusive)
  return { windowDays, counted: recent, capReachedOn: inTime ? reached : null }
}

function reachedOn(room: Money | null, recent: Money, days: number, asOf: Day): Day | null {
  if (!room || days <= 0 || recent.minor <= 0n) return null
  const ahead = (room.minor * BigInt(days) + recent.minor - 1n) / recent.minor
  return ahead > 36_500n ? null : addDays(asOf, Number(ahead))
}

const counted = (
  terms: Terms,
  lines: readonly DrawdownLine[],
  wanted: (line: DrawdownLine) => boolean,
): Money =>
  sum(
    terms.currency,
    lines.filter(wanted).map((line) => line.counted),
  )

function flagsOf(
  terms: Terms,
  ledger: Ledger,
  at: {
    readonly tranche: Tranche | null
    readonly ceilings: readonly Ceiling[]
    readonly forecast: Forecast | null
    readonly asOf: Day
  },
): string[] {
  const left = at.tranche ? daysBetween(at.asOf, at.tranche.endExclusive) : 0
  const flags = [
    at.forecast?.flag,
    ...at.ceilings.map(({ flag }) => (flag === 'OK' ? null : flag)),
    at.tranche && left > 0 && left <= soonDays ? 'ENDS_WITHIN_90_DAYS' : null,
    at.tranche && left <= 0 ? 'ENDED' : null,
    at.tranche && at.asOf < at.tranche.start ? 'NOT_STARTED' : null,
    daysBetween(terms.claim.statedAt, at.asOf) > claimOldDays ? 'CLAIM_OLDER_THAN_90_DAYS' : null,
    at.forecast ? null : 'NATIVE_USE_UNKNOWN',
    ...ledger.flags,
  ]
  return [...new Set(flags.flatMap((flag) => flag ?? []))]
}
