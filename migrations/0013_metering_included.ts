import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table usage_records
    add column included numeric(38, 12) not null default 0 check (included >= 0),
    drop constraint usage_records_check, drop constraint usage_records_check1,
    drop constraint usage_records_state_is_check,
    add check (quantity + carried_in = sent + included + carried_out),
    add check ((sent is null) = (carried_in is null) and (sent is null) = (carried_out is null)
      and (sent is not null or included = 0)),
    add constraint usage_records_state_is_check check (state_is in
      ('open', 'due', 'sending', 'accepted', 'carried', 'included', 'refused', 'lost'))`.execute(db)
  await sql`create table usage_allowances (
    agreement text collate "C" not null references agreements, dimension text collate "C" not null,
    starts_at timestamptz not null, ends_at timestamptz,
    connection text not null references connections,
    quantity numeric(38, 12) check (quantity >= 0),
    used numeric(38, 12) not null default 0 check (used >= 0), revision int not null,
    primary key (agreement, dimension, starts_at))`.execute(db)
  // What a marketplace tells may be a float with more places than a quantity of ours.
  await sql`create table usage_read_backs (
    connection text not null references connections, agreement_ref text collate "C" not null,
    dimension text collate "C" not null, day date not null, agreement text references agreements,
    plan_ref text, native_status text, submitted numeric, processed numeric,
    accepted numeric(38, 12) not null, difference numeric not null,
    verdict text not null check (verdict in
      ('agreed', 'pending', 'differs', 'rejected', 'missing_there', 'unknown_here')),
    since timestamptz not null, alarm text check (alarm <> 'agreed' and alarm <> 'pending'),
    read_at timestamptz not null,
    primary key (connection, agreement_ref, dimension, day))`.execute(db)
  await sql`create index usage_read_backs_page
    on usage_read_backs (day, connection, agreement_ref, dimension)`.execute(db)
}
