import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  csv,
  page,
  pageOf,
  pageQuery,
  problems,
  readCursor,
  readers,
  router,
} from '../api.ts'
import { buyerId } from '../buyers/model.ts'
import { connectionId } from '../connections/model.ts'
import type { Deps } from '../deps.ts'
import { dayField, instantField } from '../kernel/fields.ts'
import { Problem } from '../kernel/problem.ts'
import { offerId, stateNames } from './model.ts'
import { columns, type ReportRow, rows, totals } from './report.ts'
import { filterQuery } from './routes.ts'
import type { Filter } from './store.ts'
import { moneyView } from './views.ts'

const csvRowsMax = 50_000
const csvPage = 1_000

const text = (description: string, example: string) => z.string().meta({ description, example })
const state = z.enum(stateNames).meta({ description: 'Where it stands', example: 'live' })
const rowView = z
  .object({
    offer: offerId,
    name: text('Its name', 'Acme 2027'),
    connection: connectionId,
    buyer: buyerId,
    buyerName: text('The organisation', 'Acme Corporation'),
    state,
    currency: text('ISO 4217 currency', 'USD'),
    value: text('Committed value; empty while it does not add up', '120000.00'),
    feeRate: text('Share the marketplace keeps; empty while unknown', '0.03'),
    fee: text('What the marketplace keeps; empty while unknown', '3600.00'),
    net: text('What is left; empty while unknown', '116400.00'),
    acceptBy: dayField('Last day on which the buyer can accept'),
    createdAt: instantField('When it was made'),
    updatedAt: instantField('When it last changed'),
    acceptedAt: text('When the buyer accepted; empty until then', '2026-12-01T10:00:00.000Z'),
    agreement: text('What came of it; empty while nobody has subscribed', 'agr_example'),
  })
  .meta({ id: 'OfferReportRow' })
const totalView = z
  .object({
    state,
    currency: text('ISO 4217 currency', 'USD'),
    offers: z.int().meta({ description: 'How many', example: 3 }),
    unknownValues: z.int().meta({
      description: 'How many have no known value: they are not in the sums',
      example: 0,
    }),
    value: moneyView('Committed value'),
    feesUnknown: z
      .int()
      .meta({ description: 'How many have no known fee: they are not in fee and net', example: 0 }),
    fee: moneyView('What the marketplaces keep'),
    net: moneyView('What is left'),
  })
  .meta({ id: 'OfferReportTotal' })

const report = createRoute({
  method: 'get',
  path: '/offers',
  tags: ['reports'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'Offers by state, value, fee, net and last day to accept',
  request: {
    query: z.object({
      ...pageQuery,
      ...filterQuery,
      format: z
        .enum(['json', 'csv'])
        .default('json')
        .meta({ description: '`csv`: every row at once', example: 'json' }),
    }),
  },
  responses: {
    200: {
      description: 'Totals of everything the filter lets through, and a page of rows',
      content: {
        'application/json': {
          schema: pageOf(rowView).extend({
            totals: z.array(totalView).meta({ description: 'By state and currency' }),
          }),
        },
        'text/csv': { schema: z.string().meta({ description: 'Every row', example: '' }) },
      },
    },
    ...problems,
  },
})

export const offersReport = router().openapi(report, async (c) => {
  const { limit, cursor, format, ...filter } = c.req.valid('query')
  const { deps } = c.var
  // A file is not a page: the limit and the cursor are for JSON.
  if (format === 'csv') return csv(c, 'offers', columns, await everyRow(deps, filter)) as never
  const found = await rows(deps, limit + 1, readCursor(cursor, 2), filter)
  const shown = page(
    found,
    limit,
    ({ row }) => row,
    ({ offer }) => [offer.createdAt, offer.id],
  )
  return c.json({ ...shown, totals: await totals(deps, filter) }, 200)
})

async function everyRow(deps: Deps, filter: Filter): Promise<ReportRow[]> {
  const all: ReportRow[] = []
  let after: string[] | undefined
  do {
    const found = await rows(deps, csvPage, after, filter)
    all.push(...found.map(({ row }) => row))
    const last = found.at(-1)?.offer
    after = found.length === csvPage && last ? [last.createdAt, last.id] : undefined
    if (all.length > csvRowsMax)
      throw new Problem('invalid', `more than ${csvRowsMax} offers; narrow the filter`, {
        errors: [{ path: 'query', message: `lets more than ${csvRowsMax} offers through` }],
      })
  } while (after)
  return all
}
