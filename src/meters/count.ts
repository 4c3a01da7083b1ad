import type { Db } from '../platform/db.ts'
import { type Held, nothing, take } from './aggregate.ts'
import type { Active, NamedEvent, Taken } from './contribute.ts'
import { read } from './reading.ts'
import { type HourOf, standing } from './stored.ts'

/** What an hour's aggregate comes to, read from its events as they are stored. */
export type Counted = {
  readonly held: Held
  /** How often each value was seen, of `unique`. */
  readonly seen: ReadonlyMap<string, number>
  /** One of the events that count, if there is any: the one that decides, where one does. */
  readonly decider: Pick<NamedEvent, 'source' | 'id' | 'at'> | null
}

/** Counts an hour anew by one version of its meter. An event that the version cannot read counts for nothing. */
export async function count(db: Db, active: Active, hour: HourOf): Promise<Counted> {
  const { aggregation } = active.definition
  const seen = new Map<string, number>()
  let held = nothing
  let decider: Counted['decider'] = null
  for await (const page of standing(db, hour))
    for (const told of page) {
      const found = read(active.definition, told.properties)
      if (found.is !== 'read') continue
      const event: NamedEvent = { ...hour, ...told, listing: active.meter.listing }
      const one: Taken = { ...active, event, value: found.value }
      if (aggregation === 'unique') {
        seen.set(one.value, (seen.get(one.value) ?? 0) + 1)
        decider ??= told
        continue
      }
      const next = take(aggregation, held, one)
      if (next !== held) decider = told
      held = next
    }
  return { held, seen, decider }
}
