import { isNegative, isZero, minus, negate, total } from '../kernel/decimal.ts'
import { charge, type Money, type MoneyJson, post, toJson } from '../kernel/money.ts'
import { billedByLines, billedByReports, invoiced } from './billed.ts'
import type { Facts } from './facts.ts'
import type { Comparison, Taken } from './model.ts'
import { latePath, readBacksPath, recordsPath } from './paths.ts'
import type { RecordSum } from './sums.ts'
import { json, none, placeOf, rateAt, worth } from './value.ts'

/** Both sides of all that is known of an agreement and month, whether they agree or not. */
export const comparisons = (facts: Facts): readonly Comparison[] => [
  ...sentOf(facts),
  ...takenOf(facts),
  ...billedByLines(facts),
  ...billedByReports(facts),
  ...invoiced(facts),
]

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
