import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  conditional,
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
import { hourOf } from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import { addVersion, createMeter, meterId } from './model.ts'
import * as service from './service.ts'
import { meterView, versionView, viewMeter, viewVersion } from './views.ts'

const shared = { tags: ['meters'], security: bearer }
const params = idParam(meterId)
const writers = ['deal_desk', 'finance'] as const

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  middleware: allow(...writers),
  summary: 'Define a meter: what events of one name give to which dimensions',
  description:
    'Expressions know `properties.name` (also `properties["a-name"]` and names within), numbers, texts, true, false and null; + − * /, == != < <= > >=, `in ["a", "b"]`, && || ! and brackets; min, max, floor, ceil, round(x, places), coalesce(a, b) and lower(text). Numbers are exact, JSON numbers of up to 15 digits or decimal strings; a quotient has 12 decimals, rounded half away from zero. A missing property is null, which counts as no number: coalesce replaces it. What does not compile is refused with the place and what was expected there.',
  request: { body: body(createMeter), headers: idempotent },
  responses: { 201: json(meterView, 'Defined'), ...problems },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  middleware: allow(...readers),
  summary: 'List meters',
  request: {
    query: z.object({
      ...pageQuery,
      listing: listingId.optional(),
      event: z
        .string()
        .max(200)
        .optional()
        .meta({ description: 'Only those that read events of this name', example: 'api.request' }),
    }),
  },
  responses: { 200: json(pageOf(meterView), 'A page of meters'), ...problems },
})
const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}',
  middleware: allow(...readers),
  summary: 'Get a meter',
  request: { params },
  responses: { 200: json(meterView, 'The meter'), ...problems },
})
const versions = createRoute({
  ...shared,
  method: 'get',
  path: '/{id}/versions',
  middleware: allow(...readers),
  summary: 'Every version of a meter',
  request: { params },
  responses: {
    200: json(z.object({ data: z.array(versionView), next: z.null() }), 'The oldest first'),
    ...problems,
  },
})
const amend = createRoute({
  ...shared,
  method: 'post',
  path: '/{id}/versions',
  middleware: allow(...writers),
  summary: 'Say what a meter is from an hour on',
  description:
    'The hour must not have begun. What was counted stays as it is: a backfill reads past events anew. Of two versions from one hour the later counts.',
  request: {
    params,
    body: body(addVersion),
    headers: z.object({ ...conditional.shape, ...idempotent.shape }),
  },
  responses: { 201: json(meterView, 'The meter as it is now'), ...problems },
})

export const meters = router()
  .openapi(create, async (c) => {
    const shown = await service.create(c.var.deps, c.req.valid('json'))
    c.header('etag', etag(shown.meter.revision))
    return c.json(viewMeter(shown, hourOf(c.var.deps.now())), 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const rows = await service.list(c.var.deps, limit + 1, readCursor(cursor, 2), filter)
    const hour = hourOf(c.var.deps.now())
    return c.json(
      page(
        rows,
        limit,
        (shown) => viewMeter(shown, hour),
        ({ meter }) => [meter.createdAt, meter.id],
      ),
      200,
    )
  })
  .openapi(get, async (c) => {
    const shown = await service.get(c.var.deps, c.req.valid('param').id)
    c.header('etag', etag(shown.meter.revision))
    return c.json(viewMeter(shown, hourOf(c.var.deps.now())), 200)
  })
  .openapi(versions, async (c) => {
    const { meter } = await service.get(c.var.deps, c.req.valid('param').id)
    return c.json({ data: meter.versions.map(viewVersion), next: null }, 200)
  })
  .openapi(amend, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const shown = await service.amend(c.var.deps, id, c.req.valid('json'), expected)
    c.header('etag', etag(shown.meter.revision))
    return c.json(viewMeter(shown, hourOf(c.var.deps.now())), 201)
  })
