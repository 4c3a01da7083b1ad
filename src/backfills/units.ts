import { sql } from 'kysely'
import { type Hour, hourEnd, hourOf, hourStart, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Asked, Cursor } from './model.ts'

/** One hour of an agreement and event name that has events. */
export type Unit = { readonly agreement: string; readonly name: string; readonly hour: Hour }

const agreementsMax = 100

/** The next hour with events of these names after a place, by agreement, name and hour; undefined at the end. */
export async function nextUnit(
  db: Db,
  asked: Asked,
  names: readonly string[],
  after: Cursor | null,
): Promise<Unit | undefined> {
  if (names.length === 0) return undefined
  let first = after?.agreement ?? ''
  for (let isFirst = true; ; isFirst = false) {
    const agreements = await someAgreements(db, asked, first, isFirst)
    const found = await firstOf(db, asked, { agreements, names, after })
    if (found) return found
    const last = agreements.at(-1)
    if (last === undefined || agreements.length < agreementsMax) return undefined
    first = last
  }
}

async function someAgreements(
  db: Db,
  { listing, agreement }: Asked,
  first: string,
  inclusive: boolean,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from agreements where listing = ${listing}
      ${agreement === null ? sql`` : sql`and id = ${agreement}`}
      and id collate "C" ${inclusive ? sql`>=` : sql`>`} ${first}
    order by id collate "C" limit ${agreementsMax}`.execute(db)
  return rows.map(({ id }) => id)
}

async function firstOf(
  db: Db,
  { from, to }: Asked,
  {
    agreements,
    names,
    after,
  }: {
    readonly agreements: readonly string[]
    readonly names: readonly string[]
    readonly after: Cursor | null
  },
): Promise<Unit | undefined> {
  if (agreements.length === 0) return undefined
  const place = after ?? { agreement: '', name: '', hour: from }
  const { rows } = await sql<{ agreement: string; name: string; hour: Instant }>`
    select a.agreement, n.name, h.hour
    from unnest(${agreements}::text[]) as a(agreement) cross join unnest(${names}::text[]) as n(name)
    cross join lateral (
      select e.hour from usage_events e
      where e.agreement = a.agreement and e.name = n.name and e.hour < ${hourStart(to)}::timestamptz
        and e.hour >= case when a.agreement = ${place.agreement} and n.name = ${place.name}
          then ${hourEnd(place.hour)}::timestamptz else ${hourStart(from)}::timestamptz end
      order by e.hour limit 1) h
    where (a.agreement collate "C", n.name collate "C") >= (${place.agreement}, ${place.name})
    order by a.agreement collate "C", n.name collate "C" limit 1`.execute(db)
  const [row] = rows
  return row && { agreement: row.agreement, name: row.name, hour: hourOf(row.hour) }
}

/** How many events of these names the hours hold, counted up to a limit. */
export async function countEvents(
  db: Db,
  { listing, agreement, from, to }: Asked,
  names: readonly string[],
  limit: number,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select 1 from agreements a join usage_events e on e.agreement = a.id
      where a.listing = ${listing} ${agreement === null ? sql`` : sql`and a.id = ${agreement}`}
        and e.name = any(${names}::text[]) and e.hour >= ${hourStart(from)}::timestamptz
        and e.hour < ${hourStart(to)}::timestamptz limit ${limit}) s`.execute(db)
  return rows[0]?.count ?? 0
}
