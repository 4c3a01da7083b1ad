import type { Deps } from '../deps.ts'
import { hourOf, type Instant } from '../kernel/time.ts'
import * as meters from '../meters/service.ts'
import type { Wish } from './add.ts'
import type { Bad, Entry } from './batch.ts'
import type { Metered } from './metered.ts'
import type { NamedEvent } from './model.ts'
import { type Bare, eventKey, removeBare, storeBare } from './stored.ts'

export type NamedEntry = Entry<NamedEvent> & { readonly meter: Metered }

/** What came of named events: those that were known, those that cannot be read, and what meters make of the others. */
export type Read = {
  readonly known: readonly NamedEntry[]
  readonly bad: readonly Bad[]
  readonly fresh: readonly NamedEntry[]
  /** By place in the batch. */
  readonly wishes: readonly { readonly index: number; readonly wish: Wish }[]
  /** Places in the batch of those that no meter reads. */
  readonly unmetered: ReadonlySet<number>
}

/**
 * Stores named events and has those that are new read by the meters of their listings, each once for ever. One that a
 * meter cannot read is not kept.
 */
export async function readNamed(
  tx: Deps,
  entries: readonly NamedEntry[],
  now: Instant,
): Promise<Read> {
  if (entries.length === 0)
    return { known: [], bad: [], fresh: [], wishes: [], unmetered: new Set() }
  const stored = await storeBare(tx.db, entries.map(bareOf), now)
  const isNew = ({ event }: NamedEntry) => stored.has(eventKey(event))
  const news = entries.filter(isNew)
  const read = await meters.contributions(tx, news.map(toldOf))
  const bad = news.flatMap((entry, n): Bad[] => {
    const errors = read.faults.get(n)
    const [first] = errors ?? []
    return first ? [{ ...entry, refusal: { code: 'invalid', ...first }, errors }] : []
  })
  await removeBare(
    tx.db,
    bad.map(({ event }) => event),
  )
  const fresh = news.filter((_, n) => !read.faults.has(n))
  const byKey = new Map(fresh.map((entry) => [eventKey(entry.event), entry]))
  const wishes = read.given.flatMap(({ source, event, meter, version, dimension, quantity }) => {
    const entry = byKey.get(eventKey({ source, id: event }))
    if (!entry) return []
    const { agreement, at } = entry.event
    const made = { source, event, meter, version, run: '', agreement, dimension, quantity, at }
    const wish: Wish = {
      meter: entry.meter,
      dimension,
      quantity,
      at,
      part: { is: 'meter', contribution: made },
    }
    return [{ index: entry.index, wish }]
  })
  const unmetered = new Set(news.flatMap(({ index }, n) => (read.unread.has(n) ? [index] : [])))
  return { known: entries.filter((entry) => !isNew(entry)), bad, fresh, wishes, unmetered }
}

const bareOf = ({ event, meter }: NamedEntry): Bare => ({
  ...event,
  agreement: meter.agreement,
  hour: hourOf(event.at),
  named: event,
  reverses: null,
})

const toldOf = ({ event: { source, id, event, properties, at }, meter }: NamedEntry) => ({
  source,
  id,
  agreement: meter.agreement,
  listing: meter.listing,
  name: event,
  properties,
  at,
  hour: hourOf(at),
})
