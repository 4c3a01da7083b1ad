import type { Deps } from '../deps.ts'
import type { Decimal } from '../kernel/decimal.ts'
import type { Choose, Compared } from './again.ts'
import { nothing } from './aggregate.ts'
import { type Active, versioned } from './contribute.ts'
import { type Counted, count } from './count.ts'
import * as hours from './hours.ts'
import type { Meter } from './model.ts'
import { given } from './reading.ts'
import type { HourOf, Told } from './stored.ts'

/** Aggregates of an hour that do not add up, as they are counted and as they come out anew. */
export type Others = {
  readonly found: readonly Compared[]
  keep(left: ReadonlySet<string>): Promise<void>
}

type One = {
  readonly key: hours.HourKey
  readonly active: Active | undefined
  readonly held: hours.HeldHour | undefined
  readonly counted: Counted
}

/** Counts an hour's aggregates that do not add up from its events, and compares with how they stand. */
export async function others(
  tx: Deps,
  hour: HourOf,
  {
    meters,
    choose,
    isLook,
    sample,
  }: {
    readonly meters: readonly Meter[]
    readonly choose: Choose
    readonly isLook: boolean
    /** An event of the hour, for a difference that no event decides. */
    readonly sample: Told | null
  },
): Promise<Others> {
  const chosen = meters.map((meter) => ({ meter, active: choose(meter), key: keyOf(meter, hour) }))
  const known = await hours.peek(
    tx.db,
    chosen.map(({ key }) => key),
  )
  const touched = chosen.filter(({ active, key }) => active || known.has(hours.hourKey(key)))
  const held = isLook
    ? known
    : await hours.hold(
        tx.db,
        touched.map(({ key, active }) => ({ ...key, version: active?.version ?? 0 })),
      )
  const all: One[] = []
  const found: Compared[] = []
  for (const { meter, active, key } of touched) {
    const counted = active ? await count(tx.db, active, hour) : empty
    const one = { key, active, held: held.get(hours.hourKey(key)), counted }
    all.push(one)
    found.push(...(await compare(tx, meter, one, sample)))
  }
  return {
    found,
    keep: (left) => keep(tx, all, left),
  }
}

const empty: Counted = { held: nothing, seen: new Map(), decider: null }
const keyOf = (meter: Meter, { agreement, hour }: HourOf): hours.HourKey => ({
  meter: meter.id,
  agreement,
  hour,
})

async function compare(
  tx: Deps,
  meter: Meter,
  { key, active, held, counted }: One,
  sample: Told | null,
): Promise<Compared[]> {
  const by = counted.decider ?? sample
  if (!by) return []
  const isUnique = meter.aggregation === 'unique'
  const was = held && versioned(meter, held.version)
  const stood = isUnique ? String(await hours.countSeen(tx.db, key)) : (held?.held.value ?? '0')
  const comes = isUnique ? String(counted.seen.size) : (counted.held.value ?? '0')
  const before = was ? shares(was, stood) : new Map<string, Decimal>()
  const after = active ? shares(active, comes) : new Map<string, Decimal>()
  const version = active?.version ?? held?.version ?? 0
  return [...new Set([...before.keys(), ...after.keys()])].map((dimension) => ({
    source: by.source,
    event: by.id,
    at: by.at,
    meter: meter.id,
    version,
    dimension,
    before: before.get(dimension) ?? '0',
    after: after.get(dimension) ?? '0',
  }))
}

const shares = ({ definition }: Active, value: Decimal): Map<string, Decimal> =>
  new Map(definition.to.map(({ dimension, times }) => [dimension, given(times, '0', value)]))

async function keep(tx: Deps, all: readonly One[], left: ReadonlySet<string>): Promise<void> {
  for (const { key, active, held, counted } of all) {
    if (left.has(key.meter)) {
      // An hour that was held only to be read leaves no trace.
      const isEmpty = held?.held.value === null && (await hours.countSeen(tx.db, key)) === 0
      if (isEmpty) await hours.drop(tx.db, key)
      continue
    }
    if (!active) {
      await hours.drop(tx.db, key)
      continue
    }
    await hours.save(tx.db, [{ ...key, version: active.version, held: counted.held }])
    const seen = [...counted.seen].map(([value, count]) => ({ ...key, value, count }))
    await hours.replaceSeen(tx.db, key, seen)
  }
}
