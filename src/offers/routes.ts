import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  conditional,
  etag,
  expectedRevision,
  idempotent,
  idParam,
  json,
  page,
  pageOf,
  pageQuery,
  problems,
  readCursor,
  readers,
  router,
} from '../api.ts'
import { buyerId } from '../buyers/model.ts'
import { connectionId } from '../connections/model.ts'
import { idField } from '../kernel/fields.ts'
import { offersByHand } from './hand-routes.ts'
import { offerId, stateNames } from './model.ts'
import { preview } from './preview.ts'
import { amendOffer, createOffer, extendOffer } from './request.ts'
import * as service from './service.ts'
import { offerView, previewView, viewOffer, viewPreview } from './views.ts'

const shared = { tags: ['offers'], security: bearer }
const reading = { ...shared, middleware: allow(...readers) }
const deskOnly = { ...shared, middleware: allow('deal_desk') }
const params = idParam(offerId)
const actHeaders = z.object({ ...idempotent.shape, ...conditional.shape })

export const filterQuery = {
  connection: connectionId.optional(),
  buyer: buyerId.optional(),
  state: z.enum(stateNames).optional().meta({ description: 'Only in this state', example: 'live' }),
  mayBe: idField('agr', 'Only offers that this agreement may have come of').optional(),
}

const create = createRoute({
  ...deskOnly,
  method: 'post',
  path: '/',
  summary: 'Draft an offer: the same body on every marketplace',
  request: { body: body(createOffer), headers: idempotent },
  responses: { 201: json(offerView, 'A draft; nobody was told'), ...problems },
})
const list = createRoute({
  ...reading,
  method: 'get',
  path: '/',
  summary: 'List offers',
  request: { query: z.object({ ...pageQuery, ...filterQuery }) },
  responses: { 200: json(pageOf(offerView), 'A page of offers'), ...problems },
})
const get = createRoute({
  ...reading,
  method: 'get',
  path: '/{id}',
  summary: 'Get an offer',
  request: { params },
  responses: { 200: json(offerView, 'The offer'), ...problems },
})
const amend = createRoute({
  ...deskOnly,
  method: 'patch',
  path: '/{id}',
  summary: 'Change a draft; an offer that was refused becomes one again',
  request: { params, body: body(amendOffer), headers: conditional },
  responses: { 200: json(offerView, 'The draft as it is now'), ...problems },
})
const look = createRoute({
  ...reading,
  method: 'post',
  path: '/{id}/preview',
  summary: 'Dry run: what would be sent, charged, kept and burnt down, and every rule it breaks',
  request: { params, headers: idempotent },
  responses: { 200: json(previewView, 'What submitting would do, or did'), ...problems },
})
const submit = createRoute({
  ...deskOnly,
  method: 'post',
  path: '/{id}/submit',
  summary: 'Freeze the order and publish it',
  request: { params, headers: actHeaders },
  responses: { 202: json(offerView, 'On its way'), ...problems },
})
const withdraw = createRoute({
  ...deskOnly,
  method: 'post',
  path: '/{id}/withdraw',
  summary: 'Take an offer back that is live or handed off',
  request: { params, headers: actHeaders },
  responses: {
    202: json(offerView, 'Asked for; until it is done the buyer may accept'),
    ...problems,
  },
})
const extend = createRoute({
  ...deskOnly,
  method: 'post',
  path: '/{id}/extend',
  summary: 'Keep a live offer open for longer',
  request: { params, body: body(extendOffer), headers: actHeaders },
  responses: { 202: json(offerView, 'Asked for'), ...problems },
})
const clone = createRoute({
  ...deskOnly,
  method: 'post',
  path: '/{id}/clone',
  summary: 'Draft an offer with the terms of this one',
  request: { params, headers: idempotent },
  responses: { 201: json(offerView, 'A new draft'), ...problems },
})

export const offers = router()
  .openapi(create, async (c) => {
    const offer = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    return c.json(
      page(rows, limit, viewOffer, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const offer = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const offer = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 200)
  })
  .openapi(look, async (c) => {
    return c.json(viewPreview(await preview(c.var.deps, c.req.valid('param').id)), 200)
  })
  .openapi(submit, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const offer = await service.submit(c.var.deps, c.req.valid('param').id, expected)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 202)
  })
  .openapi(withdraw, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const offer = await service.withdraw(c.var.deps, c.req.valid('param').id, expected)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 202)
  })
  .openapi(extend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const { acceptBy } = c.req.valid('json')
    const offer = await service.extend(c.var.deps, id, acceptBy, expected)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 202)
  })
  .openapi(clone, async (c) => {
    const offer = await service.clone(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(offer.revision))
    return c.json(viewOffer(offer), 201)
  })
  .route('/', offersByHand)
