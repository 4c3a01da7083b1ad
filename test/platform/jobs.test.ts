import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, instant } from '../../src/kernel/time.ts'
import { transact } from '../../src/platform/db.ts'
import { type Handlers, Jobs, listJobs, restart } from '../../src/platform/jobs.ts'
import { silent } from '../../src/platform/log.ts'
import { openTestDatabase, type TestDatabase } from '../database.ts'

let store: TestDatabase
let jobs: Jobs
let now = Date.parse('2027-01-01T00:00:00Z')
const clock = (): Instant => instant(now)
const ran: string[] = []
const drain = (handlers: Handlers<object>) => jobs.drain({}, handlers)
const note = (kind: string): Handlers<object> => ({
  [kind]: async (_, subject) => {
    ran.push(`${kind} ${subject}`)
    return 'done'
  },
})

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

describe('jobs', () => {
  it('exist only if their transaction commits', async () => {
    const { db } = store.database
    await transact(db, (trx) => jobs.enqueue(trx, 'a', 'kept'))
    await transact(db, async (trx) => {
      await jobs.enqueue(trx, 'a', 'undone')
      throw new Error('no')
    }).catch(() => {})
    ran.length = 0
    await drain(note('a'))
    expect(ran).toEqual(['a kept'])
  })

  it('wait once for each subject, however often they are asked for', async () => {
    for (let i = 0; i < 3; i++) await jobs.enqueue(store.database.db, 'a', 'same')
    ran.length = 0
    await drain(note('a'))
    expect(ran).toEqual(['a same'])
  })

  it('come again when they said, and sooner when somebody asks', async () => {
    let asked = 0
    const handlers: Handlers<object> = {
      b: async () => (++asked < 3 ? { again: instant(now + 3_600_000) } : 'done'),
    }
    await jobs.enqueue(store.database.db, 'b', '1')
    expect(await drain(handlers)).toBe(1)
    expect(await jobs.nextDue()).toBe(instant(now + 3_600_000))
    await jobs.enqueue(store.database.db, 'b', '1')
    expect(await drain(handlers)).toBe(1)
    now += 3_600_000
    expect([await drain(handlers), asked, await jobs.nextDue()]).toEqual([1, 3, undefined])
  })

  it('are tried again after trouble that passes, with the wait the other side asked for', async () => {
    let tries = 0
    const handlers: Handlers<object> = {
      c: async () => {
        if (++tries === 1) throw new Problem('throttled', 'slow down', { retryAfterMs: 60_000 })
        return 'done'
      },
    }
    await jobs.enqueue(store.database.db, 'c', '1')
    await drain(handlers)
    now += 59_000
    expect(await drain(handlers)).toBe(0)
    now += 1_000
    expect([await drain(handlers), tries]).toEqual([1, 2])
  })

  it('do not wait for a long one as long as a slot is free', async () => {
    const { db } = store.database
    const done: string[] = []
    let release = () => {}
    const long = new Promise<void>((resolve) => {
      release = resolve
    })
    const handlers: Handlers<object> = {
      long: async () => {
        await long
        done.push('long')
        return 'done'
      },
      short: async (_, subject) => {
        done.push(subject)
        release()
        return 'done'
      },
    }
    await jobs.enqueue(db, 'long', 'one')
    const draining = jobs.drain({}, handlers, { slots: 2 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await jobs.enqueue(db, 'short', 'late')
    expect(await draining).toBe(2)
    expect(done).toEqual(['late', 'long'])
  })

  it('that a process left when it died are taken up at once where it was the only one', async () => {
    await jobs.enqueue(store.database.db, 'left', 'behind')
    let begun = () => {}
    const isBegun = new Promise<void>((resolve) => (begun = resolve))
    let end = () => {}
    const dies = new Promise<void>((resolve) => (end = resolve))
    const left = () => {
      begun()
      return dies.then(() => 'done' as const)
    }
    const dying = jobs.drain({}, { left })
    await isBegun

    const next = new Jobs(store.database, {
      embedded: true,
      now: clock,
      simulated: true,
      log: silent,
    })
    await next.start()
    now += 2_000
    ran.length = 0
    await next.drain({}, note('left'))
    expect(ran).toEqual(['left behind'])
    end()
    await dying
    await next.stop()
  })

  it('that stop again are listed once', async () => {
    const { db } = store.database
    let times = 0
    const handlers: Handlers<object> = {
      stubborn: async () => {
        throw new Problem('not_found', `no such thing, ${++times}`)
      },
    }
    for (let turn = 0; turn < 3; turn++) {
      await jobs.enqueue(db, 'stubborn', 'one')
      await drain(handlers)
    }
    const listed = (await listJobs(db, 'stopped', 100)).filter(({ kind }) => kind === 'stubborn')
    expect(listed).toMatchObject([{ subject: 'one', problem: { message: 'no such thing, 3' } }])
    await db.transaction().execute((trx) => restart(trx, jobs, { kind: 'stubborn' }))
    await drain(note('stubborn'))
  })

  it('stop on a bug, are listed with the problem but not its cause, and can be restarted', async () => {
    await jobs.enqueue(store.database.db, 'd', '1')
    await drain({ d: () => Promise.reject(new Error('secret detail')) })
    const [stopped] = await listJobs(store.database.db, 'stopped', 10)
    expect(stopped).toMatchObject({ kind: 'd', subject: '1', problem: { code: 'internal' } })
    expect(JSON.stringify(stopped)).not.toContain('secret detail')
    expect(await restart(store.database.db, jobs, { id: stopped!.id })).toBe(1)
    ran.length = 0
    await drain(note('d'))
    expect([ran, await listJobs(store.database.db, 'stopped', 10)]).toEqual([['d 1'], []])
  })
})
