import type { Deps } from '../deps.ts'
import { type Decimal, isZero, minus, plus } from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Active, type Contribution, named } from './contribute.ts'
import type { Meter } from './model.ts'
import { given, read } from './reading.ts'
import { type Others, others } from './recount.ts'
import {
  additive,
  type EventKey,
  type HourOf,
  lockEvents,
  type Made,
  pageOf,
  type Told,
} from './stored.ts'

/** How stored events are to be read: a meter as it is to read them, or nothing where it is to read none. */
export type Choose = (meter: Meter) => Active | undefined

export type Again = {
  /** Events read, and those of them that a meter cannot read: there they count for nothing. */
  readonly events: number
  readonly unreadable: readonly (EventKey & { readonly faults: readonly Violation[] })[]
  /** What was counted of each dimension, and what it comes to. */
  readonly sums: ReadonlyMap<string, { readonly before: Decimal; readonly after: Decimal }>
  /** What brings the one in line with the other: one for each event, meter and dimension at most. */
  readonly differences: readonly (Contribution & { readonly at: Instant })[]
  /** Where to go on in this hour; null at its end. */
  readonly next: EventKey | null
  /** Writes down that aggregates which do not add up stand as they were read, but for these meters. */
  keep(left: ReadonlySet<string>): Promise<void>
}

/**
 * Reads stored events of one agreement, name and hour anew, a page at a time, and compares with what is counted.
 * Aggregates that do not add up are read with the last page. Unless it is a `look`, what is read stays locked until the
 * transaction ends.
 */
export async function readAgain(
  tx: Deps,
  hour: HourOf,
  {
    meters,
    choose,
    after,
    isLook,
  }: {
    readonly meters: readonly Meter[]
    readonly choose: Choose
    readonly after: EventKey | null
    readonly isLook: boolean
  },
): Promise<Again> {
  const page = await pageOf(tx.db, hour, after)
  if (!isLook) await lockEvents(tx.db, page.rows)
  const summing = meters.filter(addsUp)
  const made = await additive(tx.db, page.rows)
  const found = summing.flatMap((meter) => compareEach(meter, choose(meter), page.rows, made))
  const rest: Others =
    page.next === null
      ? await others(tx, hour, {
          meters: meters.filter((meter) => !addsUp(meter)),
          choose,
          isLook,
          sample: page.rows.at(-1) ?? (await pageOf(tx.db, hour, null, 1)).rows[0] ?? null,
        })
      : { found: [], keep: async () => {} }
  const all = [...found, ...rest.found]
  return {
    events: page.rows.length,
    unreadable: unreadable(page.rows, meters, choose),
    sums: sumsOf(all),
    differences: all.flatMap(({ before, after, ...one }) => {
      const quantity = minus(after, before)
      return isZero(quantity) ? [] : [{ ...one, quantity }]
    }),
    next: page.next,
    keep: rest.keep,
  }
}

const addsUp = ({ aggregation }: Meter) => aggregation === 'sum' || aggregation === 'count'

/** What one meter gave one dimension for one event, and what it is to give. */
export type Compared = Omit<Contribution, 'quantity'> & {
  readonly at: Instant
  readonly before: Decimal
  readonly after: Decimal
}

function compareEach(
  meter: Meter,
  active: Active | undefined,
  page: readonly Told[],
  made: readonly Made[],
): Compared[] {
  const own = Map.groupBy(
    made.filter((one) => one.meter === meter.id),
    ({ source, event }) => `${source}\n${event}`,
  )
  return page.flatMap((told): Compared[] => {
    const counted = own.get(`${told.source}\n${told.id}`) ?? []
    const wanted = wantedOf(active, told)
    const dimensions = new Set([...wanted.keys(), ...counted.map(({ dimension }) => dimension)])
    return [...dimensions].map((dimension) => {
      const before = counted.find((one) => one.dimension === dimension)
      return {
        source: told.source,
        event: told.id,
        at: told.at,
        meter: meter.id,
        version: active?.version ?? before?.version ?? 0,
        dimension,
        before: before?.quantity ?? '0',
        after: wanted.get(dimension) ?? '0',
      }
    })
  })
}

function wantedOf(active: Active | undefined, told: Told): Map<string, Decimal> {
  const found = active ? read(active.definition, told.properties) : undefined
  if (!active || found?.is !== 'read') return new Map()
  return new Map(
    active.definition.to.map(({ dimension, times }) => [dimension, given(times, '0', found.value)]),
  )
}

function unreadable(page: readonly Told[], meters: readonly Meter[], choose: Choose) {
  const active = meters.flatMap((meter) => choose(meter) ?? [])
  return page.flatMap(({ source, id, properties }) => {
    const faults = active.flatMap((one) => {
      const found = read(one.definition, properties)
      return found.is === 'unreadable' ? named(found.faults, one) : []
    })
    return faults.length > 0 ? [{ source, id, faults }] : []
  })
}

function sumsOf(all: readonly Compared[]): Again['sums'] {
  const sums = new Map<string, { before: Decimal; after: Decimal }>()
  for (const { dimension, before, after } of all) {
    const sum = sums.get(dimension) ?? { before: '0', after: '0' }
    sums.set(dimension, { before: plus(sum.before, before), after: plus(sum.after, after) })
  }
  return sums
}
