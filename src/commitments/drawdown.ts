import { type Decimal, times } from '../kernel/decimal.ts'
import type { Facts } from '../kernel/facts.ts'
import { add, type Money, post, subtract, sum, toDecimal, zero } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'
import { type Bucket, type CapTerms, count, countingDay, open } from './count.ts'
import { type ExchangeRate, rateOn, type Terms, type Tranche, termOf, trancheOn } from './model.ts'
import { assess, type Cap, translated, type Verdict } from './rules.ts'

/** A charge or refund as invoiced: before tax, after discounts, before our fee. Refunds are negative. */
export type Purchase = {
  readonly id: string
  readonly invoiceDate: Day
  readonly amount: Money
  readonly refundOf: string | null
  /** What is known of the line, the offer, the product and the vendor. */
  readonly facts: Facts
}

/** One entry of the ledger: what a purchase is worth against the commitment, by which rule, and why. */
export type DrawdownLine = {
  readonly id: string
  readonly invoiceDate: Day
  readonly amount: Money
  readonly refundOf: string | null
  /** The first day of the tranche it falls in; null outside all. */
  readonly tranche: Day | null
  readonly status: 'counts' | 'excluded' | 'unknown'
  readonly rule: string | null
  readonly reason: string
  readonly missing: readonly string[]
  readonly share: Decimal | null
  readonly rate: ExchangeRate | null
  /** In the commitment's currency. Null: not known, and never taken as eligible. */
  readonly eligible: Money | null
  readonly counted: Money
}

export type TrancheTotals = {
  readonly tranche: Tranche
  readonly eligible: Money
  readonly counted: Money
  /** Lines whose worth is not known, as invoiced, a sum per currency. */
  readonly unknown: readonly Money[]
  readonly buckets: readonly Bucket[]
}

export type Ledger = {
  readonly lines: readonly DrawdownLine[]
  readonly tranches: readonly TrancheTotals[]
  /** What the rules met raise, e.g. a badge that is missing. */
  readonly flags: readonly string[]
}

type Judged = {
  readonly line: Omit<DrawdownLine, 'counted'>
  readonly cap: Cap | null
  readonly flag: string | null
}

/** Terms in force and the day they took effect, the latest last. */
export type TermsFrom = Terms & { readonly validFrom: Day }

/**
 * Derives the drawdown ledger: each purchase judged by the rules in effect on its invoice date, turned into the
 * commitment's currency, and counted against the ceilings. A refund is judged as what it refunds.
 */
export function drawdown(history: readonly TermsFrom[], purchases: readonly Purchase[]): Ledger {
  const terms = history.at(-1)
  if (!terms) return { lines: [], tranches: [], flags: [] }
  const byId = new Map(purchases.map((p) => [p.id, p]))
  const judged = purchases.map((p) => judge(terms, p, byId.get(p.refundOf ?? '')))
  const result = count(history satisfies readonly CapTerms[], judged.flatMap(countable))
  const counted = new Map(result.lines.map((l) => [l.line.id, l.counted]))
  const lines = judged
    .map(({ line }) => settled(line, counted.get(line.id) ?? zero(terms.currency)))
    .toSorted(byInvoice)
  const caps = judged.filter((j) => j.line.status === 'counts').map((j) => j.cap)
  return {
    lines,
    tranches: terms.tranches.map((t) => totals(terms, t, lines, { ...result, caps })),
    flags: [...new Set(judged.flatMap(({ flag }) => flag ?? []))].toSorted(),
  }
}

/** How much that did not count before an amendment counts after it. Zero unless the terms reinstate. */
export function reinstated(
  history: readonly TermsFrom[],
  purchases: readonly Purchase[],
  amended: Day,
): Money {
  const earlier = purchases.filter((p) => p.invoiceDate < amended)
  const before = history.filter((terms) => terms.validFrom < amended)
  const currency = history.at(-1)?.currency ?? ''
  const countedUnder = (terms: readonly TermsFrom[]) =>
    sum(
      currency,
      drawdown(terms, earlier).lines.map((line) => line.counted),
    )
  return subtract(countedUnder(history), countedUnder(before))
}

/** What the rules ask about a purchase under these terms: what is known of it goes before what holds in general. */
export const factsOf = (terms: Terms, invoiceDate: Day, facts: Facts): Facts => ({
  ...translated(terms.provider, { ...terms.facts, ...facts }),
  'commitment.signedAt': terms.signedAt,
  'commitment.country': terms.country,
  'line.invoiceDate': invoiceDate,
})

