import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  csv,
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
import { instantField } from '../kernel/fields.ts'
import { hourStart, isDay, type Month, readInstant } from '../kernel/time.ts'
import { recordId, stateWords } from './model.ts'
import * as service from './service.ts'
import {
  agreementQuery,
  dimension,
  partView,
  proofColumns,
  proofView,
  recordDetailView,
  recordView,
  viewPart,
  viewRecord,
  viewRecordDetail,
} from './views.ts'

const security = bearer
const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'List usage records by hour, oldest first',
  request: {
    query: z.object({
      ...pageQuery,
      agreement: agreementQuery,
      dimension: dimension.max(100).optional(),
      connection: connectionId.optional(),
      state: z
        .enum(stateWords)
        .optional()
        .meta({ description: 'Only those that stand there', example: 'accepted' }),
      from: instantField('From this hour').optional(),
      to: instantField('Before this hour', '2028-01-01T00:00:00.000Z').optional(),
      late: z
        .stringbool({ truthy: ['true'], falsy: ['false'] })
        .optional()
        .meta({
          description: 'Only what came after its deadline, or only the rest',
          example: 'false',
          type: 'boolean',
        }),
      createdFrom: instantField('Of what was made from then on').optional(),
      createdTo: instantField('Of what was made before', '2028-01-01T00:00:00.000Z').optional(),
    }),
  },
  responses: { 200: json(pageOf(recordView), 'A page of records'), ...problems },
})
const params = idParam(recordId)
const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'Get a usage record, with what was sent and answered',
  request: { params },
  responses: { 200: json(recordDetailView, 'The record'), ...problems },
})
const events = createRoute({
  method: 'get',
  path: '/{id}/events',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'What a usage record sums up: events, and what meters and contracts make',
  request: { params, query: z.object(pageQuery) },
  responses: { 200: json(pageOf(partView), 'A page of parts'), ...problems },
})

export const usageRecords = router()
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const after = readCursor(cursor, 2)
    if (after && readInstant(after[0] ?? '') === undefined) readCursor('', 2)
    const rows = await service.list(c.var.deps, limit + 1, after, filter)
    return c.json(
      page(rows, limit, viewRecord, (row) => [hourStart(row.hour), row.id]),
      200,
    )
  })
  .openapi(get, async (c) =>
    c.json(viewRecordDetail(await service.get(c.var.deps, c.req.valid('param').id)), 200),
  )
  .openapi(events, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const rows = await service.eventsOf(
      c.var.deps,
      id,
      limit + 1,
      readCursor(cursor, 5, () => true),
    )
    return c.json(
      page(rows, limit, viewPart, ({ kind, source, id, meter, run }) => [
        kind,
        source,
        id,
        meter ?? '',
        run ?? '',
      ]),
      200,
    )
  })

const proof = createRoute({
  method: 'get',
  path: '/metering',
  tags: ['reports'],
  security,
  middleware: allow(...readers),
  summary:
    'Usage reported against usage billed, for each agreement and dimension, and whether it adds up',
  request: {
    query: z.object({
      agreement: agreementQuery,
      month: z
        .string()
        .refine((text) => isDay(`${text}-01`), 'must be a month, as YYYY-MM')
        .optional()
        .meta({ description: 'Only usage of this month (UTC)', example: '2027-01' }),
      format: z
        .enum(['json', 'csv'])
        .default('json')
        .meta({ description: 'As JSON or for a spreadsheet', example: 'json' }),
    }),
  },
  responses: {
    200: {
      description: 'The report',
      content: { 'application/json': { schema: proofView }, 'text/csv': { schema: z.string() } },
    },
    ...problems,
  },
})

export const meteringReport = router().openapi(proof, async (c) => {
  const { format, agreement, month } = c.req.valid('query')
  const { rows, holds } = await service.proof(c.var.deps, {
    agreement,
    month: month as Month | undefined,
  })
  if (format === 'csv') return csv(c, `metering-${month ?? 'all'}`, proofColumns, rows)
  return c.json({ holds, data: rows.map((row) => ({ ...row })) }, 200)
})
