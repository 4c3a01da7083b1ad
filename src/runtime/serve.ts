import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { type ServerType, serve } from '@hono/node-server'
import { createApp, handlers } from '../app.ts'
import type { Deps } from '../deps.ts'
import { firstAdminKey } from '../keys.ts'
import type { Config } from '../platform/config.ts'
import type { Log } from '../platform/log.ts'
import { type Runner, startRunner } from '../platform/runner.ts'
import { createMetrics } from './metrics.ts'
import type { Runtime } from './open.ts'
import { withDocs } from './reference.ts'

const stopTimeoutMs = 20_000

/** A line for whoever started the process. */
export const say = (line: string) => void process.stdout.write(`${line}\n`)

/** Shows the first admin key this once, unless the operator chose it. */
export async function firstKey({ ADMIN_KEY }: Config, deps: Deps): Promise<void> {
  const key = ADMIN_KEY ? undefined : await firstAdminKey(deps)
  if (key) say(`admin key (shown this once): ${key}`)
}

/** The service as a fetch handler, counted. */
function service(runtime: Runtime) {
  const metrics = createMetrics()
  const app = createApp({
    open: () => runtime.deps,
    observe: metrics.observe,
    metrics: metrics.render,
  })
  return (request: Request) => app.fetch(request)
}

/** Works through jobs beside the server, or alone. */
export function work(config: Config, { jobs, worker }: Runtime, log: Log): Runner {
  return startRunner(jobs, worker, handlers, { slots: Math.max(1, config.JOB_SLOTS), log })
}

/** Listens where the configuration says. */
export function listen(config: Config, runtime: Runtime): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const options = { fetch: withDocs(service(runtime)), port: config.PORT, hostname: config.HOST }
    const server = serve(options, () => resolve(server))
    server.once('error', reject)
  })
}

export function addressOf(config: Config, server: ServerType | undefined): string {
  const address = server?.address() as AddressInfo | null | undefined
  const host = config.HOST === '0.0.0.0' ? '127.0.0.1' : config.HOST
  return `http://${host}:${address?.port ?? config.PORT}`
}

export function closeServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}

/** Stops taking requests, lets what runs finish, and gives up after a while. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const end = () => {
    if (stopping) process.exit(1)
    stopping = true
    setTimeout(() => process.exit(1), stopTimeoutMs).unref()
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}
