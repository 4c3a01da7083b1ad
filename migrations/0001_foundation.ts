import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table api_keys (
    id text primary key, name text not null,
    role text not null check (role in ('admin', 'deal_desk', 'finance', 'sales', 'meter', 'viewer')),
    hash text not null unique, created_at timestamptz not null, revoked_at timestamptz)`.execute(db)
  await sql`create table idempotency (
    key_id text not null, key text not null, request_hash text not null, status int, body text,
    created_at timestamptz not null, primary key (key_id, key))`.execute(db)
  await sql`create index idempotency_age on idempotency (created_at)`.execute(db)
  await sql`create table meta (name text primary key, value text not null)`.execute(db)
  await sql`create table connections (
    id text primary key, provider text not null, name text not null, settings jsonb not null,
    sealed text not null, secrets text not null, sign_up_url text, checked jsonb,
    revision int not null default 1, created_at timestamptz not null, updated_at timestamptz not null,
    deleted_at timestamptz)`.execute(db)
  await sql`create unique index connections_name on connections (name) where deleted_at is null`.execute(
    db,
  )
  await sql`create table syncs (
    name text not null, connection text not null references connections, cursor text,
    due_at timestamptz not null, every_ms int not null check (every_ms > 0), started_at timestamptz,
    finished_at timestamptz, succeeded_at timestamptz, problem jsonb,
    primary key (name, connection))`.execute(db)
  await sql`create table events (
    seq bigint generated always as identity primary key,
    txid xid8 not null default pg_current_xact_id(),
    id text not null unique, at timestamptz not null, kind text not null, subject text not null,
    actor jsonb not null, request_id text, data jsonb not null)`.execute(db)
  await sql`create index events_order on events (txid, seq)`.execute(db)
  await sql`create index events_subject on events (subject, seq)`.execute(db)
}
