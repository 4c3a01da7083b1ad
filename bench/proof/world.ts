import pg from 'pg'
import type { Client } from '../../simulator/demo/client.ts'
import { pause } from '../process.ts'
import { eventually, persistent } from '../seller.ts'
import { places } from './places.ts'
import type { Victim } from './plan-troubles.ts'
import { type Name, openProcesses } from './processes.ts'
import { cloudNames } from './steps.ts'

const adminKey = 'tp_proof_admin_key_0123456789abcdef'
const noticeSecret = 'proof-shared-secret'
/** Processes ask for the simulators' clock ten times a second. */
const followMs = 150
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
  /** Processes that ended though nobody killed them, since this was last asked. */
  crashes(): readonly string[]
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
export async function openWorld(options: {
  readonly postgres: string
  readonly rewrite?: string | undefined
}): Promise<World> {
  const processes = await openProcesses({ ...options, adminKey })
  const { at, databaseUrl } = processes
  const api = persistent(at.api, adminKey)
  const clouds = persistent(at.simulator)
  let ahead = 0
  const read = ({ now }: { now: string }) => {
    ahead = Date.parse(now) - Date.now()
  }
  const watcher = new pg.Pool({ connectionString: databaseUrl, max: 2, application_name: 'proof' })
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
      const names = victimsOf[victim]
      await processes.end(names)
      await advance(heartbeat)
      await processes.begin(names)
    },
    crashes: processes.crashes,
    cutDatabase: () => cut(watcher),
    atTable: (table, act) => atTable(watcher, table, act),
    async stop() {
      await watcher.end()
      await processes.stop()
    },
  }
  try {
    read(await clouds.get('/clock'))
    await connect(world, at)
    return world
  } catch (error) {
    await world.stop()
    throw error
  }
}

const victimsOf: Readonly<Record<Victim, readonly Name[]>> = {
  service: ['service'],
  one: ['one'],
  two: ['two'],
  workers: ['one', 'two'],
  all: ['service', 'one', 'two'],
}

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
