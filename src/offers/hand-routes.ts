import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  conditional,
  type Env,
  etag,
  expectedRevision,
  idempotent,
  idParam,
  json,
  problems,
  readers,
  router,
} from '../api.ts'
import * as byHand from './by-hand.ts'
import { match } from './match.ts'
import { type Offer, offerId } from './model.ts'
import { confirmChange, matchOffer, publishedOffer, refuseChange } from './request.ts'
import { drawSheet } from './sheet-page.ts'
import { sheetView, viewSheet } from './sheet-views.ts'
import { offerView, viewOffer } from './views.ts'

const params = idParam(offerId)
const headers = z.object({ ...idempotent.shape, ...conditional.shape })
const told = { tags: ['offers'], security: bearer, middleware: allow('deal_desk') }

const sheet = createRoute({
  tags: ['offers'],
  security: bearer,
  middleware: allow(...readers),
  method: 'get',
  path: '/{id}/sheet',
  summary: 'What a person is to type in at the marketplace: data, or a page to print',
  request: {
    params,
    query: z.object({
      format: z.enum(['json', 'html']).optional().meta({
        description: '`html`: a page to print; absent: by the Accept header',
        example: 'json',
      }),
    }),
  },
  responses: {
    200: {
      description: 'The sheet',
      content: {
        'application/json': { schema: sheetView },
        'text/html': { schema: z.string().meta({ description: 'A page', example: '' }) },
      },
    },
    ...problems,
  },
})
const published = createRoute({
  ...told,
  method: 'post',
  path: '/{id}/published',
  summary: 'Say that an offer was typed in, and what the marketplace calls it',
  request: { params, body: body(publishedOffer), headers },
  responses: { 200: json(offerView, 'Live'), ...problems },
})
const done = createRoute({
  ...told,
  method: 'post',
  path: '/{id}/done',
  summary: 'Say that a change was made by hand',
  request: { params, body: body(confirmChange), headers },
  responses: { 200: json(offerView, 'Withdrawn, or live for longer'), ...problems },
})
const notDone = createRoute({
  ...told,
  method: 'post',
  path: '/{id}/not-done',
  summary: 'Say that a change could not be made by hand, and why',
  request: { params, body: body(refuseChange), headers },
  responses: { 200: json(offerView, 'Live as it was'), ...problems },
})
const matching = createRoute({
  ...told,
  method: 'post',
  path: '/{id}/match',
  summary: 'Say which agreement came of an offer, where that is not sure',
  request: { params, body: body(matchOffer), headers },
  responses: { 200: json(offerView, 'Accepted'), ...problems },
})

/** What people do for an offer at a marketplace, and tell us of. */
export const offersByHand = router()
  .openapi(sheet, async (c) => {
    const found = await byHand.sheet(c.var.deps, c.req.valid('param').id)
    c.header('vary', 'accept')
    const wanted = c.req.valid('query').format ?? accepted(c.req.header('accept'))
    if (wanted === 'json') return c.json(viewSheet(found), 200)
    const nonce = crypto.randomUUID()
    protect(c, nonce)
    return c.html(drawSheet({ ...found, nonce }), 200) as never
  })
  .openapi(published, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    return shown(c, await byHand.published(c.var.deps, id, c.req.valid('json'), expected))
  })
  .openapi(done, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    return shown(c, await byHand.done(c.var.deps, id, c.req.valid('json'), expected))
  })
  .openapi(notDone, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    return shown(c, await byHand.notDone(c.var.deps, id, reason, expected))
  })
  .openapi(matching, async (c) => {
    const expected = expectedRevision(c.req.valid('header')['if-match'])
    const { id } = c.req.valid('param')
    return shown(c, await match(c.var.deps, id, c.req.valid('json').agreement, expected))
  })

function shown(c: Context<Env>, offer: Offer) {
  c.header('etag', etag(offer.revision))
  return c.json(viewOffer(offer), 200)
}

/** Browsers name HTML before anything else. */
const accepted = (header = ''): 'json' | 'html' => {
  const [html, other] = [header.indexOf('text/html'), header.indexOf('application/json')]
  return html >= 0 && (other < 0 || html < other) ? 'html' : 'json'
}

/** Nobody keeps, frames or forwards what an offer says. */
function protect(c: Context<Env>, nonce: string): void {
  const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  c.header('content-security-policy', `style-src 'nonce-${nonce}'; ${nothing}`)
  c.header('cache-control', 'no-store')
  c.header('referrer-policy', 'no-referrer')
  c.header('x-content-type-options', 'nosniff')
}
