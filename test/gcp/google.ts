import { generateKeyPairSync } from 'node:crypto'
import { gcp } from '../../adapters/gcp/index.ts'
import type { Ports } from '../../src/adapter.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import type { Fetch } from '../../src/platform/http.ts'

export type Call = {
  readonly method: string
  readonly url: URL
  readonly path: string
  readonly headers: Headers
  readonly text: string
  readonly body: any
}
export type Answer = {
  status?: number
  headers?: Record<string, string>
  json?: unknown
  text?: string
}
/** What is answered; `'hang up'` breaks the connection. */
export type Reply = Answer | 'hang up'
export type Replies = Record<string, Reply | ((call: Call) => Reply)>

export const service = 'acme-analytics.endpoints.acme-public.cloud.goog'
export const origin = 'http://google.test'
export const accountId = '5752973e-25d1-4a44-9f6e-0a9d3d1c1b01'
export const entitlementId = '18f7b898-4024-4a2f-b9e8-520d661a8801'
export const offerId = '831e0e7d-6251-476e-9ed6-66dd11e05a66'
export const entitlementPath = `/v1/providers/acme-public/entitlements/${entitlementId}`
export const accountPath = `/v1/providers/acme-public/accounts/${accountId}`
export const listPath = '/v1/providers/acme-public/entitlements'
export const privateOffer = `projects/528009937268/services/service.endpoints.private-cp-1053659.cloud.goog/privateOffers/${offerId}`

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const publicKey = pair.publicKey
export const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
export const key = {
  kind: 'key',
  clientEmail: 'tradepost@acme-public.iam.gserviceaccount.com',
  privateKey,
  privateKeyId: 'key-1',
}

export const products = [
  {
    service,
    name: 'Acme Analytics',
    plans: [
      { id: 'pro', name: 'Pro', months: [12] },
      { id: 'payg', name: 'Pay as you go' },
    ],
    metrics: [
      { plan: 'pro', dimension: 'api_calls', metric: 'pro_api_calls', listRate: '0.05' },
      { plan: 'payg', dimension: 'api_calls', metric: 'payg_api_calls', listRate: '0.05' },
      { plan: 'pro', dimension: 'storage_gb', metric: 'pro_storage_gb', listRate: '0.02' },
    ],
  },
]
export const settings = {
  projectId: 'acme-public',
  offers: 'handoff',
  audiences: ['saas.example.com'],
  products,
  endpoint: origin,
}

type Options = {
  readonly settings?: object
  readonly credentials?: object
  readonly now?: Instant | (() => Instant)
}
type GcpPorts = Pick<Ports, 'account' | 'listings' | 'agreements' | 'notices'>

export const clockOf = ({ now = '2026-03-10T09:01:00.000Z' }: Options) => {
  const clock = typeof now === 'function' ? now : () => now
  return () => millis(clock())
}

/** Google as a function: answers `GET /path` as told, and remembers what it was asked. */
export function fake(replies: Replies) {
  const calls: Call[] = []
  const tokenCalls: Call[] = []
  const fetch: Fetch = async (request) => {
    const call = await readCall(request)
    const isToken = call.path === '/token'
    ;(isToken ? tokenCalls : calls).push(call)
    const told =
      replies[`${call.method} ${call.path}`] ?? (isToken ? grant(tokenCalls.length) : gone)
    const reply = typeof told === 'function' ? told(call) : told
    if (reply === 'hang up') throw new TypeError('fetch failed')
    const { status = 200, headers = {}, json, text } = reply
    const body = text ?? (json === undefined ? null : JSON.stringify(json))
    const type = { 'content-type': 'application/json; charset=UTF-8' }
    return new Response(body, { status, headers: { ...type, ...headers } })
  }
  return {
    fetch,
    calls,
    tokenCalls,
    asked: () => calls.map(({ method, path }) => `${method} ${path}`),
  }
}

export function google(replies: Replies, options: Options = {}) {
  const world = fake(replies)
  const account = {
    settings: { ...settings, ...options.settings },
    credentials: options.credentials ?? key,
  }
  const ports = gcp.open(account, { fetch: world.fetch, nowMs: clockOf(options) }) as GcpPorts
  return { ...world, ...ports }
}

export const grant = (n: number): Answer => ({
  json: { access_token: `ya29.${n}`, expires_in: 3599, token_type: 'Bearer' },
})

/** google.rpc.Status as JSON. */
export const refused = (
  code: number,
  status: string,
  message: string,
  details?: unknown[],
): Answer => ({
  status: code,
  json: { error: { code, message, status, ...(details && { details }) } },
})
export const gone = refused(404, 'NOT_FOUND', 'Requested entity was not found.')
export const precondition = refused(400, 'FAILED_PRECONDITION', 'Precondition check failed.')
export const denied = refused(403, 'PERMISSION_DENIED', 'The caller does not have permission')

async function readCall(request: Request): Promise<Call> {
  const url = new URL(request.url)
  const text = await request.text()
  const { method, headers } = request
  const body = text.startsWith('{') ? JSON.parse(text) : text
  return { method, url, path: decodeURIComponent(url.pathname), headers, text, body }
}

export const failing = (promise: Promise<unknown>): Promise<Problem> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error as Problem,
  )

/** An Entitlement of the Partner Procurement API. */
export const entitlement = (change: object = {}) => ({
  name: `providers/acme-public/entitlements/${entitlementId}`,
  account: `providers/acme-public/accounts/${accountId}`,
  provider: 'acme-public',
  productExternalName: service,
  product: service,
  plan: 'pro',
  orderId: entitlementId,
  createTime: '2026-01-21T00:06:19.000000Z',
  updateTime: '2026-01-21T00:06:19.754732Z',
  state: 'ENTITLEMENT_ACTIVE',
  ...change,
})

export const buyerAccount = (state: string, updateTime = '2026-01-21T00:06:19.754732Z') => ({
  name: `providers/acme-public/accounts/${accountId}`,
  provider: 'acme-public',
  state: 'ACCOUNT_ACTIVE',
  createTime: '2026-01-21T00:06:10.000000Z',
  updateTime,
  approvals: [{ name: 'signup', state, updateTime }],
})
