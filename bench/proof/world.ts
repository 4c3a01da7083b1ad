import pg from 'pg'
import type { Client } from '../../simulator/demo/client.ts'
import { freePort, pause, type Running, start } from '../process.ts'
import { eventually, persistent } from '../seller.ts'
import { places } from './places.ts'
import type { Victim } from './plan-troubles.ts'
import { cloudNames } from './steps.ts'

const adminKey = 'tp_proof_admin_key_0123456789abcdef'
const noticeSecret = 'proof-shared-secret'
const secretKey = 'proof:5b1f6c1d9e3a7c2b4d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e'
/** Processes ask for the simulators' clock ten times a second. */
const followMs = 150
/** Every world begins then, so that a seed finds the calendar it found before. */
const startsAt = '2027-01-10T09:00:00Z'
/** So long a job of a process that died counts as running. */
const heartbeat = 'PT20S'

export type World = {
  readonly api: Client
  readonly clouds: Client
  /** Takes back every fault. */
  disarm(): Promise<unknown>
  /** Simulated milliseconds, as near as this process knows. */
  now(): number
  /** Moves the clouds' clock on and waits until the processes may have seen it. */
  pass(duration: string): Promise<void>
  /** Kills (-9), and starts again what was killed. */
  kill(victim: Victim): Promise<void>
  /** Cuts every connection to the database but this process's own. */
  cutDatabase(): Promise<void>
  /** Holds writers of a table back until one of them waits, does this, and lets them go. Says whether one did wait. */
  atTable(table: string, act: () => Promise<unknown>): Promise<boolean>
  stop(): Promise<void>
}

/**
 * A database of its own, the simulated clouds, the service without jobs and two workers, all in the clouds' time; the
 * seller is connected at each cloud. `rewrite` is loaded before the source of the service and the workers.
 */
export async function openWorld({
  postgres,
  rewrite,
}: {
  readonly postgres: string
  readonly rewrite?: string | undefined
}): Promise<World> {
  const database = `tradepost_proof_${process.pid}_${++worlds}`
  await administer(postgres, `create database ${database}`)
  const url = new URL(postgres)
  url.pathname = `/${database}`
  const [port, cloudPort] = [await freePort(), await freePort()]
  const at = { api: `http://127.0.0.1:${port}`, simulator: `http://127.0.0.1:${cloudPort}` }
  const simulator = await start(
    ['simulator/main.ts'],
    { PORT: String(cloudPort), SEED: '1', CLOCK_START: startsAt },
    /simulated clouds/,
  )
  const env = {
    DATABASE_URL: url.href,
    SECRET_KEY: secretKey,
    ADMIN_KEY: adminKey,
    LOG_LEVEL: process.env.VERBOSE ? 'warn' : 'silent',
    SIMULATOR: at.simulator,
    PORT: String(port),
    PUBLIC_URL: at.api,
  }
  const hooks = rewrite ? ['--import', rewrite] : []
  const boot = (name: Victim) =>
    supervised(() =>
      name === 'service'
        ? start([...hooks, 'src/node.ts'], { ...env, JOB_SLOTS: '0' }, /^ready/m)
        : start([...hooks, 'src/node.ts', 'worker'], { ...env, JOB_SLOTS: '4' }, /^ready/m),
    )
  const running = new Map<Victim, Running>([['service', await boot('service')]])
  for (const name of ['one', 'two'] as const) running.set(name, await boot(name))
  const api = persistent(at.api, adminKey)
  const clouds = persistent(at.simulator)
  let ahead = 0
  const read = ({ now }: { now: string }) => {
    ahead = Date.parse(now) - Date.now()
  }
  read(await clouds.get('/clock'))
  const watcher = new pg.Pool({ connectionString: url.href, max: 2, application_name: 'proof' })
  watcher.on('error', () => {})
  const advance = async (duration: string) =>
    read(await clouds.post('/clock', { advance: duration }))
  const world: World = {
    api,
    clouds,
    disarm: () => fetch(`${at.simulator}/faults`, { method: 'DELETE' }),
    now: () => Date.now() + ahead,
    async pass(duration) {
      await advance(duration)
      await pause(followMs)
    },
    async kill(victim) {
      const names = victimsOf(victim)
      await Promise.all(names.map(async (name) => running.get(name)?.kill('SIGKILL')))
      await advance(heartbeat)
      await Promise.all(names.map(async (name) => void running.set(name, await boot(name))))
    },
    cutDatabase: () => cut(watcher),
    atTable: (table, act) => atTable(watcher, table, act),
    async stop() {
      await Promise.all([...running.values()].map((one) => one.kill('SIGKILL')))
      await simulator.kill('SIGKILL')
      await watcher.end()
      await administer(postgres, `drop database if exists ${database} with (force)`)
    },
  }
  await connect(world, at)
  return world
}
let worlds = 0

const startsMax = 5

/** A process that cannot start, since its database is cut just then, is started again, as any supervisor does. */
async function supervised(begin: () => Promise<Running>): Promise<Running> {
  for (let starts = 1; ; starts++) {
    try {
      return await begin()
    } catch (error) {
      if (starts === startsMax) throw error
    }
  }
}

const victimsOf = (victim: Victim): readonly Victim[] =>
  victim === 'workers' ? ['one', 'two'] : victim === 'all' ? ['service', 'one', 'two'] : [victim]

/** The seller at each cloud, its listing known here. */
async function connect(
  { api, clouds, pass }: World,
  at: { readonly api: string; readonly simulator: string },
): Promise<void> {
  for (const name of cloudNames) {
    const { cloud, connection, harden } = places[name]
    await harden(clouds)
    const body = { provider: name, name, ...connection(at.simulator), noticeSecret }
    const { id } = await api.post('/v1/connections', body, `proof-${name}`)
    await cloud.notify(clouds, at.api, id, noticeSecret)
    await harden(clouds)
  }
  await eventually(
    'the listings',
    async () => {
      const { data } = await api.get('/v1/listings?limit=200')
      const known = data.map((one: any) => one.listingRef)
      return cloudNames.every((name) => known.includes(places[name].cloud.listingRef)) || undefined
    },
    { meanwhile: () => pass('PT5S') },
  )
}

const ours = `application_name is distinct from 'proof' and datname = current_database()`

async function cut(watcher: pg.Pool): Promise<void> {
  await watcher.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`)
}

const lockPatienceMs = 5_000
const lookEveryMs = 10

async function atTable(
  watcher: pg.Pool,
  table: string,
  act: () => Promise<unknown>,
): Promise<boolean> {
  const holder = await watcher.connect()
  try {
    await holder.query('begin')
    await holder.query(`lock table ${table} in share row exclusive mode`)
    const until = performance.now() + lockPatienceMs
    let waits = false
    while (!waits && performance.now() < until) {
      await pause(lookEveryMs)
      const { rows } = await watcher.query(
        `select from pg_stat_activity where ${ours} and wait_event_type = 'Lock' limit 1`,
      )
      waits = rows.length > 0
    }
    await act()
    return waits
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

async function administer(postgres: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
