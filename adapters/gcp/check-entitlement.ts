import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, readInstant } from '../../src/kernel/time.ts'
import type { GcpClient } from './client.ts'
import { fetchEntitlement, serviceOf, states } from './entitlement.ts'

/** What usage asks of an entitlement. `consumer` comes some time after it is active; `gone`: deleted, 60 days after its end. */
export type Standing =
  | { readonly is: 'gone' }
  | {
      readonly is: 'known'
      readonly consumer: string | null
      readonly service: string | null
      /** Null while it is not cancelled. Nothing changes it afterwards, so that its last update is when it was. */
      readonly cancelledAt: Instant | null
    }
export type ReadStanding = (agreementRef: string) => Promise<Standing>

/** Reads entitlements, each at most once. Throws what the call ran into. */
export function standings(google: GcpClient): ReadStanding {
  const known = new Map<string, Promise<Standing>>()
  return (ref) => {
    const found = known.get(ref) ?? read(google, ref)
    known.set(ref, found)
    return found
  }
}

async function read(google: GcpClient, ref: string): Promise<Standing> {
  const found = await fetchEntitlement(google, ref).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'not_found') return null
    throw error
  })
  if (found === null) return { is: 'gone' }
  const isCancelled = found.state === states.cancelled
  return {
    is: 'known',
    consumer: found.usageReportingId || null,
    service: serviceOf(found),
    cancelledAt: isCancelled ? (readInstant(found.updateTime ?? '') ?? null) : null,
  }
}
