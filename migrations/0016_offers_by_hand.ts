import { type Kysely, sql } from 'kysely'

/** Offers that people type in at the marketplace, days of another zone, and which agreements may have come of an offer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table offers drop constraint offers_state_is_check`.execute(db)
  await sql`alter table offers add constraint offers_state_is_check check (state_is in ('draft', 'submitting',
    'publishing', 'handed_off', 'live', 'withdrawing', 'extending', 'accepted', 'expired', 'withdrawn', 'refused'))`.execute(
    db,
  )
  await sql`alter table offers add column time_zone text not null default 'UTC',
    add column open_since timestamptz, add column asked_at timestamptz,
    add column may_be jsonb not null default '[]'`.execute(db)
  await sql`create index offers_may_be on offers using gin (may_be) where may_be <> '[]'`.execute(
    db,
  )
}
