import { type Context, Hono, type MiddlewareHandler } from 'hono'
import type { Cloud, Table, World } from './world.ts'

const KINDS = ['throttle', 'error', 'lost', 'slow', 'late'] as const
const SLOW_MS_DEFAULT = 1000
const SLOW_MS_MAX = 30_000

type Kind = (typeof KINDS)[number]

/** One line of the fault plan: how often, how and where requests fail. */
type Fault = {
  readonly id: string
  readonly cloud: string
  /** Chance in [0, 1] that a matching request is struck. */
  readonly rate: number
  readonly kinds: readonly Kind[]
  /** Part of the operation's name; absent means every operation. */
  readonly match?: string
  /** How many strikes are left; absent means no end. */
  times?: number
  readonly ms: number
  struck: number
}

/**
 * Strikes requests to one cloud as the fault plan says: `throttle` and `error` answer before any work
 * is done, `lost` does the work and then cuts the connection without an answer, `slow` waits first, `late`
 * does the work and waits with the answer.
 */
export function strike(world: World, cloud: Cloud): MiddlewareHandler {
  const plan = planOf(world)
  return async (c, next) => {
    if (plan.size === 0 || !cloud.faults) return next()
    const operation = await cloud.faults.operation(c)
    const kind = operation === null ? undefined : draw(world, plan, cloud.name, operation)
    if (kind?.is === 'throttle') return cloud.faults.throttle(c)
    if (kind?.is === 'error') return cloud.faults.error(c)
    if (kind?.is === 'slow') await new Promise((done) => setTimeout(done, kind.ms))
    await next()
    if (kind?.is === 'lost') hangUp(c)
    if (kind?.is === 'late') await new Promise((done) => setTimeout(done, kind.ms))
  }
}

/** `POST /faults` adds a line to the plan, `GET` lists it with the strikes so far, `DELETE` clears it. */
export function faultRoutes(world: World, clouds: readonly Cloud[]): Hono {
  const plan = planOf(world)
  const routes = new Hono()
  routes.get('/', (c) => c.json({ faults: plan.values() }))
  routes.delete('/', (c) => {
    for (const [id] of plan.entries()) plan.delete(id)
    return c.json({ faults: [] })
  })
  routes.post('/', async (c) => {
    const wanted = read(await c.req.json().catch(() => null), clouds)
    if (typeof wanted === 'string') return c.json({ error: wanted }, 422)
    const id = `fault-${plan.size + 1}`
    return c.json(plan.put(id, { ...wanted, id, struck: 0 }), 201)
  })
  return routes
}

function planOf(world: World): Table<Fault> {
  return world.table<Fault>('frame.faults')
}

function draw(world: World, plan: Table<Fault>, cloud: string, operation: string) {
  for (const fault of plan.values()) {
    if (fault.cloud !== cloud || fault.times === 0) continue
    if (fault.match !== undefined && !operation.includes(fault.match)) continue
    if (world.random() >= fault.rate) continue
    const is = fault.kinds[Math.floor(world.random() * fault.kinds.length)]
    if (is === undefined) continue
    fault.struck += 1
    if (fault.times !== undefined) fault.times -= 1
    plan.put(fault.id, fault)
    return { is, ms: fault.ms }
  }
  return undefined
}

function hangUp(c: Context): void {
  const socket = (c.env as any)?.incoming?.socket
  if (!socket) throw new Error('a lost answer needs a real connection')
  socket.destroy()
}

function read(body: any, clouds: readonly Cloud[]): Omit<Fault, 'id' | 'struck'> | string {
  if (body === null || typeof body !== 'object') return 'the body must be JSON'
  if (!clouds.some((cloud) => cloud.name === body.cloud)) {
    return `cloud must be one of ${clouds.map((cloud) => cloud.name).join(', ')}`
  }
  const rate = body.rate ?? 1
  if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) return 'rate must be within 0 and 1'
  const kinds = body.kinds ?? ['error']
  if (!Array.isArray(kinds) || kinds.length === 0 || kinds.some((kind) => !KINDS.includes(kind))) {
    return `kinds must be some of ${KINDS.join(', ')}`
  }
  if (body.match !== undefined && typeof body.match !== 'string') return 'match must be text'
  const times = body.times
  if (times !== undefined && !(Number.isInteger(times) && times > 0)) {
    return 'times must be a positive whole number'
  }
  const ms = body.ms ?? SLOW_MS_DEFAULT
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= SLOW_MS_MAX)) {
    return `ms must be within 0 and ${SLOW_MS_MAX}`
  }
  return {
    cloud: body.cloud,
    rate,
    kinds,
    ms,
    ...(body.match === undefined ? {} : { match: body.match }),
    ...(times === undefined ? {} : { times }),
  }
}
