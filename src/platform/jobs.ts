import { sql } from 'kysely'
import pg from 'pg'
import { fromKysely, PgBoss } from 'pg-boss'
import { codes, type Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import { type Database, type Db, transact, troubleOf } from './db.ts'
import type { Log } from './log.ts'

/** `done`, or when to ask again: waiting is not failing. */
export type Outcome = 'done' | { readonly again: Instant }
/** Does one step for one subject (a row's id). May be run twice, late or out of order, and must not mind. */
export type Handler<Deps> = (deps: Deps, subject: string) => Promise<Outcome>
export type Handlers<Deps> = Readonly<Record<string, Handler<Deps>>>

type Work = { kind: string; subject: string; attempt: number; problem?: object }
type Claim = { id: string; retryCount: number; data: Work }

export type JobsOptions = {
  readonly embedded: boolean
  readonly now: () => Instant
  /** The clock is not the real one: due times follow `now`, not the database. */
  readonly simulated: boolean
  readonly log: Log
}

const queue = 'jobs'
const stopped = 'stopped'
const attemptsMax = 12
const backoffMs = 2_000
const backoffMaxMs = 300_000
const heartbeatSeconds = 15
const touchEveryMs = 5_000
const crashesMax = 20
const keepDoneSeconds = 86_400
const lookAgainMs = 250

/**
 * The job engine: pg-boss, and the only file that knows it. A job is a kind and a subject, never state;
 * at most one of each waits and at most one runs. Enqueued in the caller's transaction, it is the outbox.
 */
export class Jobs {
  readonly #boss: PgBoss
  readonly #database: Database
  readonly #options: JobsOptions

  constructor(database: Database, options: JobsOptions) {
    this.#database = database
    this.#options = options
    this.#boss = new PgBoss({
      db: { executeSql: (text, values) => execute(database.pool, text, values) },
      backend: options.embedded ? 'pglite' : 'postgres',
      supervise: false,
      schedule: false,
      registerInstance: false,
    })
    this.#boss.on('error', (cause) => options.log.error({ cause: String(cause) }, 'jobs: engine'))
  }

  /** Creates what the engine needs in the database, once. */
  async start(): Promise<void> {
    await this.#boss.start()
    const known = await this.#boss.getQueues([queue, stopped])
    if (known.length < 2) {
      await this.#boss.createQueue(stopped, { retentionSeconds: 31_536_000 })
      await this.#boss.createQueue(queue, {
        policy: 'stately',
        retryLimit: crashesMax,
        retryDelay: 1,
        heartbeatSeconds,
        expireInSeconds: 900,
        deleteAfterSeconds: keepDoneSeconds,
        retentionSeconds: 31_536_000,
        deadLetter: stopped,
      })
    }
    if (this.#options.simulated) await this.#followClock()
    // Fills the engine's cache outside any transaction: inside one the embedded database has no second connection.
    await this.#boss.findJobs(queue, { limit: 1 })
    await this.#boss.findJobs(stopped, { limit: 1 })
    if (this.#options.embedded) await this.#takeBack()
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, close: false })
  }

  /** Asks for a step, now or at a time. What already waits for the same subject is pulled forward, never doubled. */
  async enqueue(db: Db, kind: string, subject: string, at?: Instant): Promise<void> {
    const data: Work = { kind, subject, attempt: 0 }
    const options = { singletonKey: `${kind} ${subject}`, db: fromKysely(db) }
    if (at && at > this.#options.now()) {
      await this.#boss.send(queue, data, { ...options, startAfter: new Date(at) })
      return
    }
    await this.#boss.upsert(queue, data, { ...options, startAfter: new Date(this.#options.now()) })
  }

  /**
   * Runs due jobs, `slots` at a time, until none is due or `limit` have run. Returns how many ran. A slot that is free
   * takes what falls due while others are busy: nothing waits for a long job but its own slot.
   */
  async drain<Deps>(
    deps: Deps,
    handlers: Handlers<Deps>,
    { limit = 10_000, slots = 1 } = {},
  ): Promise<number> {
    const running = new Set<Promise<void>>()
    const troubles: unknown[] = []
    const start = (claim: Claim) => {
      const job = this.#run(deps, handlers, claim)
        .catch((error) => void troubles.push(error))
        .finally(() => running.delete(job))
      running.add(job)
    }
    let ran = 0
    while (ran < limit && troubles.length === 0) {
      const claims = await this.#claim(Math.min(slots - running.size, limit - ran))
      claims.forEach(start)
      ran += claims.length
      if (running.size === 0) break
      const isFull = running.size === slots
      await Promise.race(isFull ? running : [...running, pause(lookAgainMs)])
    }
    await Promise.all(running)
    if (troubles.length > 0) throw troubles[0]
    return ran
  }

  /** Gives back the jobs of workers that died. */
  async supervise(): Promise<void> {
    await this.#boss.supervise()
  }

  /** When the next waiting job is due, or undefined. What only keeps up (`except`) does not count. */
  async nextDue(except = ''): Promise<Instant | undefined> {
    const { rows } = await sql<{ due: Instant | null }>`
      select min(start_after) as due from pgboss.job
      where name = ${queue} and state < 'active' and data->>'kind' <> ${except}`.execute(
      this.#database.db,
    )
    return rows[0]?.due ?? undefined
  }

  async #claim(batchSize: number): Promise<Claim[]> {
    if (this.#options.simulated) await setClock(this.#database.db, this.#options.now())
    const jobs = await this.#boss.fetch<Work>(queue, { batchSize })
    return jobs.map(({ id, retryCount, data }) => ({ id, retryCount, data }))
  }

  async #run<Deps>(deps: Deps, handlers: Handlers<Deps>, claim: Claim): Promise<void> {
    const { kind, subject } = claim.data
    const touch = () => void this.#boss.touch(queue, claim).catch(() => {})
    const beat = setInterval(touch, touchEveryMs)
    const started = performance.now()
    try {
      const handler = handlers[kind]
      if (!handler) throw new Error(`no handler for job ${kind}`)
      const outcome = await handler(deps, subject)
      await this.#settle(claim, outcome === 'done' ? undefined : { at: outcome.again, attempt: 0 })
      const ms = Math.round(performance.now() - started)
      this.#options.log.debug({ kind, subject, ms }, 'job done')
    } catch (error) {
      await this.#trouble(claim, troubleOf(error))
    } finally {
      clearInterval(beat)
    }
  }

  async #trouble(claim: Claim, problem: Problem): Promise<void> {
    const { kind, subject, attempt } = claim.data
    const fields = { kind, subject, attempt, code: problem.code, problem: problem.message }
    const waitsForever = problem.code === 'throttled' || problem.code === 'unavailable'
    if (codes[problem.code].retry && (waitsForever || attempt + 1 < attemptsMax)) {
      this.#options.log.warn(fields, 'job will be tried again')
      const wait = problem.details.retryAfterMs ?? Math.min(backoffMs * 2 ** attempt, backoffMaxMs)
      await this.#settle(claim, {
        at: later(this.#options.now(), wait),
        attempt: attempt + 1,
        problem,
      })
      return
    }
    this.#options.log.error({ ...fields, cause: describe(problem.cause) }, 'job stopped')
    await transact(this.#database.db, async (trx) => {
      await this.#boss.complete(queue, claim, undefined, { db: fromKysely(trx) })
      // What stops again and again is listed once, with its newest problem.
      await sql`delete from pgboss.job where name = ${stopped}
        and data->>'kind' = ${kind} and data->>'subject' = ${subject}`.execute(trx)
      await this.#boss.send(
        stopped,
        { ...claim.data, problem: show(problem) },
        { db: fromKysely(trx) },
      )
    })
  }

  async #settle(
    claim: Claim,
    next?: { at: Instant; attempt: number; problem?: Problem },
  ): Promise<void> {
    const { kind, subject } = claim.data
    await transact(this.#database.db, async (trx) => {
      await this.#boss.complete(queue, claim, undefined, { db: fromKysely(trx) })
      if (!next) return
      const data: Work = {
        kind,
        subject,
        attempt: next.attempt,
        ...(next.problem && { problem: show(next.problem) }),
      }
      const options = { singletonKey: `${kind} ${subject}`, startAfter: new Date(next.at) }
      await this.#boss.send(queue, data, { ...options, db: fromKysely(trx) })
    })
  }

  /** An embedded database has one process: whatever is under way at its start was left by one that died. */
  async #takeBack(): Promise<void> {
    const { numAffectedRows = 0n } = await sql`update pgboss.job set heartbeat_on = 'epoch'
      where name = ${queue} and state = 'active'`.execute(this.#database.db)
    if (numAffectedRows > 0n) await this.supervise()
  }

  /** The engine reads its time from one function of its own; in a simulated world that is our clock. */
  async #followClock(): Promise<void> {
    await setClock(this.#database.db, this.#options.now())
    await transact(this.#database.db, async (trx) => {
      // Processes that start at the same time would replace it under each other's hands.
      await sql`select pg_advisory_xact_lock(hashtext('pgboss.job_now'))`.execute(trx)
      await sql`create or replace function pgboss.job_now() returns timestamptz language sql stable as
        $$ select value::timestamptz from public.meta where name = 'clock' $$`.execute(trx)
    })
  }
}

