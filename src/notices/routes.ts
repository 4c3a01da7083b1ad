import { createRoute } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
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
import { Problem } from '../kernel/problem.ts'
import { readInstant } from '../kernel/time.ts'
import { receive } from './intake.ts'
import { noticeStates } from './model.ts'
import * as service from './service.ts'
import { noticeView, viewNotice } from './views.ts'

const bodyBytesMax = 256 * 1024

/**
 * Where providers push to us. Needs no API key: the port verifies the sender. A change that a notice asks about and
 * that is refused is answered with `conflict`, as is every repeat of it.
 */
export const incoming = router()
  .use(
    '/:connection',
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => {
        throw new Problem('too_large', `a notice must have at most ${bodyBytesMax} bytes`)
      },
    }),
  )
  .post('/:connection', async (c) => {
    const read = async () => ({ headers: c.req.header(), body: await c.req.text() })
    const { received, refused } = await receive(c.var.deps, c.req.param('connection'), read)
    if (refused.length > 0)
      throw new Problem('conflict', 'the seller does not take this change', { received, refused })
    return c.json({ received }, 202)
  })

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['notices'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'What providers told us, and what became of it',
  request: {
    query: z.object({
      ...pageQuery,
      state: z
        .enum(noticeStates)
        .optional()
        .meta({ description: 'Only in this state', example: 'failed' }),
    }),
  },
  responses: { 200: json(pageOf(noticeView), 'Notices, in the order they came'), ...problems },
})

export const notices = router().openapi(list, async (c) => {
  const { limit, cursor, state } = c.req.valid('query')
  const rows = await service.list(c.var.deps, limit + 1, placeAfter(cursor), state)
  return c.json(
    page(rows, limit, viewNotice, (row) => [row.receivedAt, row.id]),
    200,
  )
})

/** Time and id of a cursor. What only looks like one must not reach the database. */
function placeAfter(cursor: string | undefined) {
  const place = readCursor(cursor, 2)
  if (place && !readInstant(place[0] ?? ''))
    throw new Problem('invalid', 'cursor is not one that this list returned', {
      errors: [{ path: 'query.cursor', message: 'is not one that this list returned' }],
    })
  return place
}
