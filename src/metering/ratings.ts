import { sql } from 'kysely'
import { everPriced } from '../contracts/service.ts'
import type { Decimal } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { type Hour, hourOf, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Rated } from './rating.ts'

/** A record whose hour is over and which its agreement's contract may price. */
export type Ripe = {
  readonly id: Id<'rec'>
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly hour: Hour
  readonly quantity: Decimal
}

/** SQL: whether a record `r` is for its agreement's contract to look at, before anybody else does. */
export const isForContract = everPriced(sql`r.agreement`, sql`r.dimension`)

const ripe = (connection: string, now: Instant) => sql`r.connection = ${connection}
  and r.kind = 'usage' and r.sent is null and r.state_is in ('open', 'held')
  and r.due_at <= ${now}::timestamptz and ${isForContract}`

/** Agreements of which something is to be priced, the longest due first. */
export async function ripeAgreements(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
): Promise<Id<'agr'>[]> {
  const { rows } = await sql<{ agreement: Id<'agr'> }>`
    select r.agreement from usage_records r where ${ripe(connection, now)}
    group by 1 order by min(r.due_at), 1 limit ${limit}`.execute(db)
  return rows.map(({ agreement }) => agreement)
}

/** What is to be priced of some agreements, locked in the order in which events lock them. */
export async function ripeRecords(
  db: Db,
  connection: string,
  ids: readonly string[],
  now: Instant,
): Promise<Ripe[]> {
  const { rows } = await sql<Omit<Ripe, 'hour'> & { readonly hour: Instant }>`
    select r.id, r.agreement, r.dimension, r.hour, r.quantity from usage_records r
    where r.agreement = any(${[...ids]}::text[]) and ${ripe(connection, now)}
    order by r.agreement, r.dimension, r.hour, r.kind for update of r`.execute(db)
  return rows.map((row) => ({ ...row, hour: hourOf(row.hour) }))
}

/** Agreements that are over, with a contract that is not, as far as the last time it was looked at. */
export async function unclosed(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
): Promise<Id<'agr'>[]> {
  const { rows } = await sql<{ agreement: Id<'agr'> }>`
    select b.agreement from contract_books b join agreements a on a.id = b.agreement
    where b.connection = ${connection} and not (b.state ->> 'isOver')::boolean
      and a.ended_at <= ${now}::timestamptz
    order by a.ended_at, 1 limit ${limit}`.execute(db)
  return rows.map(({ agreement }) => agreement)
}

/** Keeps how each record was priced. */
export async function insertRatings(db: Db, rated: readonly Rated[], now: Instant): Promise<void> {
  if (rated.length === 0) return
  await sql`insert into contract_ratings
      (record, agreement, dimension, hour, quantity, rating, rated_at)
    select r.record, r.agreement, r.dimension, r.hour, r.quantity, r.rating::jsonb, ${now}
    from unnest(${rated.map(({ id }) => id)}::text[],
      ${rated.map(({ agreement }) => agreement)}::text[],
      ${rated.map(({ dimension }) => dimension)}::text[],
      ${rated.map(({ hour }) => hour)}::timestamptz[],
      ${rated.map(({ quantity }) => quantity)}::numeric[],
      ${rated.map(({ rating }) => JSON.stringify(rating))}::text[])
      as r(record, agreement, dimension, hour, quantity, rating)`.execute(db)
}
