import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instant, instant } from '../../src/kernel/time.ts'
import { isOutage } from '../../src/platform/db.ts'
import { Jobs, listJobs } from '../../src/platform/jobs.ts'
import { silent } from '../../src/platform/log.ts'
import { openTestDatabase, type TestDatabase } from '../database.ts'

let store: TestDatabase
let jobs: Jobs
let now = Date.parse('2027-01-01T00:00:00Z')
const clock = (): Instant => instant(now)

beforeAll(async () => {
  store = await openTestDatabase()
  jobs = new Jobs(store.database, {
    embedded: store.embedded,
    now: clock,
    simulated: true,
    log: silent,
  })
  await jobs.start()
})
afterAll(async () => {
  await jobs.stop()
  await store.close()
})

const coded = (code: string) => Object.assign(new Error('terminating connection'), { code })

describe('a database that restarts', () => {
  it('is told from every other trouble by its code, or the driver’s words', () => {
    for (const code of ['57P01', '57P02', '57P03', '08006', '08P01', 'ECONNRESET', 'ECONNREFUSED'])
      expect([code, isOutage(coded(code))]).toEqual([code, true])
    for (const code of ['23505', '40P01', '57014', '42P01', 'ENOENT'])
      expect([code, isOutage(coded(code))]).toEqual([code, false])
    expect(isOutage(new Error('Connection terminated unexpectedly'))).toBe(true)
    expect(isOutage(new Error('Cannot read properties of undefined'))).toBe(false)
    expect(isOutage(undefined)).toBe(false)
  })

  it('stops no job: it runs again by itself', async () => {
    let ran = 0
    const handlers = {
      fragile: async () => {
        if (++ran < 3) throw coded('57P01')
        return 'done' as const
      },
    }
    await jobs.enqueue(store.database.db, 'fragile', 'one')
    for (let round = 0; round < 5; round++) {
      await jobs.drain({}, handlers)
      now += 60_000
    }
    expect(ran).toBe(3)
    expect(await listJobs(store.database.db, 'stopped', 10)).toEqual([])
  })

  it('ends no process that holds a connection between two queries', async () => {
    if (store.embedded) return
    const { db } = store.database
    const broken = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db)
      await new Promise((resolve) => setTimeout(resolve, 200))
      await sql`select 1`.execute(trx)
    })
    await expect(broken.catch((error) => isOutage(error))).resolves.toBe(true)
  })
})
