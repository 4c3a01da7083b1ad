import { sql } from 'kysely'
import type { Db } from '../src/platform/db.ts'

/** The schema as text, the same on every Postgres: tables with their columns, keys, checks and indexes. */
export async function describeSchema(db: Db): Promise<string> {
  const { rows: columns } = await sql<{ table: string; line: string }>`
    select c.relname as table, '  ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attnotnull then ' not null' else '' end
      || case when a.attidentity <> '' then ' generated always as identity' else '' end
      || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum`.execute(db)
  const { rows: rules } = await sql<{ table: string; line: string }>`
    select c.relname as table, '  constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid) as line
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and k.contype <> 'n' order by c.relname, k.conname`.execute(db)
  const { rows: indexes } = await sql<{ table: string; line: string }>`
    select tablename as table, '  ' || indexdef as line from pg_indexes where schemaname = 'public'
    order by tablename, indexname`.execute(db)
  const ours = (row: { table: string }) => !row.table.startsWith('migrations')
  const tables = [...new Set(columns.filter(ours).map((row) => row.table))]
  return tables
    .map((table) =>
      [
        table,
        ...[columns, rules, indexes].flatMap((rows) =>
          rows.filter((row) => row.table === table).map((row) => row.line),
        ),
      ].join('\n'),
    )
    .join('\n\n')
    .concat('\n')
}
