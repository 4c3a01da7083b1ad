import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table agreements (
    id text primary key, connection text not null references connections,
    agreement_ref text not null, initial_ref text not null, offer_ref text, listing_ref text, buyer_ref text not null,
    license_refs text[] not null, offer text references offers, listing text references listings,
    buyer text references buyers,
    state_is text not null check
      (state_is in ('pending', 'active', 'suspended', 'cancelling', 'ended', 'unknown')),
    remote jsonb not null, changed_at timestamptz not null,
    ended_at timestamptz, registered_at timestamptz, revision int not null default 1,
    read_at timestamptz not null, created_at timestamptz not null, updated_at timestamptz not null,
    unique (connection, agreement_ref))`.execute(db)
  await sql`create index agreements_page on agreements (created_at, id)`.execute(db)
  await sql`create index agreements_changed on agreements (updated_at, id)`.execute(db)
  await sql`create index agreements_ref on agreements (agreement_ref)`.execute(db)
  await sql`create index agreements_license on agreements using gin (license_refs)`.execute(db)
  await sql`create index agreements_chain on agreements (initial_ref)`.execute(db)
  await sql`create index agreements_account on agreements (connection, buyer_ref)`.execute(db)
  await sql`create table agreement_versions (
    agreement text not null references agreements, version int not null check (version > 0),
    valid_from timestamptz not null, recorded_at timestamptz not null, content jsonb not null,
    primary key (agreement, version))`.execute(db)
  await sql`create table license_ends (
    connection text not null references connections, license_ref text not null,
    ended_at timestamptz not null, recorded_at timestamptz not null,
    primary key (connection, license_ref))`.execute(db)
  await sql`create table registrations (
    id text primary key, connection text not null references connections,
    token_hash text not null, state_is text not null check
      (state_is in ('arrived', 'waiting', 'bound', 'expired', 'forged')),
    who jsonb, license_ref text, buyer_ref text, agreement text references agreements,
    times int not null default 1, window_at timestamptz not null, window_times int not null default 1,
    arrived_at timestamptz not null, last_at timestamptz not null,
    resolved_at timestamptz, bound_at timestamptz,
    unique (connection, token_hash),
    check ((state_is in ('waiting', 'bound')) = (who is not null and resolved_at is not null)),
    check ((state_is = 'bound') = (agreement is not null and bound_at is not null)))`.execute(db)
  await sql`create index registrations_rate on registrations (connection, last_at)`.execute(db)
  await sql`create index registrations_agreement on registrations (agreement, arrived_at, id)`.execute(
    db,
  )
  await sql`create index registrations_waiting on registrations (connection, resolved_at)
    where state_is = 'waiting'`.execute(db)
}
