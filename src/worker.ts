import { createApp, handlers } from './app.ts'
import type { Deps } from './deps.ts'
import { readConfig } from './platform/config.ts'
import type { Log } from './platform/log.ts'
import { openRuntime, type Runtime } from './runtime/open.ts'

/** What wrangler.toml binds. Everything else is a variable or a secret of the environment. */
type Bindings = Readonly<Record<string, string>> & {
  readonly HYPERDRIVE?: { readonly connectionString: string }
}
type Context = { waitUntil(promise: Promise<unknown>): void }

const drainMs = 25_000
const drainBatch = 20
const connections = 3

const app = createApp<{ deps: Deps }>({ open: ({ deps }) => deps })

/** Starts on Workers: each request opens a database connection of its own, cron drains the jobs. */
export default {
  async fetch(request: Request, bindings: Bindings, context: Context): Promise<Response> {
    const runtime = await open(bindings)
    try {
      return await app.fetch(request, { deps: runtime.deps })
    } finally {
      context.waitUntil(runtime.close())
    }
  },

  async scheduled(_event: unknown, bindings: Bindings): Promise<void> {
    const runtime = await open(bindings)
    const until = performance.now() + drainMs
    try {
      await runtime.jobs.supervise()
      while (performance.now() < until) {
        const ran = await runtime.jobs.drain(runtime.worker, handlers, {
          limit: drainBatch,
          slots: connections - 1,
        })
        if (ran === 0) break
      }
    } finally {
      await runtime.close()
    }
  },
}

/** One database of one deployment: brought up to date by the first request of an isolate. */
let prepared = false

async function open({ HYPERDRIVE, ...variables }: Bindings): Promise<Runtime> {
  const config = readConfig({
    ...variables,
    DATABASE_URL: HYPERDRIVE?.connectionString ?? variables.DATABASE_URL,
  })
  const { adapters } = await import('../adapters/index.ts')
  const runtime = await openRuntime({
    config,
    prepared,
    target: { connectionString: config.DATABASE_URL ?? '', max: connections },
    secretKey: config.SECRET_KEY ?? '',
    adapters,
    log,
  })
  prepared = true
  return runtime
}

/** The platform collects what is written to the console. */
const log: Log = {
  debug() {},
  info: (fields, message) => console.log(JSON.stringify({ level: 'info', message, ...fields })),
  warn: (fields, message) => console.warn(JSON.stringify({ level: 'warn', message, ...fields })),
  error: (fields, message) => console.error(JSON.stringify({ level: 'error', message, ...fields })),
}
