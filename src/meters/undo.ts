import type { Deps } from '../deps.ts'
import { negate } from '../kernel/decimal.ts'
import { standsWithout, tally } from './aggregate.ts'
import {
  type Active,
  type Contribution,
  changed,
  type NamedEvent,
  type Taken,
  versioned,
} from './contribute.ts'
import { count } from './count.ts'
import { type HeldHour, holdKnown, removeSeen, save, seenKey } from './hours.ts'
import { read } from './reading.ts'
import * as store from './store.ts'
import { additive, type EventKey, lockEvents } from './stored.ts'

/** A reversal, by its own source and id, of a named event. */
export type Reversal = {
  readonly source: string
  readonly id: string
  readonly original: NamedEvent
}

/** What takes named events back; see `service.reversed`. */
export async function undo(tx: Deps, reversals: readonly Reversal[]): Promise<Contribution[]> {
  const originals = reversals.map(({ original }) => original)
  await lockEvents(tx.db, originals)
  const by = new Map(reversals.map((one) => [keyOf(one.original), one]))
  const added = (await additive(tx.db, originals)).flatMap((made): Contribution[] => {
    const reversal = by.get(keyOf({ source: made.source, id: made.event }))
    if (!reversal) return []
    const meter = made.meter as Contribution['meter']
    const { source, id } = reversal
    return [{ ...made, meter, source, event: id, quantity: negate(made.quantity) }]
  })
  return [...added, ...(await uncount(tx, reversals))]
}

/** Neither holds a line break. */
const keyOf = ({ source, id }: EventKey): string => `${source}\n${id}`

/** A reversal of an event, and what a meter took from that. */
type Gone = { readonly reversal: Reversal; readonly taken: Taken }
type Group = { readonly hour: HeldHour; readonly active: Active; readonly gone: readonly Gone[] }

/** Takes events out of the aggregates that do not add up, as far as they counted there. */
async function uncount(tx: Deps, reversals: readonly Reversal[]): Promise<Contribution[]> {
  const held = await holdKnown(
    tx.db,
    reversals.map(({ original }) => original),
  )
  if (held.size === 0) return []
  const hours = [...held.values()]
  const meters = await store.byIds(tx.db, [...new Set(hours.map(({ meter }) => meter))])
  const byId = new Map(meters.map((meter) => [meter.id as string, meter]))
  const groups = hours.flatMap((hour): Group[] => {
    const meter = byId.get(hour.meter)
    const active = meter && versioned(meter, hour.version)
    return active ? [{ hour, active, gone: goneFrom(hour, active, reversals) }] : []
  })
  const given = await forget(tx, groups.filter(isUnique))
  const next: HeldHour[] = []
  for (const group of groups.filter((one) => !isUnique(one))) {
    const after = await recount(tx, group)
    if (!after) continue
    next.push(after.hour)
    given.push(...after.given)
  }
  await save(tx.db, next)
  return given
}

const isUnique = ({ active }: Group) => active.definition.aggregation === 'unique'

function goneFrom(hour: HeldHour, active: Active, reversals: readonly Reversal[]): Gone[] {
  return reversals.flatMap((reversal): Gone[] => {
    const event = reversal.original
    const isHere =
      event.agreement === hour.agreement &&
      event.hour === hour.hour &&
      event.name === active.meter.event
    const found = isHere ? read(active.definition, event.properties) : undefined
    if (found?.is !== 'read') return []
    return [{ reversal, taken: { ...active, event, value: found.value } }]
  })
}

async function forget(tx: Deps, groups: readonly Group[]): Promise<Contribution[]> {
  const tallies = groups.map((group) => ({
    group,
    seen: tally(group.gone.map(({ taken }) => taken)),
  }))
  const gone = await removeSeen(
    tx.db,
    tallies.flatMap(({ group: { hour }, seen }) =>
      [...seen].map(([value, { count }]) => ({ ...keyIn(hour), value, count })),
    ),
  )
  return tallies.flatMap(({ group, seen }) =>
    [...seen].flatMap(([value, { first }]) => {
      const by = group.gone.find(({ taken }) => taken === first)
      if (!by || !gone.has(seenKey({ ...group.hour, value }))) return []
      return changed(group.active, by.reversal, { before: '1', after: '0' })
    }),
  )
}

const keyIn = ({ meter, agreement, hour }: HeldHour) => ({ meter, agreement, hour })

/** Only where an event decided is its hour read anew. */
async function recount(
  tx: Deps,
  { hour, active, gone }: Group,
): Promise<{ readonly hour: HeldHour; readonly given: readonly Contribution[] } | undefined> {
  const { aggregation } = active.definition
  const by = gone.find(({ taken }) => !standsWithout(aggregation, hour.held, taken))
  if (!by) return undefined
  const name = active.meter.event
  const { held } = await count(tx.db, active, { ...keyIn(hour), name })
  return {
    hour: { ...hour, held },
    given: changed(active, by.reversal, {
      before: hour.held.value ?? '0',
      after: held.value ?? '0',
    }),
  }
}
