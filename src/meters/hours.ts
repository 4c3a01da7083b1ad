import { sql } from 'kysely'
import { trim } from '../kernel/decimal.ts'
import { type Hour, hourOf, hourStart, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Held } from './aggregate.ts'

/** One hour of one meter and agreement. */
export type HourKey = { readonly meter: string; readonly agreement: string; readonly hour: Hour }
/** An hour as it was counted so far, and by which version of its meter. */
export type HeldHour = HourKey & { readonly version: number; readonly held: Held }

/** None holds a blank. */
export const hourKey = ({ meter, agreement, hour }: HourKey): string =>
  `${meter} ${agreement} ${hour}`

/**
 * Holds hours until the transaction ends, those that are not known yet too; whoever counts in one of them waits. Always
 * in the order of their keys, so that nobody waits in a circle.
 */
export async function hold(
  db: Db,
  hours: readonly (HourKey & { readonly version: number })[],
): Promise<Map<string, HeldHour>> {
  if (hours.length === 0) return new Map()
  const { rows } = await sql<Row>`
    insert into meter_hours (meter, agreement, hour, version)
    select * from unnest(${hours.map((h) => h.meter)}::text[],
      ${hours.map((h) => h.agreement)}::text[], ${hours.map((h) => hourStart(h.hour))}::timestamptz[],
      ${hours.map((h) => String(h.version))}::int[]) as h(meter, agreement, hour, version)
    order by meter collate "C", agreement collate "C", hour
    on conflict (meter, agreement, hour) do update set version = meter_hours.version
    returning *`.execute(db)
  return byKey(rows)
}

/** Holds those hours of agreements in which meters of an event's name were counted already, in the same order. */
export async function holdKnown(
  db: Db,
  asked: readonly { readonly agreement: string; readonly hour: Hour; readonly name: string }[],
): Promise<Map<string, HeldHour>> {
  const { rows } = await sql<Row>`
    select h.* from meter_hours h join meters m on m.id = h.meter
    join (select distinct * from unnest(${asked.map((a) => a.agreement)}::text[],
      ${asked.map((a) => hourStart(a.hour))}::timestamptz[], ${asked.map((a) => a.name)}::text[])
      as a(agreement, hour, name)) a
      on a.agreement = h.agreement and a.hour = h.hour and a.name = m.event
    order by h.meter collate "C", h.agreement collate "C", h.hour for update of h`.execute(db)
  return byKey(rows)
}

/** Hours as they stand, without holding them. */
export async function peek(db: Db, keys: readonly HourKey[]): Promise<Map<string, HeldHour>> {
  if (keys.length === 0) return new Map()
  const { rows } = await sql<Row>`
    select h.* from meter_hours h
    join unnest(${keys.map((k) => k.meter)}::text[], ${keys.map((k) => k.agreement)}::text[],
      ${keys.map((k) => hourStart(k.hour))}::timestamptz[]) as k(meter, agreement, hour)
      on h.meter = k.meter and h.agreement = k.agreement and h.hour = k.hour`.execute(db)
  return byKey(rows)
}

type Row = {
  meter: string
  agreement: string
  hour: Instant
  version: number
  value: string | null
  at: Instant | null
  source: string | null
  event: string | null
}

const byKey = (rows: readonly Row[]): Map<string, HeldHour> =>
  new Map(
    rows.map(({ meter, agreement, hour, version, value, ...rest }) => {
      const one = { meter, agreement, hour: hourOf(hour), version }
      return [hourKey(one), { ...one, held: { ...rest, value: value && trim(value) } }]
    }),
  )

/** Writes down how hours that are held stand, and by which version. */
export async function save(db: Db, hours: readonly HeldHour[]): Promise<void> {
  if (hours.length === 0) return
  const each = <T>(pick: (hour: HeldHour) => T) => hours.map(pick)
  await sql`update meter_hours h set version = n.version, value = n.value, at = n.at,
      source = n.source, event = n.event
    from unnest(${each((h) => h.meter)}::text[], ${each((h) => h.agreement)}::text[],
      ${each((h) => hourStart(h.hour))}::timestamptz[], ${each((h) => String(h.version))}::int[],
      ${each((h) => h.held.value)}::numeric[], ${each((h) => h.held.at)}::timestamptz[],
      ${each((h) => h.held.source)}::text[], ${each((h) => h.held.event)}::text[])
      as n(meter, agreement, hour, version, value, at, source, event)
    where h.meter = n.meter and h.agreement = n.agreement and h.hour = n.hour`.execute(db)
}

