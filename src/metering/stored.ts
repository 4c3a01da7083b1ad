import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { type Hour, hourOf, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Allocation, AnyEvent, NamedEvent } from './model.ts'

type EventKey = Pick<AnyEvent, 'source' | 'id'>
/** Neither holds a line break. */
export const eventKey = ({ source, id }: EventKey): string => `${source}\n${id}`

/** An event as it is stored, in any form. */
export type EventRow = {
  readonly source: string
  readonly id: string
  readonly agreement: Id<'agr'>
  readonly dimension: string | null
  readonly quantity: Decimal | null
  readonly at: Instant
  readonly hour: Instant
  readonly late: boolean
  readonly allocations: readonly Allocation[] | null
  readonly name: string | null
  readonly properties: Readonly<Record<string, unknown>> | null
  readonly reverses: string | null
  readonly receivedAt: Instant
}
const columns = sql`e.source, e.id, e.agreement, e.dimension, e.quantity, e.at, e.hour, e.late,
  e.allocations, e.name, e.properties, e.reverses, e.received_at as "receivedAt"`

/** Which form a stored event has, and what of it was told. */
export function eventOf(row: EventRow): AnyEvent {
  const { id, source, agreement, at, name, properties, reverses, allocations } = row
  if (reverses !== null) return { id, source, reverses, agreement, at }
  if (name !== null) return { id, source, agreement, event: name, properties: properties ?? {}, at }
  const [dimension, quantity] = [row.dimension ?? '', row.quantity ?? '0']
  return { id, source, agreement, dimension, quantity, at, allocations }
}

/** Events that are known already, by `eventKey`. */
export async function knownEvents(
  db: Db,
  keys: readonly EventKey[],
): Promise<Map<string, AnyEvent>> {
  if (keys.length === 0) return new Map()
  const { rows } = await sql<EventRow>`
    select ${columns} from usage_events e
    join unnest(${keys.map((k) => k.source)}::text[], ${keys.map((k) => k.id)}::text[])
      as k(source, id) using (source, id)`.execute(db)
  return new Map(rows.map((row) => [eventKey(row), eventOf(row)]))
}

/** Events with what took each back, if anything did; held, so that nothing is made of them meanwhile. */
export async function heldEvents(
  db: Db,
  keys: readonly EventKey[],
): Promise<Map<string, EventRow & { readonly reversedBy: string | null }>> {
  if (keys.length === 0) return new Map()
  const { rows } = await sql<EventRow & { reversedBy: string | null }>`
    select ${columns}, (select r.id from usage_events r
        where r.source = e.source and r.reverses = e.id) as "reversedBy"
    from usage_events e
    join (select distinct * from unnest(${keys.map((k) => k.source)}::text[],
      ${keys.map((k) => k.id)}::text[]) as k(source, id)) k on k.source = e.source and k.id = e.id
    order by e.source, e.id for update of e`.execute(db)
  return new Map(rows.map((row) => [eventKey(row), row]))
}

/** An event of which nothing is counted by itself: a named one, or one that takes such an event back. */
export type Bare = EventKey & {
  readonly agreement: Id<'agr'>
  readonly at: Instant
  /** The hour of the usage it is about. */
  readonly hour: Hour
  readonly named: Pick<NamedEvent, 'event' | 'properties'> | null
  readonly reverses: string | null
}

/** Stores events as they are and says which of them are new, by `eventKey`. */
export async function storeBare(
  db: Db,
  events: readonly Bare[],
  now: Instant,
): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  const each = <Value>(pick: (event: Bare) => Value) => events.map(pick)
  const { rows } = await sql<EventKey>`
    insert into usage_events (source, id, agreement, at, hour, late, received_at, name, properties,
      reverses)
    select source, id, agreement, at, hour, false, ${now}, name, properties::jsonb, reverses
    from unnest(${each((e) => e.source)}::text[], ${each((e) => e.id)}::text[],
      ${each((e) => e.agreement)}::text[], ${each((e) => e.at)}::timestamptz[],
      ${each((e) => e.hour)}::timestamptz[], ${each((e) => e.named?.event ?? null)}::text[],
      ${each((e) => e.named && JSON.stringify(e.named.properties))}::text[],
      ${each((e) => e.reverses)}::text[])
      as e(source, id, agreement, at, hour, name, properties, reverses)
    order by source, id on conflict do nothing returning source, id`.execute(db)
  return new Set(rows.map(eventKey))
}

/** Takes events out that turned out to be unreadable, in the transaction that stored them. */
export async function removeBare(db: Db, events: readonly EventKey[]): Promise<void> {
  if (events.length === 0) return
  await sql`delete from usage_events e
    using unnest(${events.map((e) => e.source)}::text[], ${events.map((e) => e.id)}::text[])
      as k(source, id) where e.source = k.source and e.id = k.id`.execute(db)
}

/** What meters made of some events, with the hour whose record each went to. */
export type ContributionRow = {
  readonly source: string
  readonly event: string
  readonly meter: string
  readonly version: number
  readonly run: string
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  readonly hour: Hour
  readonly late: boolean
}

export async function contributionsOf(
  db: Db,
  keys: readonly EventKey[],
): Promise<ContributionRow[]> {
  if (keys.length === 0) return []
  const { rows } = await sql<Omit<ContributionRow, 'hour'> & { hour: Instant }>`
    select c.source, c.event, c.meter, c.version, c.run, c.agreement, c.dimension, c.quantity, c.at,
      c.hour, c.late
    from usage_contributions c
    join unnest(${keys.map((k) => k.source)}::text[], ${keys.map((k) => k.id)}::text[])
      as k(source, id) on c.source = k.source and c.event = k.id
    order by c.source, c.event, c.meter, c.dimension, c.run`.execute(db)
  return rows.map((row) => ({ ...row, quantity: trim(row.quantity), hour: hourOf(row.hour) }))
}
