import { type Decimal, trim } from '../kernel/decimal.ts'
import type { MoneyJson } from '../kernel/money.ts'
import { type Hour, hourOf } from '../kernel/time.ts'
import type { Part } from './parts.ts'
import type { Place } from './place.ts'
import type { Wanted } from './plan.ts'
import { worth } from './quantities.ts'

/** Where a quantity goes. */
export type Fate = {
  readonly dimension: string
  readonly quantity: Decimal
  /** Whose contribution it is; null for what was told itself. */
  readonly meter: string | null
  /** `kept`: the hour it is of; `moved`: another one, which can still be reported; `lost`: none can. */
  readonly is: 'kept' | 'moved' | 'lost'
  /** Whose record it is in. */
  readonly hour: Hour
  readonly reason: string | null
  /** Of what is lost, at the agreement's rate, before what its price includes; null when the rate is not known. */
  readonly value: MoneyJson | null
}

export function fateOf(
  { meter, dimension, quantity, at, origin, part }: Wanted & { readonly part?: Part | undefined },
  { hour, late, isMoved, reason }: Place,
): Fate {
  const by = part?.is === 'meter' ? part.contribution.meter : null
  const of = { dimension, quantity: trim(quantity), meter: by, hour }
  if (late) return { ...of, is: 'lost', reason, value: worth(meter.rates.get(dimension), quantity) }
  if (!isMoved) return { ...of, is: 'kept', reason: null, value: null }
  const from = origin?.hour ?? hourOf(at)
  return { ...of, is: 'moved', reason: `the record of ${from} was sent before`, value: null }
}

/** What came of one event that was taken. */
export type Outcome = {
  readonly index: number
  readonly fates: readonly Fate[]
  /** A named event that no meter reads. */
  readonly isUnmetered: boolean
}

/** Events by what came of them. */
export const countsOf = (outcomes: readonly Outcome[]) => ({
  accepted: outcomes.length,
  moved: outcomes.filter(({ fates }) => fates.some(({ is }) => is === 'moved')).length,
  lost: outcomes.filter(({ fates }) => fates.some(({ is }) => is === 'lost')).length,
  unmetered: outcomes.filter(({ isUnmetered }) => isUnmetered).length,
})
