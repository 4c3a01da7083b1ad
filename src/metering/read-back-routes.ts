import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
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
import { dayField, instantField } from '../kernel/fields.ts'
import { readInstant } from '../kernel/time.ts'
import { allowanceView, readBackView, viewAllowance, viewReadBack } from './read-back-views.ts'
import { readBackSources } from './read-backs.ts'
import * as service from './service.ts'
import { readBackVerdicts } from './verdict.ts'
import { agreementQuery, dimension } from './views.ts'

const security = bearer
const listAllowances = createRoute({
  method: 'get',
  path: '/',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'List the units that prices include, by period, and what is left of them',
  request: {
    query: z.object({
      ...pageQuery,
      agreement: agreementQuery,
      dimension: dimension.max(100).optional(),
      at: instantField('Only periods that hold this moment').optional(),
    }),
  },
  responses: { 200: json(pageOf(allowanceView), 'A page of periods'), ...problems },
})

export const usageAllowances = router().openapi(listAllowances, async (c) => {
  const { limit, cursor, ...filter } = c.req.valid('query')
  const after = readCursor(cursor, 3)
  const rows = await service.listAllowances(c.var.deps, limit + 1, after, filter)
  return c.json(
    page(rows, limit, viewAllowance, (row) => [row.startsAt, row.agreement, row.dimension]),
    200,
  )
})

const listReadBacks = createRoute({
  method: 'get',
  path: '/',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'List what marketplaces hold of each day’s or month’s usage beside what we count',
  request: {
    query: z.object({
      ...pageQuery,
      agreement: agreementQuery,
      connection: connectionId.optional(),
      dimension: dimension.max(100).optional(),
      source: z
        .enum(readBackSources)
        .optional()
        .meta({ description: 'Only what this source tells', example: 'report' }),
      verdict: z
        .enum(readBackVerdicts)
        .optional()
        .meta({ description: 'Only those with this verdict', example: 'differs' }),
      from: dayField('From this day').optional(),
      to: dayField('Before this day', '2028-01-01').optional(),
    }),
  },
  responses: { 200: json(pageOf(readBackView), 'A page of days'), ...problems },
})

export const usageReadBacks = router().openapi(listReadBacks, async (c) => {
  const { limit, cursor, ...filter } = c.req.valid('query')
  const after = readCursor(cursor, 6)
  if (after && readInstant(after[5] ?? '') === undefined) readCursor('', 6)
  const rows = await service.listReadBacks(c.var.deps, limit + 1, after, filter)
  const { deps } = c.var
  return c.json(
    page(rows, limit, viewReadBack(deps.now()), (row) => [
      row.from,
      row.connection,
      row.agreementRef,
      row.dimension,
      row.source,
      row.to,
    ]),
    200,
  )
})
