import { isZero, total } from '../kernel/decimal.ts'
import {
  add,
  charge,
  type Money,
  type MoneyJson,
  money,
  type Rate,
  subtract,
  toJson,
} from '../kernel/money.ts'
import { tolerance } from '../revenue/service.ts'
import type { Facts } from './facts.ts'
import type { Taken, Verdict } from './model.ts'
import type { Place } from './paths.ts'
import type { RecordSum } from './sums.ts'

/** Everything of a comparison that one side or the other may lack. */
export const none = {
  source: null,
  ref: null,
  ours: null,
  theirs: null,
  quantity: null,
  oursValue: null,
  theirsValue: null,
  value: null,
} as const

export const placeOf = ({ agreement, window }: Facts, dimension?: string): Place => ({
  agreement: agreement.id,
  dimension,
  ...window,
})

/** The rate of a dimension in one span, where it is known. */
export const rateOf = (facts: Facts, dimension: string, span: number): Rate | undefined =>
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

export const json = (value: Money | null): MoneyJson | null => value && toJson(value)

/** The one rate of a period, where it has one. */
export function rateAt({ rates }: Facts, { dimension, from, to }: Taken): Rate | undefined {
  const spans = rates.spans.filter(
    (span, n) => span.from < to && (rates.spans[n + 1]?.from ?? to) > from,
  )
  return spans.length === 1 ? spans[0]?.byDimension.get(dimension) : undefined
}

/** Whether two amounts agree, or as far as rounding so many parts explains. */
export function near(ours: Money, theirs: Money, parts: number): Verdict {
  const apart = subtract(theirs, ours).minor
  if (apart === 0n) return 'agreed'
  const most = tolerance(ours.currency, Math.max(1, parts)).minor
  return apart <= most && -apart <= most ? 'rounding' : 'differs'
}
