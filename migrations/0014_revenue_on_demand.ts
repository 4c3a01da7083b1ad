import { type Kysely, sql } from 'kysely'

/** Reports made on demand, rows that no report dates, lines in several currencies, and what a line tells the rules. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table revenue_imports add column held jsonb,
    drop constraint revenue_imports_state_is_check,
    add constraint revenue_imports_state_is_check
      check (state_is in ('waiting', 'preparing', 'reading', 'done', 'partial', 'failed'))`.execute(
    db,
  )
  await sql`create index revenue_imports_newest on revenue_imports (connection, created_at)`.execute(
    db,
  )
  await sql`alter table revenue_files add column known_at timestamptz`.execute(db)
  await sql`update revenue_files f set known_at = i.created_at + f.position * interval '1 microsecond'
    from revenue_imports i where i.id = f.import`.execute(db)
  await sql`alter table revenue_files alter column known_at set not null`.execute(db)
  await sql`alter table revenue_lines add column others jsonb not null default '[]',
    add column facts jsonb not null default '{}'`.execute(db)
}
