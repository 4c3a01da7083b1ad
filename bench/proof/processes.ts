import pg from 'pg'
import { freePort, type Running, start } from '../process.ts'

const secretKey = 'proof:5b1f6c1d9e3a7c2b4d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e'
/** Every world begins then, so that a seed finds the calendar it found before. */
const startsAt = '2027-01-10T09:00:00Z'
const startsMax = 5

export type Name = 'service' | 'one' | 'two'
const names: readonly Name[] = ['service', 'one', 'two']

export type Processes = {
  readonly at: { readonly api: string; readonly simulator: string }
  readonly databaseUrl: string
  /** Kills (-9). */
  end(names: readonly Name[]): Promise<void>
  /** Starts again what was killed. */
  begin(names: readonly Name[]): Promise<void>
  /** What ended though nobody killed it, since this was last asked. */
  crashes(): readonly string[]
  stop(): Promise<void>
}

type Options = {
  readonly postgres: string
  readonly adminKey: string
  readonly rewrite?: string | undefined
}
let databases = 0

/** A database, the simulated clouds, the service without jobs, and two workers. */
export async function openProcesses({ postgres, ...options }: Options): Promise<Processes> {
  const database = `tradepost_proof_${process.pid}_${++databases}`
  await administer(postgres, `create database ${database}`)
  const drop = () => administer(postgres, `drop database if exists ${database} with (force)`)
  const url = new URL(postgres)
  url.pathname = `/${database}`
  const [port, cloudPort] = [await freePort(), await freePort()]
  const at = { api: `http://127.0.0.1:${port}`, simulator: `http://127.0.0.1:${cloudPort}` }
  const clouds = { PORT: String(cloudPort), SEED: '1', CLOCK_START: startsAt }
  const simulator = await start(['simulator/main.ts'], clouds, /simulated clouds/)
  const boot = booter(options, { url: url.href, port, ...at })
  const running = new Map<Name, Running>()
  const crashed: string[] = []
  const begin = async (name: Name) => {
    const one = await boot(name)
    running.set(name, one)
    one.child.once('exit', () => {
      if (running.get(name) === one) crashed.push(`${name} ended by itself`)
    })
  }
  const end = async (name: Name) => {
    const one = running.get(name)
    running.delete(name)
    await one?.kill('SIGKILL')
  }
  const each = async (some: readonly Name[], act: (name: Name) => Promise<void>) =>
    void (await Promise.all(some.map(act)))
  const stop = async () => {
    await each(names, end)
    await simulator.kill('SIGKILL')
    await drop()
  }
  try {
    // The first brings the schema up to date.
    await begin('service')
    await each(['one', 'two'], begin)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    at,
    databaseUrl: url.href,
    end: (some) => each(some, end),
    begin: (some) => each(some, begin),
    crashes: () => crashed.splice(0),
    stop,
  }
}

type Place = {
  readonly url: string
  readonly port: number
  readonly api: string
  readonly simulator: string
}

/** Starts one of ours, in the clouds' time. One that cannot start, since its database is cut just then, tries again. */
function booter({ adminKey, rewrite }: Omit<Options, 'postgres'>, place: Place) {
  const env = {
    DATABASE_URL: place.url,
    SECRET_KEY: secretKey,
    ADMIN_KEY: adminKey,
    LOG_LEVEL: process.env.VERBOSE ? 'warn' : 'silent',
    SIMULATOR: place.simulator,
    PORT: String(place.port),
    PUBLIC_URL: place.api,
  }
  const hooks = rewrite ? ['--import', rewrite] : []
  const begin = (name: Name): Promise<Running> =>
    name === 'service'
      ? start([...hooks, 'src/node.ts'], { ...env, JOB_SLOTS: '0' }, /^ready/m)
      : start([...hooks, 'src/node.ts', 'worker'], { ...env, JOB_SLOTS: '4' }, /^ready/m)
  return async (name: Name): Promise<Running> => {
    for (let starts = 1; ; starts++) {
      try {
        return await begin(name)
      } catch (error) {
        if (starts === startsMax) throw error
      }
    }
  }
}

async function administer(postgres: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
