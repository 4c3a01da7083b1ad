import { Hono } from 'hono'
import { authorised, type Called } from '../caller.ts'
import { googleErrors } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { catalogRoutes } from './catalog-routes.ts'
import { registerOffers } from './offer-lifecycle.ts'
import { offerRoutes } from './offer-routes.ts'

/**
 * Google's Commerce Producer API v1beta at its own paths (Google: "Create and manage private offers using the
 * API"; commerceproducer/v1beta protos): services, standard offers, SKUs, private offers and their documents.
 */
export function producer(gcp: GcpContext): Hono<Called> {
  registerOffers(gcp)
  const routes = googleErrors(new Hono<Called>())
  routes.use('/v1beta/projects/*', authorised(gcp, 'producer'))
  routes.use('/v1beta/projects/*', async (c, next) => {
    c.set('emptyFirstPage', gcp.settings().producer.emptyFirstPage)
    await next()
  })
  catalogRoutes(gcp, routes)
  offerRoutes(gcp, routes)
  return routes
}
