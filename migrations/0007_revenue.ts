import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table revenue_imports (
    id text primary key, connection text not null references connections, again boolean not null,
    state jsonb not null, state_is text not null check (state_is in ('waiting', 'reading', 'done', 'partial', 'failed')),
    revision int not null default 1, created_at timestamptz not null, finished_at timestamptz)`.execute(
    db,
  )
  await sql`create index revenue_imports_order on revenue_imports (created_at, id)`.execute(db)
  await sql`create table revenue_files (
    import text not null references revenue_imports, position int not null,
    connection text not null references connections, name text not null, fingerprint text not null,
    size_bytes bigint not null,
    state_is text not null check (state_is in ('waiting', 'reading', 'read', 'same', 'failed')),
    last_row bigint not null default 0, rows_read bigint not null default 0,
    rows_new bigint not null default 0, rows_broken bigint not null default 0,
    problem jsonb, finished_at timestamptz, primary key (import, position))`.execute(db)
  await sql`create index revenue_files_read on revenue_files (connection, name, fingerprint)
    where state_is = 'read'`.execute(db)
  await sql`create table revenue_faults (
    import text not null, position int not null, row bigint not null, ordinal int not null,
    column_name text, message text not null, raw text not null,
    primary key (import, position, row, ordinal),
    foreign key (import, position) references revenue_files)`.execute(db)
  await sql`create table revenue_lines (
    seq bigint generated always as identity primary key,
    connection text not null references connections, line_ref text not null,
    valid_from timestamptz not null, known_from timestamptz not null,
    recorded_at timestamptz not null, deleted_at timestamptz, hash text not null,
    parent_ref text, action text not null, kind text not null, native_kind text not null,
    amount numeric(38, 12) not null, currency text not null, invoice_ref text,
    invoiced_on date not null, due_on date, usage_from timestamptz, usage_to timestamptz,
    agreement_ref text, offer_ref text, listing_ref text, payer_ref text, payout_ref text,
    import text not null references revenue_imports, file text not null, file_row bigint not null,
    native jsonb not null,
    unique (connection, line_ref, valid_from, known_from, hash))`.execute(db)
  await sql`create index revenue_lines_order on revenue_lines (invoiced_on, connection, line_ref)`.execute(
    db,
  )
  await sql`create index revenue_lines_agreement on revenue_lines (agreement_ref)`.execute(db)
  await sql`create index revenue_lines_payer on revenue_lines (payer_ref)`.execute(db)
  await sql`create index revenue_lines_payout on revenue_lines (connection, payout_ref)
    where payout_ref is not null`.execute(db)
  await sql`create table reported_facts (
    seq bigint generated always as identity primary key,
    connection text not null references connections, subject text not null, ref text not null,
    valid_from timestamptz not null, known_from timestamptz not null,
    recorded_at timestamptz not null, deleted_at timestamptz, hash text not null,
    vals jsonb not null, import text not null references revenue_imports, file text not null,
    file_row bigint not null, native jsonb not null,
    unique (connection, subject, ref, valid_from, known_from, hash))`.execute(db)
  await sql`create function refuse_change() returns trigger language plpgsql as
    $$ begin raise exception '% keeps history: rows are added, never changed', tg_table_name; end $$`.execute(
    db,
  )
  for (const table of ['revenue_lines', 'reported_facts'])
    await sql`create trigger keep_history before update or delete on ${sql.table(table)}
      for each row execute function refuse_change()`.execute(db)
}
