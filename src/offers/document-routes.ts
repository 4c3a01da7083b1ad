import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
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
import * as service from './documents.ts'
import { documentId } from './model.ts'
import { createDocument } from './request.ts'
import { documentView, viewDocument } from './views.ts'

const shared = { tags: ['documents'], security: bearer }

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  middleware: allow('deal_desk'),
  summary: 'Enter a contract document by its address',
  request: { body: body(createDocument), headers: idempotent },
  responses: { 201: json(documentView, 'Entered'), ...problems },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List contract documents',
  request: { query: z.object(pageQuery) },
  responses: { 200: json(pageOf(documentView), 'A page of documents'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get a contract document',
  request: { params: idParam(documentId) },
  responses: { 200: json(documentView, 'The document'), ...problems },
})

export const documents = router()
  .openapi(create, async (c) =>
    c.json(viewDocument(await service.create(c.var.deps, c.req.valid('json'))), 201),
  )
  .openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2))
    return c.json(
      page(rows, limit, viewDocument, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) =>
    c.json(viewDocument(await service.get(c.var.deps, c.req.valid('param').id)), 200),
  )
