import type { Context } from 'hono'
import type { FaultShape } from '../world.ts'
import { kindOf } from './rest/dispatch.ts'

const JSON_TYPE = 'application/json;charset=UTF-8'

/** How Salesforce itself says "too many" and "broken": the words of the REST API, or of OAuth at the token endpoint. */
export const salesforceFaults: FaultShape = {
  operation(c) {
    const path = new URL(c.req.url).pathname
    if (path.endsWith('/services/oauth2/token')) return 'token'
    const [, below] = /\/services\/data\/v[\d.]+\/?(.*)$/.exec(path) ?? []
    return below === undefined ? null : kindOf(c.req.method, below.split('/').filter(Boolean))
  },
  throttle(c) {
    if (isToken(c)) {
      const error = { error: 'invalid_grant', error_description: 'login rate exceeded' }
      return c.json(error, 400)
    }
    return reply(
      403,
      'REQUEST_LIMIT_EXCEEDED',
      'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    )
  },
  error(c) {
    if (!isToken(c)) {
      return reply(
        503,
        'SERVER_UNAVAILABLE',
        "We are down for maintenance. Sorry for the inconvenience. We'll be back shortly.",
      )
    }
    const html = '<html><head><title>Service Unavailable</title></head><body>503</body></html>'
    return c.html(html, 503)
  },
}

const isToken = (c: Context) => new URL(c.req.url).pathname.endsWith('/services/oauth2/token')

function reply(status: number, errorCode: string, message: string): Response {
  const body = JSON.stringify([{ message, errorCode }])
  return new Response(body, { status, headers: { 'content-type': JSON_TYPE, server: 'sfdcedge' } })
}
