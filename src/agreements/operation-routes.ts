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
import type { Deps } from '../deps.ts'
import type { Command } from './command.ts'
import { agreementId } from './model.ts'
import {
  approveChange,
  changeAgreement,
  commandOf,
  messageBuyer,
  operationView,
  rejectAgreement,
  rejectChange,
  viewOperation,
} from './operation-views.ts'
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

/** A body that may be left out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => ({
  ...body(schema),
  required: false,
})

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
const reject = createRoute({
  ...asking,
  path: '/{id}/reject',
  summary: 'Refuse an agreement that has not begun',
  request: { params, body: optional(rejectAgreement), headers: idempotent },
})
const approve = createRoute({
  ...asking,
  path: '/{id}/approve-change',
  summary: 'Let a change that the buyer asked for stand',
  request: { params, body: optional(approveChange), headers: idempotent },
})
const refuse = createRoute({
  ...asking,
  path: '/{id}/reject-change',
  summary: 'Refuse a change that the buyer asked for',
  request: { params, body: optional(rejectChange), headers: idempotent },
})
const message = createRoute({
  ...asking,
  path: '/{id}/message',
  summary: 'Tell the buyer something while the agreement awaits the seller',
  request: { params, body: body(messageBuyer), headers: idempotent },
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

const asked = async (deps: Deps, { id }: { readonly id: string }, command: Command) =>
  viewOperation(await service.ask(deps, id, command))

/** What a seller can ask of an agreement. */
export const operations = router()
  .openapi(activate, async (c) =>
    c.json(await asked(c.var.deps, c.req.valid('param'), { is: 'activate' }), 202),
  )
  .openapi(change, async (c) => {
    const command = commandOf(c.req.valid('json'))
    return c.json(await asked(c.var.deps, c.req.valid('param'), command), 202)
  })
  .openapi(cancel, async (c) =>
    c.json(await asked(c.var.deps, c.req.valid('param'), { is: 'cancel' }), 202),
  )
  .openapi(reject, async (c) => {
    const { reason = null } = c.req.valid('json')
    return c.json(await asked(c.var.deps, c.req.valid('param'), { is: 'reject', reason }), 202)
  })
  .openapi(approve, async (c) => {
    const { plan = null } = c.req.valid('json')
    const command = { is: 'approve_change', plan } as const
    return c.json(await asked(c.var.deps, c.req.valid('param'), command), 202)
  })
  .openapi(refuse, async (c) => {
    const { plan = null, reason = null } = c.req.valid('json')
    const command = { is: 'reject_change', plan, reason } as const
    return c.json(await asked(c.var.deps, c.req.valid('param'), command), 202)
  })
  .openapi(message, async (c) => {
    const command = { is: 'message', text: c.req.valid('json').text } as const
    return c.json(await asked(c.var.deps, c.req.valid('param'), command), 202)
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
