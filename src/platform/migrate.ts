import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { Problem } from '../kernel/problem.ts'
import type { Db } from './db.ts'

/** Brings the schema up to date, or leaves it as it was. Safe to run in many processes at once: one does it, the others wait. */
export async function migrate(
  db: Db,
  migrations: Readonly<Record<string, Migration>>,
): Promise<readonly string[]> {
  if (await isCurrent(db, Object.keys(migrations))) return []
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
  })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) {
    const failed = results.find((r) => r.status === 'Error')?.migrationName ?? 'unknown'
    throw new Problem('internal', `migration ${failed} failed`, {}, { cause: error })
  }
  return results.map((r) => r.migrationName)
}

/** Whether every migration was applied; a database that was never migrated has no such table. */
async function isCurrent(db: Db, names: readonly string[]): Promise<boolean> {
  const { rows } = await sql<{
    is: boolean
  }>`select to_regclass('public.migrations') is not null as is`.execute(db)
  if (!rows[0]?.is) return false
  const applied = await sql<{ name: string }>`select name from migrations`.execute(db)
  const known = new Set(applied.rows.map(({ name }) => name))
  return names.every((name) => known.has(name))
}
