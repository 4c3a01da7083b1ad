import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  conditional,
  csv,
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
import { dayField, idField, instantField } from '../kernel/fields.ts'
import { dayOf, isDay, readInstant } from '../kernel/time.ts'
import { vantage } from '../revenue/service.ts'
import { providersRuled, rulesAsOf } from './rules.ts'
import * as service from './service.ts'
import { csvColumns, csvRow } from './table.ts'
import { amendCommitment, createCommitment } from './terms.ts'
import {
  commitmentId,
  commitmentView,
  drawdownView,
  reportView,
  type standingView,
  versionView,
  viewCommitment,
  viewLedgerLine,
  viewStanding,
  viewVersion,
} from './views.ts'

const tags = ['commitments']
const security = bearer
const params = idParam(commitmentId)
const writers = ['deal_desk', 'finance', 'sales'] as const

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  security,
  middleware: allow(...writers),
  summary: 'Enter what a buyer committed to spend with a cloud',
  request: { body: body(createCommitment), headers: idempotent },
  responses: { 201: json(commitmentView, 'Entered'), ...problems },
})
const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'List commitments',
  request: {
    query: z.object({
      buyer: idField('buyer', 'Only this buyer’s').optional(),
      provider: z
        .string()
        .max(60)
        .optional()
        .meta({ description: 'Only those to this provider', example: providersRuled[0] }),
      ...pageQuery,
    }),
  },
  responses: { 200: json(pageOf(commitmentView), 'A page of commitments'), ...problems },
})
const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Get a commitment with its terms of today',
  request: { params },
  responses: { 200: json(commitmentView, 'The commitment'), ...problems },
})
const amend = createRoute({
  method: 'patch',
  path: '/{id}',
  tags,
  security,
  middleware: allow(...writers),
  summary: 'Amend or correct a commitment: a new version beside the old ones',
  request: { params, body: body(amendCommitment), headers: conditional },
  responses: { 200: json(commitmentView, 'The commitment as it is now'), ...problems },
})
const versions = createRoute({
  method: 'get',
  path: '/{id}/versions',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Every version of a commitment, in both times',
  request: { params },
  responses: {
    200: json(z.object({ data: z.array(versionView), next: z.null() }), 'The oldest first'),
    ...problems,
  },
})

/** Both times of every report: what was valid, and what was known. */
const vantageQuery = {
  asOf: dayField('Valid on this day; today when absent', '2026-11-22').optional(),
  known: dayField('As known on this day; the same day when absent', '2026-11-22').optional(),
  recordedBy: instantField('Only what had been written down here by then').optional(),
}
const drawdown = createRoute({
  method: 'get',
  path: '/{id}/drawdown',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'What counts against a commitment as of a day, line by line',
  request: {
    params,
    query: z.object({
      ...vantageQuery,
      status: z
        .enum(['counts', 'excluded', 'unknown'])
        .optional()
        .meta({ description: 'Only these lines', example: 'counts' }),
      ...pageQuery,
    }),
  },
  responses: { 200: json(drawdownView, 'Where it stands, and a page of its ledger'), ...problems },
})

export const commitments = router()
  .openapi(create, async (c) => {
    const kept = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(kept.revision))
    return c.json(viewCommitment(kept, dayOf(c.var.deps.now())), 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const read = readCursor(cursor, 2)
    const after = read && readInstant(read[0] ?? '') === undefined ? readCursor('', 2) : read
    const rows = await service.list(c.var.deps, limit + 1, after, filter)
    const view = (kept: service.Kept) => viewCommitment(kept, dayOf(c.var.deps.now()))
    return c.json(
      page(rows, limit, view, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const kept = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(kept.revision))
    return c.json(viewCommitment(kept, dayOf(c.var.deps.now())), 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const kept = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(kept.revision))
    return c.json(viewCommitment(kept, dayOf(c.var.deps.now())), 200)
  })
  .openapi(versions, async (c) => {
    const kept = await service.get(c.var.deps, c.req.valid('param').id)
    return c.json({ data: kept.versions.map(viewVersion), next: null }, 200)
  })
  .openapi(drawdown, async (c) => {
    const { limit, cursor, status, ...asked } = c.req.valid('query')
    const at = vantage(c.var.deps, asked)
    const kept = await service.get(c.var.deps, c.req.valid('param').id)
    const found = await service.reckon(c.var.deps, kept, at)
    const [day = '', line = ''] = dayCursor(cursor) ?? []
    const wanted = (found?.ledger.lines ?? []).filter(
      (row) =>
        (status === undefined || row.status === status) &&
        (row.invoiceDate > day || (row.invoiceDate === day && row.id > line)),
    )
    const shown = page(wanted, limit, viewLedgerLine, (row) => [row.invoiceDate, row.id])
    const standing = found ? viewStanding(kept, found) : null
    return c.json({ ...at, rulesAsOf, standing, ...shown }, 200)
  })

const dayCursor = (cursor: string | undefined): string[] | undefined => readCursor(cursor, 2, isDay)

const report = createRoute({
  method: 'get',
  path: '/drawdown',
  tags: ['reports'],
  security,
  middleware: allow(...readers),
  summary: 'Where every commitment stands as of a day',
  request: {
    query: z.object({
      buyer: idField('buyer', 'Only this buyer’s').optional(),
      ...vantageQuery,
      format: z
        .enum(['json', 'csv'])
        .default('json')
        .meta({ description: 'As JSON or for a spreadsheet', example: 'json' }),
    }),
  },
  responses: {
    200: {
      description: 'The report',
      content: { 'application/json': { schema: reportView }, 'text/csv': { schema: z.string() } },
    },
    ...problems,
  },
})

export const drawdownReport = router().openapi(report, async (c) => {
  const { format, buyer, ...asked } = c.req.valid('query')
  const at = vantage(c.var.deps, asked)
  const data: z.input<typeof standingView>[] = []
  for await (const kept of service.every(c.var.deps, { buyer })) {
    const found = await service.reckon(c.var.deps, kept, at)
    if (found) data.push(viewStanding(kept, found))
  }
  if (format === 'csv') return csv(c, `drawdown-${at.asOf}`, csvColumns, data.map(csvRow))
  return c.json({ ...at, rulesAsOf, data }, 200)
})
