import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import { type Hour, hourStart, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Properties } from './operations.ts'

export type EventKey = { readonly source: string; readonly id: string }

/** Holds events until the transaction ends: whoever changes what was made of them waits. In the order of their keys. */
export async function lockEvents(db: Db, keys: readonly EventKey[]): Promise<void> {
  await sql`select 1 from usage_events e
    join unnest(${keys.map((k) => k.source)}::text[], ${keys.map((k) => k.id)}::text[])
      as k(source, id) on e.source = k.source and e.id = k.id
    order by e.source, e.id for update of e`.execute(db)
}

/** What meters gave for one event so far, backfills included. */
export type Made = {
  readonly source: string
  readonly event: string
  readonly meter: string
  readonly version: number
  readonly dimension: string
  readonly quantity: Decimal
}

/** What was made of events by meters that add up, by meter and dimension. */
export async function additive(db: Db, keys: readonly EventKey[]): Promise<Made[]> {
  const { rows } = await sql<Made>`
    select c.source, c.event, c.meter, max(c.version) as version, c.dimension,
      sum(c.quantity) as quantity
    from usage_contributions c
    join unnest(${keys.map((k) => k.source)}::text[], ${keys.map((k) => k.id)}::text[])
      as k(source, id) on c.source = k.source and c.event = k.id
    join meters m on m.id = c.meter and m.aggregation in ('sum', 'count')
    group by c.source, c.event, c.meter, c.dimension
    having sum(c.quantity) <> 0
    order by c.source, c.event, c.meter, c.dimension`.execute(db)
  return rows.map((row) => ({ ...row, quantity: trim(row.quantity) }))
}

/** One hour's events of one name and agreement. */
export type HourOf = { readonly agreement: string; readonly name: string; readonly hour: Hour }

export type Told = EventKey & { readonly properties: Properties; readonly at: Instant }

const pageMax = 2_000
/** More events of one agreement in one hour are beyond what can be counted anew. */
export const hourEventsMax = 1_000_000

/**
 * The named events of an hour that nobody took back, by source and id, in pages. Throws `invalid` beyond
 * `hourEventsMax`.
 */
export async function* standing(db: Db, hour: HourOf): AsyncGenerator<readonly Told[]> {
  let after: EventKey | null = null
  for (let seen = 0; seen < hourEventsMax; seen += pageMax) {
    const page: Page = await pageOf(db, hour, after, pageMax)
    if (page.rows.length > 0) yield page.rows
    if (page.next === null) return
    after = page.next
  }
  throw new Problem('invalid', `${hour.hour} has more than ${hourEventsMax} events ${hour.name}`)
}

export type Page = { readonly rows: readonly Told[]; readonly next: EventKey | null }

/** A page of such events, and where the next one begins; null at the end. */
export async function pageOf(
  db: Db,
  { agreement, name, hour }: HourOf,
  after: EventKey | null,
  limit = 500,
): Promise<Page> {
  const { source, id } = after ?? { source: '', id: '' }
  const { rows } = await sql<Told>`
    select e.source, e.id, e.properties, e.at from usage_events e
    where e.agreement = ${agreement} and e.name = ${name}
      and e.hour = ${hourStart(hour)}::timestamptz and (e.source, e.id) > (${source}, ${id})
      and not exists (select from usage_events r where r.source = e.source and r.reverses = e.id)
    order by e.source, e.id limit ${limit}`.execute(db)
  const last = rows.at(-1)
  return { rows, next: last && rows.length === limit ? { source: last.source, id: last.id } : null }
}
