import { sql } from 'kysely'
import type { Db } from '../platform/db.ts'

/** By reference, of those that are known here: what they looked like in brief when they were last read. */
export async function fingerprints(
  db: Db,
  connection: string,
  refs: readonly string[],
): Promise<Map<string, string | null>> {
  if (refs.length === 0) return new Map()
  const { rows } = await sql<{ agreement_ref: string; fingerprint: string | null }>`
    select agreement_ref, fingerprint from agreements
    where connection = ${connection} and agreement_ref = any(${refs}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.agreement_ref, row.fingerprint]))
}

/** References of agreements whose offer, listing or buyer was not known here and is by now. */
export async function loose(
  db: Db,
  connection: string,
  provider: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ agreement_ref: string }>`
    select agreement_ref from agreements a where connection = ${connection} and (
      (buyer is null and exists (select from buyer_accounts b
        where b.provider = ${provider} and b.ref = a.buyer_ref)) or
      (listing is null and exists (select from listings l
        where l.connection = a.connection and l.listing_ref = a.listing_ref)) or
      (offer is null and exists (select from offers o
        where o.connection = a.connection and o.offer_ref = a.offer_ref)))
    order by id limit ${limit}`.execute(db)
  return rows.map((row) => row.agreement_ref)
}

/** Notes that a list showed these. */
export async function shown(db: Db, connection: string, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return
  await sql`update agreements set missed = 0 where connection = ${connection}
    and agreement_ref = any(${refs}::text[]) and missed > 0`.execute(db)
}

/**
 * Counts a poll that is over against all that have not ended: `shown` begins each count anew. Returns references of
 * those that more than `polls` polls did not show, whose counts begin anew too.
 */
export async function missing(
  db: Db,
  connection: string,
  polls: number,
  limit: number,
): Promise<string[]> {
  await sql`update agreements set missed = missed + 1
    where connection = ${connection} and state_is <> 'ended'`.execute(db)
  const { rows } = await sql<{ agreement_ref: string }>`
    update agreements set missed = 0 where id in (select id from agreements
      where connection = ${connection} and state_is <> 'ended' and missed > ${polls}
      order by missed desc, id limit ${limit})
    returning agreement_ref`.execute(db)
  return rows.map((row) => row.agreement_ref)
}
