import { createRoute } from '@hono/zod-openapi'
import { sql } from 'kysely'
import * as z from 'zod'
import { allow, bearer, body, idempotent, json, problems, readers, router } from './api.ts'
import type { Deps } from './deps.ts'
import { instantField } from './kernel/fields.ts'
import { Problem } from './kernel/problem.ts'
import { listJobs, restart } from './platform/jobs.ts'

/** Health, readiness and metrics: what an operator's machines ask, without a key. */
export const operations = (metrics?: (deps: Deps) => Promise<string>) =>
  router()
    .get('/health', (c) => c.json({ status: 'ok' }))
    .get('/ready', async (c) => {
      const ready = await sql`select 1`.execute(c.var.deps.db).then(
        () => true,
        () => false,
      )
      return c.json({ status: ready ? 'ready' : 'the database does not answer' }, ready ? 200 : 503)
    })
    .get('/metrics', async (c) => {
      if (!metrics) throw new Problem('not_found', 'this runtime keeps no metrics')
      return c.text(await metrics(c.var.deps), 200, { 'content-type': 'text/plain; version=0.0.4' })
    })

const jobView = z
  .object({
    id: z
      .string()
      .meta({ description: 'The job', example: '0b8a3e0e-6f5c-4a7e-9a44-3a2f3a7f7f10' }),
    kind: z.string().meta({ description: 'What it does', example: 'offers.publish' }),
    subject: z.string().meta({ description: 'For what', example: 'offer_example' }),
    attempt: z.int().meta({ description: 'How often it was tried in vain', example: 0 }),
    due: instantField('When it is due'),
    problem: z.unknown().meta({ description: 'What the last attempt ran into', example: null }),
  })
  .meta({ id: 'Job' })

const jobsMax = 200
const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['jobs'],
  security: bearer,
  middleware: allow(...readers),
  summary: 'Jobs that stopped, or that wait',
  request: {
    query: z.object({
      state: z
        .enum(['stopped', 'waiting'])
        .default('stopped')
        .meta({ description: 'Which', example: 'stopped' }),
    }),
  },
  responses: {
    200: json(z.object({ data: z.array(jobView), next: z.null() }), `The oldest ${jobsMax}`),
    ...problems,
  },
})
const restartJobs = z
  .strictObject({
    kind: z
      .string()
      .max(60)
      .meta({ description: 'Only jobs of this kind', example: 'offers.publish' }),
    id: z
      .uuid()
      .meta({ description: 'Only this job', example: '0b8a3e0e-6f5c-4a7e-9a44-3a2f3a7f7f10' }),
  })
  .partial()
const again = createRoute({
  method: 'post',
  path: '/restart',
  tags: ['jobs'],
  security: bearer,
  middleware: allow(),
  summary: 'Put stopped jobs back to work: all of them, those of a kind, or one',
  request: { body: body(restartJobs), headers: idempotent },
  responses: {
    202: json(
      z.object({ restarted: z.int().meta({ description: 'How many wait again', example: 1 }) }),
      'They wait again',
    ),
    ...problems,
  },
})

export const jobs = router()
  .openapi(list, async (c) => {
    const rows = await listJobs(c.var.deps.db, c.req.valid('query').state, jobsMax)
    return c.json({ data: rows.map((row) => ({ ...row })), next: null }, 200)
  })
  .openapi(again, async (c) => {
    const { deps } = c.var
    return c.json({ restarted: await restart(deps.db, deps.jobs, c.req.valid('json')) }, 202)
  })
