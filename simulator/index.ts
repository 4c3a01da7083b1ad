import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { awsCloud } from './aws/index.ts'
import { azureCloud } from './azure/index.ts'
import { durationMs } from './duration.ts'
import { faultRoutes, strike } from './faults.ts'
import { gcpCloud } from './gcp/index.ts'
import { salesforceCloud } from './salesforce/index.ts'
import { type Clock, type Cloud, createClock, createWorld, type World } from './world.ts'

const ADVANCE_DAYS_MAX = 400
const DAY_MS = 86_400_000
const STEPS_MAX = 1_000_000

export type SimulatorOptions = {
  /** 0 takes any free port. */
  readonly port: number
  /** The host's clock, when the host has one; otherwise the simulator makes its own. */
  readonly clock?: Clock
  /** Where the simulator's own clock starts, milliseconds since the epoch. */
  readonly startAt?: number
  /** Whether the simulator's own clock stands still between calls of `POST /clock`. */
  readonly frozen?: boolean
  readonly seed?: number
  /** Where the state is kept; without it everything is forgotten at the end. */
  readonly file?: string
  /** A folder that receives a copy of every data feed AWS writes. */
  readonly feedsDir?: string
  /** Moves the clock and does all due work, in steps; `POST /clock` then calls this. */
  readonly onAdvance?: (ms: number) => Promise<void>
}

/** A running simulator. Nothing falls due by itself: somebody calls `tick`, or moves the clock over HTTP. */
export type Simulator = {
  readonly origin: string
  readonly port: number
  readonly clock: Clock
  readonly world: World
  readonly clouds: readonly Cloud[]
  /** Does everything due by the clock, in every cloud. Calls queue behind each other. */
  tick(): Promise<void>
  /** When the next thing falls due, or null. */
  nextDue(): number | null
  stop(): Promise<void>
}

/** Serves the simulated clouds on 127.0.0.1, each under its name: `/aws`, `/azure`, `/gcp`, `/salesforce`. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let origin = ''
  const clock = options.clock ?? ownClock(options)
  const world = createWorld({
    clock,
    origin: () => origin,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.file === undefined ? {} : { file: options.file }),
  })
  if (!options.clock) resume(world)
  const clouds: readonly Cloud[] = [
    awsCloud(world, options.feedsDir === undefined ? {} : { feedsDir: options.feedsDir }),
    azureCloud(world),
    gcpCloud(world),
    salesforceCloud(world),
  ]
  const { tick, nextDue, advance } = pace(world, clouds)
  const app = new Hono()
  app.get('/clock', (c) => c.json({ now: new Date(clock.now()).toISOString() }))
  app.post('/clock', async (c) => {
    const body: any = await c.req.json().catch(() => null)
    const ms = typeof body?.advance === 'string' ? durationMs(body.advance, clock.now()) : null
    if (ms === null)
      return c.json({ error: 'advance must be an ISO 8601 duration, as P1DT2H' }, 422)
    if (ms > ADVANCE_DAYS_MAX * DAY_MS) {
      return c.json({ error: `advance at most ${ADVANCE_DAYS_MAX} days in one call` }, 422)
    }
    await (options.onAdvance ?? advance)(ms)
    remember(world)
    return c.json({ now: new Date(clock.now()).toISOString() })
  })
  app.route('/faults', faultRoutes(world, clouds))
  for (const cloud of clouds) {
    app.use(`/${cloud.name}/*`, strike(world, cloud))
    app.route(`/${cloud.name}`, cloud.routes)
  }
  for (const cloud of clouds) {
    if (!cloud.origin) continue
    app.use('*', strike(world, cloud))
    app.route('/', cloud.origin)
  }
  app.onError((error, c) => {
    console.error(error)
    return c.json({ error: 'the simulator itself failed; see its log' }, 500)
  })
  const server = await listen(app, options.port)
  const port = (server.address() as AddressInfo).port
  origin = `http://127.0.0.1:${port}`
  const stop = async () => {
    remember(world)
    await new Promise<void>((done) => {
      server.close(() => done())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
    world.close()
  }
  return { origin, port, clock, world, clouds, tick, nextDue, stop }
}

function ownClock(options: SimulatorOptions): Clock {
  return createClock({
    real: Date.now,
    ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
    ...(options.frozen === undefined ? {} : { frozen: options.frozen }),
  })
}

/** A restarted world never goes back in time: what had fallen due stays done. */
function resume(world: World): void {
  const last = world.table<{ now: number }>('frame.clock').get('clock')?.now ?? 0
  if (last > world.clock.now()) world.clock.advance(last - world.clock.now())
}

function remember(world: World): void {
  world.table<{ now: number }>('frame.clock').put('clock', { now: world.clock.now() })
}

function pace(world: World, clouds: readonly Cloud[]) {
  let queue: Promise<void> = Promise.resolve()
  const tickAll = async () => {
    for (const cloud of clouds) await cloud.tick()
  }
  const nextDue = () => {
    const dues = clouds.map((cloud) => cloud.nextDue()).filter((due) => due !== null)
    return dues.length === 0 ? null : Math.min(...dues)
  }
  const inTurn = (work: () => Promise<void>) => {
    queue = queue.catch(() => undefined).then(work)
    return queue
  }
  const stepThrough = async (ms: number) => {
    const target = world.clock.now() + ms
    await tickAll()
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const due = nextDue()
      if (due === null || due > target) break
      if (due > world.clock.now()) world.clock.advance(due - world.clock.now())
      await tickAll()
    }
    if (target > world.clock.now()) world.clock.advance(target - world.clock.now())
    await tickAll()
  }
  return {
    nextDue,
    tick: () => inTurn(tickAll),
    advance: (ms: number) => inTurn(() => stepThrough(ms)),
  }
}

async function listen(app: Hono, port: number): Promise<ReturnType<typeof serve>> {
  return new Promise((ready, failed) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => ready(server))
    server.once('error', failed)
  })
}
