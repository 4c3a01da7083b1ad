import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await events(db)
  await records(db)
  await contracts(db)
  await meters(db)
  await sending(db)
  await backfills(db)
}

/** Three forms of events, and all that makes up records as one view. */
async function events(db: Kysely<unknown>): Promise<void> {
  await sql`alter table usage_events
    alter column dimension drop not null, alter column quantity drop not null,
    add column name text collate "C", add column properties jsonb,
    add column reverses text collate "C",
    drop constraint usage_events_quantity_check,
    add check ((dimension is null) = (quantity is null)),
    add check (quantity >= 0 or reverses is not null)`.execute(db)
  await sql`create unique index usage_events_reversed on usage_events (source, reverses)
    where reverses is not null`.execute(db)
  await sql`create index usage_events_named on usage_events (agreement, name, hour, source, id)
    where name is not null`.execute(db)
  // What meters make of an event; a backfill may add to it, each run once.
  await sql`create table usage_contributions (
    source text collate "C" not null, event text collate "C" not null,
    meter text not null, version int not null, run text collate "C" not null default '',
    agreement text collate "C" not null references agreements, dimension text collate "C" not null,
    quantity numeric(38, 12) not null, at timestamptz not null,
    hour timestamptz not null, late boolean not null, created_at timestamptz not null,
    primary key (source, event, meter, dimension, run))`.execute(db)
  await sql`create index usage_contributions_record
    on usage_contributions (agreement, dimension, hour)`.execute(db)
  // What a contract adds to the dimension it bills to.
  await sql`create table usage_postings (
    id text primary key, agreement text collate "C" not null references agreements,
    dimension text collate "C" not null, quantity numeric(38, 12) not null, at timestamptz not null,
    hour timestamptz not null, late boolean not null, reason text not null, detail jsonb not null,
    created_at timestamptz not null)`.execute(db)
  await sql`create index usage_postings_record
    on usage_postings (agreement, dimension, hour)`.execute(db)
  await sql`create view usage_parts as
    select 'event' as kind, source, id, null as meter, agreement, dimension, quantity, at, hour, late,
      allocations, received_at, null as run, reverses from usage_events where dimension is not null
    union all
    select 'meter', source, event, meter, agreement, dimension, quantity, at, hour, late,
      null, created_at, run, null from usage_contributions
    union all
    select 'contract', '', id, null, agreement, dimension, quantity, at, hour, late,
      null, created_at, null, null from usage_postings`.execute(db)
}

/** Records that are held or rated, quantities that are taken back, and what a series has seen. */
async function records(db: Kysely<unknown>): Promise<void> {
  await sql`alter table usage_records
    add column rated numeric(38, 12) not null default 0, add column released_at timestamptz,
    drop constraint usage_records_check, drop constraint usage_records_check1,
    drop constraint usage_records_check2, drop constraint usage_records_quantity_check,
    drop constraint usage_records_sent_check, drop constraint usage_records_included_check,
    drop constraint usage_records_state_is_check,
    add constraint usage_records_adds_up
      check (quantity + carried_in = sent + included + rated + carried_out),
    add constraint usage_records_frozen check ((sent is null) = (carried_in is null)
      and (sent is null) = (carried_out is null)
      and (sent is not null or (included = 0 and rated = 0))),
    add constraint usage_records_unsent
      check (sent is not null or state_is in ('open', 'due', 'held')),
    add constraint usage_records_sent_check check (sent >= 0 or kind <> 'usage'),
    add constraint usage_records_state_is_check check (state_is in ('open', 'due', 'held', 'sending',
      'accepted', 'carried', 'included', 'rated', 'refused', 'lost'))`.execute(db)
  await sql`drop index usage_records_work`.execute(db)
  await sql`create index usage_records_work on usage_records (connection, deadline, due_at)
    where state_is in ('open', 'due', 'held', 'sending')`.execute(db)
  await sql`create index usage_records_due on usage_records (connection, due_at)
    where state_is in ('open', 'due', 'held', 'sending')`.execute(db)
  await sql`alter table usage_series drop constraint usage_series_carry_check,
    add column peak numeric(38, 12) not null default 0, add column hours int not null default 0`.execute(
    db,
  )
  await sql`drop index usage_series_closing`.execute(db)
  await sql`create index usage_series_closing on usage_series (connection, closes_at)
    where carry <> 0 and closes_at is not null`.execute(db)
  // Units beyond what a period includes: the first to be taken back.
  await sql`alter table usage_allowances
    add column over numeric(38, 12) not null default 0 check (over >= 0)`.execute(db)
}

