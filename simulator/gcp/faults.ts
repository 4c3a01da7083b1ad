import type { Context } from 'hono'
import type { FaultShape } from '../world.ts'
import { operationAt } from './paths.ts'
import { errorReply, Refusal } from './refusal.ts'
import type { GcpContext } from './state.ts'

const HOSTS: Readonly<Record<string, string>> = {
  procurement: 'cloudcommerceprocurement.googleapis.com',
  producer: 'commerceproducer.googleapis.com',
  serviceControl: 'servicecontrol.googleapis.com',
}

/** How Google says "slow down" and "something broke": 429 RESOURCE_EXHAUSTED and 503 UNAVAILABLE. */
export function gcpFaults(context: GcpContext): FaultShape {
  return {
    operation: (c) => operationAt(c.req.method, c.req.path),
    throttle: (c) => throttled(context, c),
    error: (c) => {
      if (isToken(c)) return c.json({ error: 'temporarily_unavailable' }, 503)
      return errorReply(new Refusal('UNAVAILABLE'))
    },
  }
}

function throttled(context: GcpContext, c: Context): Response {
  if (isToken(c)) return c.json({ error: 'rate_limit_exceeded' }, 429)
  const area = operationAt(c.req.method, c.req.path)?.split(':')[0] ?? ''
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'RATE_LIMIT_EXCEEDED',
    domain: 'googleapis.com',
    metadata: { service: HOSTS[area] ?? `${area}.googleapis.com` },
  }
  const seconds = context.settings().faults.retryAfterSeconds
  if (seconds === 0) return errorReply(new Refusal('RESOURCE_EXHAUSTED', undefined, [info]))
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` }
  return errorReply(new Refusal('RESOURCE_EXHAUSTED', undefined, [info, retry]), {
    'retry-after': String(seconds),
  })
}

const isToken = (c: Context) => c.req.path.endsWith('/token')
