import { type ChildProcess, fork } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createApp } from '../src/app.ts'
import { openService } from './shop.ts'

/** The service of a shop in a process of its own; it ends with whoever started it. */
export type Service = { readonly port: number; readonly pid: number; stop(): Promise<void> }

/** Starts it on this database; `profile` is a folder for a CPU profile, written when it stops. */
export function startService(url: string, profile = ''): Promise<Service> {
  const execArgv = profile === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = fork(import.meta.filename, [url], { execArgv })
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) =>
      resolve({ port, pid: child.pid ?? 0, stop: () => stop(child) }),
    )
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.disconnect()
  await ended
}

async function main(url: string): Promise<void> {
  const runtime = await openService(url)
  const app = createApp({ open: () => runtime.deps })
  const server = serve({ fetch: (request) => app.fetch(request), port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  process.once('disconnect', async () => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
    await runtime.close()
    process.exit(0)
  })
  process.send?.({ port: (server.address() as AddressInfo).port })
}

if (import.meta.main) await main(process.argv[2] ?? '')
