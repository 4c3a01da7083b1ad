import { type SqlBool, sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'

export type ContractFilter = {
  readonly agreement: string
  readonly dimension?: string | undefined
  readonly reason?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}

/** How a contract priced one record. Amounts are exact, in the contract's currency. */
export type RatingRow = {
  readonly record: string
  readonly agreement: string
  readonly dimension: string
  readonly hour: Instant
  readonly quantity: Decimal
  readonly included: Decimal
  readonly committed: Decimal
  readonly drawn: Decimal
  readonly overage: Decimal
  readonly credited: Decimal
  readonly charge: Decimal
  readonly currency: string
  readonly ratedAt: Instant
}

const hours = ({ agreement, dimension, from, to }: ContractFilter) => [
  sql<SqlBool>`x.agreement = ${agreement}`,
  ...(dimension === undefined ? [] : [sql<SqlBool>`x.dimension = ${dimension}`]),
  ...(from === undefined ? [] : [sql<SqlBool>`x.hour >= ${from}::timestamptz`]),
  ...(to === undefined ? [] : [sql<SqlBool>`x.hour < ${to}::timestamptz`]),
]

/** By hour. */
export async function listRatings(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: ContractFilter,
): Promise<RatingRow[]> {
  const [hour = '-infinity', id = ''] = after ?? []
  const wanted = sql.join(hours(filter), sql` and `)
  const { rows } = await sql<RatingRow>`
    select record, x.agreement, dimension, hour, quantity,
      (rating ->> 'included')::numeric as included, (rating ->> 'committed')::numeric as committed,
      (select coalesce(sum((d ->> 'amount')::numeric), 0)
        from jsonb_array_elements(rating -> 'drawn') d) as drawn,
      (rating -> 'overage' ->> 'amount')::numeric as overage,
      (rating ->> 'credited')::numeric as credited, (rating ->> 'charge')::numeric as charge,
      c.currency::text as currency, rated_at as "ratedAt"
    from contract_ratings x join contracts c using (agreement)
    where ${wanted} and (hour, record) > (${hour}::timestamptz, ${id})
    order by hour, record limit ${limit}`.execute(db)
  return rows.map((row) => ({
    ...row,
    quantity: trim(row.quantity),
    included: trim(row.included),
    committed: trim(row.committed),
    drawn: trim(row.drawn),
    overage: trim(row.overage),
    credited: trim(row.credited),
    charge: trim(row.charge),
  }))
}

/** What a contract added to the dimension it bills to. */
export type PostingRow = {
  readonly id: string
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly reason: string
  readonly detail: unknown
  readonly hour: Instant
  readonly late: boolean
  readonly createdAt: Instant
}

/** By hour, without what came too late to be billed. */
export async function listPostings(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { reason, ...filter }: ContractFilter,
): Promise<PostingRow[]> {
  const [hour = '-infinity', id = ''] = after ?? []
  const wanted = sql.join(
    [...hours(filter), ...(reason === undefined ? [] : [sql<SqlBool>`x.reason = ${reason}`])],
    sql` and `,
  )
  const { rows } = await sql<PostingRow>`
    select id, agreement, dimension, quantity, reason, detail, hour, late,
      created_at as "createdAt" from usage_postings x
    where ${wanted} and not late and (hour, id) > (${hour}::timestamptz, ${id})
    order by hour, id limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, quantity: trim(row.quantity) }))
}
