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
import { millis } from '../kernel/time.ts'
import { amendConnection, connectionId, createConnection } from './model.ts'
import * as service from './service.ts'
import { listSyncs, runNow } from './syncs.ts'
import {
  checkedView,
  connectionView,
  createdView,
  syncView,
  viewConnection,
  viewSync,
} from './views.ts'

const tags = ['connections']
const security = bearer
const params = idParam(connectionId)

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  security,
  middleware: allow(),
  summary: 'Connect a seller or CRM account',
  request: { body: body(createConnection), headers: idempotent },
  responses: { 201: json(createdView, 'Connected; its secrets are shown this once'), ...problems },
})
const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'List connections',
  request: { query: z.object(pageQuery) },
  responses: { 200: json(pageOf(connectionView), 'A page of connections'), ...problems },
})
const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Get a connection',
  request: { params },
  responses: { 200: json(connectionView, 'The connection'), ...problems },
})
const amend = createRoute({
  method: 'patch',
  path: '/{id}',
  tags,
  security,
  middleware: allow(),
  summary: 'Change a connection',
  request: { params, body: body(amendConnection), headers: conditional },
  responses: { 200: json(connectionView, 'The connection as it is now'), ...problems },
})
const remove = createRoute({
  method: 'delete',
  path: '/{id}',
  tags,
  security,
  middleware: allow(),
  summary: 'Disconnect: secrets are wiped, history stays',
  request: { params },
  responses: { 204: { description: 'Gone' }, ...problems },
})
const check = createRoute({
  method: 'post',
  path: '/{id}/check',
  tags,
  security,
  middleware: allow(),
  summary: 'Try every call the account needs',
  request: { params },
  responses: {
    200: json(checkedView, 'What works and which permissions are missing'),
    ...problems,
  },
})

export const connections = router()
  .openapi(create, async (c) => {
    const { connection, secrets } = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(connection.revision))
    return c.json({ ...viewConnection(connection, c.var.deps.publicUrl), secrets }, 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2))
    const view = (row: service.Listed) => viewConnection(row, c.var.deps.publicUrl)
    return c.json(
      page(rows, limit, view, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const connection = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(connection.revision))
    return c.json(viewConnection(connection, c.var.deps.publicUrl), 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const connection = await service.amend(
      c.var.deps,
      c.req.valid('param').id,
      c.req.valid('json'),
      expected,
    )
    c.header('etag', etag(connection.revision))
    return c.json(viewConnection(connection, c.var.deps.publicUrl), 200)
  })
  .openapi(remove, async (c) => {
    await service.remove(c.var.deps, c.req.valid('param').id)
    return c.body(null, 204)
  })
  .openapi(check, async (c) => {
    const checked = await service.check(c.var.deps, c.req.valid('param').id)
    return c.json({ ...checked, checks: checked.checks.map((row) => ({ ...row })) }, 200)
  })

const all = createRoute({
  method: 'get',
  path: '/',
  tags: ['syncs'],
  security,
  middleware: allow(...readers),
  summary: 'What is kept up with, when, and how far behind',
  responses: {
    200: json(z.object({ data: z.array(syncView), next: z.null() }), 'Every sync'),
    ...problems,
  },
})
const run = createRoute({
  method: 'post',
  path: '/{name}/run',
  tags: ['syncs'],
  security,
  middleware: allow('deal_desk', 'finance', 'sales'),
  summary: 'Run a sync now',
  request: {
    params: z.object({
      name: z.string().max(60).meta({ description: 'Name of the sync', example: 'listings' }),
    }),
    query: z.object({ connection: connectionId.optional() }),
    headers: idempotent,
  },
  responses: {
    202: json(
      z.object({
        started: z.int().meta({ description: 'How many were asked to run', example: 1 }),
      }),
      'Asked for',
    ),
    ...problems,
  },
})

export const syncs = router()
  .openapi(all, async (c) => {
    const { deps } = c.var
    return c.json(
      { data: (await listSyncs(deps)).map((s) => viewSync(s, millis(deps.now()))), next: null },
      200,
    )
  })
  .openapi(run, async (c) => {
    const started = await runNow(
      c.var.deps,
      c.req.valid('param').name,
      c.req.valid('query').connection,
    )
    return c.json({ started }, 202)
  })
