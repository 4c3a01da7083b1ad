import { sql } from 'kysely'
import type { Decimal } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { UsageEvent } from './model.ts'
import { addedToRecords, array, type RolledUp, type Slot, slotRows } from './roll-up.ts'

/** What a meter makes of an event. `run` tells a backfill's from what was made when the event came (empty). */
export type Contribution = {
  readonly source: string
  readonly event: string
  readonly meter: string
  readonly version: number
  readonly run: string
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
}

/** What a contract adds to the dimension it bills to. */
export type Posting = {
  readonly id: string
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  readonly reason: string
  readonly detail: unknown
}

/** Anything that makes up records. */
export type Part =
  | { readonly is: 'event'; readonly event: UsageEvent; readonly reverses: string | null }
  | { readonly is: 'meter'; readonly contribution: Contribution }
  | { readonly is: 'contract'; readonly posting: Posting }

export type PlacedPart = { readonly part: Part; readonly slot: number }

/**
 * Stores parts of any kind and adds what is new of them to its records, in one statement: both or neither, once for
 * ever for each event, for each contribution of a run, and for each posting. As `rollUp` does for events alone, a
 * record that was sent takes nothing (`isRace`).
 */
export async function addParts(
  db: Db,
  placed: readonly PlacedPart[],
  slots: readonly Slot[],
  now: Instant,
): Promise<RolledUp> {
  if (placed.length === 0) return { known: new Set(), late: [] }
  const { rows } = await sql<{
    key: string | null
    id: string | null
    slot: number
    sent: string
  }>`
    with slot as (${slotRows(slots)}),
    fresh_events as (${freshEvents(placed, now)}),
    fresh_contributions as (${freshContributions(placed, now)}),
    fresh_postings as (${freshPostings(placed, now)}),
    fresh as (
      select concat_ws(E'\n', 'event', source, id) as key, agreement, dimension, hour, late, quantity,
        allocations is not null as allocated from fresh_events
      union all
      select concat_ws(E'\n', 'meter', source, event, meter, dimension, run), agreement, dimension,
        hour, late, quantity, false from fresh_contributions
      union all
      select concat_ws(E'\n', 'contract', id), agreement, dimension, hour, late, quantity, false
      from fresh_postings
    ), ${addedToRecords(now)}
    select key, null as id, null as slot, null as sent from fresh
    union all
    select null, r.id, s.slot::int - 1, r.sent from rolled r
    join slot s using (agreement, dimension, hour) where r.kind = 'late' and s.late`.execute(db)
  const fresh = new Set(rows.flatMap(({ key }) => key ?? []))
  return {
    known: new Set(placed.flatMap(({ part }, n) => (fresh.has(keyOf(part)) ? [] : [n]))),
    late: rows.flatMap(({ id, slot, sent }) =>
      id === null ? [] : [{ id: id as Id<'rec'>, slot, sent }],
    ),
  }
}

/** None of them holds a line break. */
function keyOf(part: Part): string {
  if (part.is === 'event') return ['event', part.event.source, part.event.id].join('\n')
  if (part.is === 'contract') return ['contract', part.posting.id].join('\n')
  const { source, event, meter, dimension, run } = part.contribution
  return ['meter', source, event, meter, dimension, run].join('\n')
}

function freshEvents(placed: readonly PlacedPart[], now: Instant) {
  const rows = placed.flatMap(({ part, slot }) => (part.is === 'event' ? [{ ...part, slot }] : []))
  const each = (pick: (row: (typeof rows)[number]) => string) => array(rows.map(pick))
  const allocations = rows.map(
    ({ event }) => event.allocations && JSON.stringify(event.allocations),
  )
  return sql`insert into usage_events
      (source, id, agreement, dimension, quantity, at, hour, late, allocations, received_at, reverses)
    select e.source, e.id, s.agreement, s.dimension, e.quantity, e.at, s.hour, s.late,
      e.allocations::jsonb, ${now}, e.reverses
    from unnest(${each((r) => r.event.source)}::text[], ${each((r) => r.event.id)}::text[],
      ${each((r) => String(r.slot + 1))}::bigint[], ${each((r) => r.event.quantity)}::numeric[],
      ${each((r) => r.event.at)}::timestamptz[], ${allocations}::text[],
      ${rows.map(({ reverses }) => reverses)}::text[])
      as e(source, id, slot, quantity, at, allocations, reverses)
    join slot s using (slot) order by e.source, e.id
    on conflict do nothing
    returning source, id, agreement, dimension, hour, late, quantity, allocations`
}

function freshContributions(placed: readonly PlacedPart[], now: Instant) {
  const rows = placed.flatMap(({ part, slot }) =>
    part.is === 'meter' ? [{ ...part.contribution, slot }] : [],
  )
  const each = (pick: (row: (typeof rows)[number]) => string) => array(rows.map(pick))
  return sql`insert into usage_contributions
      (source, event, meter, version, run, agreement, dimension, quantity, at, hour, late, created_at)
    select c.source, c.event, c.meter, c.version, c.run, s.agreement, s.dimension, c.quantity, c.at,
      s.hour, s.late, ${now}
    from unnest(${each((r) => r.source)}::text[], ${each((r) => r.event)}::text[],
      ${each((r) => r.meter)}::text[], ${each((r) => String(r.version))}::int[],
      ${each((r) => r.run)}::text[], ${each((r) => String(r.slot + 1))}::bigint[],
      ${each((r) => r.quantity)}::numeric[], ${each((r) => r.at)}::timestamptz[])
      as c(source, event, meter, version, run, slot, quantity, at)
    join slot s using (slot) order by c.source, c.event, c.meter, s.dimension, c.run
    on conflict do nothing
    returning source, event, meter, run, agreement, dimension, hour, late, quantity`
}

function freshPostings(placed: readonly PlacedPart[], now: Instant) {
  const rows = placed.flatMap(({ part, slot }) =>
    part.is === 'contract' ? [{ ...part.posting, slot }] : [],
  )
  const each = (pick: (row: (typeof rows)[number]) => string) => array(rows.map(pick))
  return sql`insert into usage_postings
      (id, agreement, dimension, quantity, at, hour, late, reason, detail, created_at)
    select p.id, s.agreement, s.dimension, p.quantity, p.at, s.hour, s.late, p.reason,
      p.detail::jsonb, ${now}
    from unnest(${each((r) => r.id)}::text[], ${each((r) => String(r.slot + 1))}::bigint[],
      ${each((r) => r.quantity)}::numeric[], ${each((r) => r.at)}::timestamptz[],
      ${each((r) => r.reason)}::text[], ${rows.map((r) => JSON.stringify(r.detail))}::text[])
      as p(id, slot, quantity, at, reason, detail)
    join slot s using (slot) order by p.id
    on conflict do nothing
    returning id, agreement, dimension, hour, late, quantity`
}
