import { type Kysely, sql } from 'kysely'

/**
 * Acceptance and subscription become separate facts, and what was written before says so as well as it can: what was
 * being sent may have arrived, and who accepted did so when the agreement says.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table offers add column looked jsonb`.execute(db)
  await sql`update offers set state = state || jsonb_build_object('askedAt', state->'since')
    where state_is = 'submitting'`.execute(db)
  await sql`update offers set state = state || jsonb_build_object('reminders', 0, 'acceptedAt', coalesce(
      (select remote->>'acceptedAt' from agreements a where a.id = offers.state->>'agreement'),
      to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
    where state_is = 'accepted'`.execute(db)
  await sql`update offers set frozen = jsonb_set(frozen, '{order}',
      '{"planKey": null, "planShape": null}'::jsonb || (frozen->'order'))
    where frozen is not null`.execute(db)
  await sql`update listings set plans = ${whole('plans')},
    removed = jsonb_set(removed, '{plans}', ${whole("removed->'plans'")})`.execute(db)
}

/** Plans, each with what it did not say before. */
const whole = (plans: string) =>
  sql`(select coalesce(jsonb_agg('{"planKey": null, "shape": null}'::jsonb || plan order by n), '[]'::jsonb)
    from jsonb_array_elements(${sql.raw(plans)}) with ordinality as found (plan, n))`
