import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { RecordKind, UsageState } from '../metering/model.ts'
import type { Db } from '../platform/db.ts'
import type { PartKind } from './model.ts'

/** Half-open, whole hours. */
export type Window = { readonly from: Instant; readonly to: Instant }

/** Parts of one kind of one dimension. `isLate`: of records that came too late and were made in the window. */
export type PartSum = {
  readonly dimension: string
  readonly isLate: boolean
  readonly kind: PartKind
  readonly count: number
  readonly quantity: Decimal
}

/** Records of one dimension in one state, between two changes of its rate. */
export type RecordSum = {
  readonly dimension: string
  readonly isLate: boolean
  readonly state: UsageState['is']
  readonly kind: RecordKind
  /** How many of the window's `bounds` lie at or before their hours. */
  readonly span: number
  readonly count: number
  readonly quantity: Decimal
  /** What they stand for at the marketplace; before they are frozen, their quantity. */
  readonly counts: Decimal
  readonly included: Decimal
  readonly rated: Decimal
  readonly carriedIn: Decimal
  readonly carriedOut: Decimal
  /** Value of what is lost, as far as it is known, and how many records' is not. */
  readonly value: Decimal | null
  readonly currency: string | null
  readonly unvalued: number
}

type Row = Omit<RecordSum, 'kind' | 'state'> & {
  readonly is: 'part' | 'record'
  readonly kind: string
  readonly state: string
}

/** Every dimension that an agreement has records of. */
async function dimensionsOf(db: Db, agreement: string): Promise<readonly string[]> {
  const { rows } = await sql<{ dimension: string }>`
    with recursive dimensions(dimension) as (
      (select dimension from usage_records where agreement = ${agreement} order by 1 limit 1)
      union all
      select (select r.dimension from usage_records r where r.agreement = ${agreement}
        and r.dimension > d.dimension order by 1 limit 1)
      from dimensions d where d.dimension is not null
    )
    select dimension from dimensions where dimension is not null`.execute(db)
  return rows.map(({ dimension }) => dimension)
}

/**
 * What was reported for an agreement's hours and what became of it, in one statement, so that both are of one moment.
 * Records that came too late count for the window they were made in, whatever their hours. `bounds` are moments within
 * the window, in order, that sums are split at.
 */
export async function usageSums(
  db: Db,
  agreement: string,
  { from, to }: Window,
  bounds: readonly Instant[],
): Promise<{ readonly parts: readonly PartSum[]; readonly records: readonly RecordSum[] }> {
  const dimensions = await dimensionsOf(db, agreement)
  if (dimensions.length === 0) return { parts: [], records: [] }
  // Named, so that each is one range of the index.
  const hours = sql`x.agreement = ${agreement} and x.dimension = any(${[...dimensions]}::text[])
    and x.hour >= ${from}::timestamptz and x.hour < ${to}::timestamptz`
  const parts = (kind: PartKind, table: string) => sql`
    select x.dimension, false as late, ${sql.lit(kind)} as kind, count(*) as count,
      sum(x.quantity) as quantity
    from ${sql.table(table)} x where ${hours} and not x.late group by 1
    union all
    select l.dimension, true, ${sql.lit(kind)}, count(*), sum(x.quantity)
    from late l join ${sql.table(table)} x on x.agreement = ${agreement}
      and x.dimension = l.dimension and x.hour = l.hour and x.late group by 1`
  const { rows } = await sql<Row>`
    with late as materialized (
      select * from usage_records r where r.agreement = ${agreement} and r.kind = 'late'
        and r.created_at >= ${from}::timestamptz and r.created_at < ${to}::timestamptz
    ), parts as (
      ${parts('event', 'usage_events')} union all ${parts('meter', 'usage_contributions')}
      union all ${parts('contract', 'usage_postings')}
    ), chosen as (
      select x.* from usage_records x where ${hours} and x.kind <> 'late'
      union all select * from late
    ), kept as (
      select *, width_bucket(hour, ${[...bounds]}::timestamptz[]) as span from chosen
    )
    select 'part' as is, dimension, late as "isLate", kind, '' as state, 0 as span,
      count::int as count, quantity, 0 as counts, 0 as included, 0 as rated, 0 as "carriedIn",
      0 as "carriedOut", null::numeric as value, null as currency, 0 as unvalued
    from parts
    union all
    select 'record', dimension, kind = 'late', kind, state_is,
      span, count(*)::int, sum(quantity),
      sum(coalesce(sent, quantity)), sum(included), sum(rated), coalesce(sum(carried_in), 0),
      coalesce(sum(carried_out), 0), sum((state -> 'value' ->> 'amount')::numeric),
      min(state -> 'value' ->> 'currency'),
      (count(*) filter (where state_is = 'lost' and state -> 'value' ->> 'amount' is null))::int
    from kept group by dimension, kind, state_is, span
    order by 1, 2, 3, 4, 5, 6`.execute(db)
  return {
    parts: rows.filter((row) => row.is === 'part').map(partOf),
    records: rows.filter((row) => row.is === 'record').map(recordOf),
  }
}

