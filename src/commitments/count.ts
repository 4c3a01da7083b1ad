import { add, type Money, parseMoney, portion, subtract, sum, zero } from '../kernel/money.ts'
import { type Day, within } from '../kernel/time.ts'
import type { RefundPolicy, Terms, Tranche } from './model.ts'
import type { Cap } from './rules.ts'

/** What counting needs of the terms in force; a history lists them from the day each took effect. */
export type CapTerms = Pick<Terms, 'tranches' | 'cap' | 'refunds' | 'reinstateOnAmend'> & {
  readonly validFrom: Day
}

/** A purchase or refund and what of it may count, before any ceiling. */
export type Eligible = {
  readonly id: string
  readonly invoiceDate: Day
  readonly refundOf: string | null
  readonly eligible: Money
  /** The programme's ceiling for it; the contract's, where there is one, goes before. */
  readonly cap: Cap | null
}

/** A ceiling in use: one of these a tranche, or one for the whole term. */
export type Bucket = {
  readonly key: string
  readonly cap: Cap | null
  /** The first day of the tranche; null when it spans the term. */
  readonly tranche: Day | null
  /** What the terms say; null: none known. */
  readonly stated: Money | null
  /** What it comes to: the stated one, or what had counted before that was lowered. */
  readonly limit: Money | null
  /** The running sum of what is eligible, refunds included; may pass the limit, or fall below zero. */
  readonly eligible: Money
  readonly counted: Money
}

export type Counted = {
  readonly line: Eligible
  readonly tranche: Tranche | null
  readonly counted: Money
}

/**
 * Counts lines against their ceilings, in order of invoice date, then id:
 * counted = clamp(sum after) − clamp(sum before), so a refund first eats what never counted, and the total does
 * not depend on the order. The latest terms apply to every line, or, where a raise does not reinstate, spend over
 * a ceiling is forfeited when that ceiling changes.
 */
export function count(
  terms: readonly CapTerms[],
  lines: readonly Eligible[],
): { readonly lines: readonly Counted[]; readonly buckets: readonly Bucket[] } {
  const current = terms.at(-1)
  if (!current) return { lines: [], buckets: [] }
  const buckets = new Map<string, Bucket>()
  const counted = placed(current, lines).map(({ line, tranche }) => {
    if (!tranche) return { line, tranche: null, counted: zero(line.eligible.currency) }
    const rules = current.reinstateOnAmend ? current : inForce(terms, line.invoiceDate)
    const fresh = open(rules, tranche, line.cap)
    const before = buckets.get(fresh.key) ?? fresh
    const after = advance(before, fresh.stated, line.eligible)
    buckets.set(fresh.key, after)
    return { line, tranche, counted: subtract(after.counted, before.counted) }
  })
  return { lines: counted, buckets: [...buckets.values()] }
}

/** Where a line counts: by its own invoice date, or a refund by the date of what it refunds. */
export function countingDay(
  line: { readonly invoiceDate: Day; readonly refundOf: string | null },
  original: { readonly invoiceDate: Day } | undefined,
  policy: RefundPolicy,
): Day {
  return policy === 'AT_ORIGINAL_DATE' && original ? original.invoiceDate : line.invoiceDate
}

/** The ceiling on a tranche (or on the whole term) in money; null when none is known. */
export function limitOf(
  cap: Cap | null,
  tranche: Tranche,
  tranches: readonly Tranche[],
): Money | null {
  const { currency } = tranche.amount
  const whole = sum(
    currency,
    tranches.map((t) => t.amount),
  )
  const share =
    cap && cap.pct !== null ? portion(cap.of === 'total' ? whole : tranche.amount, cap.pct) : null
  // A most in another currency cannot be compared; the share alone is then the ceiling.
  const most =
    cap?.max && cap.max.currency === currency ? parseMoney(currency, cap.max.amount) : null
  if (!share || !most) return share ?? most
  return share.minor <= most.minor ? share : most
}

/** What is left under a ceiling; null when none is known. */
export const headroom = (limit: Money | null, counted: Money): Money | null =>
  limit && (limit.minor > counted.minor ? subtract(limit, counted) : zero(limit.currency))

/** A bucket as it stands before its first line. The contract's ceiling, where there is one, goes before the rule's. */
export function open(
  terms: Pick<CapTerms, 'tranches' | 'cap'>,
  tranche: Tranche,
  ruleCap: Cap | null,
): Bucket {
  const cap = terms.cap ?? ruleCap
  const nothing = zero(tranche.amount.currency)
  const own = terms.tranches.find((t) => within(tranche.start, t)) ?? tranche
  const spans = cap?.of === 'total'
  const limit = limitOf(cap, own, terms.tranches)
  return {
    key: `${spans ? 'term' : tranche.start} ${terms.cap ? 'contract' : JSON.stringify(ruleCap)}`,
    cap,
    tranche: spans ? null : tranche.start,
    stated: limit,
    limit,
    eligible: nothing,
    counted: nothing,
  }
}

function placed(terms: CapTerms, lines: readonly Eligible[]) {
  const byId = new Map(lines.map((line) => [line.id, line]))
  return lines.toSorted(byInvoice).map((line) => {
    const day = countingDay(line, byId.get(line.refundOf ?? ''), terms.refunds)
    return { line, tranche: terms.tranches.find((t) => within(day, t)) }
  })
}

const byInvoice = (a: Eligible, b: Eligible): number =>
  a.invoiceDate === b.invoiceDate ? (a.id < b.id ? -1 : 1) : a.invoiceDate < b.invoiceDate ? -1 : 1

const inForce = (terms: readonly CapTerms[], day: Day): CapTerms =>
  (terms.findLast((t) => t.validFrom <= day) ?? terms[0]) as CapTerms

function advance(bucket: Bucket, stated: Money | null, amount: Money): Bucket {
  const from = bucket.stated?.minor === stated?.minor ? bucket : changed(bucket, stated)
  const eligible = add(from.eligible, amount)
  return { ...from, eligible, counted: clamp(eligible, from.limit) }
}

/** The ceiling moves without reinstating: what was over the old one is forfeited, what counted stays counted. */
function changed(bucket: Bucket, stated: Money | null): Bucket {
  const { eligible, counted } = bucket
  return {
    ...bucket,
    stated,
    limit: stated && stated.minor < counted.minor ? counted : stated,
    eligible: eligible.minor < counted.minor ? eligible : counted,
  }
}

function clamp(value: Money, limit: Money | null): Money {
  if (value.minor <= 0n) return zero(value.currency)
  return limit && value.minor > limit.minor ? limit : value
}
