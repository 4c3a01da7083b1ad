import type { Deps } from '../deps.ts'
import { take, tally } from './aggregate.ts'
import { type Active, type Contribution, changed, type Taken, versioned } from './contribute.ts'
import { addSeen, type HeldHour, type HourKey, hold, hourKey, save, seenKey } from './hours.ts'
import { read } from './reading.ts'

/** What one meter took of one agreement's events of one hour. */
type Group = HourKey & { readonly active: Active; readonly taken: readonly Taken[] }

/**
 * Counts fresh events in aggregates that do not add up: what each hour's becomes, less what it was, is given for the
 * event that decides it. The hours are held until the transaction ends.
 */
export async function settle(tx: Deps, taken: readonly Taken[]): Promise<Contribution[]> {
  const groups = groupsOf(taken)
  const held = await hold(
    tx.db,
    groups.map(({ active, ...group }) => ({ ...group, version: active.version })),
  )
  const own = groups.flatMap((group): (Group & { hourHeld: HeldHour })[] => {
    const hourHeld = held.get(hourKey(group))
    return hourHeld ? [{ ...asHeld(group, hourHeld), hourHeld }] : []
  })
  const [unique, others] = [own.filter(isUnique), own.filter((group) => !isUnique(group))]
  const given = others.map((group) => foldOne(group, group.hourHeld))
  await save(
    tx.db,
    given.map(({ next }) => next),
  )
  return [...given.flatMap((one) => one.given), ...(await countNew(tx, unique))]
}

const isUnique = ({ active }: Group) => active.definition.aggregation === 'unique'

function groupsOf(taken: readonly Taken[]): Group[] {
  const groups = new Map<string, Group & { taken: Taken[] }>()
  for (const one of taken) {
    const { meter, version, definition, event } = one
    const key = { meter: meter.id, agreement: event.agreement, hour: event.hour }
    const name = hourKey(key)
    const group = groups.get(name)
    if (group) group.taken.push(one)
    else groups.set(name, { ...key, active: { meter, version, definition }, taken: [one] })
  }
  return [...groups.values()]
}

/** An hour that was read anew by another version stays with that one: a mixture would have no meaning. */
function asHeld(group: Group, { version }: HeldHour): Group {
  if (version === group.active.version) return group
  const active = versioned(group.active.meter, version)
  if (!active) return group
  const taken = group.taken.flatMap(({ event }): Taken[] => {
    const found = read(active.definition, event.properties)
    return found.is === 'read' ? [{ ...active, event, value: found.value }] : []
  })
  return { ...group, active, taken }
}

function foldOne({ active, taken }: Group, before: HeldHour) {
  const { aggregation } = active.definition
  const held = taken.reduce((known, one) => take(aggregation, known, one), before.held)
  const next: HeldHour = { ...before, held }
  const decider = taken.find(({ event }) => event.id === held.event && event.source === held.source)
  const given = decider
    ? changed(active, decider.event, {
        before: before.held.value ?? '0',
        after: held.value ?? '0',
      })
    : []
  return { next, given }
}

async function countNew(tx: Deps, groups: readonly Group[]): Promise<Contribution[]> {
  const tallies = groups.map((group) => ({ group, seen: tally(group.taken) }))
  const fresh = await addSeen(
    tx.db,
    tallies.flatMap(({ group: { meter, agreement, hour }, seen }) =>
      [...seen].map(([value, { count }]) => ({ meter, agreement, hour, value, count })),
    ),
  )
  return tallies.flatMap(({ group, seen }) =>
    [...seen].flatMap(([value, { first }]) =>
      fresh.has(seenKey({ ...group, value }))
        ? changed(group.active, first.event, { before: '0', after: '1' })
        : [],
    ),
  )
}