export type JobView = {
  id: string
  kind: string
  subject: string
  attempt: number
  due: Instant
  problem: object | null
}

/** Jobs by what became of them, oldest first: those that stopped, or those that wait. */
export async function listJobs(
  db: Db,
  state: 'stopped' | 'waiting',
  limit: number,
): Promise<JobView[]> {
  const { rows } = await sql<JobView>`
    select id::text, data->>'kind' as kind, data->>'subject' as subject,
      coalesce((data->>'attempt')::int, 0) as attempt, start_after as due, data->'problem' as problem
    from pgboss.job where name = ${state === 'stopped' ? stopped : queue} and state < 'active'
    order by created_on, id limit ${limit}`.execute(db)
  return rows
}

/** How many jobs there are of each kind, in each state. */
export async function countJobs(db: Db): Promise<{ kind: string; state: string; count: number }[]> {
  const { rows } = await sql<{ kind: string; state: string; count: number }>`
    select coalesce(data->>'kind', 'unknown') as kind,
      case when name = ${stopped} then 'stopped' else state::text end as state, count(*)::int as count
    from pgboss.job where name in (${queue}, ${stopped}) group by 1, 2`.execute(db)
  return rows
}

/** Puts stopped jobs back to work, all or those that fit. Returns how many. */
export async function restart(
  db: Db,
  jobs: Jobs,
  only: { readonly id?: string | undefined; readonly kind?: string | undefined } = {},
): Promise<number> {
  return transact(db, async (trx) => {
    const { rows } = await sql<{ kind: string; subject: string }>`
      delete from pgboss.job where name = ${stopped}
        ${only.id ? sql`and id::text = ${only.id}` : sql``}
        ${only.kind ? sql`and data->>'kind' = ${only.kind}` : sql``}
      returning data->>'kind' as kind, data->>'subject' as subject`.execute(trx)
    for (const { kind, subject } of rows) await jobs.enqueue(trx, kind, subject)
    return rows.length
  })
}

const setClock = (db: Db, at: Instant) =>
  sql`insert into meta (name, value) values ('clock', ${at}) on conflict (name) do update set value = excluded.value`.execute(
    db,
  )

/** pg-boss brings its own SQL, sometimes several statements at once, and expects the driver's own types. */
async function execute(pool: pg.Pool, text: string, values?: unknown[]) {
  const result = await pool.query({ text, values: values ?? [], types: pg.types })
  const all = Array.isArray(result) ? result : [result]
  return { rows: all.flatMap((r) => r.rows ?? []) }
}

const show = ({ code, message, details }: Problem) => ({ code, message, ...details })
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))
const describe = (cause: unknown) =>
  cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? '')
