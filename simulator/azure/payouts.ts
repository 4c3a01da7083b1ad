import { type Context, Hono } from 'hono'
import { callerOf, Refused } from './identity/caller.ts'
import { download, fileOf, linkTo } from './insights-files.ts'
import type { Publisher } from './parties.ts'
import { type Export, exports, queueExport } from './payouts-exports.ts'
import { readFilter } from './payouts-filter.ts'
import type { ExportKind } from './payouts-rows.ts'
import type { AzureState } from './state.ts'
import { dayOf, ticks } from './time.ts'

const BASE = '/azure/partner/v1.0/payouts'
const KINDS: readonly ExportKind[] = ['transactionhistory', 'payments']

/**
 * Payout exports, relative to `https://api.partner.microsoft.com/v1.0/payouts` ("Create transaction
 * history export", "Create payments export"): queued, worked on, then a file at a link.
 */
export function payoutsRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.use('*', async (c, next) => {
    await next()
    c.header('ms-correlationid', c.req.header('ms-correlationid') ?? state.ids.guid())
    c.header('ms-requestid', c.req.header('ms-requestid') ?? state.ids.guid())
  })
  routes.get('/files/:name', (c) => download(state, c.req.param('name'), c.req.query('sig')))
  for (const kind of KINDS) exportRoutes(state, routes, kind)
  routes.onError((error, c) => {
    if (!(error instanceof Refused)) throw error
    const status = ['role', 'user'].includes(error.reason) ? 403 : 401
    const code = status === 401 ? 'unauthenticated' : 'accessDenied'
    return c.json({ error: { code, message: error.message } }, status)
  })
  return routes
}

function exportRoutes(state: AzureState, routes: Hono, kind: ExportKind): void {
  routes.post(`/${kind}`, (c) => {
    const publisher = publisherOf(state, c)
    const filter = c.req.query('$filter') ?? ''
    const format = (c.req.query('fileformat') ?? 'csv').toLowerCase()
    if (format !== 'csv' && format !== 'tsv') return refused(c, 'fileformat must be csv or tsv.')
    if (!readFilter(kind, filter, dayOf(state.now()))) {
      return refused(c, `The filter '${filter}' is not valid.`)
    }
    return c.json(list(state, queueExport(state, publisher, { kind, filter, format })), 202)
  })
  routes.get(`/${kind}/:id`, (c) => {
    const one = owned(state, c, kind)
    return one ? c.json(list(state, one)) : missing(c)
  })
  routes.delete(`/${kind}/:id`, (c) => {
    const one = owned(state, c, kind)
    if (!one) return missing(c)
    exports(state).delete(one.id)
    return c.body(null, 204)
  })
}

function publisherOf(state: AzureState, c: Context): Publisher {
  return callerOf(state, c.req.header('authorization'), 'payouts').publisher
}

function owned(state: AzureState, c: Context, kind: ExportKind): Export | undefined {
  const publisher = publisherOf(state, c)
  const one = exports(state).get(c.req.param('id') ?? '')
  return one?.publisherId === publisher.id && one.kind === kind ? one : undefined
}

function list(state: AzureState, one: Export) {
  const file = fileOf(state, one.file)
  return {
    value: [
      {
        requestId: one.id,
        requestDateTime: ticks(one.requestedAt),
        requestPath: `/v1.0/payouts/${one.kind}`,
        requestQueryString: one.filter,
        blobLocation: file ? linkTo(state, BASE, file) : '',
        status: one.status,
      },
    ],
    nextLink: null,
    totalCount: 1,
  }
}

function refused(c: Context, message: string) {
  return c.json({ error: { code: 'invalidRequest', message } }, 400)
}

function missing(c: Context) {
  return c.json({ error: { code: 'itemNotFound', message: 'The export was not found.' } }, 404)
}
