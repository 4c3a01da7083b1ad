import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  // What only says how fresh a row is does not make it another row.
  await sql`create table crm_rows (
    id text primary key, connection text not null references connections,
    kind text not null check (kind in ('offer', 'agreement', 'commitment', 'opportunity')),
    key text not null, rank timestamptz not null, content jsonb not null,
    hash text not null generated always as (
      md5((content #- '{fields,changedAt}' #- '{fields,drawnAsOf}' #- '{fields,asOf}')::text)) stored,
    state_is text not null check (state_is in ('due', 'waiting', 'sending', 'clean', 'refused')),
    attempts int not null default 0, due_at timestamptz, problem text, crm_ref text,
    told jsonb not null default '{}', sent_at timestamptz, created_at timestamptz not null,
    updated_at timestamptz not null, unique (connection, kind, key),
    check ((due_at is null) = (state_is in ('clean', 'refused'))))`.execute(db)
  await sql`create index crm_rows_due on crm_rows (connection, kind, due_at) where due_at is not null`.execute(
    db,
  )
  await sql`create index crm_rows_page on crm_rows (created_at, id)`.execute(db)
  await sql`create index crm_rows_state on crm_rows (connection, state_is)`.execute(db)
  await sql`create table crm_mirrors (
    connection text primary key references connections, organisation text, state jsonb not null,
    state_is text not null check (state_is in ('unchecked', 'ready', 'missing', 'waiting', 'moved')),
    until timestamptz, checked_at timestamptz, saved_at timestamptz, budget jsonb)`.execute(db)
}
