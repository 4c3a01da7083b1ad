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
import { dayField, idField, instantField } from '../kernel/fields.ts'
import { isDay, type Month, readInstant } from '../kernel/time.ts'
import { disbursementView, viewDisbursement } from './disbursements.ts'
import { bases, importId, lineKinds, startImport } from './model.ts'
import { revenueRows, totals } from './report.ts'
import { csvColumns, csvRow, reportView, viewRow } from './report-views.ts'
import * as service from './service.ts'
import { faultView, importView, lineView, viewFault, viewImport, viewLine } from './views.ts'

const tags = ['revenue']
const security = bearer
const params = idParam(importId)

const start = createRoute({
  method: 'post',
  path: '/',
  tags,
  security,
  middleware: allow('finance'),
  summary: 'Read a marketplace’s revenue reports',
  request: { body: body(startImport), headers: idempotent },
  responses: { 202: json(importView, 'Asked for; GET it to see how far it is'), ...problems },
})
const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'List imports, the newest first',
  request: {
    query: z.object({ connection: idField('conn', 'Only its imports').optional(), ...pageQuery }),
  },
  responses: { 200: json(pageOf(importView), 'A page of imports'), ...problems },
})
const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Get an import: how far it is, file by file',
  request: { params },
  responses: { 200: json(importView, 'The import'), ...problems },
})
const faults = createRoute({
  method: 'get',
  path: '/{id}/faults',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Rows of an import that could not be read, and why',
  request: { params, query: z.object(pageQuery) },
  responses: { 200: json(pageOf(faultView), 'A page of broken rows'), ...problems },
})

export const revenueImports = router()
  .openapi(start, async (c) => {
    const { id } = await service.start(c.var.deps, c.req.valid('json'))
    return c.json(viewImport(await service.getImport(c.var.deps, id)), 202)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, connection } = c.req.valid('query')
    const query = { connection, limit: limit + 1 }
    const after = cursorOf(cursor, 2, ([at = '']) => readInstant(at) !== undefined)
    const rows = await service.listImports(c.var.deps, query, after)
    return c.json(
      page(rows, limit, viewImport, (row) => [row.createdAt, row.id]),
      200,
    )
  })
  .openapi(get, async (c) =>
    c.json(viewImport(await service.getImport(c.var.deps, c.req.valid('param').id)), 200),
  )
  .openapi(faults, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const { id } = c.req.valid('param')
    const place = cursorOf(cursor, 3, (parts) => parts.every((part) => /^\d{1,9}$/.test(part)))
    const rows = await service.faults(c.var.deps, id, limit + 1, place)
    const after = (row: (typeof rows)[number]) => [row.position, row.row, row.ordinal].map(String)
    return c.json(page(rows, limit, viewFault, after), 200)
  })

/** A cursor whose parts are what this list puts in them. */
function cursorOf(
  cursor: string | undefined,
  parts: number,
  isOurs: (parts: readonly string[]) => boolean,
): string[] | undefined {
  const read = readCursor(cursor, parts, () => true)
  return read && !isOurs(read) ? readCursor('', parts) : read
}

const month = (description: string) =>
  z
    .string()
    .refine((text) => isDay(`${text}-01`), 'must be a month, as YYYY-MM')
    .meta({ description, example: '2026-08' }) as unknown as z.ZodType<Month, Month>

/** Both times of every report: what was valid, and what was known. */
const vantageQuery = {
  asOf: dayField('Valid on this day; today when absent', '2026-11-22').optional(),
  known: dayField(
    'As the marketplaces knew it on this day; the same day when absent, so that an old report comes out as it was',
    '2026-11-22',
  ).optional(),
  recordedBy: instantField('Only what had been written down here by then').optional(),
}
const place = {
  agreement: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Our agreement or the marketplace’s', example: 'agr_example' }),
  buyer: idField('buyer', 'Only this buyer’s').optional(),
  connection: idField('conn', 'Only this seller account’s').optional(),
}

const lines = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Reported lines as of a day, by invoice day',
  request: {
    query: z.object({
      ...place,
      payout: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Only the lines of this payout', example: 'be-0009' }),
      month: month('Invoiced in this month').optional(),
      action: z
        .enum(['invoiced', 'collected', 'disbursed', 'forgiven', 'unknown'])
        .optional()
        .meta({ description: 'Only these', example: 'invoiced' }),
      kind: z
        .enum(lineKinds)
        .optional()
        .meta({ description: 'Only of this kind', example: 'gross' }),
      basis: z
        .enum(bases)
        .optional()
        .meta({ description: 'Only what charges for this', example: 'usage' }),
      usage: month('Charging use that begins in this month (UTC)').optional(),
      ...vantageQuery,
      ...pageQuery,
    }),
  },
  responses: { 200: json(pageOf(lineView), 'A page of lines'), ...problems },
})

export const revenueLines = router().openapi(lines, async (c) => {
  const { limit, cursor, asOf, known, recordedBy, ...filter } = c.req.valid('query')
  const at = service.vantage(c.var.deps, { asOf, known, recordedBy })
  const after = cursorOf(cursor, 3, ([day = '']) => isDay(day))
  const found = await service.listLines(c.var.deps, filter, at, {
    limit: limit + 1,
    after,
  })
  const view = (line: (typeof found)[number]) => viewLine(line, at.asOf)
  return c.json(
    page(found, limit, view, (line) => [line.invoicedOn, line.connection, line.lineRef]),
    200,
  )
})

const payouts = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'Payouts, and how much of each its lines explain',
  request: { query: z.object({ connection: place.connection, ...vantageQuery, ...pageQuery }) },
  responses: { 200: json(pageOf(disbursementView), 'A page of payouts, by day'), ...problems },
})

export const disbursements = router().openapi(payouts, async (c) => {
  const { limit, cursor, connection, ...asked } = c.req.valid('query')
  const at = service.vantage(c.var.deps, asked)
  const after = cursorOf(cursor, 3, ([day = '']) => isDay(day))
  const rows = await service.listDisbursements(c.var.deps, { connection }, at, {
    limit: limit + 1,
    after,
  })
  const place = (row: (typeof rows)[number]) => [
    row.paidOn,
    row.connection,
    `${row.payoutRef} ${row.currency}`,
  ]
  return c.json(page(rows, limit, viewDisbursement, place), 200)
})

const report = createRoute({
  method: 'get',
  path: '/revenue',
  tags: ['reports'],
  security,
  middleware: allow(...readers),
  summary: 'Revenue billed, collected and disbursed, by invoice month and agreement',
  request: {
    query: z.object({
      ...place,
      from: month('From this invoice month').optional(),
      to: month('To this invoice month').optional(),
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

export const revenueReport = router().openapi(report, async (c) => {
  const { format, asOf, known, recordedBy, ...filter } = c.req.valid('query')
  const at = service.vantage(c.var.deps, { asOf, known, recordedBy })
  const sums = await service.sums(c.var.deps, filter, at)
  const rows = revenueRows(sums)
  if (format === 'csv') return csv(c, `revenue-${at.asOf}`, csvColumns, rows.map(csvRow))
  return c.json({ ...at, data: rows.map(viewRow), totals: totals(sums).map(viewRow) }, 200)
})