/** An amount in the commitment's currency at the rate in force that day; undefined when none was stated. */
export function eligibleOf(
  terms: Terms,
  amount: Money,
  day: Day,
  share: Decimal,
): { readonly eligible: Money; readonly rate: ExchangeRate | null } | undefined {
  if (amount.currency === terms.currency)
    return { eligible: post(terms.currency, times(toDecimal(amount), share)), rate: null }
  const rate = rateOn(terms.rates, amount.currency, day)
  if (!rate) return undefined
  // Rounded once, after rate and share: two roundings could differ by a cent.
  const exact = times(times(toDecimal(amount), rate.rate.price), share)
  return { eligible: post(terms.currency, exact), rate }
}

function judge(terms: Terms, purchase: Purchase, original: Purchase | undefined): Judged {
  const day = countingDay(purchase, original, terms.refunds)
  const tranche = trancheOn(terms.tranches, day)
  const source = original ?? purchase
  const verdict = assess(
    terms.provider,
    factsOf(terms, source.invoiceDate, source.facts),
    terms.shares,
  )
  const { facts: _, ...own } = purchase
  const line = { ...own, tranche: tranche?.start ?? null }
  if (!tranche) {
    const unmet = {
      rule: null,
      missing: [],
      share: null,
      rate: null,
      eligible: zero(terms.currency),
    }
    const reason = outsideReason(terms, day)
    return { line: { ...line, ...unmet, status: 'excluded', reason }, cap: null, flag: null }
  }
  return worth(terms, line, verdict)
}

function worth(
  terms: Terms,
  line: Pick<DrawdownLine, 'id' | 'invoiceDate' | 'amount' | 'refundOf' | 'tranche'>,
  verdict: Verdict,
): Judged {
  const blank = { rule: verdict.rule, missing: [], share: null, rate: null, eligible: null }
  if (verdict.is === 'excluded')
    return {
      line: {
        ...line,
        ...blank,
        status: 'excluded',
        reason: verdict.reason,
        share: '0.00',
        eligible: zero(terms.currency),
      },
      cap: null,
      flag: verdict.flag ?? null,
    }
  if (verdict.is === 'unknown')
    return {
      line: {
        ...line,
        ...blank,
        status: 'unknown',
        reason: verdict.reason,
        missing: verdict.missing,
      },
      cap: null,
      flag: 'RULE_UNKNOWN',
    }
  const value = eligibleOf(terms, line.amount, line.invoiceDate, verdict.share)
  if (!value)
    return {
      line: { ...line, ...blank, status: 'unknown', reason: 'EXCHANGE_RATE_NOT_STATED' },
      cap: null,
      flag: 'RATE_UNKNOWN',
    }
  return {
    line: { ...line, ...blank, ...value, status: 'counts', reason: 'COUNTS', share: verdict.share },
    cap: verdict.cap,
    flag: null,
  }
}

/** Why a day lies in no tranche. */
export function outsideReason(terms: Terms, day: Day): string {
  const { start, endExclusive } = termOf(terms.tranches)
  if (day < start) return 'BEFORE_COMMITMENT'
  return day >= endExclusive ? 'AFTER_COMMITMENT' : 'BETWEEN_TRANCHES'
}

const countable = ({ line, cap }: Judged) =>
  line.status === 'counts' && line.eligible ? [{ ...line, eligible: line.eligible, cap }] : []

function settled(line: Omit<DrawdownLine, 'counted'>, counted: Money): DrawdownLine {
  if (line.status !== 'counts' || line.eligible?.minor === counted.minor)
    return { ...line, counted }
  return { ...line, counted, reason: counted.minor === 0n ? 'OVER_CAP' : 'PARTLY_OVER_CAP' }
}

const byInvoice = (a: DrawdownLine, b: DrawdownLine): number =>
  a.invoiceDate === b.invoiceDate ? (a.id < b.id ? -1 : 1) : a.invoiceDate < b.invoiceDate ? -1 : 1

function totals(
  terms: TermsFrom,
  tranche: Tranche,
  lines: readonly DrawdownLine[],
  result: { readonly buckets: readonly Bucket[]; readonly caps: readonly (Cap | null)[] },
): TrancheTotals {
  const ours = lines.filter((line) => line.tranche === tranche.start)
  const empty = (terms.cap ? [terms.cap] : result.caps).map((cap) => open(terms, tranche, cap))
  const known = new Map([...empty, ...result.buckets].map((bucket) => [bucket.key, bucket]))
  const unknown = new Map<string, Money>()
  for (const { status, amount } of ours)
    if (status === 'unknown')
      unknown.set(
        amount.currency,
        add(unknown.get(amount.currency) ?? zero(amount.currency), amount),
      )
  return {
    tranche,
    eligible: sum(
      terms.currency,
      ours.flatMap((line) => line.eligible ?? []),
    ),
    counted: sum(
      terms.currency,
      ours.map((line) => line.counted),
    ),
    unknown: [...unknown.values()],
    buckets: [...known.values()].filter((b) => b.tranche === null || b.tranche === tranche.start),
  }
}
