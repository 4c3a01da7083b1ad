import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table buyers (
    id text primary key, name text not null, crm_account text, revision int not null default 1,
    created_at timestamptz not null, updated_at timestamptz not null)`.execute(db)
  await sql`create index buyers_page on buyers (created_at, id)`.execute(db)
  await sql`create table buyer_accounts (
    provider text not null, ref text not null, buyer text not null references buyers,
    position int not null, primary key (provider, ref))`.execute(db)
  await sql`create index buyer_accounts_buyer on buyer_accounts (buyer)`.execute(db)
}
