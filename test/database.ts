import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import { inject } from 'vitest'
import { type Database, openDb } from '../src/platform/db.ts'

const socketPort = 5432

export type TestDatabase = {
  readonly database: Database
  readonly embedded: boolean
  close(): Promise<void>
}

/** A migrated, empty database of this test's own: a copy of the template, embedded or on Postgres. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const url = inject('postgresUrl')
  return url ? onPostgres(url) : embedded()
}

/**
 * The embedded database as the service has it, but on this thread: a thread of its own takes longer to start than most
 * tests run, and on two cores the processes of other tests have a use for the second one.
 */
async function embedded(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'tradepost-test-'))
  cpSync(inject('template'), folder, { recursive: true })
  const postgres = await PGlite.create(join(folder, 'postgres'))
  const server = new PGLiteSocketServer({
    db: postgres,
    path: join(folder, `.s.PGSQL.${socketPort}`),
    maxConnections: 4,
  })
  await server.start()
  const database = openDb({ host: folder, port: socketPort, max: 1 })
  return {
    database,
    embedded: true,
    async close() {
      await database.db.destroy()
      await server.stop()
      await postgres.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let databases = 0
async function onPostgres(url: string): Promise<TestDatabase> {
  const name = `tradepost_test_${process.pid}_${++databases}`
  await administer(url, `create database ${name} template ${inject('template')}`)
  const target = new URL(url)
  target.pathname = `/${name}`
  const database = openDb({ connectionString: target.href, max: 5 })
  return {
    database,
    embedded: false,
    async close() {
      await database.db.destroy()
      await administer(url, `drop database if exists ${name} with (force)`)
    },
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
