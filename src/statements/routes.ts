import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import {
  allow,
  bearer,
  csv,
  idParam,
  pageOf,
  pageQuery,
  problems,
  readCursor,
  readers,
  router,
} from '../api.ts'
import { dayField } from '../kernel/fields.ts'
import { type Day, dayOf, isDay, type Month, monthOf } from '../kernel/time.ts'
import { reconciledColumns, reconciledRow, statementColumns, statementRows } from './csv.ts'
import { verdicts } from './model.ts'
import * as service from './service.ts'
import { reconciledView, statementView, viewReconciled, viewStatement } from './views.ts'

const security = bearer
export const monthField = (description: string) =>
  z
    .string()
    .refine((text) => isDay(`${text}-01`), 'must be a month, as YYYY-MM')
    .meta({ description, example: '2027-01' }) as unknown as z.ZodType<Month, Month>
const format = z
  .enum(['json', 'csv'])
  .default('json')
  .meta({ description: 'As JSON or for a spreadsheet', example: 'json' })
const asOf = dayField('Invoice lines as they were on this day; today when absent').optional()
const both = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema }, 'text/csv': { schema: z.string() } },
})

const get = createRoute({
  method: 'get',
  path: '/{id}/statement',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'A month of one agreement, from what was told of it to what was invoiced and paid out',
  description:
    'Usage belongs to the UTC month of its hour; what came too late, to the month it was reported in; invoice lines stand both by the month of the use they charge and by the marketplace’s own month. Every sum names the path that answers its rows.',
  request: {
    params: idParam(agreementId),
    query: z.object({ month: monthField('The month (UTC)'), asOf, format }),
  },
  responses: { 200: both(statementView, 'The statement'), ...problems },
})

export const statements = router().openapi(get, async (c) => {
  const { month, format: wanted, asOf: on } = c.req.valid('query')
  const { deps } = c.var
  const { id } = c.req.valid('param')
  const found = await service.statement(deps, id, month, vantageOf(on ?? dayOf(deps.now())))
  if (wanted === 'csv')
    return csv(c, `statement-${id}-${month}`, statementColumns, statementRows(found))
  return c.json(viewStatement(found), 200)
})

const vantageOf = (day: Day) => ({ asOf: day, known: day, recordedBy: null })

const report = createRoute({
  method: 'get',
  path: '/reconciliation',
  tags: ['reports'],
  security,
  middleware: allow(...readers),
  summary:
    'Usage we count beside what marketplaces hold, charge and invoice, each difference named',
  request: {
    query: z.object({
      ...pageQuery,
      agreement: z.string().min(1).max(200).optional().meta({
        description: 'Our id of the agreement, or the marketplace’s',
        example: 'agr_example',
      }),
      month: monthField('The month (UTC); the last one that is over when absent').optional(),
      verdict: z
        .enum(verdicts)
        .optional()
        .meta({ description: 'Only those that compare so', example: 'missing_there' }),
      asOf,
      format,
    }),
  },
  responses: { 200: both(pageOf(reconciledView), 'A page of comparisons'), ...problems },
})

export const reconciliationReport = router().openapi(report, async (c) => {
  const { limit, cursor, format: wanted, asOf: on, ...query } = c.req.valid('query')
  const { deps } = c.var
  const today = dayOf(deps.now())
  const month = query.month ?? before(today)
  const after = readCursor(cursor, 2, (first) => first.startsWith('agr_'))
  if (after && !/^\d{1,9}$/.test(after[1] ?? '')) readCursor('', 2)
  const page = { limit, after }
  const filter = { ...query, month }
  const { rows, next } = await service.reconcile(deps, filter, vantageOf(on ?? today), page)
  const cursorNext = next && Buffer.from(JSON.stringify(next)).toString('base64url')
  if (wanted === 'csv') {
    if (cursorNext !== null) c.header('x-next-cursor', cursorNext)
    return csv(c, `reconciliation-${month}`, reconciledColumns, rows.map(reconciledRow))
  }
  return c.json({ data: rows.map(viewReconciled), next: cursorNext }, 200)
})

/** The month before a day's. */
function before(today: Day): Month {
  const [year = 0, month = 1] = monthOf(today).split('-').map(Number)
  return new Date(Date.UTC(year, month - 2, 1)).toISOString().slice(0, 7) as Month
}
