import type { App } from '../parties.ts'
import type { AzureState } from '../state.ts'
import { signToken } from './jwt.ts'
import { signingKey } from './keys.ts'
import { tokenNow } from './time.ts'

const NOT_BEFORE_SECONDS = 300

/** An answer of a token endpoint. v1 writes its numbers as text and echoes the resource; v2 does neither. */
export function issue(
  state: AzureState,
  asked: {
    readonly app: App
    readonly version: 1 | 2
    readonly resource: string
    readonly user: string | null
  },
): Record<string, unknown> {
  const { app, version, resource, user } = asked
  const now = Math.floor(tokenNow(state) / 1000)
  const life = state.settings().tokens.lifeSeconds
  const expires = now + life
  const issuer = `https://sts.windows.net/${app.tenantId}/`
  const accessToken = signToken(signingKey(state.world), {
    aud: resource,
    iss: issuer,
    iat: now,
    nbf: now - NOT_BEFORE_SECONDS,
    exp: expires,
    appid: app.clientId,
    appidacr: '1',
    idp: issuer,
    oid: app.objectId,
    sub: app.objectId,
    tid: app.tenantId,
    uti: String(nextSerial(state)),
    ver: '1.0',
    ...(user === null ? { idtyp: 'app' } : { unique_name: user, scp: 'user_impersonation' }),
  })
  if (version === 2) {
    const life2 = { expires_in: life, ext_expires_in: life }
    return { token_type: 'Bearer', ...life2, access_token: accessToken }
  }
  return {
    token_type: 'Bearer',
    expires_in: String(life),
    ext_expires_in: String(life),
    expires_on: String(expires),
    not_before: String(now - NOT_BEFORE_SECONDS),
    resource,
    access_token: accessToken,
  }
}

/** How many tokens were issued so far. */
export function issuedSoFar(state: AzureState): number {
  return serials(state).get('token')?.count ?? 0
}

function nextSerial(state: AzureState): number {
  const count = issuedSoFar(state) + 1
  serials(state).put('token', { count })
  return count
}

const serials = (state: AzureState) => state.world.table<{ count: number }>('azure.tokenSerial')
