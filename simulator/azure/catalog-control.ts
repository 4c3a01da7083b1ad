import { Hono } from 'hono'
import { billingControlRoutes } from './billing-control.ts'
import { JobFault, offerOf } from './configure-refs.ts'
import { jobScripts } from './jobs.ts'
import { portalStatus } from './private-offer-buyer.ts'
import { publishAsPartner } from './private-offer-partner.ts'
import type { AzureState } from './state.ts'

const TIMES_MAX = 100

/** Strings behind the stage of ingestion, billing and payouts, under `/azure/control`. */
export function catalogControlRoutes(state: AzureState): Hono {
  const routes = new Hono()
  jobRoutes(state, routes)
  partnerRoutes(state, routes)
  routes.get('/private-offers', (c) =>
    c.json({
      privateOffers: state.privateOffers
        .values()
        .map((offer) => ({ ...offer, portalStatus: portalStatus(state, offer) })),
    }),
  )
  routes.route('/', billingControlRoutes(state))
  return routes
}

/** `{ code, message, after, times, neverFinish }`: the next jobs fail after so many resources, or hang. */
function jobRoutes(state: AzureState, routes: Hono): void {
  routes.get('/jobs', (c) => c.json({ jobs: state.jobs.values() }))
  routes.post('/jobs/fail-next', async (c) => {
    const body: any = await c.req.json().catch(() => ({}))
    const { code = 'internalError', message = 'An internal error has occurred.' } = body
    const { after = 0, times = 1, neverFinish = false } = body
    const areNumbers = Number.isInteger(after) && after >= 0 && Number.isInteger(times)
    if (!areNumbers || times < 1 || times > TIMES_MAX || typeof neverFinish !== 'boolean') {
      return c.json({ error: 'after and times must be whole numbers, neverFinish a boolean' }, 422)
    }
    const id = state.ids.guid()
    const script = { id, code: String(code), message: String(message), after, neverFinish, times }
    return c.json(jobScripts(state).put(id, script), 201)
  })
}

/** `{ offerId, markupPercentage, notes, preparedBy, termsAndConditionsDocs, state }`: the seller's step. */
function partnerRoutes(state: AzureState, routes: Hono): void {
  routes.post('/partner/publish', async (c) => {
    const body: any = await c.req.json().catch(() => ({}))
    const offer = offerOf(state, body.offerId)
    if (!offer) return c.json({ error: 'no such private offer' }, 404)
    const { offerId: _, ...fields } = body
    const scope = {
      state,
      publisherId: offer.publisherId,
      at: state.now(),
      made: new Map<string, string>(),
    }
    try {
      return c.json(publishAsPartner(scope, structuredClone(offer), { state: 'live', ...fields }))
    } catch (error) {
      if (!(error instanceof JobFault)) throw error
      return c.json({ error: error.message }, 409)
    }
  })
}
