import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  etag,
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
import { idField, instantField, textField } from '../kernel/fields.ts'
import { Problem } from '../kernel/problem.ts'
import { readInstant } from '../kernel/time.ts'
import { agreementId, awaitsWords, stateWords } from './model.ts'
import { operations } from './operation-routes.ts'
import * as service from './service.ts'
import {
  agreementDetailView,
  agreementView,
  registrationView,
  versionView,
  viewAgreement,
  viewDetail,
  viewRegistration,
  viewVersion,
} from './views.ts'

const shared = { tags: ['agreements'], security: bearer }
const params = idParam(agreementId)

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List what buyers accepted',
  request: {
    query: z.object({
      ...pageQuery,
      connection: connectionId.optional(),
      buyer: idField('buyer', 'Only of this buyer').optional(),
      listing: idField('lst', 'Only of this product').optional(),
      state: z
        .enum(stateWords)
        .optional()
        .meta({ description: 'Only in this state', example: 'active' }),
      awaits: z.enum(awaitsWords).optional().meta({
        description: 'Only what waits for the seller to do this',
        example: undefined,
      }),
      license: textField(300, 'Only with this licence', 'license/l-example').optional(),
      initial: textField(
        300,
        'Only of the chain of renewals and replacements that began with this one',
        'agmt-example1',
      ).optional(),
    }),
  },
  responses: { 200: json(pageOf(agreementView), 'A page of agreements'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get an agreement with the marketplace’s own documents',
  request: { params },
  responses: { 200: json(agreementDetailView, 'The agreement'), ...problems },
})
const versions = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}/versions',
  middleware: allow(...readers),
  summary: 'What an agreement was, and when we knew',
  request: {
    params,
    query: z.object({
      ...pageQuery,
      asOf: instantField('Only what was known then; absent: what is known now').optional(),
    }),
  },
  responses: {
    200: json(pageOf(versionView), 'Versions, by when they became true'),
    ...problems,
  },
})
const registered = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}/registrations',
  middleware: allow(...readers),
  summary: 'Who registered for an agreement, and when',
  request: { params, query: z.object(pageQuery) },
  responses: { 200: json(pageOf(registrationView), 'Registrations, first to last'), ...problems },
})

export const agreements = router()
  .route('/', operations)
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, placeAfter(cursor), filter)
    return c.json(
      page(rows, limit, viewAgreement, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const agreement = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(agreement.revision))
    return c.json(viewDetail(agreement), 200)
  })
  .openapi(versions, async (c) => {
    const { limit, cursor, asOf } = c.req.valid('query')
    const after = placeAfter(cursor, /^\d{1,9}$/)
    const at = asOf && readInstant(asOf)
    const rows = await service.history(c.var.deps, c.req.valid('param').id, at, {
      limit: limit + 1,
      after,
    })
    return c.json(
      page(rows, limit, viewVersion, (row) => [row.validFrom, String(row.version)]),
      200,
    )
  })
  .openapi(registered, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const rows = await service.registrationsOf(c.var.deps, id, limit + 1, placeAfter(cursor))
    return c.json(
      page(rows, limit, viewRegistration, (row) => [row.arrivedAt, row.id]),
      200,
    )
  })

/** Time and tie-breaker of a cursor. What only looks like one must not reach the database. */
function placeAfter(cursor: string | undefined, second = /^[a-z]+_\w{1,40}$/) {
  const place = readCursor(cursor, 2)
  const [at = '', tie = ''] = place ?? []
  if (place && !(readInstant(at) && second.test(tie)))
    throw new Problem('invalid', 'cursor is not one that this list returned', {
      errors: [{ path: 'query.cursor', message: 'is not one that this list returned' }],
    })
  return place
}
