import type { Violation } from '../kernel/problem.ts'
import { readEvent, sameEvent } from './incoming.ts'
import type { AnyEvent } from './model.ts'
import type { Refusal } from './place.ts'
import { eventKey } from './stored.ts'

/** An event that was not taken, by its place in the batch and its own id. */
export type Refused = Refusal & {
  readonly index: number
  readonly id: string | null
  readonly errors: readonly Violation[]
}
export type Conflict = {
  readonly index: number
  readonly id: string
  readonly source: string
  readonly message: string
}

export type Entry<Event = AnyEvent> = { readonly index: number; readonly event: Event }
export type Batch = {
  /** The first event of each key, in order. */
  readonly entries: readonly Entry[]
  /** Others with the key of one before them in the same batch. */
  readonly repeats: readonly (Entry & { readonly first: AnyEvent })[]
  readonly refused: readonly Refused[]
}

/** An event that is refused, and every fault of it where there are several. */
export type Bad = Entry & {
  readonly refusal: Refusal
  readonly errors?: readonly Violation[] | undefined
}

export type Read = typeof readEvent

/** Reads each event of a batch on its own. */
export function readBatch(values: readonly unknown[], read: Read = readEvent): Batch {
  const entries: Entry[] = []
  const repeats: (Entry & { first: AnyEvent })[] = []
  const refused: Refused[] = []
  const seen = new Map<string, AnyEvent>()
  for (const [index, value] of values.entries()) {
    const given = read(value)
    if ('violations' in given) {
      refused.push(malformed(index, value, given.violations))
      continue
    }
    const { event } = given
    const key = eventKey(event)
    const first = seen.get(key)
    if (first) repeats.push({ index, event, first })
    else {
      seen.set(key, event)
      entries.push({ index, event })
    }
  }
  return { entries, repeats, refused }
}

function malformed(index: number, value: unknown, errors: readonly Violation[]): Refused {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null
  const [first = { path: '', message: 'is not an event' }] = errors
  return { index, id: typeof id === 'string' ? id : null, code: 'invalid', ...first, errors }
}

/**
 * What was not new: duplicates, conflicts, and what stays refused. An event that would be refused today but was
 * taken before (`held`, by key) is a duplicate like any other. `ours` names an event's agreement by our id.
 */
export function verdicts(
  { repeats, refused }: Batch,
  known: readonly Entry[],
  bad: readonly Bad[],
  held: ReadonlyMap<string, AnyEvent>,
  ours: (event: AnyEvent) => AnyEvent,
) {
  const again = [...known, ...bad].flatMap((entry) => {
    const first = held.get(eventKey(entry.event))
    return first ? [{ ...entry, first }] : []
  })
  const refusals = new Map(bad.map((one) => [eventKey(one.event), one]))
  const all = repeats.map((entry) => {
    const key = eventKey(entry.event)
    const refused = held.has(key) ? undefined : refusals.get(key)
    return {
      ...entry,
      event: ours(entry.event),
      first: held.get(key) ?? ours(entry.first),
      refused,
    }
  })
  // What repeats an event that is refused is refused with it: nothing of either is kept.
  const alike = all.flatMap(({ index, event, first, refused }): Bad[] =>
    refused && sameEvent(event, first) ? [{ ...refused, index, event }] : [],
  )
  const twice = all.filter(({ index }) => alike.every((one) => one.index !== index))
  const doubles = [...twice, ...again]
  const conflicts = doubles
    .filter(({ event, first }) => !sameEvent(event, first))
    .map(({ index, event: { id, source } }): Conflict => ({ index, id, source, message }))
  const still = [...bad, ...alike]
    .filter(({ event }) => !held.has(eventKey(event)))
    .map(
      ({ index, event, refusal, errors }): Refused => ({
        index,
        id: event.id,
        ...refusal,
        errors: errors ?? [{ path: refusal.path, message: refusal.message }],
      }),
    )
  return {
    duplicates: doubles.length - conflicts.length,
    refused: [...refused, ...still].toSorted(byIndex),
    conflicts: conflicts.toSorted(byIndex),
  }
}

const message = 'this id was used before with other content, which stays'
const byIndex = (a: { readonly index: number }, b: { readonly index: number }) => a.index - b.index
