import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import {
  allow,
  bearer,
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
import { currencyField, instantField } from '../kernel/fields.ts'
import { partKinds } from './model.ts'
import { monthField } from './routes.ts'
import * as service from './service.ts'

const security = bearer
const text = (description: string, example: string) => z.string().meta({ description, example })
const exact = (description: string, example = '12.5') => text(description, example)
const wanted = {
  agreement: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Our id of the agreement, or the marketplace’s', example: 'agr_example' }),
}
const hours = {
  dimension: text('Only this dimension', 'api_calls').max(100).optional(),
  from: instantField('From this hour').optional(),
  to: instantField('Before this hour', '2028-01-01T00:00:00.000Z').optional(),
}
const route = <Query extends z.ZodRawShape, Row extends z.ZodType>(
  summary: string,
  query: Query,
  row: Row,
) =>
  createRoute({
    method: 'get',
    path: '/',
    tags: ['usage'],
    security,
    middleware: allow(...readers),
    summary,
    request: { query: z.object({ ...pageQuery, ...wanted, ...query }) },
    responses: { 200: json(pageOf(row), 'A page'), ...problems },
  })

const part = z
  .object({
    kind: z.enum(partKinds).meta({
      description: 'An event of the dimension, what a meter makes of one, what a contract adds',
      example: 'event',
    }),
    source: text('What reported it; empty for what a contract adds', 'billing-worker'),
    id: text('The event’s id, or the contract’s', 'evt-2027-01-01-0001'),
    meter: z.string().nullable().meta({ description: 'The meter that read it', example: null }),
    agreement: agreementId,
    dimension: text('Dimension', 'api_calls'),
    quantity: exact('What it adds; negative takes back'),
    at: instantField('When it happened'),
    hour: instantField('Hour of the record it counts in', '2027-01-01T09:00:00.000Z'),
    late: z.boolean().meta({ description: 'It came after its deadline', example: false }),
    receivedAt: instantField('When it came'),
  })
  .meta({ id: 'UsagePart' })

export const usageParts = router().openapi(
  route(
    'List everything that makes up usage records, by hour',
    {
      ...hours,
      kind: z.enum(partKinds).optional().meta({ description: 'Only these', example: 'event' }),
      late: z
        .stringbool({ truthy: ['true'], falsy: ['false'] })
        .optional()
        .meta({ description: 'Only what came too late, or only the rest', type: 'boolean' }),
      createdFrom: instantField('Of records made from then on').optional(),
      createdTo: instantField('Of records made before', '2028-01-01T00:00:00.000Z').optional(),
    },
    part,
  ),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.parts(c.var.deps, limit + 1, readCursor(cursor, 5), filter)
    const after = (row: (typeof rows)[number]) => [
      row.hour,
      row.kind,
      row.source,
      row.id,
      row.meter ?? '',
    ]
    return c.json(
      page(rows, limit, (row) => ({ ...row, agreement: idOf(row.agreement) }), after),
      200,
    )
  },
)

type AgreementId = z.infer<typeof agreementId>
const idOf = (id: string) => id as AgreementId

const rating = z
  .object({
    record: text('The record it priced', 'rec_example'),
    agreement: agreementId,
    dimension: text('Dimension', 'api_calls'),
    hour: instantField('Hour of the usage', '2027-01-01T09:00:00.000Z'),
    quantity: exact('What was priced'),
    included: exact('What of it the contract includes'),
    committed: exact('Worth at committed prices, exactly'),
    drawn: exact('Drawn on grants and the commit'),
    overage: exact('Beyond them'),
    credited: exact('Owed to the buyer'),
    charge: exact('What is owed for it'),
    currency: currencyField(),
    ratedAt: instantField('When'),
  })
  .meta({ id: 'ContractRating' })

export const contractRatings = router().openapi(
  route('List how a contract priced an agreement’s records, by hour', hours, rating),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.ratings(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    const view = (row: (typeof rows)[number]) => ({ ...row, agreement: idOf(row.agreement) })
    return c.json(
      page(rows, limit, view, (row) => [row.hour, row.record]),
      200,
    )
  },
)

const posting = z
  .object({
    id: text('Its id', 'pst_example'),
    agreement: agreementId,
    dimension: text('The dimension the contract bills to', 'usage_cents'),
    quantity: exact('Units of it'),
    reason: text('`usage`, or what time alone brought about', 'minimum'),
    detail: z.unknown().meta({ description: 'How it came about', example: {} }),
    hour: instantField('Hour of the record it counts in', '2027-01-01T09:00:00.000Z'),
    late: z.boolean().meta({ description: 'It can no longer be billed', example: false }),
    createdAt: instantField('When'),
  })
  .meta({ id: 'ContractPosting' })

export const contractPostings = router().openapi(
  route(
    'List what a contract added to the dimension it bills to, by hour',
    { ...hours, reason: text('Only for this reason', 'minimum').max(100).optional() },
    posting,
  ),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.postings(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    const view = (row: (typeof rows)[number]) => ({ ...row, agreement: idOf(row.agreement) })
    return c.json(
      page(rows, limit, view, (row) => [row.hour, row.id]),
      200,
    )
  },
)

const invoice = z
  .object({
    connection: connectionId,
    agreement: agreementId,
    invoiceRef: text('The invoice', '781216640'),
    isCredit: z.boolean().meta({ description: 'It takes back', example: false }),
    month: text('The marketplace’s billing month', '2027-01'),
    issuedAt: instantField('When it was issued'),
    amount: exact('Before tax, exactly as told', '100.00'),
    currency: currencyField(),
    readAt: instantField('When the marketplace was asked'),
  })
  .meta({ id: 'AgreementInvoice' })

export const agreementInvoices = router().openapi(
  route(
    'List what marketplaces answer that they invoiced of an agreement',
    { month: monthField('Only of this billing month').optional() },
    invoice,
  ),
  async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.listInvoices(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    const view = (row: (typeof rows)[number]) => ({
      ...row,
      connection: row.connection as z.infer<typeof connectionId>,
      agreement: idOf(row.agreement),
    })
    return c.json(
      page(rows, limit, view, (row) => [row.issuedAt, row.invoiceRef]),
      200,
    )
  },
)
