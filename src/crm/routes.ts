import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
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
import { connectionId } from '../connections/model.ts'
import { rowStates } from './mirror.ts'
import { crmKinds } from './model.ts'
import * as service from './service.ts'
import { rowId, rowView, statusView, viewRow, viewStatus } from './views.ts'

const tags = ['crm']
const security = bearer

const listRows = createRoute({
  method: 'get',
  path: '/rows',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'List what is kept in sales systems, and how each row stands',
  request: {
    query: z.object({
      ...pageQuery,
      connection: connectionId.optional(),
      state: z
        .enum(rowStates)
        .optional()
        .meta({ description: 'Only rows in this state', example: 'refused' }),
      kind: z
        .enum(crmKinds)
        .optional()
        .meta({ description: 'Only rows of this kind', example: 'offer' }),
    }),
  },
  responses: { 200: json(pageOf(rowView), 'A page of rows'), ...problems },
})
const retryRow = createRoute({
  method: 'post',
  path: '/rows/{id}/retry',
  tags,
  security,
  middleware: allow('deal_desk', 'sales'),
  summary: 'Send a row again, whatever became of it',
  request: { params: idParam(rowId), headers: idempotent },
  responses: { 202: json(rowView, 'Due; it is sent soon'), ...problems },
})
const listStatus = createRoute({
  method: 'get',
  path: '/status',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'How the mirror in each sales system stands',
  request: { query: z.object({ connection: connectionId.optional() }) },
  responses: {
    200: json(z.object({ data: z.array(statusView), next: z.null() }), 'Every sales system'),
    ...problems,
  },
})
const resume = createRoute({
  method: 'post',
  path: '/status/{id}/resume',
  tags,
  security,
  middleware: allow('deal_desk'),
  summary: 'Look again at what is missing, and send what is due without waiting',
  request: { params: idParam(connectionId), headers: idempotent },
  responses: { 202: json(statusView, 'It is looked at soon'), ...problems },
})
const resend = createRoute({
  method: 'post',
  path: '/status/{id}/resend',
  tags,
  security,
  middleware: allow(),
  summary: 'Send everything anew, to whatever organisation the credentials lead to',
  request: { params: idParam(connectionId), headers: idempotent },
  responses: { 202: json(statusView, 'Every row is due'), ...problems },
})

export const crm = router()
  .openapi(listRows, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.list(c.var.deps, filter, limit + 1, readCursor(cursor, 2))
    return c.json(
      page(rows, limit, viewRow, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(retryRow, async (c) =>
    c.json(viewRow(await service.retry(c.var.deps, c.req.valid('param').id)), 202),
  )
  .openapi(listStatus, async (c) => {
    const { connection } = c.req.valid('query')
    const data = (await service.status(c.var.deps, connection)).map(viewStatus)
    return c.json({ data, next: null }, 200)
  })
  .openapi(resume, async (c) =>
    c.json(viewStatus(await service.resume(c.var.deps, c.req.valid('param').id)), 202),
  )
  .openapi(resend, async (c) =>
    c.json(viewStatus(await service.resend(c.var.deps, c.req.valid('param').id)), 202),
  )
