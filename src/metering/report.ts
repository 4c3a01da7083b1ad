import { sql } from 'kysely'
import { type Decimal, total, trim } from '../kernel/decimal.ts'
import { addMonths, firstDay, type Month, startOf } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'

/**
 * Usage of one agreement and dimension, told twice and compared: what was reported to us, and what became of it.
 * It holds when `events = records` and `accepted + carried + included + rated + due + refused + lost = records`.
 */
export type MeteringRow = {
  readonly agreement: string
  readonly dimension: string
  /** How many, and their exact sum: events of the dimension, and what meters and contracts make of others. */
  readonly eventCount: number
  readonly events: Decimal
  readonly records: Decimal
  readonly accepted: Decimal
  /** Parts of a unit that wait for the next record; within a month, net of what the month before left. */
  readonly carried: Decimal
  /** Included in the price, so never sent. */
  readonly included: Decimal
  /** Priced by the agreement's contract, and billed under another dimension. */
  readonly rated: Decimal
  /** Not settled yet: open, held, due and being sent. */
  readonly due: Decimal
  readonly refused: Decimal
  readonly lost: Decimal
  readonly holds: boolean
}

export const reportRowsMax = 10_000

/** One row for each agreement and dimension, at most `reportRowsMax` and one more. */
export async function meteringRows(
  db: Db,
  filter: { readonly agreement?: string | undefined; readonly month?: Month | undefined },
): Promise<MeteringRow[]> {
  const { agreement, month } = filter
  const from = month && startOf(firstDay(month))
  const to = month && startOf(addMonths(firstDay(month), 1))
  const where = sql`where true ${agreement ? sql`and agreement = ${agreement}` : sql``}
    ${from ? sql`and hour >= ${from}::timestamptz and hour < ${to}::timestamptz` : sql``}`
  const { rows } = await sql<Omit<MeteringRow, 'holds'>>`
    with told as (
      select agreement, dimension, count(*) as count, sum(quantity) as quantity
      from usage_parts ${where} group by 1, 2
    ), kept as (
      select agreement, dimension, sum(quantity) as quantity,
        sum(coalesce(sent, quantity)) filter (where state_is = 'accepted') as accepted,
        sum(coalesce(sent, quantity)) filter (where state_is in ('open', 'held', 'due', 'sending')) as due,
        sum(coalesce(sent, quantity)) filter (where state_is = 'refused') as refused,
        sum(coalesce(sent, quantity)) filter (where state_is = 'lost') as lost,
        sum(included) as included, sum(rated) as rated, sum(carried_out - carried_in) as carried
      from usage_records ${where} group by 1, 2
    )
    select agreement, dimension, coalesce(told.count, 0)::int as "eventCount",
      coalesce(told.quantity, 0) as events, coalesce(kept.quantity, 0) as records,
      coalesce(kept.accepted, 0) as accepted, coalesce(kept.included, 0) as included,
      coalesce(kept.rated, 0) as rated,
      coalesce(kept.due, 0) as due,
      coalesce(kept.refused, 0) as refused, coalesce(kept.lost, 0) as lost,
      ${month ? sql`coalesce(kept.carried, 0)` : sql`coalesce(series.carry, 0)`} as carried
    from told full join kept using (agreement, dimension)
    left join usage_series series using (agreement, dimension)
    order by agreement, dimension limit ${reportRowsMax + 1}`.execute(db)
  return rows.map(judge)
}

function judge(row: Omit<MeteringRow, 'holds'>): MeteringRow {
  const { agreement, dimension, eventCount } = row
  const sums = {
    events: trim(row.events),
    records: trim(row.records),
    accepted: trim(row.accepted),
    carried: trim(row.carried),
    included: trim(row.included),
    rated: trim(row.rated),
    due: trim(row.due),
    refused: trim(row.refused),
    lost: trim(row.lost),
  }
  const { accepted, carried, included, rated, due, refused, lost } = sums
  const parts = total([accepted, carried, included, rated, due, refused, lost])
  const holds = sums.events === sums.records && parts === sums.records
  return { agreement, dimension, eventCount, ...sums, holds }
}
