import { compare, type Decimal, isZero, negate, total } from '../kernel/decimal.ts'
import { charge, type Money, post, subtract, toJson } from '../kernel/money.ts'
import { dayMs, later, monthOf } from '../kernel/time.ts'
import type { Facts, Line } from './facts.ts'
import type { Comparison, Invoice, Verdict } from './model.ts'
import { invoicesPath, linesPath, readBacksPath } from './paths.ts'
import type { RecordSum } from './sums.ts'
import { json, near, none, placeOf, rateAt, rateOf, worth } from './value.ts'

/** So long after a month its use may still be billed; after that it never was. */
const billedWithinDays = 60

const isCharge = ({ action, kind }: Line) => action === 'invoiced' && kind === 'gross'
const isRefund = ({ action, kind }: Line) =>
  (action === 'invoiced' && kind === 'gross_refund') || action === 'forgiven'

/** Use as invoice lines charge it, beside accepted usage at the agreement's rates. */
export function billedByLines(facts: Facts): Comparison[] {
  const { month, window, agreement } = facts
  const ofUse = facts.lines.filter(
    ({ basis, usage }) => basis === 'usage' && usage !== null && monthOf(usage.from) === month,
  )
  const hasReports = facts.taken.some(({ isBilled, amount }) => isBilled && amount !== null)
  const accepted = facts.records.filter(({ state, isLate }) => state === 'accepted' && !isLate)
  const charges = ofUse.filter(isCharge)
  if (charges.length === 0 && hasReports) return []
  const expected = worth(facts, accepted)
  const isAligned = charges.every(
    ({ usage }) => usage?.from === window.from && usage.to === window.to,
  )
  const theirs = amountIn(charges, expected?.currency ?? charges[0]?.currency)
  const query = { agreement: agreement.id, usage: month, basis: 'usage', action: 'invoiced' }
  const row = {
    ...none,
    level: 'billed',
    dimension: null,
    ...window,
    source: 'lines',
    oursValue: json(expected),
    theirsValue: json(theirs),
    rows: linesPath({ ...query, kind: 'gross' }),
  } as const
  const parts = new Set(accepted.map(({ dimension, span }) => `${dimension} ${span}`)).size
  const verdict = billedVerdict(facts, { accepted, charges, expected, theirs, parts, isAligned })
  const value = expected && theirs ? subtract(theirs, expected) : null
  return [
    ...(verdict
      ? [{ ...row, ...quantities(accepted, charges, facts), value: json(value), verdict }]
      : []),
    ...refundsOf(facts, ofUse.filter(isRefund), query),
  ]
}

type Billing = {
  readonly accepted: readonly RecordSum[]
  readonly charges: readonly Line[]
  readonly expected: Money | null
  readonly theirs: Money | null
  readonly parts: number
  readonly isAligned: boolean
}

function billedVerdict(facts: Facts, billing: Billing): Verdict | null {
  const { accepted, charges, expected, theirs, parts, isAligned } = billing
  const isUsed = accepted.some(({ counts }) => !isZero(counts))
  if (charges.length === 0) return isUsed && expected?.minor !== 0n ? unbilled(facts) : null
  if (!isUsed) return 'billed_without_usage'
  if (!expected || !theirs || !isAligned) return 'unknown'
  return near(expected, theirs, parts)
}

const unbilled = ({ window, now }: Facts): Verdict =>
  later(window.to, billedWithinDays * dayMs) > now ? 'not_billed_yet' : 'never_billed'

/** What some lines come to in one currency, their own or another they are told in; null where one is not told in it. */
function amountIn(lines: readonly Line[], currency: string | undefined): Money | null {
  if (currency === undefined || lines.length === 0) return null
  const amounts = lines.map((line) =>
    line.currency === currency
      ? line.amount
      : line.others.find((other) => other.currency === currency)?.amount,
  )
  const known = amounts.filter((amount) => amount !== undefined)
  return known.length < amounts.length ? null : post(currency, total(known))
}

/** Where only one dimension was used at one rate, what was billed is so many units, if that is exact. */
function quantities(
  accepted: readonly RecordSum[],
  charges: readonly Line[],
  facts: Facts,
): Pick<Comparison, 'ours' | 'theirs' | 'quantity' | 'dimension'> {
  const used = accepted.filter(({ counts }) => !isZero(counts))
  const [only] = used
  const nothing = { ours: null, theirs: null, quantity: null, dimension: null }
  if (!only || used.some((one) => one.dimension !== only.dimension || one.span !== only.span))
    return nothing
  const ours = total(used.map(({ counts }) => counts))
  const rate = rateOf(facts, only.dimension, only.span)
  const theirs = amountIn(charges, rate?.currency)
  const isOurs = rate && theirs && charge(rate, ours).minor === theirs.minor
  return {
    ...nothing,
    dimension: only.dimension,
    ours,
    ...(isOurs && { theirs: ours, quantity: '0' }),
  }
}

function refundsOf(
  facts: Facts,
  refunds: readonly Line[],
  query: Readonly<Record<string, string>>,
): Comparison[] {
  const back = amountIn(refunds, refunds[0]?.currency)
  if (!back) return []
  return [
    {
      ...none,
      level: 'billed',
      dimension: null,
      ...facts.window,
      source: 'lines',
      theirsValue: toJson(back),
      value: toJson(back),
      verdict: 'refunded',
      rows: linesPath({ ...query, kind: 'gross_refund' }),
    },
  ]
}

/** Use as reports charge it, dimension by dimension, where they tell what was billed. */
export const billedByReports = (facts: Facts): Comparison[] =>
  facts.taken.flatMap((row) => {
    if (!row.isBilled || row.amount === null || row.currency === null) return []
    const rate = rateAt(facts, row)
    const ours = rate?.currency === row.currency ? charge(rate, row.accepted) : null
    const theirs = post(row.currency, row.amount)
    const verdict = isZero(row.accepted)
      ? ('billed_without_usage' as const)
      : ours
        ? near(ours, theirs, 1)
        : ('unknown' as const)
    return [
      {
        ...none,
        level: 'billed' as const,
        dimension: row.dimension,
        from: row.from,
        to: row.to,
        source: row.source,
        ours: row.accepted,
        theirs: row.taken,
        quantity: row.difference,
        oursValue: json(ours),
        theirsValue: toJson(theirs),
        value: ours && toJson(subtract(theirs, ours)),
        verdict,
        rows: readBacksPath(placeOf(facts, row.dimension), facts.agreement.connection, row.source),
      },
    ]
  })

/** Each invoice of the month as the marketplace answers it, beside the lines that name it. */
export function invoiced(facts: Facts): Comparison[] {
  const { agreement, month, window } = facts
  return facts.invoices.map((invoice): Comparison => {
    const lines = facts.lines.filter(
      (line) => line.invoiceRef === invoice.invoiceRef && (isCharge(line) || isRefund(line)),
    )
    const ours = amountIn(lines, invoice.currency)
    const theirs = post(invoice.currency, signed(invoice))
    return {
      ...none,
      level: 'invoice',
      dimension: null,
      ...window,
      source: 'invoice',
      ref: invoice.invoiceRef,
      oursValue: json(ours),
      theirsValue: toJson(theirs),
      value: ours && toJson(subtract(theirs, ours)),
      verdict: ours ? near(ours, theirs, 1) : lines.length > 0 ? 'unknown' : 'unknown_here',
      rows: invoicesPath({ agreement: agreement.id, month }),
    }
  })
}

/** A credit takes back whatever its sign. */
const signed = ({ isCredit, amount }: Invoice): Decimal =>
  isCredit && compare(amount, '0') > 0 ? negate(amount) : amount
