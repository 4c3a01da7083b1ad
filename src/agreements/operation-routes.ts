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
  problem,
  problems,
  readCursor,
  readers,
  router,
} from '../api.ts'
import { agreementId } from './model.ts'
import { changeAgreement, commandOf, operationView, viewOperation } from './operation-views.ts'
import * as service from './service.ts'

const params = idParam(agreementId)
const shared = { tags: ['agreements'], security: bearer }
const asking = {
  ...shared,
  method: 'post',
  middleware: allow('deal_desk'),
  responses: {
    202: json(operationView, 'Asked for; a job tells the marketplace'),
    ...problems,
    501: problem('This marketplace takes it from no seller; `instead` says what can be done'),
  },
} as const

const activate = createRoute({
  ...asking,
  path: '/{id}/activate',
  summary: 'Begin an agreement that awaits it; for one that is active this is done at once',
  request: { params, headers: idempotent },
})
const change = createRoute({
  ...asking,
  path: '/{id}/change',
  summary: 'Move an agreement to another plan or number of units, as its buyer agreed to',
  request: { params, body: body(changeAgreement), headers: idempotent },
})
const cancel = createRoute({
  ...asking,
  path: '/{id}/cancel',
  summary: 'End an agreement',
  request: { params, headers: idempotent },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}/operations',
  middleware: allow(...readers),
  summary: 'What was asked of an agreement, and what became of it',
  request: { params, query: z.object(pageQuery) },
  responses: { 200: json(pageOf(operationView), 'Requests, first to last'), ...problems },
})

/** What a seller can ask of an agreement. */
export const operations = router()
  .openapi(activate, async (c) => {
    const asked = await service.ask(c.var.deps, c.req.valid('param').id, { is: 'activate' })
    return c.json(viewOperation(asked), 202)
  })
  .openapi(change, async (c) => {
    const command = commandOf(c.req.valid('json'))
    const asked = await service.ask(c.var.deps, c.req.valid('param').id, command)
    return c.json(viewOperation(asked), 202)
  })
  .openapi(cancel, async (c) => {
    const asked = await service.ask(c.var.deps, c.req.valid('param').id, { is: 'cancel' })
    return c.json(viewOperation(asked), 202)
  })
  .openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const rows = await service.operationsOf(c.var.deps, id, limit + 1, readCursor(cursor, 2))
    return c.json(
      page(rows, limit, viewOperation, (row) => [row.createdAt, row.id]),
      200,
    )
  })
