import { type RawBuilder, sql } from 'kysely'
import type { Decimal } from '../kernel/decimal.ts'
import { type Id, newId } from '../kernel/id.ts'
import { type Hour, hourOf, type Instant } from '../kernel/time.ts'
import { type Db, sqlState } from '../platform/db.ts'
import type { UsageEvent } from './model.ts'

/**
 * Whether a statement failed for a reason that trying again cures: a record was sent meanwhile (`rollUp`), or two
 * batches waited for each other.
 */
export const isRace = (error: unknown): boolean =>
  sqlState(error) === '40P01' ||
  (sqlState(error) === '23502' && (error as { table?: unknown }).table === 'usage_records')

/** The record that a group of events adds to. */
export type Slot = {
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly hour: Hour
  readonly late: boolean
  readonly connection: Id<'conn'>
  readonly dueAt: Instant
  readonly deadline: Instant
}
export type Placed = { readonly event: UsageEvent; readonly slot: number }

export type RolledUp = {
  /** Positions of events that were known before. */
  readonly known: ReadonlySet<number>
  /** Records of usage that came too late, with what they hold now beyond what is included. */
  readonly late: readonly {
    readonly id: Id<'rec'>
    readonly slot: number
    readonly sent: Decimal
  }[]
}

/**
 * Stores a batch and adds what is new of it to its records, in one statement: both or neither, once for each
 * (source, id) for ever. Rows are locked in the order of their keys, so that batches do not wait for each other in a
 * circle. A record that was sent takes nothing: its sum becomes null, which its column refuses (`isRace`).
 */
export async function rollUp(
  db: Db,
  placed: readonly Placed[],
  slots: readonly Slot[],
  now: Instant,
): Promise<RolledUp> {
  const each = <Value>(pick: (row: Placed) => Value) => placed.map(pick)
  const isTagged = placed.some(({ event }) => event.allocations !== null)
  const { rows } = await sql<{
    n: number | null
    id: string | null
    slot: number
    sent: string
  }>`
    with slot as (${slotRows(slots)}), incoming as (
      select e.*, s.agreement, s.dimension, s.hour, s.late
      from unnest(${array(each((p) => p.event.source))}::text[],
        ${array(each((p) => p.event.id))}::text[], ${array(each((p) => String(p.slot + 1)))}::bigint[],
        ${array(each((p) => p.event.quantity))}::numeric[],
        ${array(each((p) => p.event.at))}::timestamptz[],
        ${isTagged ? each((p) => p.event.allocations && JSON.stringify(p.event.allocations)) : null}::text[])
        with ordinality as e(source, id, slot, quantity, at, allocations, n)
      join slot s using (slot)
    ), fresh as (
      insert into usage_events
        (source, id, agreement, dimension, quantity, at, hour, late, allocations, received_at)
      select source, id, agreement, dimension, quantity, at, hour, late, allocations::jsonb, ${now}
      from incoming order by source, id
      on conflict do nothing
      returning source, id, agreement, dimension, hour, late, quantity,
        allocations is not null as allocated
    ), ${addedToRecords(now)}
    select n::int - 1 as n, null as id, null as slot, null as sent from incoming i
    where (select count(*) from fresh) < ${placed.length}
      and not exists (select from fresh f where f.source = i.source and f.id = i.id)
    union all
    select null, r.id, s.slot::int - 1, r.sent from rolled r
    join slot s using (agreement, dimension, hour) where r.kind = 'late' and s.late`.execute(db)
  return {
    known: new Set(rows.flatMap(({ n }) => n ?? [])),
    late: rows.flatMap(({ id, slot, sent }) =>
      id === null ? [] : [{ id: id as Id<'rec'>, slot, sent }],
    ),
  }
}

/** Slots as rows, each with its place and the id of the record that it opens, if it does. */
export function slotRows(slots: readonly Slot[]): RawBuilder<unknown> {
  const list = (pick: (slot: Slot) => string) => array(slots.map(pick))
  return sql`
      select * from unnest(${list((s) => s.agreement)}::text[],
        ${list((s) => s.dimension)}::text[], ${list((s) => s.hour)}::timestamptz[],
        ${list((s) => String(s.late))}::boolean[], ${list((s) => s.connection)}::text[],
        ${list((s) => s.dueAt)}::timestamptz[],
        ${list((s) => s.deadline)}::timestamptz[], ${list(() => newId('rec'))}::text[])
        with ordinality as s(agreement, dimension, hour, late, connection, due_at, deadline, record, slot)
    `
}

