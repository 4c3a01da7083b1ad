import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { AgreementVersion, RemoteAgreement } from './model.ts'

/** Keeps a reading for ever. The caller holds the agreement, so the count is its own. */
export async function add(
  db: Db,
  agreement: Id<'agr'>,
  content: RemoteAgreement,
  recordedAt: Instant,
): Promise<void> {
  await sql`
    insert into agreement_versions (agreement, version, valid_from, recorded_at, content)
    select ${agreement}, 1 + count(*), ${content.changedAt}, ${recordedAt}, ${json(content)}
    from agreement_versions where agreement = ${agreement}`.execute(db)
}

/** What is known to have been true at a time, or undefined before the first. */
export async function at(
  db: Db,
  agreement: Id<'agr'>,
  moment: Instant,
): Promise<RemoteAgreement | undefined> {
  const { rows } = await sql<{ content: RemoteAgreement }>`
    select content from agreement_versions
    where agreement = ${agreement} and valid_from <= ${moment}::timestamptz
    order by valid_from desc, version desc limit 1`.execute(db)
  return rows[0]?.content
}

/** Whether this was read before; a fingerprint says nothing. */
export async function has(
  db: Db,
  agreement: Id<'agr'>,
  content: RemoteAgreement,
): Promise<boolean> {
  const { rows } = await sql`
    select 1 from agreement_versions
    where agreement = ${agreement} and content - 'fingerprint' = ${json(content)} - 'fingerprint'
    limit 1`.execute(db)
  return rows.length > 0
}

/**
 * Versions that were known at a time (now, when absent), by when they became true. Each is valid until the next;
 * one that was corrected is valid for no time at all.
 */
export async function list(
  db: Db,
  agreement: string,
  asOf: Instant | undefined,
  { limit, after }: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<AgreementVersion[]> {
  const [validFrom = '-infinity', version = '0'] = after ?? []
  const { rows } = await sql<AgreementVersion>`
    select version, "validFrom", "validTo", "recordedAt", content from (
      select version, valid_from as "validFrom", recorded_at as "recordedAt", content,
        lead(valid_from) over (order by valid_from, version) as "validTo"
      from agreement_versions where agreement = ${agreement}
        ${asOf === undefined ? sql`` : sql`and recorded_at <= ${asOf}::timestamptz`}) known
    where ("validFrom", version) > (${validFrom}::timestamptz, ${version}::int)
    order by "validFrom", version limit ${limit}`.execute(db)
  return rows
}
