import { type Kysely, sql } from 'kysely'

/** What marketplaces say they took, by period and source; what they invoiced; what a statement looks rows up by. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table revenue_lines add column basis text check (basis in ('usage', 'term'))`.execute(
    db,
  )
  await sql`create index reported_facts_usage
    on reported_facts (connection, (vals ->> 'from'), (vals ->> 'to')) where subject = 'usage'`.execute(
    db,
  )
  await sql`create index reported_facts_usage_order on reported_facts (connection, seq)
    where subject = 'usage'`.execute(db)
  await readBacks(db)
  await sql`create table agreement_invoices (
    connection text not null references connections, agreement_ref text collate "C" not null,
    invoice_ref text collate "C" not null, agreement text not null references agreements,
    is_credit boolean not null, month date not null, issued_at timestamptz not null,
    amount numeric(38, 12) not null, currency text not null, native jsonb not null,
    read_at timestamptz not null, primary key (connection, agreement_ref, invoice_ref))`.execute(db)
  await sql`create index agreement_invoices_page on agreement_invoices (agreement, issued_at, invoice_ref)`.execute(
    db,
  )
  // A report over all agreements goes on where its last page ended.
  await sql`create index agreements_in_order on agreements (id collate "C")`.execute(db)
  // Few records are late, and a statement tells them in the month they were reported in.
  await sql`create index usage_records_late on usage_records (agreement, created_at)
    where kind = 'late'`.execute(db)
}

/** Days by default; a report may tell of longer periods, and of the same day what the marketplace's API tells too. */
async function readBacks(db: Kysely<unknown>): Promise<void> {
  await sql`alter table usage_read_backs add column source text not null default 'api'
      check (source in ('api', 'report')),
    add column from_at timestamptz, add column to_at timestamptz,
    add column amount numeric, add column currency text,
    add column billed boolean not null default false`.execute(db)
  await sql`update usage_read_backs set from_at = day::timestamp at time zone 'UTC',
    to_at = (day + 1)::timestamp at time zone 'UTC'`.execute(db)
  await sql`alter table usage_read_backs alter column from_at set not null,
    alter column to_at set not null, drop constraint usage_read_backs_pkey,
    add primary key (connection, agreement_ref, dimension, source, from_at, to_at)`.execute(db)
  await sql`drop index usage_read_backs_page`.execute(db)
  await sql`create index usage_read_backs_page
    on usage_read_backs (from_at, connection, agreement_ref, dimension, source, to_at)`.execute(db)
  await sql`create index usage_read_backs_period on usage_read_backs (connection, source, from_at)`.execute(
    db,
  )
}
