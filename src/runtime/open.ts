import { migrations } from '../../migrations/index.ts'
import type { Adapter } from '../adapter.ts'
import { estimateFit, syncDefinitions } from '../app.ts'
import { planAll } from '../connections/syncs.ts'
import type { Deps } from '../deps.ts'
import { type Instant, instant } from '../kernel/time.ts'
import { ensureAdminKey } from '../keys.ts'
import type { Config } from '../platform/config.ts'
import { type DbOptions, openDb } from '../platform/db.ts'
import { Jobs } from '../platform/jobs.ts'
import type { Log } from '../platform/log.ts'
import { migrate } from '../platform/migrate.ts'
import { createSealer, parseKeys } from '../platform/seal.ts'

export type Runtime = {
  readonly deps: Deps
  /** The same world as jobs see it: they act in their own name. */
  readonly worker: Deps
  readonly jobs: Jobs
  close(): Promise<void>
}

export type RuntimeOptions = {
  readonly config: Pick<Config, 'local' | 'PORT' | 'PUBLIC_URL' | 'ADMIN_KEY'> &
    Partial<Pick<Config, 'SENDERS'>>
  readonly target: DbOptions
  readonly secretKey: string
  readonly adapters: readonly Adapter[]
  readonly log: Log
  /** The schema is known to be up to date: a Worker asks once, not at each request. */
  readonly prepared?: boolean
  /** A clock of its own makes this a simulated world. It is asked once the newest time of the last run is known. */
  readonly clock?: (last: Instant | undefined) => () => number
}

/** Upkeep: asked for at each start, and by itself once a day. */
const daily = ['connections.reseal', 'gate.purge']

/** Opens the database, brings it up to date and puts the world together that requests and jobs are handed. */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, log, adapters } = options
  const database = openDb(options.target)
  const applied = options.prepared ? [] : await migrate(database.db, migrations)
  if (applied.length > 0) log.info({ migrations: applied }, 'schema brought up to date')
  const last = options.clock && (await lastTime(database.db))
  const nowMs = options.clock?.(last) ?? Date.now
  const now = () => instant(nowMs())
  const jobs = new Jobs(database, {
    embedded: config.local,
    now,
    simulated: options.clock !== undefined,
    log,
  })
  await jobs.start()
  const deps: Deps = {
    db: database.db,
    root: database.db,
    now,
    actor: { kind: 'system', id: 'tradepost', name: 'tradepost' },
    log,
    jobs,
    seal: createSealer(parseKeys(options.secretKey)),
    fetch: (request) => fetch(request),
    adapters,
    opened: new Map(),
    publicUrl: (config.PUBLIC_URL ?? `http://127.0.0.1:${config.PORT}`).replace(/\/$/, ''),
    syncs: syncDefinitions,
    senders: config.SENDERS,
    estimateFit,
  }
  if (!options.prepared) {
    await planAll(deps)
    for (const kind of daily) await jobs.enqueue(deps.db, kind, 'all')
    if (config.ADMIN_KEY) await ensureAdminKey(deps, config.ADMIN_KEY)
  }
  const worker: Deps = { ...deps, actor: { kind: 'job', id: 'worker', name: 'worker' } }
  return {
    deps,
    worker,
    jobs,
    async close() {
      await jobs.stop()
      await database.db.destroy()
    },
  }
}

/** The time at which a simulated world was last seen, so that it never goes back. */
async function lastTime(db: Deps['db']): Promise<Instant | undefined> {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'clock')
    .executeTakeFirst()
  return row?.value as Instant | undefined
}
