import { randomBytes } from 'node:crypto'
import { factsOf, type Org, switchesOf } from './org.ts'
import { refuse } from './refusal.ts'
import type { Row } from './schema.ts'

const MINUTE_MS = 60_000

type Session = {
  readonly userId: string
  /** When the token was last used, moved on only once half its life has passed. */
  lastUsedAtMs: number
}

type RefreshToken = { readonly userId: string; readonly clientId: string }

const sessionsOf = (org: Org) => org.world.table<Session>('salesforce.sessions')

export const refreshTokensOf = (org: Org) =>
  org.world.table<RefreshToken>('salesforce.refreshTokens')

/** A new access token for a user. It carries no time of expiry: it dies when it has not been used for the org's session timeout. */
export function openSession(org: Org, userId: string): string {
  const token = `${factsOf(org).id.slice(0, 15)}!AQ.${randomBytes(48).toString('base64url')}`
  sessionsOf(org).put(token, { userId, lastUsedAtMs: org.world.clock.now() })
  return token
}

/** The user behind `Authorization: Bearer …`; refuses with 401 as the REST API does. */
export function userOf(org: Org, authorization: string | undefined): Row {
  const [scheme = '', token = ''] = (authorization ?? '').split(' ')
  if (authorization !== undefined && !/^(bearer|oauth)$/i.test(scheme)) {
    refuse('INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE')
  }
  const user = switchesOf(org).always401 ? undefined : holder(org, token)
  return user ?? refuse('INVALID_SESSION_ID', 'Session expired or invalid')
}

/** The user whose token this is, while it lives. */
export function holder(org: Org, token: string): Row | undefined {
  const session = sessionsOf(org).get(token)
  const user = session && org.rows('User').get(session.userId)
  if (!session || !user?.IsActive || user.IsFrozen) return undefined
  const lifeMs = switchesOf(org).sessionMinutes * MINUTE_MS
  const idleMs = org.world.clock.now() - session.lastUsedAtMs
  if (idleMs > lifeMs) {
    sessionsOf(org).delete(token)
    return undefined
  }
  if (idleMs > lifeMs / 2) {
    sessionsOf(org).put(token, { ...session, lastUsedAtMs: org.world.clock.now() })
  }
  return user
}

/** Ends one token, access or refresh; false when it was not known. */
export function revoke(org: Org, token: string): boolean {
  const isKnown = sessionsOf(org).has(token) || refreshTokensOf(org).has(token)
  sessionsOf(org).delete(token)
  refreshTokensOf(org).delete(token)
  return isKnown
}

/** Ends every access token at once. */
export function endSessions(org: Org): void {
  for (const [token] of sessionsOf(org).entries()) sessionsOf(org).delete(token)
}
