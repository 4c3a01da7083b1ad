import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const readyTimeoutMs = 60_000
/** Characters of what a process said last that are kept, to be shown if it ends by itself. */
const saidMax = 2_000

/** A process of ours that said `ready` (or what it says instead). */
export type Running = {
  readonly child: ChildProcess
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** A proof that breaks off leaves nothing running. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a file of ours with this environment and waits until it prints what `says` matches. */
export function start(
  args: readonly string[],
  env: Record<string, string>,
  says: RegExp,
): Promise<Running> {
  const cache = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node') }
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: '', ...cache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (process.env.VERBOSE) process.stderr.write(chunk)
    said = `${said}${chunk}`.slice(-saidMax)
  })
  let isWanted = false
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.once('exit', (code, signal) => {
    running.delete(child)
    if (!isWanted) console.error(`${args.join(' ')} ended by itself: ${code ?? signal} ${said}`)
  })
  const kill = async (signal: 'SIGKILL' | 'SIGTERM') => {
    isWanted = true
    child.kill(signal)
    await ended
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${args.join(' ')} was not ready in time`)),
      readyTimeoutMs,
    )
    child.stdout?.on('data', (chunk: Buffer) => {
      if (process.env.VERBOSE) process.stderr.write(chunk)
      if (!says.test(String(chunk))) return
      clearTimeout(timer)
      resolve({ child, kill })
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)))
  })
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** `--name value` from the command line. */
export function option(name: string, standard: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? standard : Number(process.argv[at + 1])
}

/** The same as a word. */
export function word(name: string, standard: string): string {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? standard : (process.argv[at + 1] ?? '')
}
