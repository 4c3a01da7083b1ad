import type { Hono } from 'hono'
import type { Called } from '../caller.ts'
import type { Service } from '../parties.ts'
import { json } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import {
  LOCATION,
  parentOf,
  serviceResource,
  servicesOf,
  skuGroupResource,
  skuResources,
  standardOfferResource,
} from './catalog.ts'
import { encode } from './codec.ts'
import { filtered, ordered } from './filter.ts'
import {
  type Asked,
  AT,
  enumsOf,
  found,
  isFullView,
  listed,
  ownProject,
  queryOf,
  shownAs,
} from './request.ts'

/** Locations, services, standard offers, SKUs and SKU groups: all read-only. */
export function catalogRoutes(gcp: GcpContext, routes: Hono<Called>): void {
  const service = (c: Asked) => {
    const name = c.req.param('service') ?? ''
    return found(servicesOf(gcp, ownProject(gcp, c)).find((one) => one.name === name))
  }
  const groups = (c: Asked) => servicesOf(gcp, ownProject(gcp, c)).map(skuGroupResource)
  routes.get('/v1beta/projects/:project/locations', (c) =>
    json({ locations: [locationOf(ownProject(gcp, c))] }),
  )
  routes.get(AT, (c) => json(locationOf(ownProject(gcp, c))))
  routes.get(`${AT}/operations`, (c) => {
    ownProject(gcp, c)
    return json({})
  })
  routes.get(`${AT}/services`, (c) =>
    listed(c, 'services', servicesOf(gcp, ownProject(gcp, c)), (one) =>
      serviceResource(one, false),
    ),
  )
  routes.get(`${AT}/services/:service`, (c) =>
    json(serviceResource(service(c), isFullView(c, 'ServiceView'))),
  )
  routes.get(`${AT}/services/:service/standardOffers`, (c) => standardOffers(c, service(c)))
  routes.get(`${AT}/services/:service/standardOffers/:id`, (c) =>
    shownAs(
      c,
      'StandardOffer',
      named(standardOffersOf(service(c), isFullView(c, 'StandardOfferView')), c.req.param('id')),
    ),
  )
  routes.get(`${AT}/services/:service/skus`, (c) =>
    listed(c, 'skus', skuResources(service(c)), (one) => encode('Sku', one, enumsOf(c))),
  )
  routes.get(`${AT}/services/:service/skus/:id`, (c) =>
    shownAs(c, 'Sku', named(skuResources(service(c)), c.req.param('id'))),
  )
  routes.get(`${AT}/skuGroups`, (c) => listed(c, 'skuGroups', groups(c)))
  routes.get(`${AT}/skuGroups/:id`, (c) => json(named(groups(c), c.req.param('id'))))
}

function standardOffersOf(service: Service, isFull: boolean): any[] {
  return service.plans.flatMap((plan) =>
    plan.standardOffers.map((offer) => standardOfferResource(service, plan, offer, isFull)),
  )
}

function standardOffers(c: Asked, service: Service): Response {
  const times = {
    effective_time: (one: any) => Date.parse(one.effectiveTime),
    expire_time: (one: any) => (one.expireTime ? Date.parse(one.expireTime) : null),
  }
  const matching = filtered(standardOffersOf(service, false), queryOf(c, 'filter'), times)
  const offers = ordered(matching, queryOf(c, 'orderBy'), times)
  return listed(c, 'standardOffers', offers, (one) => encode('StandardOffer', one, enumsOf(c)))
}

const named = (items: readonly any[], id: string): any =>
  found(items.find((one) => one.name.split('/').at(-1) === id))

const locationOf = (project: string) => ({
  name: parentOf(project),
  locationId: LOCATION,
  displayName: LOCATION,
})
