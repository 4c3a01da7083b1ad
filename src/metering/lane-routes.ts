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
import { instantField } from '../kernel/fields.ts'
import { codes } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { circuitWord, type LaneState } from './lane-list.ts'
import * as service from './service.ts'

const count = (description: string, example = 0) => z.int().meta({ description, example })

const trouble = z.object({
  code: z
    .enum(Object.keys(codes) as [keyof typeof codes, ...(keyof typeof codes)[]])
    .meta({ description: 'Of which kind, for programs', example: 'throttled' }),
  message: z
    .string()
    .meta({ description: 'What it was, in plain words', example: 'the marketplace is busy' }),
})

const laneView = z
  .object({
    connection: connectionId,
    due: count('Records whose time has come, being sent included', 1200),
    held: count('Records that wait for a person'),
    deadline: instantField('The nearest of what is due or held; null when nothing is').nullable(),
    reservedMs: z.number().meta({
      description: 'How far ahead calls are reserved, in milliseconds',
      example: 350,
    }),
    servedAt: instantField('When a sender last turned to it, in real time').nullable(),
    circuit: z
      .object({
        is: z.enum(['closed', 'open', 'probing']).meta({
          description:
            '`open`: it is left alone until then; `probing`: one call finds out whether it is well again',
          example: 'closed',
        }),
        until: instantField('Until when it is left alone').nullable(),
        failures: count('Calls in a row that failed'),
        problem: trouble.nullable().meta({ description: 'Why', example: null }),
      })
      .meta({ description: 'Whether the account may be called' }),
    blocked: z
      .array(
        z.object({
          product: z
            .string()
            .meta({ description: 'What metering calls the product', example: 'prod-example' }),
          until: instantField('Until when its usage waits'),
          failures: count('Calls in a row that were forbidden', 2),
          problem: trouble.meta({ description: 'Why' }),
        }),
      )
      .meta({
        description: 'Products whose usage it forbids to tell, while it takes that of others',
      }),
  })
  .meta({ id: 'UsageLane' })

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['usage'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'The sending queue: what is due of each seller account, and what is in its way',
  request: { query: z.object(pageQuery) },
  responses: { 200: json(pageOf(laneView), 'A page of accounts'), ...problems },
})

export const usageLanes = router().openapi(list, async (c) => {
  const { limit, cursor } = c.req.valid('query')
  const { deps } = c.var
  const after = readCursor(cursor, 1, () => true)?.[0]
  const rows = await service.listLanes(deps, limit + 1, after)
  return c.json(
    page(rows, limit, viewLane(deps.now()), ({ connection }) => [connection]),
    200,
  )
})

const viewLane =
  (now: Instant) =>
  ({
    failures,
    openUntil,
    problem,
    blocked,
    reservedMs,
    ...lane
  }: LaneState): z.input<typeof laneView> => ({
    ...lane,
    reservedMs: Math.round(reservedMs),
    circuit: { is: circuitWord({ openUntil }, now), until: openUntil, failures, problem },
    blocked: Object.entries(blocked).map(([product, one]) => ({ product, ...one })),
  })
