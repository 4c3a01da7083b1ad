import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { playDemo } from '../../simulator/demo/index.ts'
import { type Simulator, startSimulator } from '../../simulator/index.ts'
import { type Clock, createClock } from '../../simulator/world.ts'
import type { Deps } from '../deps.ts'
import { instant, millis } from '../kernel/time.ts'
import { insertKey } from '../keys.ts'
import { hashKey } from '../platform/auth.ts'
import type { Config } from '../platform/config.ts'
import type { Runner } from '../platform/runner.ts'
import type { Runtime } from './open.ts'

const stepMs = 3_600_000
const longStepMs = 6 * stepMs
const longMs = 48 * stepMs
const roundsMax = 1_000
const packageFolder = new URL('../../adapters/salesforce/package', import.meta.url).pathname

/** The local world's own secret key: made once, kept in its folder, readable by its owner alone. */
export function localSecretKey(folder: string): string {
  const file = join(folder, 'secret-key')
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `local:${randomBytes(32).toString('base64')}`, { mode: 0o600 })
  }
  return readFileSync(file, 'utf8').trim()
}

/** The clock everything in the local world shares. It follows real time, and never goes back behind `last`. */
export function localClock(last: number | undefined): Clock {
  const real = Date.now()
  return createClock({ real: Date.now, startAt: Math.max(real, last ?? 0) })
}

/** Starts the simulated clouds next to the service; `POST /clock` there moves the time of both. */
export function startClouds(
  config: Config,
  clock: Clock,
  world: () => { runtime: Runtime; runner: Runner },
): Promise<Simulator> {
  let simulator: Simulator | undefined
  const advance = async (ms: number) => {
    const clouds = simulator
    if (!clouds) return
    const { runtime, runner } = world()
    await runner.alone(() => advanceBy(ms, clock, clouds, runtime, runner))
  }
  return startSimulator({
    port: config.PORT === 0 ? 0 : config.PORT + 1,
    clock,
    file: join(config.DATA_DIR, 'simulator.sqlite'),
    feedsDir: join(config.DATA_DIR, 'feeds'),
    onAdvance: advance,
  }).then((started) => {
    simulator = started
    return started
  })
}

/** Moves the time of everything in steps, doing at each all that fell due, here and in the clouds. */
async function advanceBy(
  ms: number,
  clock: Clock,
  clouds: Simulator,
  runtime: Runtime,
  runner: Runner,
): Promise<void> {
  const target = clock.now() + ms
  const step = ms > longMs ? longStepMs : stepMs
  await settle(clock, clouds, runner)
  while (clock.now() < target) {
    const due = await runtime.jobs.nextDue('syncs.run')
    const stops = [
      target,
      clock.now() + step,
      clouds.nextDue() ?? target,
      due ? millis(due) : target,
    ]
    const next = Math.min(...stops.filter((at) => at > clock.now()))
    clock.advance(Math.max(1, next - clock.now()))
    await settle(clock, clouds, runner)
  }
}

/** Until nothing is due: the clouds' work makes ours, and ours theirs. */
async function settle(clock: Clock, clouds: Simulator, runner: Runner): Promise<void> {
  for (let round = 0; round < roundsMax; round++) {
    await clouds.tick()
    const ran = await runner.drain()
    const due = clouds.nextDue()
    if (ran === 0 && (due === null || due > clock.now())) return
  }
}

/** Plays the demo deal through the public API, once; a run that was cut short goes on where it stopped. */
export async function demo(
  config: Config,
  runtime: Runtime,
  clouds: string,
  address: string,
  say: (line: string) => void,
): Promise<void> {
  const { deps } = runtime
  if (await flag(deps, 'demo')) return say('The demo deal of an earlier start is still here.')
  const key = `tp_demo_${await hashKey(`demo ${localSecretKey(config.DATA_DIR)}`)}`
  const known = await deps.db
    .selectFrom('api_keys')
    .select('id')
    .where('hash', '=', await hashKey(key))
    .executeTakeFirst()
  if (!known) await insertKey(deps, 'demo', 'admin', key)
  await playDemo({ api: address, simulator: clouds, key, say, packageFolder })
  await deps.db
    .insertInto('meta')
    .values({ name: 'demo', value: instant(Date.now()) })
    .onConflict((oc) => oc.doNothing())
    .execute()
}

const flag = (deps: Deps, name: string) =>
  deps.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
