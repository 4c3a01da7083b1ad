import { generateKeyPairSync } from 'node:crypto'
import { openClient } from '../../adapters/gcp/client.ts'
import { metering } from '../../adapters/gcp/metering.ts'
import { credentials, settings } from '../../adapters/gcp/settings.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import type { Report } from '../../src/metering/model.ts'
import type { Fetch } from '../../src/platform/http.ts'

export const service = 'acme-analytics.endpoints.acme-public.cloud.goog'
export const consumer = 'project_number:625643682501'

export const report = (change: Partial<Report> = {}): Report => ({
  id: 'rec_1',
  agreementRef: '18f7b898-0e53-4a64-9d3c-4a2b6f1d0c11',
  licenseRef: consumer,
  buyerRef: 'E-1234-5678-ABCD-EFGH',
  customerRef: null,
  meteringRef: service,
  planRef: 'pro',
  dimension: 'api_calls',
  hour: '2026-02-06T12:00Z',
  quantity: '150',
  allocations: [],
  ...change,
})

export type Call = { readonly method: string; readonly path: string; readonly body: any }
export type Answer = { readonly status?: number; readonly json?: unknown } | 'hang up'
type Replies = {
  readonly check?: (call: Call) => Answer
  readonly report?: (call: Call) => Answer
  readonly entitlement?: (call: Call) => Answer
}

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
export const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()

export const metrics = [
  { plan: 'pro', dimension: 'api_calls', metric: 'pro_api_calls' },
  { plan: null, dimension: 'storage_gb', metric: 'any_storage_gb' },
  { plan: 'payg', dimension: 'storage_gb', metric: 'payg_storage_gb' },
]

const ok: Answer = { json: { serviceConfigId: '2026-01-10r0' } }

/** Google as a function: what is not said otherwise goes well. The clock stands where it is put. */
export function google(replies: Replies = {}, options: { metering?: object } = {}) {
  const calls: Call[] = []
  const clock = { now: '2026-02-06T13:06:00.000Z' as Instant }
  const fetch: Fetch = async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/token')
      return Response.json({ access_token: 'token', expires_in: 3599, token_type: 'Bearer' })
    const text = await request.text()
    const call = {
      method: request.method,
      path: decodeURIComponent(pathname),
      body: text === '' ? undefined : JSON.parse(text),
    }
    calls.push(call)
    const answer = answerTo(call, replies)
    if (answer === 'hang up') throw new TypeError('fetch failed')
    return Response.json(answer.json ?? {}, { status: answer.status ?? 200 })
  }
  const client = openClient(
    {
      settings: settings.parse({
        projectId: 'acme-public',
        offers: 'handoff',
        audiences: ['acme.example'],
        endpoint: 'http://google.test',
        products: [{ service, name: 'Acme Analytics', metrics }],
        metering: options.metering ?? {},
      }),
      credentials: credentials.parse({
        kind: 'key',
        clientEmail: 'tradepost@acme-public.iam.gserviceaccount.com',
        privateKey,
      }),
    },
    { fetch, nowMs: () => millis(clock.now) },
  )
  const of = (verb: string) => calls.filter(({ path }) => path.endsWith(`:${verb}`))
  return { port: metering(client), calls, of, clock }
}

function answerTo(call: Call, replies: Replies): Answer {
  if (call.path.endsWith(':check')) return replies.check?.(call) ?? ok
  if (call.path.endsWith(':report')) return replies.report?.(call) ?? ok
  return replies.entitlement?.(call) ?? { status: 404, json: trouble(404, 'NOT_FOUND', 'gone') }
}

export const trouble = (code: number, status: string, message: string) => ({
  error: { code, status, message },
})

/** services.check answers with one error. */
export const failing = (code: string): Answer => ({
  json: { checkErrors: [{ code, subject: consumer, detail: 'so it is' }] },
})

/** services.report refuses operations of a metric, each by its id. */
export const refusing =
  (metric: string, code: number, message = 'so it is') =>
  ({ body }: Call): Answer => ({
    json: {
      reportErrors: body.operations
        .filter((one: any) => one.metricValueSets[0].metricName.endsWith(metric))
        .map(({ operationId }: any) => ({ operationId, status: { code, message } })),
    },
  })

export const entitled =
  (change: object = {}) =>
  (): Answer => ({
    json: {
      name: 'providers/acme-public/entitlements/18f7b898-0e53-4a64-9d3c-4a2b6f1d0c11',
      state: 'ENTITLEMENT_ACTIVE',
      productExternalName: service,
      updateTime: '2026-02-01T00:00:00.123456Z',
      usageReportingId: consumer,
      ...change,
    },
  })
