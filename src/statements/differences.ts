import {
  compare,
  type Decimal,
  isNegative,
  isZero,
  minus,
  negate,
  total,
} from '../kernel/decimal.ts'
import {
  add,
  charge,
  type Money,
  type MoneyJson,
  money,
  post,
  type Rate,
  subtract,
  toJson,
} from '../kernel/money.ts'
import { dayMs, later, monthOf } from '../kernel/time.ts'
import { tolerance } from '../revenue/service.ts'
import type { Facts, Line } from './facts.ts'
import type { Comparison, Invoice, Taken, Verdict } from './model.ts'
import {
  invoicesPath,
  latePath,
  linesPath,
  type Place,
  readBacksPath,
  recordsPath,
} from './paths.ts'
import type { RecordSum } from './sums.ts'

/** So long after a month its use may still be billed; after that it never was. */
const billedWithinDays = 60

/** Both sides of all that is known of an agreement and month, whether they agree or not. */
export const comparisons = (facts: Facts): readonly Comparison[] => [
  ...sentOf(facts),
  ...takenOf(facts),
  ...billedByLines(facts),
  ...billedByReports(facts),
  ...invoiced(facts),
]

const none = {
  source: null,
  ref: null,
  ours: null,
  theirs: null,
  quantity: null,
  oursValue: null,
  theirsValue: null,
  value: null,
} as const

const placeOf = ({ agreement, window }: Facts, dimension?: string): Place => ({
  agreement: agreement.id,
  dimension,
  ...window,
})

/** The rate of a dimension in one span, where it is known. */
const rateOf = (facts: Facts, dimension: string, span: number): Rate | undefined =>
  facts.rates.spans[span]?.byDimension.get(dimension)

/** Value of some records at the rates of their hours, each span rounded once; null where a rate is not known. */
export function worth(facts: Facts, records: readonly RecordSum[]): Money | null {
  const spans = Map.groupBy(
    records.filter((one) => !one.isLate),
    ({ dimension, span }) => JSON.stringify([dimension, span]),
  )
  let sum: Money | null = null
  for (const group of spans.values()) {
    const [{ dimension, span }] = group as [RecordSum, ...RecordSum[]]
    const quantity = total(group.map(({ counts }) => counts))
    if (isZero(quantity)) continue
    const rate = rateOf(facts, dimension, span)
    if (!rate || (sum && sum.currency !== rate.currency)) return null
    const value = charge(rate, quantity)
    sum = sum ? add(sum, value) : value
  }
  return sum ?? zeroOf(facts)
}

const zeroOf = ({ rates }: Facts): Money | null => {
  const [rate] = rates.spans.flatMap(({ byDimension }) => [...byDimension.values()])
  return rate ? money(rate.currency, 0n) : null
}

const json = (value: Money | null): MoneyJson | null => value && toJson(value)

/** What was used and did not reach the marketplace, or not yet. */
function sentOf(facts: Facts): Comparison[] {
  const verdicts = {
    refused: 'refused',
    lost: 'lost',
    open: 'unsettled',
    held: 'unsettled',
    due: 'unsettled',
    sending: 'unsettled',
  } as const
  const groups = Map.groupBy(
    facts.records.filter(({ state, counts }) => state in verdicts && !isZero(counts)),
    ({ dimension, state, isLate }) => JSON.stringify([dimension, state, isLate]),
  )
  return [...groups.values()].map((group): Comparison => {
    const [{ dimension, state, isLate }] = group as [RecordSum, ...RecordSum[]]
    const quantity = total(group.map(({ counts }) => counts))
    const isOwed = state === 'lost' && isNegative(quantity)
    const verdict = isOwed ? 'owed' : verdicts[state as keyof typeof verdicts]
    const value = state === 'lost' ? lostValue(group) : json(worth(facts, group))
    const place = placeOf(facts, dimension)
    return {
      ...none,
      level: 'sent',
      dimension,
      ...facts.window,
      source: 'records',
      ours: quantity,
      theirs: '0',
      quantity: negate(quantity),
      oursValue: value,
      value: value && toJson(opposite(value)),
      verdict,
      rows: isLate ? latePath(place, state) : recordsPath(place, state),
    }
  })
}

