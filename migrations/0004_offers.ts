import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table documents (
    id text primary key, name text not null, url text not null, created_at timestamptz not null)`.execute(
    db,
  )
  await sql`create index documents_page on documents (created_at, id)`.execute(db)
  await sql`create table offers (
    id text primary key, connection text not null references connections,
    listing text not null references listings, plan text, buyer text not null references buyers,
    terms jsonb not null, accept_by date not null, state jsonb not null,
    state_is text not null check (state_is in ('draft', 'submitting', 'publishing', 'live', 'withdrawing',
      'extending', 'accepted', 'expired', 'withdrawn', 'refused')),
    frozen jsonb, quote jsonb, currency char(3), tcv_minor bigint, fee_minor bigint, net_minor bigint,
    keys_used int not null default 0, offer_ref text, operation text, due_at timestamptz, problem jsonb,
    revision int not null default 1, created_at timestamptz not null, updated_at timestamptz not null,
    check ((quote is null) = (tcv_minor is null)), check ((fee_minor is null) = (net_minor is null)))`.execute(
    db,
  )
  await sql`create unique index offers_ref on offers (connection, offer_ref) where offer_ref is not null`.execute(
    db,
  )
  await sql`create index offers_operation on offers (connection, operation) where operation is not null`.execute(
    db,
  )
  await sql`create index offers_page on offers (created_at, id)`.execute(db)
  await sql`create index offers_changed on offers (updated_at, id)`.execute(db)
  await sql`create index offers_buyer on offers (buyer)`.execute(db)
  await sql`create index offers_state on offers (state_is, accept_by)`.execute(db)
}
