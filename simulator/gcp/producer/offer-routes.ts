import type { Hono } from 'hono'
import type { Called } from '../caller.ts'
import { badRequest, json, Refusal } from '../refusal.ts'
import { jsonBody } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { standardOfferOf } from './catalog.ts'
import { createPaper, deletePaper, findPaper, updatePaper } from './documents.ts'
import { filtered, ordered } from './filter.ts'
import { type Offer, papersOf } from './model.ts'
import { amendmentTarget } from './offer-amend.ts'
import { cancel, publish } from './offer-lifecycle.ts'
import { offerResource, paperResource } from './offer-view.ts'
import { createOffer, deleteOffer, findOffer, listedOffers, updateOffer } from './offers.ts'
import {
  type Asked,
  AT,
  enumsOf,
  found,
  isFullView,
  listed,
  ownProject,
  queryOf,
  takes,
} from './request.ts'

const OFFERS = `${AT}/privateOffers`
const PAPERS = `${OFFERS}/:offer/documents`

/** Private offers and their documents. Writes answer with the whole offer, as `create` does at Google. */
export function offerRoutes(gcp: GcpContext, routes: Hono<Called>): void {
  const show = (c: Asked, offer: Offer, isFull = true) =>
    json(offerResource(gcp, offer, { isFull, enums: enumsOf(c) }))
  const offer = (c: Asked, id: string) => findOffer(gcp, ownProject(gcp, c), id)
  routes.get(`${OFFERS}:resolveAmendmentTarget`, (c) => resolveTarget(gcp, c))
  routes.get(OFFERS, (c) => privateOffers(gcp, c))
  routes.post(OFFERS, async (c) => show(c, createOffer(gcp, ownProject(gcp, c), await jsonBody(c))))
  routes.get(`${OFFERS}/:offer`, (c) =>
    show(c, offer(c, c.req.param('offer')), isFullView(c, 'PrivateOfferView')),
  )
  routes.patch(`${OFFERS}/:offer`, async (c) => {
    takes(c, 'updateMask')
    const before = offer(c, c.req.param('offer'))
    return show(c, updateOffer(gcp, before, await jsonBody(c), queryOf(c, 'updateMask')))
  })
  routes.delete(`${OFFERS}/:offer`, (c) => {
    takes(c, 'force')
    deleteOffer(gcp, offer(c, c.req.param('offer')), queryOf(c, 'force') === 'true')
    return json({})
  })
  routes.post(`${OFFERS}/:target`, async (c) => {
    const [id = '', verb = ''] = c.req.param('target').split(':')
    const one = offer(c, id)
    const body = await verbBody(c)
    if (verb === 'publish') publish(gcp, one, body.validateOnly === true)
    else if (verb === 'cancel') cancel(gcp, one, String(body.cancellationNote ?? ''))
    else throw new Refusal('NOT_FOUND', 'Method not found.')
    return show(c, one)
  })
  paperRoutes(gcp, routes)
}

function paperRoutes(gcp: GcpContext, routes: Hono<Called>): void {
  const offer = (c: Asked) => findOffer(gcp, ownProject(gcp, c), c.req.param('offer') ?? '')
  const resource = (c: Asked, id: string) => found(paperResource(gcp, offer(c), id, enumsOf(c)))
  routes.get(PAPERS, (c) =>
    listed(c, 'privateOfferDocuments', papersOf(gcp, offer(c).id), (one) => resource(c, one.id)),
  )
  routes.post(PAPERS, async (c) =>
    json(resource(c, createPaper(gcp, offer(c), await jsonBody(c)).id)),
  )
  routes.get(`${PAPERS}/:id`, (c) =>
    json(resource(c, findPaper(gcp, offer(c), c.req.param('id')).id)),
  )
  routes.patch(`${PAPERS}/:id`, async (c) => {
    const asked = { body: await jsonBody(c), mask: queryOf(c, 'updateMask') }
    return json(resource(c, updatePaper(gcp, offer(c), c.req.param('id'), asked).id))
  })
  routes.delete(`${PAPERS}/:id`, (c) => {
    deletePaper(gcp, offer(c), c.req.param('id'))
    return json({})
  })
}

function privateOffers(gcp: GcpContext, c: Asked): Response {
  const times = { update_time: (one: Offer) => Math.max(one.document.updatedAt, one.endedAt ?? 0) }
  const all = listedOffers(gcp, ownProject(gcp, c))
  const offers = ordered(filtered(all, queryOf(c, 'filter'), times), queryOf(c, 'orderBy'), times)
  // A list has no view; it is BASIC.
  const shown = { isFull: false, enums: enumsOf(c) }
  return listed(c, 'privateOffers', offers, (one) => offerResource(gcp, one, shown))
}

function resolveTarget(gcp: GcpContext, c: Asked): Response {
  takes(c, 'targetBillingAccount', 'baseStandardOffer')
  const project = ownProject(gcp, c)
  const buyer = queryOf(c, 'targetBillingAccount')
  const account = gcp.billingAccounts.get(buyer.replace(/^billingAccounts\//, ''))
  const base = standardOfferOf(gcp, queryOf(c, 'baseStandardOffer'))
  const isOwn = base?.service.provider === project
  const faults = [
    ...(account && buyer.startsWith('billingAccounts/') ? [] : ['target_billing_account']),
    ...(isOwn ? [] : ['base_standard_offer']),
  ]
  if (!account || !base || faults.length > 0) {
    throw badRequest(faults.map((field) => ({ field, description: `${field} does not exist.` })))
  }
  return json(amendmentTarget(gcp, base.service, account.id))
}

/** The body of a custom method, by camelCase or snake_case names; absent is empty. */
async function verbBody(c: Asked): Promise<Record<string, unknown>> {
  const body = await jsonBody(c)
  if (body === undefined) return {}
  if (body === null || typeof body !== 'object')
    throw badRequest([], 'Invalid JSON payload received.')
  const given = body as Record<string, unknown>
  const known = ['name', 'validateOnly', 'validate_only', 'cancellationNote', 'cancellation_note']
  const odd = Object.keys(given).find((key) => !known.includes(key))
  if (odd !== undefined) {
    const description = `Invalid JSON payload received. Unknown name "${odd}": Cannot find field.`
    throw badRequest([{ field: '', description }], description)
  }
  return {
    validateOnly: given.validateOnly ?? given.validate_only,
    cancellationNote: given.cancellationNote ?? given.cancellation_note,
  }
}
