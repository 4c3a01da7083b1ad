import { adapters } from '../../adapters/index.ts'
import type { Config } from '../platform/config.ts'
import { createLog } from '../platform/log.ts'
import { followClock, simulatedAt } from './follow.ts'
import { openRuntime } from './open.ts'
import { addressOf, closeServer, firstKey, listen, say, stopOnSignal, work } from './serve.ts'

/** On a Postgres of the operator's: no simulator, no demo, and real time unless SIMULATOR names clouds to follow. */
export async function startProduction(config: Config, serves: boolean): Promise<void> {
  const log = createLog(config.LOG_LEVEL ?? 'info')
  const target = { connectionString: config.DATABASE_URL ?? '', max: config.JOB_SLOTS + 4 }
  const simulator = simulatedAt(config.SIMULATOR)
  const followed = simulator ? await followClock(simulator, undefined) : undefined
  if (followed) say(`in the time of the clouds simulated at ${simulator}: nothing here is real`)
  const runtime = await openRuntime({
    config,
    target,
    secretKey: config.SECRET_KEY ?? '',
    adapters,
    log,
    ...(followed && { clock: () => followed.now }),
  })
  const server = serves ? await listen(config, runtime) : undefined
  if (serves) await firstKey(config, runtime.deps)
  const runner = config.JOB_SLOTS > 0 ? work(config, runtime, log) : undefined
  say(serves ? `ready ${addressOf(config, server)}` : 'ready (worker)')
  stopOnSignal(async () => {
    if (server) await closeServer(server)
    await runner?.stop()
    followed?.stop()
    await runtime.close()
  })
}
