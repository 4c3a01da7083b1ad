import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  idempotent,
  json,
  page,
  pageOf,
  pageQuery,
  problems,
  readCursor,
  readers,
  router,
  violationsOf,
} from '../api.ts'
import { instantField } from '../kernel/fields.ts'
import { refuse } from '../kernel/problem.ts'
import { attributePath, fromHeaders, isBinary, readCloudEvent } from './cloud-events.ts'
import {
  answerView,
  cloudEventView,
  eventDetailView,
  listedEventView,
  usageEventView,
  usageReportView,
  viewDetail,
  viewListed,
  viewTried,
} from './event-views.ts'
import { eventsMax, recordId, reportUsage } from './model.ts'
import * as service from './service.ts'
import { agreementQuery, dimension, text, viewIngested } from './views.ts'

const security = bearer
const component = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const singleType = 'application/cloudevents+json'
const batchType = 'application/cloudevents-batch+json'

// The bodies are read by hand: which schema holds hangs on the media type.
const report = createRoute({
  method: 'post',
  path: '/',
  tags: ['usage'],
  security,
  middleware: allow('meter'),
  summary: `Report usage, 1 to ${eventsMax} events of any form`,
  description:
    'Each event is taken or refused on its own. The same id of a source counts once for ever, so a batch may always be sent again. CloudEvents 1.0 are taken one by one, in batches, and in binary mode (`ce-` headers, data as the body).',
  request: {
    query: z.object({
      dryRun: z.enum(['true', 'false']).default('false').meta({
        description: 'Answers the same, and where each event would go; nothing is stored',
        example: 'false',
      }),
    }),
    headers: idempotent,
    body: {
      required: true,
      content: {
        'application/json': { schema: component('UsageReport') },
        [singleType]: { schema: component('CloudEvent') },
        [batchType]: {
          schema: { type: 'array', items: component('CloudEvent'), maxItems: eventsMax },
        },
      },
    },
  },
  responses: {
    200: json(answerView, 'What became of each event'),
    ...problems,
  },
})

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'List usage events as they were told, by source and id',
  request: {
    query: z.object({
      ...pageQuery,
      agreement: agreementQuery,
      dimension: dimension.max(100).optional(),
      source: text('Only of this source', 'billing-worker').max(100).optional(),
      name: text('Only named ones of this name', 'api.request').max(200).optional(),
      record: recordId.optional(),
      from: instantField('Counted from this hour on').optional(),
      to: instantField('Counted before this hour', '2028-01-01T00:00:00.000Z').optional(),
    }),
  },
  responses: { 200: json(pageOf(listedEventView), 'A page of events'), ...problems },
})

const get = createRoute({
  method: 'get',
  path: '/by-id',
  tags: ['usage'],
  security,
  middleware: allow(...readers),
  summary: 'Get a usage event, with what was made of it and the records that hold it',
  request: {
    query: z.object({
      source: z
        .string()
        .min(1)
        .max(100)
        .meta({ description: 'Its source', example: 'source_example' }),
      id: z.string().min(1).max(200).meta({ description: 'Its id', example: 'event_example' }),
    }),
  },
  responses: { 200: json(eventDetailView, 'The event'), ...problems },
})

const usage = router()
usage.openAPIRegistry.register('UsageEvent', usageEventView)
usage.openAPIRegistry.register('UsageReport', usageReportView)
usage.openAPIRegistry.register('CloudEvent', cloudEventView)

export const usageEvents = usage
  .openapi(report, async (c) => {
    const headers = c.req.header()
    const body = await bodyOf(c.req)
    const told = isCloudEvent(headers) ? cloudEvents(headers, body) : ours(body)
    const { deps } = c.var
    if (c.req.valid('query').dryRun === 'true')
      return c.json(told.show(viewTried(await service.tryOut(deps, told.values, told))), 200)
    return c.json(told.show(viewIngested(await service.ingest(deps, told.values, told))), 200)
  })
  .openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query')
    const after = readCursor(cursor, 2, () => true)
    const rows = await service.listEvents(c.var.deps, limit + 1, after, filter)
    return c.json(
      page(rows, limit, viewListed, (row) => [row.source, row.id]),
      200,
    )
  })
  .openapi(get, async (c) => {
    const { source, id } = c.req.valid('query')
    return c.json(viewDetail(await service.getEvent(c.var.deps, source, id)), 200)
  })

/** The body as JSON; undefined for an empty one. */
async function bodyOf(request: { text(): Promise<string> }): Promise<unknown> {
  const text = await request.text()
  return text.trim() === '' ? undefined : JSON.parse(text)
}

type Headers = Readonly<Record<string, string>>
type Told = {
  readonly values: readonly unknown[]
  readonly read?: typeof readCloudEvent | undefined
  /** Puts an answer into the words of the form. */
  show<Answer extends Pick<ReturnType<typeof viewIngested>, 'refused'>>(answer: Answer): Answer
}

function ours(body: unknown): Told {
  const { success, data, error } = reportUsage.safeParse(body)
  if (!success) refuse(violationsOf(error))
  return { values: data?.events ?? [], show: (answer) => answer }
}

const mediaType = (headers: Headers) =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()

const isCloudEvent = (headers: Headers) =>
  mediaType(headers) === singleType || mediaType(headers) === batchType || isBinary(headers)

function cloudEvents(headers: Headers, body: unknown): Told {
  const type = mediaType(headers)
  if (type === batchType && !Array.isArray(body))
    refuse([{ path: '', message: 'must be an array of CloudEvents' }])
  const values =
    type === batchType
      ? (body as readonly unknown[])
      : [type === singleType ? body : fromHeaders(headers, body)]
  if (values.length > eventsMax)
    refuse([{ path: '', message: `must have at most ${eventsMax} events` }])
  return {
    values,
    read: readCloudEvent,
    show: (answer) => ({
      ...answer,
      refused: answer.refused.map((one) => ({
        ...one,
        path: attributePath(one.path),
        errors: one.errors.map(({ path, message }) => ({ path: attributePath(path), message })),
      })),
    }),
  }
}
