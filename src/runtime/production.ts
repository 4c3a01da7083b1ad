import { adapters } from '../../adapters/index.ts'
import type { Config } from '../platform/config.ts'
import { createLog } from '../platform/log.ts'
import { openRuntime } from './open.ts'
import { addressOf, closeServer, firstKey, listen, say, stopOnSignal, work } from './serve.ts'

/** On a Postgres of the operator's: no simulator, no demo, real time. */
export async function startProduction(config: Config, serves: boolean): Promise<void> {
  const log = createLog(config.LOG_LEVEL ?? 'info')
  const target = { connectionString: config.DATABASE_URL ?? '', max: config.JOB_SLOTS + 4 }
  const runtime = await openRuntime({
    config,
    target,
    secretKey: config.SECRET_KEY ?? '',
    adapters,
    log,
  })
  const server = serves ? await listen(config, runtime) : undefined
  if (serves) await firstKey(config, runtime.deps)
  const runner = config.JOB_SLOTS > 0 ? work(config, runtime, log) : undefined
  say(serves ? `ready ${addressOf(config, server)}` : 'ready (worker)')
  stopOnSignal(async () => {
    if (server) await closeServer(server)
    await runner?.stop()
    await runtime.close()
  })
}