const opposite = ({ currency, amount }: MoneyJson): Money => post(currency, negate(amount))

/** As it was put down record by record. */
function lostValue(group: readonly RecordSum[]): MoneyJson | null {
  const [currency] = group.flatMap((one) => one.currency ?? [])
  if (!currency || group.some(({ unvalued }) => unvalued > 0)) return null
  return toJson(post(currency, total(group.map(({ value }) => value ?? '0'))))
}

/** What is held beside what we count, by the periods that are told; and what nothing is told of. */
function takenOf(facts: Facts): Comparison[] {
  const accepted = Map.groupBy(
    facts.records.filter(({ state, isLate }) => state === 'accepted' && !isLate),
    ({ dimension }) => dimension,
  )
  const dimensions = new Set([...accepted.keys(), ...facts.taken.map(({ dimension }) => dimension)])
  return [...dimensions].toSorted().flatMap((dimension) => {
    const told = facts.taken.filter((row) => row.dimension === dimension)
    const rest = untold(facts, dimension, accepted.get(dimension) ?? [], told)
    return [...told.map((row) => takenRow(facts, row)), ...rest]
  })
}

function takenRow(facts: Facts, row: Taken): Comparison {
  const rate = rateAt(facts, row)
  const value = rate ? charge(rate, row.difference) : null
  return {
    ...none,
    level: 'taken',
    dimension: row.dimension,
    from: row.from,
    to: row.to,
    source: row.source,
    ours: row.accepted,
    theirs: row.taken,
    quantity: row.difference,
    oursValue: rate ? toJson(charge(rate, row.accepted)) : null,
    theirsValue: rate ? toJson(charge(rate, row.taken)) : null,
    value: json(value),
    verdict: row.verdict,
    rows: readBacksPath(placeOf(facts, row.dimension), facts.agreement.connection, row.source),
  }
}

/** The one rate of a period, where it has one. */
function rateAt({ rates }: Facts, { dimension, from, to }: Taken): Rate | undefined {
  const spans = rates.spans.filter(
    (span, n) => span.from < to && (rates.spans[n + 1]?.from ?? to) > from,
  )
  return spans.length === 1 ? spans[0]?.byDimension.get(dimension) : undefined
}

/** Of days that nothing is told of; where a period told reaches beyond the month, nobody can say what is left. */
function untold(
  facts: Facts,
  dimension: string,
  accepted: readonly RecordSum[],
  told: readonly Taken[],
): Comparison[] {
  const { from, to } = facts.window
  if (told.some((row) => row.from < from || row.to > to)) return []
  const source = told.some((row) => row.source === 'api') ? 'api' : 'report'
  const known = total(told.filter((row) => row.source === source).map((row) => row.accepted))
  const left = minus(total(accepted.map(({ counts }) => counts)), known)
  if (isZero(left)) return []
  return [
    {
      ...none,
      level: 'taken',
      dimension,
      from,
      to,
      ours: left,
      verdict: 'not_told',
      rows: recordsPath(placeOf(facts, dimension), 'accepted'),
    },
  ]
}

const isCharge = ({ action, kind }: Line) => action === 'invoiced' && kind === 'gross'
const isRefund = ({ action, kind }: Line) =>
  (action === 'invoiced' && kind === 'gross_refund') || action === 'forgiven'

/** Use as invoice lines charge it, beside accepted usage at the agreement's rates. */
function billedByLines(facts: Facts): Comparison[] {
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

function near(ours: Money, theirs: Money, parts: number): Verdict {
  const apart = subtract(theirs, ours).minor
  if (apart === 0n) return 'agreed'
  const most = tolerance(ours.currency, Math.max(1, parts)).minor
  return apart <= most && -apart <= most ? 'rounding' : 'differs'
}

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
const billedByReports = (facts: Facts): Comparison[] =>
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
function invoiced(facts: Facts): Comparison[] {
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
