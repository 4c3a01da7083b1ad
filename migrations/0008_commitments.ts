import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table commitments (
    id text primary key, buyer text not null references buyers, provider text not null,
    currency char(3) not null, revision int not null default 1,
    created_at timestamptz not null, updated_at timestamptz not null)`.execute(db)
  await sql`create index commitments_page on commitments (created_at, id)`.execute(db)
  await sql`create index commitments_buyer on commitments (buyer, provider)`.execute(db)
  await sql`create table commitment_versions (
    commitment text not null references commitments, version int not null check (version > 0),
    valid_from date not null, known_from date not null, recorded_at timestamptz not null,
    terms jsonb not null, primary key (commitment, version))`.execute(db)
  await sql`create trigger keep_history before update or delete on commitment_versions
    for each row execute function refuse_change()`.execute(db)
}
