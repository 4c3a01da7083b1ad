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
import { amendBuyer, buyerId, createBuyer } from './model.ts'
import * as service from './service.ts'
import { buyerView, viewBuyer } from './views.ts'

const shared = { tags: ['buyers'], security: bearer }
const writers = ['deal_desk', 'sales'] as const
const params = idParam(buyerId)

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  middleware: allow(...writers),
  summary: 'Enter a buyer with its accounts at each marketplace',
  request: { body: body(createBuyer), headers: idempotent },
  responses: { 201: json(buyerView, 'Entered'), ...problems },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List buyers',
  request: {
    query: z.object({
      ...pageQuery,
      account: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Only who has this account', example: '123456789012' }),
    }),
  },
  responses: { 200: json(pageOf(buyerView), 'A page of buyers'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get a buyer',
  request: { params },
  responses: { 200: json(buyerView, 'The buyer'), ...problems },
})
const amend = createRoute({
  ...shared,
  method: 'patch',
  path: '/{id}',
  middleware: allow(...writers),
  summary: 'Change a buyer',
  request: { params, body: body(amendBuyer), headers: conditional },
  responses: { 200: json(buyerView, 'The buyer as it is now'), ...problems },
})

export const buyers = router()
  .openapi(create, async (c) => {
    const buyer = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(buyer.revision))
    return c.json(viewBuyer(buyer), 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, account } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), { account })
    return c.json(
      page(rows, limit, viewBuyer, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const buyer = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(buyer.revision))
    return c.json(viewBuyer(buyer), 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const buyer = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(buyer.revision))
    return c.json(viewBuyer(buyer), 200)
  })