async function contracts(db: Kysely<unknown>): Promise<void> {
  await sql`create table contracts (
    id text primary key, agreement text collate "C" not null unique references agreements,
    currency char(3) not null, revision int not null,
    created_at timestamptz not null, updated_at timestamptz not null)`.execute(db)
  await sql`create table contract_versions (
    contract text not null references contracts, version int not null,
    from_at timestamptz not null, terms jsonb not null, actor jsonb not null,
    recorded_at timestamptz not null, primary key (contract, version))`.execute(db)
  await sql`create table contract_books (
    agreement text collate "C" primary key references agreements,
    connection text not null references connections, version int not null,
    dimensions text[] collate "C" not null, state jsonb not null,
    next_at timestamptz, updated_at timestamptz not null)`.execute(db)
  await sql`create index contract_books_next on contract_books (connection, next_at)
    where next_at is not null`.execute(db)
  // Amounts are exact, of any length.
  await sql`create table contract_ratings (
    record text primary key references usage_records,
    agreement text collate "C" not null references agreements, dimension text collate "C" not null,
    hour timestamptz not null, quantity numeric(38, 12) not null, rating jsonb not null,
    rated_at timestamptz not null)`.execute(db)
  await sql`create index contract_ratings_hour on contract_ratings (agreement, hour)`.execute(db)
}

async function meters(db: Kysely<unknown>): Promise<void> {
  await sql`create table meters (
    id text primary key, listing text not null references listings, key text collate "C" not null,
    event text collate "C" not null, aggregation text not null,
    revision int not null, created_at timestamptz not null, updated_at timestamptz not null,
    unique (listing, key))`.execute(db)
  // A version without a definition: from then on the meter reads nothing.
  await sql`create table meter_versions (
    meter text not null references meters, version int not null, from_hour timestamptz not null,
    definition jsonb, actor jsonb not null, recorded_at timestamptz not null,
    primary key (meter, version))`.execute(db)
  // What aggregates that do not add up need to know of an hour.
  await sql`create table meter_hours (
    meter text not null references meters, agreement text collate "C" not null references agreements,
    hour timestamptz not null, version int not null, value numeric, at timestamptz,
    source text collate "C", event text collate "C",
    primary key (meter, agreement, hour))`.execute(db)
  await sql`create table meter_uniques (
    meter text not null references meters, agreement text collate "C" not null references agreements,
    hour timestamptz not null, value text collate "C" not null, events int not null,
    primary key (meter, agreement, hour, value))`.execute(db)
}

/** One lane of the sending queue for each seller account: its pace, its circuit, and its policy on what looks wrong. */
async function sending(db: Kysely<unknown>): Promise<void> {
  await sql`create table usage_lanes (
    connection text primary key references connections,
    paced_at timestamptz, served_at timestamptz, failures int not null default 0,
    open_until timestamptz, problem jsonb, blocked jsonb not null default '{}')`.execute(db)
  await sql`create table usage_policies (
    connection text primary key references connections, policy jsonb not null,
    revision int not null, actor jsonb not null, updated_at timestamptz not null)`.execute(db)
}

async function backfills(db: Kysely<unknown>): Promise<void> {
  await sql`create table backfills (
    id text primary key, asked jsonb not null, is_dry boolean not null, state jsonb not null,
    state_is text not null, cursor text, counts jsonb not null, actor jsonb not null,
    revision int not null, created_at timestamptz not null, finished_at timestamptz)`.execute(db)
  await sql`create table backfill_rows (
    backfill text not null references backfills, agreement text collate "C" not null,
    dimension text collate "C" not null, hour timestamptz not null,
    before numeric(38, 12) not null, after numeric(38, 12) not null, fate jsonb not null,
    primary key (backfill, agreement, dimension, hour))`.execute(db)
}
