import type { Deps } from '../deps.ts'
import type { Decimal } from '../kernel/decimal.ts'
import { isZero } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Hour, Instant } from '../kernel/time.ts'
import { type Definition, type Meter, versionAt } from './model.ts'
import type { Properties } from './operations.ts'
import { given, read } from './reading.ts'
import * as store from './store.ts'

/** A named event, of one agreement (our id) and its listing; `hour` is the UTC hour of `at`. */
export type NamedEvent = {
  readonly source: string
  readonly id: string
  readonly agreement: string
  /** Null where the agreement's listing is not known: nothing reads it. */
  readonly listing: string | null
  readonly name: string
  readonly properties: Properties
  readonly at: Instant
  readonly hour: Hour
}

/** What a meter's version gives one dimension for one event; never zero, below zero for a correction. */
export type Contribution = {
  readonly source: string
  readonly event: string
  readonly meter: Id<'mtr'>
  readonly version: number
  readonly dimension: string
  readonly quantity: Decimal
}

/** A meter as it reads the events of an hour. */
export type Active = {
  readonly meter: Meter
  readonly version: number
  readonly definition: Definition
}

/** One event and what a meter reads in it. */
export type Taken = Active & { readonly event: NamedEvent; readonly value: string }

export type Readings = {
  readonly taken: readonly Taken[]
  /** By the event's place: everything that a meter could not read in it. */
  readonly faults: ReadonlyMap<number, readonly Violation[]>
  /** Places of events that no meter of their listing takes. */
  readonly unread: ReadonlySet<number>
}

/** What the meters in force read in each event. Asks the database for the meters, and writes nothing. */
export async function readAll(deps: Deps, events: readonly NamedEvent[]): Promise<Readings> {
  const known = await store.reading(
    deps.db,
    [...new Set(events.flatMap(({ listing }) => listing ?? []))],
    [...new Set(events.map(({ name }) => name))],
  )
  const active = activeIn(known)
  const taken: Taken[] = []
  const faults = new Map<number, Violation[]>()
  const unread = new Set<number>()
  for (const [index, event] of events.entries()) {
    const wrong: Violation[] = []
    const own: Taken[] = []
    for (const one of active(event)) {
      const found = read(one.definition, event.properties)
      if (found.is === 'read') own.push({ ...one, event, value: found.value })
      if (found.is === 'unreadable') wrong.push(...named(found.faults, one))
    }
    if (wrong.length > 0) faults.set(index, wrong)
    else if (own.length > 0) taken.push(...own)
    else unread.add(index)
  }
  return { taken, faults, unread }
}

/** Says which meter needs it. */
export const named = (faults: readonly Violation[], { meter }: Active): Violation[] =>
  faults.map(({ path, message }) => ({ path, message: `${message} (meter ${meter.key})` }))

/** Finds the meters that read an event in its hour. */
function activeIn(meters: readonly Meter[]): (event: NamedEvent) => readonly Active[] {
  const found = new Map<string, readonly Active[]>()
  const byName = Map.groupBy(meters, ({ listing, event }) => `${listing} ${event}`)
  return ({ listing, name, hour }) => {
    const key = `${hour} ${listing} ${name}`
    const known = found.get(key)
    if (known) return known
    const active = (byName.get(`${listing} ${name}`) ?? []).flatMap((meter) =>
      activeOf(meter, hour),
    )
    found.set(key, active)
    return active
  }
}

/** A meter as it reads an hour's events, or nothing where it is not there yet or switched off. */
export function activeOf(meter: Meter, hour: Hour): Active[] {
  const version = versionAt(meter.versions, hour)
  if (!version?.definition) return []
  return [{ meter, version: version.number, definition: version.definition }]
}

/** A meter as one of its versions reads; undefined for one that is not there or reads nothing. */
export function versioned(meter: Meter, number: number): Active | undefined {
  const version = meter.versions.find((one) => one.number === number)
  return version?.definition
    ? { meter, version: number, definition: version.definition }
    : undefined
}

/** What an aggregate's change gives each dimension of a definition, for the event that made it. */
export const changed = (
  { meter, version, definition }: Active,
  { source, id }: Pick<NamedEvent, 'source' | 'id'>,
  { before, after }: { readonly before: Decimal; readonly after: Decimal },
): Contribution[] =>
  definition.to.flatMap(({ dimension, times }) => {
    const quantity = given(times, before, after)
    if (isZero(quantity)) return []
    return [{ source, event: id, meter: meter.id, version, dimension, quantity }]
  })
