import { Hono, type MiddlewareHandler } from 'hono'
import type { Cloud, World } from '../world.ts'
import { buyerRoutes } from './buyer/routes.ts'
import { controlRoutes } from './control.ts'
import { gcpFaults } from './faults.ts'
import { identity } from './identity/tokens.ts'
import { registerOrders } from './orders/timers.ts'
import { operationAt } from './paths.ts'
import { procurement } from './procurement/index.ts'
import { accept } from './producer/accept.ts'
import { producer } from './producer/index.ts'
import { portal } from './producer/portal.ts'
import { pubsub } from './pubsub/index.ts'
import { errorReply, Refusal } from './refusal.ts'
import { reportControl } from './reports/control.ts'
import { registerReports } from './reports/make.ts'
import { observeOrders } from './reports/terms.ts'
import { seed } from './seed.ts'
import { serviceControl } from './service-control/index.ts'
import { usageControl } from './service-control/usage-control.ts'
import { type GcpContext, openGcp } from './state.ts'
import { storage } from './storage/index.ts'

/**
 * The simulated Google Cloud Marketplace. Google's own paths are served at the bare origin, because Google's
 * clients lose a path prefix; the buyer's side and control are under `/gcp`.
 */
export function gcpCloud(world: World): Cloud {
  const context = openGcp(world)
  seed(context)
  registerOrders(context)
  registerReports(context)
  const routes = new Hono()
  routes.route('/buyer', buyerRoutes(context, accept))
  routes.route('/portal', portal(context))
  routes.route('/control', controlRoutes(context))
  routes.route('/control', usageControl(context))
  routes.route('/control', reportControl(context))
  routes.all('*', (c) => c.json({ error: 'there is no such page' }, 404))
  const origin = new Hono()
  origin.use('*', counted(context))
  origin.route('/', identity(context))
  origin.route('/', procurement(context))
  origin.route('/', pubsub(context))
  origin.route('/', producer(context))
  origin.route('/', serviceControl(context))
  origin.route('/', storage(context))
  origin.all('*', () => errorReply(new Refusal('NOT_FOUND', 'Method not found.')))
  return {
    name: 'gcp',
    routes,
    origin,
    faults: gcpFaults(context),
    tick: async () => {
      await context.timers.run(context.now)
      observeOrders(context)
    },
    nextDue: () => context.timers.next(),
  }
}

/** Counts calls that were believed and allowed, by operation. */
function counted(context: GcpContext): MiddlewareHandler {
  const calls = context.world.table<{ calls: number }>('gcp.calls')
  return async (c, next) => {
    await next()
    const operation = operationAt(c.req.method, c.req.path)
    if (operation === null || [401, 403].includes(c.res.status)) return
    calls.put(operation, { calls: (calls.get(operation)?.calls ?? 0) + 1 })
  }
}
