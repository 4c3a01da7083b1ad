import { adapters } from '../../adapters/index.ts'
import type { Clock } from '../../simulator/world.ts'
import type { Config } from '../platform/config.ts'
import type { Embedded } from '../platform/embedded.ts'
import { createLog } from '../platform/log.ts'
import { demo, localClock, localSecretKey, startClouds } from './clouds.ts'
import { followClock, simulatedAt } from './follow.ts'
import { openRuntime } from './open.ts'
import { addressOf, closeServer, firstKey, listen, say, stopOnSignal, work } from './serve.ts'

/** The local world: embedded database, simulated clouds, a clock one can move, one demo deal. */
export async function startLocal(config: Config, opening: Promise<Embedded>): Promise<void> {
  const log = createLog(config.LOG_LEVEL ?? 'warn')
  const embedded = await opening
  const elsewhere = simulatedAt(config.SIMULATOR)
  const followed = elsewhere ? await followClock(elsewhere, undefined) : undefined
  let clock: Clock = followed ? { now: followed.now, advance: () => {} } : localClock(undefined)
  const runtime = await openRuntime({
    config,
    target: embedded.target,
    secretKey: config.SECRET_KEY ?? localSecretKey(config.DATA_DIR),
    adapters,
    log,
    clock: (last) => {
      if (!followed) clock = localClock(last && Date.parse(last))
      return () => clock.now()
    },
  })
  const server = await listen(config, runtime)
  await firstKey(config, runtime.deps)
  const runner = work(config, runtime, log)
  const clouds =
    config.SIMULATOR === 'on'
      ? await startClouds(config, clock, () => ({ runtime, runner }))
      : undefined
  const ticking =
    clouds &&
    setInterval(
      () => void clouds.tick().catch((error) => log.error({ cause: String(error) }, 'simulator')),
      250,
    )
  const cloudsAt = clouds?.origin ?? elsewhere
  banner(config, cloudsAt)
  say(`ready ${addressOf(config, server)}`)
  stopOnSignal(async () => {
    clearInterval(ticking)
    followed?.stop()
    await closeServer(server)
    await runner.stop()
    await clouds?.stop()
    await runtime.close()
    await embedded.close()
  })
  if (config.DEMO === 'on' && cloudsAt) {
    await demo(config, runtime, cloudsAt, addressOf(config, server), say).catch((error) =>
      say(`The demo deal stopped: ${error instanceof Error ? error.message : error}`),
    )
  }
}

function banner(config: Config, clouds: string | undefined): void {
  say('')
  say(
    '  LOCAL WORLD: embedded database, simulated clouds. Nothing here is real, and nobody is billed.',
  )
  say(
    `  data in ${config.DATA_DIR}${clouds ? `, clouds at ${clouds}` : ', no simulated clouds'}. Set DATABASE_URL for production.`,
  )
  say('')
}
