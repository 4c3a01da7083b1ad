import { compare, type Decimal } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { Taken } from './contribute.ts'
import type { Aggregation } from './model.ts'

/** What is known of an hour of an aggregate that does not add up, `unique` aside. */
export type Held = {
  /** Null while it has no event. */
  readonly value: Decimal | null
  /** The event that decides, of `last`. */
  readonly at: Instant | null
  readonly source: string | null
  readonly event: string | null
}
export const nothing: Held = { value: null, at: null, source: null, event: null }

/** What is known with one more event. The order of events does not matter. */
export function take(aggregation: Aggregation, held: Held, { event, value }: Taken): Held {
  const decides =
    held.value === null ||
    (aggregation === 'max' ? compare(value, held.value) > 0 : isLater(event, held))
  if (!decides) return held
  return { value, at: event.at, source: event.source, event: event.id }
}

/** Whether what is known stays without an event that was read as `taken`. */
export function standsWithout(
  aggregation: Aggregation,
  held: Held,
  { event, value }: Taken,
): boolean {
  if (held.value === null) return true
  return aggregation === 'max'
    ? compare(value, held.value) < 0
    : event.source !== held.source || event.id !== held.event
}

/** Of one moment the later source and id decide, by their characters' codes. */
function isLater({ at, source, id }: Taken['event'], held: Held): boolean {
  if (held.at === null || at !== held.at) return held.at === null || at > held.at
  const order = compareText(source, held.source ?? '')
  return (order === 0 ? compareText(id, held.event ?? '') : order) > 0
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** How often each value of `unique` was seen. */
export function tally(taken: readonly Taken[]): Map<string, { count: number; first: Taken }> {
  const seen = new Map<string, { count: number; first: Taken }>()
  for (const one of taken) {
    const before = seen.get(one.value)
    seen.set(one.value, { count: (before?.count ?? 0) + 1, first: before?.first ?? one })
  }
  return seen
}
