import type { Context } from 'hono'
import type { FaultShape } from '../world.ts'
import { operationAt } from './marketplace/service.ts'

/** Parts of the service by the path they are mounted at. The first that fits counts. */
const AREAS = [
  { prefix: '/azure/login', name: 'login' },
  { prefix: '/azure/identity', name: 'identity' },
  { prefix: '/azure/marketplaceapi/api', name: 'marketplace' },
  { prefix: '/azure/follow-up/api', name: 'marketplace' },
  { prefix: '/azure/graph/rp/product-ingestion', name: 'ingestion' },
  { prefix: '/azure/partnercenter/insights/v1/cmp', name: 'analytics' },
  { prefix: '/azure/partner/v1.0/payouts', name: 'payouts' },
] as const
const RETRY_AFTER_SECONDS = '10'
const GUID = /^[0-9a-f]{8}-/i

/**
 * Name of the operation a request asks for, or null for the buyer's side and control: `ListSubscriptions` and
 * the like for fulfilment and metering, `login:token`, else the area with method and path, ids left out:
 * `ingestion:GET configure/status`.
 */
export function operationOf(c: Context): string | null {
  const { path, method } = c.req
  const area = AREAS.find((one) => path === one.prefix || path.startsWith(`${one.prefix}/`))
  if (!area) return null
  const rest = path.slice(area.prefix.length)
  if (area.name === 'marketplace') return operationAt(method, rest) ?? 'marketplace:unknown'
  if (area.name === 'login') return rest.endsWith('/token') ? 'login:token' : 'login:discovery'
  const words = rest.split('/').filter((part) => part !== '' && !GUID.test(part))
  return `${area.name}:${method} ${words.join('/')}`
}

/** How each part of the service says "slow down" and "something broke". */
export const azureFaults: FaultShape = {
  operation: operationOf,
  throttle: (c) => refusal(c, 429, 'TooManyRequests', 'Too many requests. Try again later.'),
  error: (c) => refusal(c, 500, 'InternalServerError', 'An internal server error occurred.'),
}

function refusal(c: Context, status: 429 | 500, code: string, message: string): Response {
  const operation = operationOf(c) ?? ''
  const headers = status === 429 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}
  return Response.json(bodyFor(operation, code, message), { status, headers })
}

function bodyFor(operation: string, code: string, message: string): object {
  if (operation.startsWith('login:')) {
    return { error: 'temporarily_unavailable', error_description: message, error_codes: [90033] }
  }
  if (operation.startsWith('ingestion:')) return { error: { code, message, details: [] } }
  if (operation.startsWith('analytics:')) {
    return { value: [], totalCount: 0, message, statusCode: code === 'TooManyRequests' ? 429 : 500 }
  }
  if (operation.endsWith('UsageEvent')) return { message, code }
  return { error: { code, message } }
}
