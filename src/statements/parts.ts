import { type SqlBool, sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { PartKind } from './model.ts'

/** One quantity that makes up records, and where it comes from. */
export type UsagePart = {
  readonly kind: PartKind
  readonly source: string
  readonly id: string
  readonly meter: string | null
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  /** Hour of the record that it counts in. */
  readonly hour: Instant
  readonly late: boolean
  readonly receivedAt: Instant
}

export type PartFilter = {
  readonly agreement: string
  readonly dimension?: string | undefined
  readonly kind?: PartKind | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  readonly late?: boolean | undefined
  /** Of records made from then on, and before. */
  readonly createdFrom?: Instant | undefined
  readonly createdTo?: Instant | undefined
}

/** Parts by the hours of their records, oldest first. */
export async function listParts(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: PartFilter,
): Promise<UsagePart[]> {
  const { agreement, dimension, kind, from, to, late, createdFrom, createdTo } = filter
  const [hour = '-infinity', ...place] = after ?? []
  const key = sql.join(['kind', 'source', 'id', 'meter'].map((_, n) => sql`${place[n] ?? ''}`))
  const made = [
    createdFrom && sql<SqlBool>`r.created_at >= ${createdFrom}::timestamptz`,
    createdTo && sql<SqlBool>`r.created_at < ${createdTo}::timestamptz`,
  ].filter((one) => typeof one === 'object')
  const wanted = [
    sql<SqlBool>`p.agreement = ${agreement}`,
    dimension !== undefined && sql<SqlBool>`p.dimension = ${dimension}`,
    kind && sql<SqlBool>`p.kind = ${kind}`,
    from && sql<SqlBool>`p.hour >= ${from}::timestamptz`,
    to && sql<SqlBool>`p.hour < ${to}::timestamptz`,
    late !== undefined && sql<SqlBool>`p.late = ${late}`,
    made.length > 0 &&
      sql<SqlBool>`exists (select from usage_records r where r.agreement = p.agreement
        and r.dimension = p.dimension and r.hour = p.hour
        and r.kind = case when p.late then 'late' else 'usage' end
        and ${sql.join(made, sql` and `)})`,
    after &&
      sql<SqlBool>`p.hour >= ${hour}::timestamptz
        and (p.hour, p.kind, p.source, p.id, coalesce(p.meter, '')) > (${hour}::timestamptz, ${key})`,
  ].filter((one) => typeof one === 'object')
  const { rows } = await sql<UsagePart>`
    select kind, source, id, meter, agreement, dimension, quantity, at, hour, late,
      received_at as "receivedAt"
    from usage_parts p where ${sql.join(wanted, sql` and `)}
    order by p.hour, p.kind, p.source, p.id, coalesce(p.meter, '') limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, quantity: trim(row.quantity) }))
}
