import { type SqlBool, sql } from 'kysely'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { hourOf, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { UsageRecord } from './model.ts'
import { type ContributionRow, contributionsOf, type EventRow } from './stored.ts'

/** `from` and `to` are hours under which events are counted; of named ones, those they happened in. */
export type EventFilter = {
  readonly agreement?: string | undefined
  readonly dimension?: string | undefined
  readonly source?: string | undefined
  readonly name?: string | undefined
  readonly record?: Pick<UsageRecord, 'agreement' | 'dimension' | 'hour' | 'kind'> | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}

/** An event as it was told, and what took it back. */
export type ListedEvent = EventRow & { readonly reversedBy: string | null }

/** Events by source and id. */
export async function listEvents(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { agreement, dimension, source, name, record, from, to }: EventFilter,
): Promise<ListedEvent[]> {
  if (record?.kind === 'closing') return []
  const of = agreement ?? record?.agreement
  const parts = [
    after && sql<SqlBool>`(e.source, e.id) > (${after[0] ?? ''}, ${after[1] ?? ''})`,
    agreement && sql<SqlBool>`e.agreement = ${agreement}`,
    source && sql<SqlBool>`e.source = ${source}`,
    name && sql<SqlBool>`e.name = ${name}`,
    from && sql<SqlBool>`e.hour >= ${from}::timestamptz`,
    to && sql<SqlBool>`e.hour < ${to}::timestamptz`,
    dimension &&
      sql<SqlBool>`(e.dimension = ${dimension} or e.dimension is null and exists (
        select from usage_contributions c where c.source = e.source and c.event = e.id
          ${of ? sql`and c.agreement = ${of}` : sql``} and c.dimension = ${dimension}))`,
    record &&
      sql<SqlBool>`(e.source, e.id) in (select p.source, p.id from usage_parts p
        where p.agreement = ${record.agreement} and p.dimension = ${record.dimension}
          and p.hour = ${record.hour}::timestamptz and p.late = ${record.kind === 'late'}
          and p.kind <> 'contract')`,
  ].filter((part) => part !== undefined && part !== '')
  const { rows } = await sql<ListedEvent>`${selected}
    ${parts.length > 0 ? sql`where ${sql.join(parts, sql` and `)}` : sql``}
    order by e.source, e.id limit ${limit}`.execute(db)
  return rows.map(tidy)
}

const selected = sql`select e.source, e.id, e.agreement, e.dimension, e.quantity, e.at, e.hour, e.late,
    e.allocations, e.name, e.properties, e.reverses, e.received_at as "receivedAt",
    (select r.id from usage_events r where r.source = e.source and r.reverses = e.id) as "reversedBy"
  from usage_events e`
const tidy = (row: ListedEvent): ListedEvent => ({
  ...row,
  quantity: row.quantity && trim(row.quantity),
})

/** A part of an event, with the record that holds it. */
export type EventPart = Pick<ContributionRow, 'dimension' | 'quantity' | 'hour' | 'late'> & {
  readonly meter: string | null
  readonly version: number | null
  readonly run: string | null
  readonly record: Id<'rec'> | null
}

/** One event and the parts of records that it is or became; undefined when there is none. */
export async function findEvent(
  db: Db,
  source: string,
  id: string,
): Promise<(ListedEvent & { readonly parts: readonly EventPart[] }) | undefined> {
  const { rows } = await sql<ListedEvent>`${selected}
    where e.source = ${source} and e.id = ${id}`.execute(db)
  const [row] = rows
  if (!row) return undefined
  const { agreement, dimension, quantity, late } = row
  const hour = hourOf(row.hour)
  const own =
    dimension === null || quantity === null
      ? []
      : [{ dimension, quantity: trim(quantity), hour, late, meter: null, version: null, run: null }]
  const parts = [...own, ...(await contributionsOf(db, [row]))]
  const records = await recordsOf(db, agreement, parts)
  return {
    ...tidy(row),
    parts: parts.map(({ dimension, quantity, hour, late, meter, version, run }, n) => {
      const record = records[n] ?? null
      return { dimension, quantity, hour, late, meter, version, run, record }
    }),
  }
}

async function recordsOf(
  db: Db,
  agreement: string,
  parts: readonly Pick<ContributionRow, 'dimension' | 'hour' | 'late'>[],
): Promise<(Id<'rec'> | null)[]> {
  if (parts.length === 0) return []
  const { rows } = await sql<{ id: Id<'rec'> | null }>`
    select r.id from unnest(${parts.map((p) => p.dimension)}::text[],
      ${parts.map((p) => p.hour)}::timestamptz[], ${parts.map((p) => p.late)}::boolean[])
      with ordinality as p(dimension, hour, late, n)
    left join usage_records r on r.agreement = ${agreement} and r.dimension = p.dimension
      and r.hour = p.hour and r.kind = case when p.late then 'late' else 'usage' end
    order by p.n`.execute(db)
  return rows.map(({ id }) => id)
}
