import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table listings (
    id text primary key, connection text not null references connections, listing_ref text not null,
    name text not null, kind text not null check (kind in ('saas', 'other')), visibility text not null,
    metering_ref text, dimensions jsonb not null, plans jsonb not null, removed jsonb not null,
    modified_at timestamptz not null, native jsonb not null, facts jsonb not null,
    revision int not null default 1, read_at timestamptz not null, created_at timestamptz not null,
    updated_at timestamptz not null, unique (connection, listing_ref))`.execute(db)
  await sql`create index listings_metering on listings (connection, metering_ref)`.execute(db)
  await sql`create index listings_page on listings (created_at, id)`.execute(db)
}
