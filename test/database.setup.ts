import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrations } from '../migrations/index.ts'
import { openDb } from '../src/platform/db.ts'
import { openEmbedded } from '../src/platform/embedded.ts'
import { Jobs } from '../src/platform/jobs.ts'
import { silent } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database to copy: a folder, or the name of a Postgres template. */
    template: string
    postgresUrl: string
  }
}

const root = join(import.meta.dirname, '..')
const start = '2027-01-01T00:00:00.000Z'

/** Prepares one migrated database that every test file copies. */
export default async function setup({
  provide,
}: TestProject): Promise<(() => Promise<void>) | undefined> {
  const url = process.env.TEST_DATABASE_URL ?? ''
  provide('postgresUrl', url)
  if (!url) {
    provide('template', await embeddedTemplate())
    return undefined
  }
  const name = `tradepost_template_${process.pid}`
  await withAdmin(url, (client) => client.query(`create database ${name}`))
  const target = new URL(url)
  target.pathname = `/${name}`
  await prepare({ connectionString: target.href, max: 2 }, false)
  provide('template', name)
  return () =>
    withAdmin(url, (client) => client.query(`drop database if exists ${name} with (force)`))
}

async function embeddedTemplate(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', 'src/platform/jobs.ts', 'test/database.setup.ts'].concat(
    readdirSync(join(root, 'migrations')).map((f) => `migrations/${f}`),
  )) {
    hash.update(readFileSync(join(root, file)))
  }
  const folder = join(root, 'node_modules/.cache/tradepost', hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  const making = `${folder}.${process.pid}`
  mkdirSync(making, { recursive: true })
  const embedded = await openEmbedded(making)
  await prepare(embedded.target, true)
  await embedded.close()
  if (existsSync(folder)) rmSync(making, { recursive: true })
  else renameSync(making, folder)
  return folder
}

async function prepare(target: Parameters<typeof openDb>[0], embedded: boolean): Promise<void> {
  const database = openDb(target)
  await migrate(database.db, migrations)
  const jobs = new Jobs(database, { embedded, now: () => start, simulated: true, log: silent })
  await jobs.start()
  await jobs.stop()
  await database.db.destroy()
}

async function withAdmin(url: string, act: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await act(client)
  } finally {
    await client.end()
  }
}
