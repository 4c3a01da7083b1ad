import type { Table } from '../../world.ts'
import type { App } from '../parties.ts'
import type { AzureState } from '../state.ts'
import { issue } from './issue.ts'
import { LoginRefusal } from './refusal.ts'
import { tokenNow } from './time.ts'

const DAY_MS = 86_400_000

/** What a user's consent left behind: a token that buys access tokens and each time a new one of its kind. */
export type RefreshToken = {
  readonly clientId: string
  readonly user: string
  lastUsedAt: number
  isRevoked: boolean
  /** Whether a newer one was handed out for it. */
  isReplaced: boolean
}

export const refreshTokens = (state: AzureState): Table<RefreshToken> =>
  state.world.table('azure.refreshTokens')

/** A new refresh token for an application and a user, as after a first consent. */
export function consent(state: AzureState, clientId: string, user: string, token?: string): string {
  const value = token ?? `0.A${state.ids.hex(60)}`
  const lastUsedAt = tokenNow(state)
  refreshTokens(state).put(value, {
    clientId,
    user,
    lastUsedAt,
    isRevoked: false,
    isReplaced: false,
  })
  return value
}

/**
 * Exchanges a refresh token ("Refresh tokens in the Microsoft identity platform"): answers an access token
 * for the user and a new refresh token. The old one keeps working unless the setting says otherwise.
 */
export function refreshed(
  state: AzureState,
  app: App,
  version: 1 | 2,
  resource: string,
  form: URLSearchParams,
): Record<string, unknown> {
  const value = form.get('refresh_token') ?? ''
  const known = refreshTokens(state).get(value)
  if (known?.clientId !== app.clientId) {
    throw new LoginRefusal(
      'invalid_grant',
      9002313,
      'Invalid request. Request is malformed or invalid.',
    )
  }
  const { refreshLifeDays, refreshReuse } = state.settings().tokens
  if (known.isRevoked || (known.isReplaced && refreshReuse === 'refused')) {
    throw new LoginRefusal(
      'invalid_grant',
      50173,
      'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
    )
  }
  if (known.lastUsedAt + refreshLifeDays * DAY_MS <= tokenNow(state)) {
    throw new LoginRefusal(
      'invalid_grant',
      700082,
      `The refresh token has expired due to inactivity. The token was inactive for ${refreshLifeDays}.00:00:00.`,
    )
  }
  refreshTokens(state).put(value, { ...known, lastUsedAt: tokenNow(state), isReplaced: true })
  const answer = issue(state, { app, version, resource, user: known.user })
  const scope = `${resource}/user_impersonation`
  return { ...answer, scope, refresh_token: consent(state, app.clientId, known.user) }
}
