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
import { post } from './model.ts'
import {
  agreementRef,
  amendContract,
  contractId,
  createContract,
  previewContract,
} from './requests.ts'
import * as service from './service.ts'
import {
  contractView,
  previewView,
  standingView,
  versionView,
  viewContract,
  viewPreview,
  viewStanding,
  viewVersion,
} from './views.ts'

const tags = ['contracts']
const security = bearer
const params = idParam(contractId)
const writers = ['deal_desk', 'finance'] as const

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  security,
  middleware: allow(...writers),
  summary: 'Say what an agreement’s usage costs',
  description:
    'From then on its usage is priced here: what is included costs nothing, grants and the commit are drawn on, and only what is owed beyond them is reported, to the billed dimension.',
  request: { body: body(createContract), headers: idempotent },
  responses: { 201: json(standingView, 'Agreed'), ...problems },
})
const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'List contracts',
  request: { query: z.object({ agreement: agreementRef.optional(), ...pageQuery }) },
  responses: {
    200: json(pageOf(contractView), 'A page of contracts, newest version each'),
    ...problems,
  },
})
const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Get a contract with where its balances, overage and minimums stand',
  request: { params },
  responses: { 200: json(standingView, 'The contract'), ...problems },
})
const versions = createRoute({
  method: 'get',
  path: '/{id}/versions',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Every version of a contract',
  request: { params },
  responses: {
    200: json(z.object({ data: z.array(versionView), next: z.null() }), 'The oldest first'),
    ...problems,
  },
})
const amend = createRoute({
  method: 'post',
  path: '/{id}/amend',
  tags,
  security,
  middleware: allow(...writers),
  summary: 'Amend or renew a contract: a new version beside the old ones',
  description:
    'What was priced stays as it is; balances carry over, and of a raised commit the difference is added. Versions that would have begun later no longer do.',
  request: {
    params,
    body: body(amendContract),
    headers: z.object({ ...idempotent.shape, ...conditional.shape }),
  },
  responses: { 200: json(standingView, 'The contract as it is now'), ...problems },
})
const preview = createRoute({
  method: 'post',
  path: '/preview',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'What usage would cost by some terms; keeps nothing',
  request: { body: body(previewContract), headers: idempotent },
  responses: { 200: json(previewView, 'What each would cost'), ...problems },
})

export const contracts = router()
  .openapi(create, async (c) => {
    const made = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(made.contract.revision))
    return c.json(viewStanding(made), 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    return c.json(
      page(rows, limit, viewContract, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(preview, (c) => {
    const found = service.preview(c.req.valid('json'))
    return c.json(viewPreview(found, post({ ...found.book, posted: '0' }).quantity), 200)
  })
  .openapi(get, async (c) => {
    const found = await service.standing(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(found.contract.revision))
    return c.json(viewStanding(found), 200)
  })
  .openapi(versions, async (c) => {
    const contract = await service.get(c.var.deps, c.req.valid('param').id)
    return c.json({ data: contract.versions.map(viewVersion), next: null }, 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const made = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(made.contract.revision))
    return c.json(viewStanding(made), 200)
  })
