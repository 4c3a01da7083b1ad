import type { Adapter } from '../src/adapter.ts'
import { createApp, estimateFit, handlers, syncDefinitions } from '../src/app.ts'
import type { Deps } from '../src/deps.ts'
import { type Instant, instant, millis } from '../src/kernel/time.ts'
import { insertKey } from '../src/keys.ts'
import type { Role } from '../src/platform/auth.ts'
import { roles } from '../src/platform/auth.ts'
import { Jobs } from '../src/platform/jobs.ts'
import { type Log, silent } from '../src/platform/log.ts'
import { createSealer, parseKeys } from '../src/platform/seal.ts'
import { openTestDatabase } from './database.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: any
  readonly text: string
}
export type Caller = {
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string): Promise<Answer>
}

export type World = {
  readonly deps: Deps
  /** The API as a caller of that role sees it. */
  as(role: Role): Caller
  /** The API without a key. */
  readonly nobody: Caller
  /** The service as a fetch handler. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Moves the clock and returns the new time. Nothing runs by itself: call `drain`. */
  advance(ms: number): Instant
  /** Runs every due job; returns how many ran. */
  drain(): Promise<number>
  close(): Promise<void>
}

export const secretKey = 'test:a3b1c5d7e9f10b2d4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6'

/** The whole service on a database of its own, with a clock that only the test moves. */
export async function createTestWorld(
  options: { adapters?: readonly Adapter[]; startAt?: Instant; log?: Log } = {},
): Promise<World> {
  const { database, embedded, close } = await openTestDatabase()
  let now = millis(options.startAt ?? '2027-01-01T00:00:00.000Z')
  const clock = () => instant(now)
  const log = options.log ?? silent
  const jobs = new Jobs(database, { embedded, now: clock, simulated: true, log })
  await jobs.start()
  const deps: Deps = {
    db: database.db,
    root: database.db,
    now: clock,
    actor: { kind: 'system', id: 'test', name: 'test' },
    log,
    jobs,
    seal: createSealer(parseKeys(secretKey)),
    fetch: (request) => fetch(request),
    adapters: options.adapters ?? [],
    opened: new Map(),
    publicUrl: 'http://tradepost.test',
    syncs: syncDefinitions,
    estimateFit,
  }
  const app = createApp({ open: () => deps })
  const serve = async (request: Request) => app.fetch(request)
  const tokens = new Map<Role, string>()
  for (const role of roles) {
    tokens.set(role, `tp_test_${role}_0123456789abcdef`)
    await insertKey(deps, role, role, tokens.get(role)!)
  }
  const worker: Deps = { ...deps, actor: { kind: 'job', id: 'worker', name: 'worker' } }
  return {
    deps,
    as: (role) => caller(serve, { authorization: `Bearer ${tokens.get(role)}` }),
    nobody: caller(serve, {}),
    fetch: serve,
    advance(ms) {
      now += ms
      return clock()
    },
    drain: () => jobs.drain(worker, handlers),
    async close() {
      await jobs.stop()
      await close()
    },
  }
}

function caller(
  serve: (request: Request) => Promise<Response>,
  base: Record<string, string>,
): Caller {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const init: RequestInit = {
      method,
      headers: {
        ...base,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    }
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await serve(new Request(`http://tradepost.test${path}`, init))
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : undefined,
      text,
    }
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body ?? {}, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path) => call('DELETE', path),
  }
}
