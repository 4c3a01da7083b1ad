import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  conditional,
  etag,
  expectedRevision,
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
import { connectionId } from '../connections/model.ts'
import { amendListing, listingId } from './model.ts'
import * as service from './service.ts'
import { listingDetailView, listingView, viewListing, viewListingDetail } from './views.ts'

const shared = { tags: ['listings'], security: bearer }
const params = idParam(listingId)

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List the products of the connected marketplaces',
  request: { query: z.object({ ...pageQuery, connection: connectionId.optional() }) },
  responses: { 200: json(pageOf(listingView), 'A page of listings'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get a listing with the marketplace’s own document',
  request: { params },
  responses: { 200: json(listingDetailView, 'The listing'), ...problems },
})
const amend = createRoute({
  ...shared,
  method: 'patch',
  path: '/{id}',
  middleware: allow('deal_desk', 'finance'),
  summary: 'State facts that decide drawdown and fees',
  request: { params, body: body(amendListing), headers: conditional },
  responses: { 200: json(listingDetailView, 'The listing as it is now'), ...problems },
})

export const listings = router()
  .openapi(list, async (c) => {
    const { limit, cursor, connection } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), { connection })
    return c.json(
      page(rows, limit, viewListing, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const listing = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(listing.revision))
    return c.json(viewListingDetail(listing), 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const listing = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(listing.revision))
    return c.json(viewListingDetail(listing), 200)
  })
