import { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { handlers as agreementHandlers, syncs as agreementSyncs } from './agreements/jobs.ts'
import { registration } from './agreements/register-routes.ts'
import { agreements } from './agreements/routes.ts'
import type { Env } from './api.ts'
import { handlers as backfillHandlers } from './backfills/jobs.ts'
import { backfills, tries } from './backfills/routes.ts'
import { buyers } from './buyers/routes.ts'
import { commitments, drawdownReport } from './commitments/routes.ts'
import { handlers as connectionHandlers } from './connections/jobs.ts'
import { connections, syncs } from './connections/routes.ts'
import { contracts } from './contracts/routes.ts'
import { handlers as crmHandlers, syncs as crmSyncs } from './crm/jobs.ts'
import { crm } from './crm/routes.ts'
import type { Deps } from './deps.ts'
import { describeApi } from './docs.ts'
import { events } from './events/routes.ts'
import { authenticated, limitBody, purgeAnswers, repeatable, wellFormed } from './gate.ts'
import { asProblem, codes, Problem } from './kernel/problem.ts'
import { keys } from './keys.ts'
import { syncs as listingSyncs } from './listings/jobs.ts'
import { listings } from './listings/routes.ts'
import { usageEvents } from './metering/event-routes.ts'
import { handlers as meteringHandlers, syncs as meteringSyncs } from './metering/jobs.ts'
import { usageLanes } from './metering/lane-routes.ts'
import { usageHolds, usagePolicies } from './metering/policy-routes.ts'
import { usageAllowances, usageReadBacks } from './metering/read-back-routes.ts'
import { meteringReport, usageRecords } from './metering/routes.ts'
import { meters } from './meters/routes.ts'
import { handlers as noticeHandlers, syncs as noticeSyncs } from './notices/jobs.ts'
import { incoming, notices } from './notices/routes.ts'
import { documents } from './offers/document-routes.ts'
import { handlers as offerHandlers, syncs as offerSyncs } from './offers/jobs.ts'
import { offersReport } from './offers/report-routes.ts'
import { offers } from './offers/routes.ts'
import { jobs, operations } from './operations.ts'
import type { Handlers } from './platform/jobs.ts'
import { providers } from './providers.ts'
import { handlers as revenueHandlers, syncs as revenueSyncs } from './revenue/jobs.ts'
import { disbursements, revenueImports, revenueLines, revenueReport } from './revenue/routes.ts'
import { syncs as statementSyncs } from './statements/jobs.ts'
import { reconciliationReport, statements } from './statements/routes.ts'
import {
  agreementInvoices,
  contractPostings,
  contractRatings,
  usageParts,
} from './statements/row-routes.ts'
import type { SyncDefinition } from './sync.ts'

/** Every job there is, by kind. */
export const handlers: Handlers<Deps> = {
  'gate.purge': purgeAnswers,
  ...connectionHandlers,
  ...offerHandlers,
  ...agreementHandlers,
  ...meteringHandlers,
  ...backfillHandlers,
  ...revenueHandlers,
  ...crmHandlers,
  ...noticeHandlers,
}

/** Everything that is kept up with. */
export const syncDefinitions: readonly SyncDefinition[] = [
  ...listingSyncs,
  ...offerSyncs,
  ...agreementSyncs,
  ...meteringSyncs,
  ...revenueSyncs,
  ...statementSyncs,
  ...crmSyncs,
  ...noticeSyncs,
]

/** What the offers' preview asks about the buyer's commitments. */
export { estimateFit } from './commitments/service.ts'

/** One served request, for whoever counts. */
export type Served = {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

export type AppOptions<Bindings extends object> = {
  /** Makes the world of one request: a Worker may not carry a socket from one to the next. */
  readonly open: (env: Bindings) => Deps | Promise<Deps>
  readonly observe?: (served: Served) => void
  /** Prometheus text for /metrics. */
  readonly metrics?: (deps: Deps) => Promise<string>
}

/** The whole service as one fetch handler; it knows no runtime. */
export function createApp<Bindings extends object>({
  open,
  observe,
  metrics,
}: AppOptions<Bindings>) {
  const app = new OpenAPIHono<Env>()
  app.use(async (c, next) => {
    const started = performance.now()
    const given = c.req.header('x-request-id') ?? ''
    const requestId = /^[\w.-]{8,64}$/.test(given)
      ? given
      : `req_${crypto.randomUUID().slice(0, 13)}`
    c.set('requestId', requestId)
    c.header('x-request-id', requestId)
    c.set('deps', { ...(await open(c.env as Bindings)), requestId })
    await next()
    const seconds = (performance.now() - started) / 1000
    const served = {
      method: c.req.method,
      route: routeOf(c.req.path),
      status: c.res.status,
      seconds,
    }
    observe?.(served)
    c.var.deps.log.info({ requestId, ...served }, 'request')
  })
  app.use('/v1/*', limitBody, authenticated, wellFormed, repeatable)
  app.route('/v1/api-keys', keys)
  app.route('/v1/connections', connections)
  app.route('/v1/syncs', syncs)
  app.route('/v1/agreements', agreements)
  app.route('/v1/contracts', contracts)
  app.route('/v1/meters', tries)
  app.route('/v1/meters', meters)
  app.route('/v1/backfills', backfills)
  app.route('/v1/usage-events', usageEvents)
  app.route('/v1/usage-records', usageRecords)
  app.route('/v1/usage-records', usageHolds)
  app.route('/v1/usage-policies', usagePolicies)
  app.route('/v1/usage-lanes', usageLanes)
  app.route('/v1/usage-allowances', usageAllowances)
  app.route('/v1/usage-read-backs', usageReadBacks)
  app.route('/v1/reports', meteringReport)
  app.route('/v1/notices', notices)
  app.route('/register', registration)
  app.route('/notices', incoming)
  app.route('/v1/providers', providers)
  app.route('/v1/revenue-imports', revenueImports)
  app.route('/v1/revenue-lines', revenueLines)
  app.route('/v1/disbursements', disbursements)
  app.route('/v1/commitments', commitments)
  app.route('/v1/reports', revenueReport)
  app.route('/v1/agreements', statements)
  app.route('/v1/reports', reconciliationReport)
  app.route('/v1/usage-parts', usageParts)
  app.route('/v1/contract-ratings', contractRatings)
  app.route('/v1/contract-postings', contractPostings)
  app.route('/v1/agreement-invoices', agreementInvoices)
  app.route('/v1/reports', drawdownReport)
  app.route('/v1/events', events)
  app.route('/v1/jobs', jobs)
  app.route('/v1/listings', listings)
  app.route('/v1/buyers', buyers)
  app.route('/v1/documents', documents)
  app.route('/v1/offers', offers)
  app.route('/v1/reports', offersReport)
  app.route('/v1/crm', crm)
  app.route('/', operations(metrics))
  describeApi(app)
  app.notFound((c) =>
    render(c, new Problem('not_found', `nothing at ${c.req.method} ${c.req.path}`)),
  )
  app.onError((error, c) => render(c, problemOf(error)))
  return app
}

/** A path with its ids replaced, so that counters stay few. */
const routeOf = (path: string) => path.replace(/\/[a-z]+_[0-9a-zA-Z]{8,}/g, '/:id').slice(0, 80)

function problemOf(error: Error): Problem {
  if (!(error instanceof HTTPException) || error.status >= 500) return asProblem(error)
  const message = error.message || 'the request is not well formed'
  if (error.status === 404) return new Problem('not_found', message)
  return new Problem('invalid', message, { errors: [{ path: '', message }] })
}

function render(
  c: { var: Env['Variables']; header: (name: string, value: string) => void },
  problem: Problem,
): Response {
  const { status } = codes[problem.code]
  const { deps, requestId } = c.var
  if (problem.code === 'internal')
    deps?.log.error({ requestId, cause: causeOf(problem) }, 'request failed')
  const { retryAfterMs, ...details } = problem.details
  const body = {
    ...details,
    type: `urn:tradepost:problem:${problem.code}`,
    title: problem.message,
    status,
    code: problem.code,
    requestId,
  }
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
  }
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000))
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return new Response(JSON.stringify(body), { status, headers })
}

const causeOf = ({ cause, message }: Problem) =>
  cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? message)