/** Adds what is `fresh` to the record of its `slot`, in the order of their keys; answers with `rolled`. */
export const addedToRecords = (now: Instant): RawBuilder<unknown> => sql`added as (
      select agreement, dimension, hour, late, sum(quantity) as quantity, count(*) as events,
        bool_or(allocated) as allocated
      from fresh group by 1, 2, 3, 4
    ), rolled as (
      insert into usage_records (id, connection, agreement, dimension, hour, kind, quantity, events,
        allocated, state, state_is, due_at, deadline, sent, carried_in, carried_out,
        created_at, updated_at)
      select record, connection, agreement, dimension,
        hour, case when late then 'late' else 'usage' end, quantity, events, allocated,
        case when late then '{"is":"lost"}'::jsonb else '{"is":"open"}'::jsonb end,
        case when late then 'lost' else 'open' end, due_at, deadline,
        case when late then quantity end, case when late then 0 end, case when late then 0 end,
        ${now}, ${now}
      from added join slot using (agreement, dimension, hour, late)
      order by agreement, dimension, hour, 6
      on conflict (agreement, dimension, hour, kind) do update set
        quantity = case
          when usage_records.kind = 'late'
            or (usage_records.sent is null and usage_records.state_is in ('open', 'due', 'held'))
          then usage_records.quantity + excluded.quantity end,
        sent = usage_records.sent + excluded.sent,
        events = usage_records.events + excluded.events,
        allocated = usage_records.allocated or excluded.allocated,
        updated_at = excluded.updated_at
      returning id, agreement, dimension, hour, kind, sent
    )`

/** An array as Postgres reads it: quoted at once where no text holds a quote, which spares looking at each. */
export function array(texts: readonly string[]): string | readonly string[] {
  const all = texts.join('')
  if (all.includes('"') || all.includes('\\')) return texts
  return texts.length === 0 ? '{}' : `{"${texts.join('","')}"}`
}

type Series = { readonly agreement: string; readonly dimension: string }
export const seriesKey = ({ agreement, dimension }: Series): string => `${agreement} ${dimension}`

/** Hours of these agreements and dimensions that were sent, from an hour on, by `seriesKey`. */
export async function sealedHours(
  db: Db,
  series: readonly Series[],
  from: Hour,
): Promise<Map<string, Set<Hour>>> {
  const sealed = new Map<string, Set<Hour>>()
  if (series.length === 0) return sealed
  const { rows } = await sql<Series & { hour: Instant }>`
    select r.agreement, r.dimension, r.hour from usage_records r
    join (select distinct * from unnest(${series.map((s) => s.agreement)}::text[],
      ${series.map((s) => s.dimension)}::text[]) as s(agreement, dimension)) s
      using (agreement, dimension)
    where r.kind = 'usage' and r.hour >= ${from}::timestamptz
      and (r.sent is not null or r.state_is not in ('open', 'due', 'held'))`.execute(db)
  for (const row of rows) {
    const hours = sealed.get(seriesKey(row)) ?? new Set()
    sealed.set(seriesKey(row), hours.add(hourOf(row.hour)))
  }
  return sealed
}

/** An empty record for an hour, so that what its series carries is sent with it; one that is there stays. */
export async function openRecord(db: Db, slot: Slot, now: Instant): Promise<void> {
  await sql`insert into usage_records (id, connection, agreement, dimension, hour, kind, quantity,
      events, allocated, state, state_is, due_at, deadline, created_at, updated_at)
    values (${newId('rec')}, ${slot.connection}, ${slot.agreement}, ${slot.dimension}, ${slot.hour},
      'usage', 0, 0, false, '{"is":"open"}', 'open', ${slot.dueAt}, ${slot.deadline}, ${now}, ${now})
    on conflict do nothing`.execute(db)
}
