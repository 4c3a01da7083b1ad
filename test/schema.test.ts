import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openTestDatabase } from './database.ts'
import { describeSchema } from './schema.ts'

const file = join(import.meta.dirname, 'schema.sql')
const types = ['schema', 'schema-deal', 'schema-usage', 'schema-money'].map((name) =>
  join(import.meta.dirname, `../src/platform/${name}.ts`),
)

it('is what schema.sql shows, and schema.ts names every table and column of it', async () => {
  const { database, close } = await openTestDatabase()
  try {
    const schema = await describeSchema(database.db)
    if (process.env.WRITE_SCHEMA) writeFileSync(file, schema)
    expect(schema).toBe(readFileSync(file, 'utf8'))
    const { rows } = await sql<{ table: string; columns: string[] }>`
      select table_name as table, array_agg(column_name::text order by column_name::text) as columns
      from information_schema.columns where table_schema = 'public' and table_name not like 'migrations%'
      group by 1 order by 1`.execute(database.db)
    expect(Object.fromEntries(rows.map((row) => [row.table, row.columns]))).toEqual(
      tablesOf(types.map((file) => readFileSync(file, 'utf8')).join('\n')),
    )
  } finally {
    await close()
  }
})

/** Table and column names as the type spells them out. */
function tablesOf(text: string): Record<string, string[]> {
  const blocks = text.matchAll(/^ {2}(\w+): \{\n([\s\S]*?)^ {2}\}/gm)
  const oneLine = text.matchAll(/^ {2}(\w+): \{ (.*) \}$/gm)
  const columns = (inner: string) =>
    [...inner.replace(/\{[^}]*\}/g, '{}').matchAll(/(?:^|[;\n{])\s*(\w+):/g)]
      .map((m) => m[1]!)
      .sort()
  return Object.fromEntries(
    [...blocks, ...oneLine].map(([, name, inner]) => [name!, columns(inner!)]),
  )
}
