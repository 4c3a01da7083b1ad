import { type SqlBool, sql } from 'kysely'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'

/** References of running agreements first seen after a time whose licence nobody has told us. */
export async function unlicensed(
  db: Db,
  connection: string,
  since: Instant,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('agreements')
    .select('agreement_ref')
    .where('connection', '=', connection)
    .where('created_at', '>', since)
    .where('state_is', '<>', 'ended')
    .where(sql<SqlBool>`license_refs = '{}'`)
    .orderBy('created_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.agreement_ref)
}

/** When licences ended, of those that have. */
export async function ends(
  db: Db,
  connection: string,
  refs: readonly string[],
): Promise<Map<string, Instant>> {
  const { rows } = await sql<{ license_ref: string; ended_at: Instant }>`
    select license_ref, ended_at from license_ends
    where connection = ${connection} and license_ref = any(${refs}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.license_ref, row.ended_at]))
}

/** Notes when a licence ended; of two different times the earlier stays. */
export async function saveEnd(
  db: Db,
  end: { connection: string; license_ref: string; ended_at: Instant; recorded_at: Instant },
): Promise<void> {
  await db
    .insertInto('license_ends')
    .values(end)
    .onConflict((oc) =>
      oc
        .columns(['connection', 'license_ref'])
        .doUpdateSet({ ended_at: sql`least(license_ends.ended_at, excluded.ended_at)` }),
    )
    .execute()
}
