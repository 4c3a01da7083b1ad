import { sql } from 'kysely'
import type { Decimal } from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import { owners } from './ledger.ts'

/** Whole periods that reports tell usage of. */
export type ToldPeriod = { readonly from: Instant; readonly to: Instant }

/** Periods that rows after a place tell of, and the place after them; at most `rowsMax` rows are looked at. */
export async function toldPeriods(
  db: Db,
  connection: string,
  after: bigint,
  rowsMax: number,
): Promise<{ readonly periods: readonly ToldPeriod[]; readonly last: bigint | null }> {
  const { rows } = await sql<ToldPeriod & { last: bigint }>`
    select "from", "to", max(seq) as last from (
      select seq, vals ->> 'from' as "from", vals ->> 'to' as "to" from reported_facts
      where connection = ${connection} and subject = 'usage' and seq > ${after}
      order by seq limit ${rowsMax}) told
    group by 1, 2 order by 1, 2`.execute(db)
  const last = rows.reduce((most: bigint | null, row) => {
    const seq = BigInt(row.last)
    return most === null || seq > most ? seq : most
  }, null)
  return { periods: rows.map(({ from, to }) => ({ from, to })), last }
}

/** Usage as the newest reports tell it, with the agreement it belongs to as far as that is known. */
export type ToldUsage = {
  readonly agreementRef: string
  readonly planRef: string | null
  readonly dimension: string
  readonly item: string
  readonly quantity: Decimal
  readonly amount: Decimal | null
  readonly currency: string | null
  readonly isBilled: boolean
}

/**
 * What was told of one period, at most `limit` rows. Left out is what no agreement or no dimension can be found for:
 * it is counted in `untied`.
 */
export async function toldUsage(
  db: Db,
  connection: string,
  { from, to }: ToldPeriod,
  limit: number,
): Promise<{ readonly rows: readonly ToldUsage[]; readonly untied: number }> {
  type Row = Omit<ToldUsage, 'agreementRef' | 'dimension'> & {
    readonly agreementRef: string | null
    readonly dimension: string | null
  }
  const { rows } = await sql<Row>`
    with l as (
      select connection, vals ->> 'agreementRef' as agreement_ref, vals ->> 'offerRef' as offer_ref,
        vals ->> 'listingRef' as listing_ref, vals ->> 'payerRef' as payer_ref, vals
      from (select distinct on (ref) connection, vals, deleted_at from reported_facts
        where connection = ${connection} and subject = 'usage'
          and vals ->> 'from' = ${from} and vals ->> 'to' = ${to}
        order by ref, valid_from desc, known_from desc, seq desc) newest
      where deleted_at is null)
    select coalesce(l.agreement_ref, a.agreement_ref) as "agreementRef",
      vals ->> 'planRef' as "planRef", vals ->> 'dimension' as dimension, vals ->> 'item' as item,
      vals ->> 'quantity' as quantity, vals ->> 'amount' as amount, vals ->> 'currency' as currency,
      vals ->> 'isBilled' = 'true' as "isBilled"
    from l ${owners} limit ${limit}`.execute(db)
  const tied = rows.filter(
    (row): row is ToldUsage => row.agreementRef !== null && row.dimension !== null,
  )
  return { rows: tied, untied: rows.length - tied.length }
}
