import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  csv,
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
import { hourStart } from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import { backfillId, createBackfill, daysMax, tryMeter } from './model.ts'
import * as service from './service.ts'
import {
  backfillView,
  csvRows,
  rowColumns,
  rowView,
  triedView,
  viewBackfill,
  viewRow,
  viewTried,
} from './views.ts'

const params = idParam(backfillId)
const writers = ['deal_desk', 'finance'] as const

const attempt = createRoute({
  method: 'post',
  path: '/try',
  tags: ['meters'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'Try a definition on past events: what it would change',
  description:
    'Reads stored events of whole past hours as the definition would, beside what the meter of that key made of them. Stores nothing.',
  request: { body: body(tryMeter) },
  responses: { 200: json(triedView, 'What would change'), ...problems },
})

/** At `/v1/meters/try`. */
export const tries = router().openapi(attempt, async (c) =>
  c.json(viewTried(await service.attempt(c.var.deps, c.req.valid('json'))), 200),
)

const shared = { tags: ['backfills'], security: bearer }
const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  middleware: allow(...writers),
  summary: 'Read past events anew and bring what is counted in line',
  description: `Named events of whole past hours, at most ${daysMax} days of them, are read by the meters again, in steps of a job. What differs is added to the own hour’s record while that is unsent, else to the next hour’s that can still be reported; what no marketplace takes any more is left as it is and named, or lost by name with \`acceptLoss\`. While one runs, another one of the same hours is a conflict, unless it is a dry run.`,
  request: { body: body(createBackfill), headers: idempotent },
  responses: { 202: json(backfillView, 'Asked for'), ...problems },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List backfills, newest first',
  request: {
    query: z.object({
      ...pageQuery,
      listing: listingId.optional(),
      state: z
        .enum(['running', 'done', 'failed'])
        .optional()
        .meta({ description: 'Only those that stand so', example: 'done' }),
    }),
  },
  responses: { 200: json(pageOf(backfillView), 'A page of backfills'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get a backfill and how far it is',
  request: { params },
  responses: { 200: json(backfillView, 'The backfill'), ...problems },
})
const rows = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}/rows',
  middleware: allow(...readers),
  summary: 'List what a backfill found and did, by hour, agreement and dimension',
  request: {
    params,
    query: z.object({
      ...pageQuery,
      changed: z
        .enum(['true', 'false'])
        .optional()
        .meta({ description: 'Only hours that come out otherwise', example: 'true' }),
      format: z
        .enum(['json', 'csv'])
        .default('json')
        .meta({ description: 'As JSON or for a spreadsheet', example: 'json' }),
    }),
  },
  responses: {
    200: {
      description:
        'A page of rows; as CSV, the cursor of the next is in the header `x-next-cursor`',
      content: {
        'application/json': { schema: pageOf(rowView) },
        'text/csv': { schema: z.string() },
      },
    },
    ...problems,
  },
})

export const backfills = router()
  .openapi(create, async (c) => {
    const backfill = await service.create(c.var.deps, c.req.valid('json'))
    return c.json(viewBackfill(backfill), 202)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const found = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    return c.json(
      page(found, limit, viewBackfill, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const backfill = await service.get(c.var.deps, c.req.valid('param').id)
    return c.json(viewBackfill(backfill), 200)
  })
  .openapi(rows, async (c) => {
    const { limit, cursor, changed, format } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const after = readCursor(cursor, 3)
    const filter = { after, changed: changed === 'true' }
    const found = await service.rows(c.var.deps, id, limit + 1, filter)
    const shown = page(found, limit, viewRow, (row) => [
      hourStart(row.hour),
      row.agreement,
      row.dimension,
    ])
    if (format === 'json') return c.json(shown, 200)
    if (shown.next) c.header('x-next-cursor', shown.next)
    return csv(c, `backfill-${id}`, rowColumns, found.slice(0, limit).flatMap(csvRows))
  })
