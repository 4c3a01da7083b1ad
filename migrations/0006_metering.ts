import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table usage_events (
    source text collate "C" not null, id text collate "C" not null,
    agreement text collate "C" not null, dimension text collate "C" not null,
    quantity numeric(38, 12) not null check (quantity >= 0), at timestamptz not null,
    hour timestamptz not null, late boolean not null, allocations jsonb,
    received_at timestamptz not null, primary key (source, id))`.execute(db)
  await sql`create index usage_events_record on usage_events (agreement, dimension, hour)`.execute(
    db,
  )
  await sql`create table usage_series (
    agreement text collate "C" not null references agreements, dimension text collate "C" not null,
    connection text not null references connections,
    carry numeric(38, 12) not null default 0 check (carry >= 0), closes_at timestamptz,
    primary key (agreement, dimension))`.execute(db)
  await sql`create index usage_series_closing on usage_series (connection, closes_at)
    where carry > 0 and closes_at is not null`.execute(db)
  // Room in each page keeps the hour's running sum an update in place.
  await sql`create table usage_records (
    id text primary key, connection text not null references connections,
    agreement text collate "C" not null references agreements, dimension text collate "C" not null,
    hour timestamptz not null, kind text not null check (kind in ('usage', 'late', 'closing')),
    quantity numeric(38, 12) not null check (quantity >= 0), events bigint not null,
    allocated boolean not null, state jsonb not null,
    state_is text not null check
      (state_is in ('open', 'due', 'sending', 'accepted', 'carried', 'refused', 'lost')),
    due_at timestamptz not null, deadline timestamptz not null,
    sent numeric(38, 12) check (sent >= 0), carried_in numeric(38, 12), carried_out numeric(38, 12),
    report json, outcome jsonb, attempts int not null default 0,
    created_at timestamptz not null, updated_at timestamptz not null,
    unique (agreement, dimension, hour, kind),
    check (quantity + carried_in = sent + carried_out),
    check ((sent is null) = (carried_in is null) and (sent is null) = (carried_out is null)),
    check (sent is not null or state_is in ('open', 'due')))
    with (fillfactor = 60)`.execute(db)
  await sql`create index usage_records_work on usage_records (connection, deadline)
    where state_is in ('open', 'due', 'sending')`.execute(db)
  await sql`create index usage_records_page on usage_records (hour, id)`.execute(db)
}
