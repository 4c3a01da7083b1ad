import type { Aws } from './context.ts'

type Bucket = { tokens: number; at: number }

const buckets = new WeakMap<object, Map<string, Bucket>>()

/**
 * Whether one more call fits the rate AWS documents for this account and operation. Measured in real
 * time, because callers pace themselves in real time; forgotten at a restart.
 */
export function admit(
  aws: Aws,
  account: string,
  service: string,
  operation: string,
  perSecond: number | undefined,
): boolean {
  const { enforced, burstSeconds } = aws.settings().quotas
  if (!enforced || perSecond === undefined) return true
  const mine = buckets.get(aws.world) ?? new Map<string, Bucket>()
  buckets.set(aws.world, mine)
  const key = `${account}:${service}:${operation}`
  const size = Math.max(1, perSecond * burstSeconds)
  const now = performance.now()
  const bucket = mine.get(key) ?? { tokens: size, at: now }
  const tokens = Math.min(size, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
  const fits = tokens >= 1
  mine.set(key, { tokens: fits ? tokens - 1 : tokens, at: now })
  return fits
}
