import { Hono, type MiddlewareHandler } from 'hono'
import type { Cloud, World } from '../world.ts'
import { billingNextDue, billingTick } from './billing.ts'
import { buyerRoutes } from './buyer.ts'
import { catalogControlRoutes } from './catalog-control.ts'
import { ingestionRoutes } from './configure.ts'
import { controlRoutes } from './control.ts'
import { deliver } from './deliver.ts'
import { azureFaults, operationOf } from './faults.ts'
import { managedIdentityRoutes } from './identity/managed.ts'
import { loginRoutes } from './identity/tokens.ts'
import { insightsRoutes } from './insights.ts'
import { catalogNextDue, catalogTick } from './jobs.ts'
import { answersByItself, begins, exhausted, unsubscribes } from './lifecycle/change.ts'
import { activates, lapses } from './lifecycle/start.ts'
import { suspendedTooLong } from './lifecycle/suspend.ts'
import { termEnds } from './lifecycle/term.ts'
import { changeHandlers } from './marketplace/changes.ts'
import { marketplaceRoutes } from './marketplace/service.ts'
import { subscriptionHandlers } from './marketplace/subscriptions.ts'
import { meteringHandlers } from './metering/handlers.ts'
import { reconciles } from './metering/reconcile.ts'
import { payoutsRoutes } from './payouts.ts'
import { seed } from './seed.ts'
import { type AzureState, openAzure } from './state.ts'

const TIMERS_MAX = 100_000

const HANDLERS: Record<string, (state: AzureState, data: any, at: number) => void | Promise<void>> =
  {
    'subscription.activate': activates,
    'subscription.lapse': lapses,
    'subscription.termEnd': termEnds,
    'subscription.suspendedTooLong': suspendedTooLong,
    'operation.begin': begins,
    'operation.unsubscribe': unsubscribes,
    'operation.auto': answersByItself,
    'operation.exhausted': exhausted,
    'webhook.deliver': deliver,
    'metering.reconcile': reconciles,
  }

/** The simulated Microsoft marketplace, mounted at `/azure`: all its hosts under one origin, the buyer's side and control. */
export function azureCloud(world: World): Cloud {
  const state = openAzure(world)
  seed(state)
  const routes = new Hono()
  routes.use('*', counted(state))
  routes.route('/buyer', buyerRoutes(state))
  routes.route('/control', controlRoutes(state))
  routes.route('/control', catalogControlRoutes(state))
  routes.route('/login', loginRoutes(state))
  routes.route('/identity', managedIdentityRoutes(state))
  const handlers = { ...subscriptionHandlers, ...changeHandlers, ...meteringHandlers }
  const marketplace = marketplaceRoutes(state, handlers)
  routes.route('/marketplaceapi/api', marketplace)
  // The host that links of an answer lead to; it takes the same calls.
  routes.route('/follow-up/api', marketplace)
  routes.route('/graph/rp/product-ingestion', ingestionRoutes(state))
  routes.route('/partnercenter/insights/v1/cmp', insightsRoutes(state))
  routes.route('/partner/v1.0/payouts', payoutsRoutes(state))
  routes.all('*', (c) => c.json({ message: 'No HTTP resource was found.' }, 404))
  return {
    name: 'azure',
    routes,
    faults: azureFaults,
    tick: async () => {
      await runTimers(state)
      await catalogTick(state)
      billingTick(state)
    },
    nextDue: () => earliest([state.timers.next(), catalogNextDue(state), billingNextDue(state)]),
  }
}

async function runTimers(state: AzureState): Promise<void> {
  for (let count = 0; count < TIMERS_MAX; count += 1) {
    const timer = state.timers.take(state.now())
    if (!timer) return
    // One thing that breaks must not keep all others from happening.
    try {
      await HANDLERS[timer.kind]?.(state, timer.data, timer.due)
    } catch (error) {
      console.error(`simulated marketplace, ${timer.kind}:`, error)
    }
  }
}

function earliest(dues: readonly (number | null)[]): number | null {
  const known = dues.filter((due) => due !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** Counts calls that were believed and allowed, by operation. */
function counted(state: AzureState): MiddlewareHandler {
  const calls = state.world.table<{ calls: number }>('azure.calls')
  return async (c, next) => {
    await next()
    const operation = operationOf(c)
    if (operation === null || [401, 403].includes(c.res.status)) return
    calls.put(operation, { calls: (calls.get(operation)?.calls ?? 0) + 1 })
  }
}
