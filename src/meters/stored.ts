import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Db } from '../platform/db.ts'

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
