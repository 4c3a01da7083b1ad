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
  problems,
  readers,
  router,
} from '../api.ts'
import { connectionId } from '../connections/model.ts'
import { instantField, textField } from '../kernel/fields.ts'
import { recordId } from './model.ts'
import type { KeptPolicy } from './policies.ts'
import { usagePolicy } from './policy.ts'
import * as service from './service.ts'
import { recordDetailView, viewRecordDetail } from './views.ts'

const tags = ['usage']
const security = bearer
const deciders = ['deal_desk', 'finance'] as const
const ofConnection = z.object({ connection: connectionId })

const policyView = usagePolicy
  .extend({
    connection: connectionId,
    revision: z
      .int()
      .meta({ description: 'Counts changes; also the ETag. 0: nobody chose one', example: 1 }),
    updatedAt: instantField('When it last changed; null when it never did').nullable(),
  })
  .meta({ id: 'UsagePolicy' })
const viewPolicy = ({ policy, ...kept }: KeptPolicy): z.input<typeof policyView> => ({
  ...policy,
  ...kept,
})

const get = createRoute({
  method: 'get',
  path: '/{connection}',
  tags,
  security,
  middleware: allow(...readers),
  summary: 'What a seller account does about usage that looks wrong',
  request: { params: ofConnection },
  responses: { 200: json(policyView, 'The policy'), ...problems },
})
const put = createRoute({
  method: 'put',
  path: '/{connection}',
  tags,
  security,
  middleware: allow(...deciders),
  summary: 'Choose what a seller account does about usage that looks wrong',
  description: 'What is held already is looked at again by the new policy within a minute.',
  request: { params: ofConnection, body: body(usagePolicy), headers: conditional },
  responses: { 200: json(policyView, 'The policy as it is now'), ...problems },
})

export const usagePolicies = router()
  .openapi(get, async (c) => {
    const kept = await service.policy(c.var.deps, c.req.valid('param').connection)
    c.header('etag', etag(kept.revision))
    return c.json(viewPolicy(kept), 200)
  })
  .openapi(put, async (c) => {
    const kept = await service.choosePolicy(
      c.var.deps,
      c.req.valid('param').connection,
      c.req.valid('json'),
      expectedRevision(c.req.valid('header')['if-match']),
    )
    c.header('etag', etag(kept.revision))
    return c.json(viewPolicy(kept), 200)
  })

const params = idParam(recordId)
const release = createRoute({
  method: 'post',
  path: '/{id}/release',
  tags,
  security,
  middleware: allow(...deciders),
  summary: 'Let a held usage record go: it is sent as it is',
  request: { params, headers: idempotent },
  responses: { 200: json(recordDetailView, 'The record'), ...problems },
})
const discard = createRoute({
  method: 'post',
  path: '/{id}/discard',
  tags,
  security,
  middleware: allow(...deciders),
  summary: 'Give a held usage record up: it is lost, by name and value',
  request: {
    params,
    body: body(
      z.strictObject({
        reason: textField(500, 'Why it is not to be billed', 'a test ran in the wrong account'),
      }),
    ),
    headers: idempotent,
  },
  responses: { 200: json(recordDetailView, 'The record'), ...problems },
})

export const usageHolds = router()
  .openapi(release, async (c) =>
    c.json(viewRecordDetail(await service.release(c.var.deps, c.req.valid('param').id)), 200),
  )
  .openapi(discard, async (c) => {
    const { id } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    return c.json(viewRecordDetail(await service.discard(c.var.deps, id, reason)), 200)
  })
