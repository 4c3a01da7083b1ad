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
import { instantField } from '../kernel/fields.ts'
import * as store from './store.ts'

const eventView = z
  .object({
    id: z.string().meta({ description: 'The event', example: 'evt_example' }),
    at: instantField('When it happened'),
    kind: z.string().meta({ description: 'What happened', example: 'offer.live' }),
    subject: z.string().meta({ description: 'To what', example: 'offer_example' }),
    actor: z
      .object({
        kind: z
          .enum(['key', 'job', 'system'])
          .meta({ description: 'A caller’s API key, or work of ours', example: 'key' }),
        id: z.string().meta({ description: 'Which', example: 'key_example' }),
        name: z.string().meta({ description: 'Its name', example: 'deal desk' }),
      })
      .meta({ description: 'By whom' }),
    requestId: z
      .string()
      .nullable()
      .meta({ description: 'The request that did it, if one did', example: null }),
    data: z.unknown().meta({ description: 'Why, and what changed', example: {} }),
    cursor: z
      .string()
      .meta({ description: 'Read on after this event with `cursor`', example: 'WyIxIiwiMSJd' }),
  })
  .meta({ id: 'Event' })

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['events'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'What happened, by whom and why, in order, after a cursor',
  request: {
    query: z.object({
      ...pageQuery,
      subject: z
        .string()
        .max(100)
        .optional()
        .meta({ description: 'Only of this resource', example: 'offer_example' }),
      kind: z
        .string()
        .max(60)
        .optional()
        .meta({ description: 'Only of this kind', example: 'offer.live' }),
    }),
  },
  responses: {
    200: json(
      pageOf(eventView),
      'Events, oldest first; keep the last one’s cursor to read on later',
    ),
    ...problems,
  },
})

const isNumber = (text: string) => /^\d{1,18}$/.test(text)

export const events = router().openapi(list, async (c) => {
  const { limit, cursor, subject, kind } = c.req.valid('query')
  const position = readCursor(cursor, 2, isNumber)
  if (position && !isNumber(position[1] ?? '')) readCursor('', 2)
  const rows = await store.after(c.var.deps.db, limit + 1, position, { subject, kind })
  const view = ({ position, ...event }: store.Event) => ({
    ...event,
    cursor: Buffer.from(JSON.stringify(position)).toString('base64url'),
  })
  return c.json(
    page(rows, limit, view, ({ position }) => position),
    200,
  )
})
