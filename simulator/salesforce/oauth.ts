import { createHmac } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { checkAssertion } from './jwt.ts'
import { type App, factsOf, type Org, switchesOf } from './org.ts'
import type { Row } from './schema.ts'
import { openSession, refreshTokensOf, revoke } from './sessions.ts'
import { tally } from './usage.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** An OAuth refusal: always HTTP 400 with `error` and `error_description`. */
class Denied extends Error {
  readonly error: string

  constructor(error: string, description: string) {
    super(description)
    this.error = error
  }
}

type Grant = { readonly form: URLSearchParams; readonly isLoginHost: boolean }

/**
 * The token and revoke endpoints (Salesforce Help, OAuth Authorization Flows). `isLoginHost` is the
 * shared login host, where client credentials are refused: they belong to the org's own domain.
 */
export function oauthRoutes(org: Org, isLoginHost: boolean): Hono {
  const routes = new Hono()
  routes.post('/token', async (c) => {
    tally(org, 'token')
    const form = new URLSearchParams(await c.req.text())
    try {
      return answer(c, org, grant(org, { form, isLoginHost }), form.get('grant_type'))
    } catch (cause) {
      if (!(cause instanceof Denied)) throw cause
      return c.json({ error: cause.error, error_description: cause.message }, 400)
    }
  })
  routes.on(['GET', 'POST'], '/revoke', async (c) => {
    tally(org, 'revoke')
    const form = new URLSearchParams(c.req.method === 'POST' ? await c.req.text() : '')
    const token = form.get('token') ?? c.req.query('token') ?? ''
    if (revoke(org, token)) return c.body(null, 200)
    return c.json(
      { error: 'unsupported_token_type', error_description: 'this token type is not supported' },
      400,
    )
  })
  return routes
}

function answer(c: Context, org: Org, user: Row, grantType: string | null) {
  const { id } = factsOf(org)
  const origin = `${org.world.origin()}/salesforce`
  const issuedAt = String(org.world.clock.now())
  const identity = `${origin}/id/${id}/${user.Id}`
  const signature = createHmac('sha256', clientSecret(org))
    .update(identity + issuedAt)
    .digest('base64')
  const isBearer = grantType === JWT_BEARER
  c.header('cache-control', 'no-cache, no-store')
  return c.json({
    access_token: openSession(org, user.Id),
    ...(isBearer ? {} : { signature }),
    scope: 'api',
    instance_url: origin,
    id: identity,
    token_type: 'Bearer',
    ...(isBearer ? {} : { issued_at: issuedAt }),
  })
}

const clientSecret = (org: Org) => org.apps.values()[0]!.clientSecret

function grant(org: Org, { form, isLoginHost }: Grant): Row {
  switch (form.get('grant_type')) {
    case 'client_credentials':
      if (isLoginHost) throw new Denied('invalid_grant', 'request not supported on this domain')
      return clientCredentials(org, form)
    case JWT_BEARER:
      return jwtBearer(org, form)
    case 'refresh_token':
      return refresh(org, form)
    case 'password':
      throw new Denied('invalid_grant', 'authentication failure')
    default:
      throw new Denied('unsupported_grant_type', 'grant type not supported')
  }
}

function appOf(org: Org, clientId: string | null): App {
  const app = org.apps.get(clientId ?? '')
  if (!app) throw new Denied('invalid_client_id', 'client identifier invalid')
  return app
}

function withSecret(app: App, form: URLSearchParams): App {
  if (form.get('client_secret') === app.clientSecret) return app
  throw new Denied('invalid_client', 'invalid client credentials')
}

function clientCredentials(org: Org, form: URLSearchParams): Row {
  const app = withSecret(appOf(org, form.get('client_id')), form)
  if (switchesOf(org).noRunAsUser || !app.runAsUser) {
    throw new Denied('invalid_grant', 'no client credentials user enabled')
  }
  return active(userNamed(org, app.runAsUser))
}

function jwtBearer(org: Org, form: URLSearchParams): Row {
  const assertion = form.get('assertion') ?? ''
  const app = appOf(org, issuer(assertion))
  const audience = factsOf(org).isSandbox
    ? 'https://test.salesforce.com'
    : 'https://login.salesforce.com'
  const claims = checkAssertion(assertion, app, [audience], org.world.clock.now())
  if (typeof claims === 'string') throw new Denied('invalid_grant', claims)
  const user = userNamed(org, claims.username)
  if (!user || !app.approved.includes(claims.username)) {
    throw new Denied('invalid_grant', "user hasn't approved this consumer")
  }
  return active(user)
}

/** The consumer key an assertion names; whether to believe it is decided later. */
function issuer(assertion: string): string {
  try {
    return String(
      JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()).iss,
    )
  } catch {
    throw new Denied('invalid_grant', 'invalid assertion')
  }
}

function refresh(org: Org, form: URLSearchParams): Row {
  const app = appOf(org, form.get('client_id'))
  if (form.has('client_secret')) withSecret(app, form)
  const token = refreshTokensOf(org).get(form.get('refresh_token') ?? '')
  if (!token || token.clientId !== app.clientId) {
    throw new Denied('invalid_grant', 'expired access/refresh token')
  }
  return active(org.rows('User').get(token.userId))
}

const userNamed = (org: Org, username: string) =>
  org
    .rows('User')
    .values()
    .find((user) => user.Username === username)

function active(user: Row | undefined): Row {
  if (user?.IsActive && !user.IsFrozen) return user
  throw new Denied('invalid_grant', 'user is locked')
}