const partOf = ({ dimension, isLate, kind, count, quantity }: Row): PartSum => ({
  dimension,
  isLate,
  kind: kind as PartKind,
  count,
  quantity: trim(quantity),
})

const recordOf = ({ is: _, ...row }: Row): RecordSum => ({
  ...row,
  kind: row.kind as RecordKind,
  state: row.state as UsageState['is'],
  quantity: trim(row.quantity),
  counts: trim(row.counts),
  included: trim(row.included),
  rated: trim(row.rated),
  carriedIn: trim(row.carriedIn),
  carriedOut: trim(row.carriedOut),
  value: row.value && trim(row.value),
})

/** What a contract made of an agreement's hours, in exact amounts of its currency. */
export type RatingSum = {
  readonly dimension: string
  readonly currency: string
  readonly count: number
  readonly quantity: Decimal
  readonly included: Decimal
  readonly committed: Decimal
  readonly drawn: Decimal
  readonly credited: Decimal
  readonly overage: Decimal
  readonly charge: Decimal
}

/** What a contract added to the dimension it bills to, by reason. */
export type PostingSum = {
  readonly dimension: string
  readonly reason: string
  readonly count: number
  readonly quantity: Decimal
}

export async function contractSums(
  db: Db,
  agreement: string,
  { from, to }: Window,
): Promise<{ readonly ratings: readonly RatingSum[]; readonly postings: readonly PostingSum[] }> {
  type Found = RatingSum & { readonly reason: string }
  const { rows } = await sql<Found>`
    select r.dimension, '' as reason, c.currency::text as currency, count(*)::int as count,
      sum(r.quantity) as quantity, sum((rating ->> 'included')::numeric) as included,
      sum((rating ->> 'committed')::numeric) as committed,
      sum((select coalesce(sum((d ->> 'amount')::numeric), 0)
        from jsonb_array_elements(rating -> 'drawn') d)) as drawn,
      sum((rating ->> 'credited')::numeric) as credited,
      sum((rating -> 'overage' ->> 'amount')::numeric) as overage,
      sum((rating ->> 'charge')::numeric) as charge
    from contract_ratings r join contracts c using (agreement)
    where r.agreement = ${agreement} and hour >= ${from}::timestamptz and hour < ${to}::timestamptz
    group by r.dimension, c.currency
    union all
    select dimension, reason, '', count(*)::int, sum(quantity), 0, 0, 0, 0, 0, 0 from usage_postings
    where agreement = ${agreement} and hour >= ${from}::timestamptz and hour < ${to}::timestamptz
      and not late
    group by dimension, reason
    order by 1, 2`.execute(db)
  return {
    ratings: rows
      .filter(({ reason }) => reason === '')
      .map(({ reason: _, ...row }) => ({
        ...row,
        quantity: trim(row.quantity),
        included: trim(row.included),
        committed: trim(row.committed),
        drawn: trim(row.drawn),
        credited: trim(row.credited),
        overage: trim(row.overage),
        charge: trim(row.charge),
      })),
    postings: rows
      .filter(({ reason }) => reason !== '')
      .map(({ dimension, reason, count, quantity }) => ({
        dimension,
        reason,
        count,
        quantity: trim(quantity),
      })),
  }
}
