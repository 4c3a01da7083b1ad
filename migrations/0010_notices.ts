import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table notices (
    id text primary key, connection text not null references connections, notice_ref text not null,
    kind text not null, at timestamptz not null, about jsonb not null, native jsonb not null,
    state_is text not null check (state_is in ('received', 'handled', 'failed')),
    attempts int not null default 0, due_at timestamptz not null, problem jsonb,
    received_at timestamptz not null, settled_at timestamptz,
    unique (connection, notice_ref),
    check ((state_is = 'received') = (settled_at is null)))`.execute(db)
  await sql`create index notices_page on notices (received_at, id)`.execute(db)
  await sql`create index notices_state on notices (state_is, received_at, id)`.execute(db)
}
