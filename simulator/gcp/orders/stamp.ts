import { operationId, publish } from '../notices.ts'
import type { Account, Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'

/** An updateTime in microseconds, later than the one before even when the clock stands still. */
export function stamp(at: number, before = 0): number {
  return Math.max(at * 1000, before + 1)
}

/** `2026-01-21T00:06:19.754732Z` */
export function microsText(micros: number): string {
  const millis = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)
  return `${millis}${String(micros % 1000).padStart(3, '0')}Z`
}

/** `2027-02-01T08:00:00Z`, with milliseconds only where there are some. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/** Stores a changed entitlement. A message to the user goes when the state changes. */
export function keep(
  context: GcpContext,
  entitlement: Entitlement,
  at: number,
  change: Partial<Entitlement> = {},
): Entitlement {
  const hasMoved = change.state !== undefined && change.state !== entitlement.state
  return context.entitlements.put(entitlement.id, {
    ...entitlement,
    ...(hasMoved ? { messageToUser: '' } : {}),
    ...change,
    updatedMicros: stamp(at, entitlement.updatedMicros),
  })
}

/** Tells of an entitlement; without an operation the message has one of its own. */
export function tell(
  context: GcpContext,
  entitlement: Entitlement,
  type: string,
  at: number,
  more: { fields?: Record<string, unknown>; operation?: string } = {},
): void {
  const notice = {
    provider: entitlement.provider,
    type,
    subject: 'entitlement' as const,
    id: entitlement.id,
    updateTime: microsText(entitlement.updatedMicros),
    ...(more.fields ? { fields: more.fields } : {}),
  }
  publish(context, notice, more.operation ?? operationId(context, type), at)
}

/** Tells of an account; a null type is the account-created message. */
export function tellAccount(
  context: GcpContext,
  account: Account,
  type: string | null,
  at: number,
  operation = operationId(context, type ?? 'CREATE_ACCOUNT'),
): void {
  const { provider, id, updatedMicros } = account
  const updateTime = microsText(updatedMicros)
  publish(context, { provider, type, subject: 'account', id, updateTime }, operation, at)
}