/** How often a value of `unique` comes, or goes. */
export type Seen = HourKey & { readonly value: string; readonly count: number }

/** Counts values in hours that are held. Answers those that were not there before, by `seenKey`. */
export async function addSeen(db: Db, seen: readonly Seen[]): Promise<Set<string>> {
  if (seen.length === 0) return new Set()
  const { rows } = await sql<SeenRow>`
    insert into meter_uniques (meter, agreement, hour, value, events)
    select * from ${seenRows(seen)}
    on conflict (meter, agreement, hour, value)
      do update set events = meter_uniques.events + excluded.events
    returning meter, agreement, hour, value, events`.execute(db)
  const counts = new Map(seen.map((one) => [seenKey(one), one.count]))
  return new Set(
    rows.map(readSeen).flatMap((row) => {
      const key = seenKey(row)
      return row.count === counts.get(key) ? [key] : []
    }),
  )
}

/** Takes counts of values in hours that are held back. Answers those of which none is left, by `seenKey`. */
export async function removeSeen(db: Db, seen: readonly Seen[]): Promise<Set<string>> {
  if (seen.length === 0) return new Set()
  const { rows } = await sql<SeenRow>`
    update meter_uniques u set events = u.events - s.events from ${seenRows(seen)}
    where u.meter = s.meter and u.agreement = s.agreement and u.hour = s.hour and u.value = s.value
    returning u.meter, u.agreement, u.hour, u.value, u.events`.execute(db)
  const gone = rows.map(readSeen).filter(({ count }) => count <= 0)
  if (gone.length > 0)
    await sql`delete from meter_uniques u using ${seenRows(gone)}
      where u.meter = s.meter and u.agreement = s.agreement and u.hour = s.hour
        and u.value = s.value`.execute(db)
  return new Set(gone.map(seenKey))
}

/** Replaces all that is known of an hour's values. */
export async function replaceSeen(db: Db, key: HourKey, seen: readonly Seen[]): Promise<void> {
  await sql`delete from meter_uniques where meter = ${key.meter} and agreement = ${key.agreement}
    and hour = ${hourStart(key.hour)}::timestamptz`.execute(db)
  for (let n = 0; n < seen.length; n += rowsMax) await addSeen(db, seen.slice(n, n + rowsMax))
}

/** How many different values an hour has. */
export async function countSeen(db: Db, { meter, agreement, hour }: HourKey): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from meter_uniques where meter = ${meter}
      and agreement = ${agreement} and hour = ${hourStart(hour)}::timestamptz`.execute(db)
  return rows[0]?.count ?? 0
}

/** Forgets an hour that is held, as if nothing had been counted in it. */
export async function drop(db: Db, key: HourKey): Promise<void> {
  await replaceSeen(db, key, [])
  await sql`delete from meter_hours where meter = ${key.meter} and agreement = ${key.agreement}
    and hour = ${hourStart(key.hour)}::timestamptz`.execute(db)
}

/** Rows of one statement. */
const rowsMax = 5_000

/** A value may hold anything, so it stands last. */
export const seenKey = (seen: HourKey & { readonly value: string }): string =>
  `${hourKey(seen)} ${seen.value}`

type SeenRow = {
  meter: string
  agreement: string
  hour: Instant
  value: string
  events: number
}
const readSeen = ({ hour, events, ...row }: SeenRow): Seen => ({
  ...row,
  hour: hourOf(hour),
  count: events,
})

const seenRows = (seen: readonly Seen[]) =>
  sql`unnest(${seen.map((s) => s.meter)}::text[], ${seen.map((s) => s.agreement)}::text[],
    ${seen.map((s) => hourStart(s.hour))}::timestamptz[], ${seen.map((s) => s.value)}::text[],
    ${seen.map((s) => String(s.count))}::int[]) as s(meter, agreement, hour, value, events)`
