import { type Context, Hono } from 'hono'
import { type AccessToken, accessTokens, tokenNow, verifiedBy } from '../caller.ts'
import { methodsOf } from '../discovery.ts'
import { badRequest, googleErrors, json, Refusal } from '../refusal.ts'
import { jsonBody } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { certificates, keySet } from './keys.ts'

/** `aud` of every assertion, whichever host it is sent to. */
const TOKEN_AUDIENCE = 'https://oauth2.googleapis.com/token'
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const CERTIFICATES_AGE_SECONDS = 20_000
const GENERATED_LIFE_SECONDS_MAX = 3600
const SIGN_UP_ISSUER = 'cloud-commerce-partner@system.gserviceaccount.com'

/**
 * Tokens and keys: `/token` (Google: Using OAuth 2.0 for server to server applications), `/v1/token` of the
 * Security Token Service, `generateAccessToken` of IAM credentials, and the two sets of public keys.
 */
export function identity(context: GcpContext): Hono {
  const routes = googleErrors(new Hono())
  routes.post('/token', (c) => byAssertion(context, c))
  routes.post('/v1/token', (c) => byExchange(context, c))
  const [generate] = methodsOf('iamcredentials.v1').filter(
    (one) => one.id === 'projects.serviceAccounts.generateAccessToken',
  )
  routes.post('/v1/projects/*', async (c, next) => {
    const path = generate?.match(decodeURIComponent(c.req.path))
    if (!generate || !path) return next()
    const { body, faults } = generate.readBody(await jsonBody(c))
    if (faults.length > 0) throw badRequest([], faults.join('\n'))
    return json(impersonated(context, c, String(path.serviceAccountsId), body))
  })
  const caching = { 'cache-control': `public, max-age=${CERTIFICATES_AGE_SECONDS}` }
  routes.get('/robot/v1/metadata/x509/:email', (c) => {
    if (decodeURIComponent(c.req.param('email')) !== SIGN_UP_ISSUER) {
      throw new Refusal('NOT_FOUND')
    }
    return json(certificates(context), 200, caching)
  })
  routes.get('/oauth2/v3/certs', () => json(keySet(context), 200, caching))
  return routes
}

async function byAssertion(context: GcpContext, c: Context): Promise<Response> {
  const form = new URLSearchParams(await c.req.text())
  if (form.get('grant_type') !== JWT_BEARER) {
    return oauthError('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type')}`)
  }
  const claims = await verifiedBy(context, form.get('assertion') ?? '', TOKEN_AUDIENCE).catch(
    () => null,
  )
  const email = String(claims?.iss)
  if (!claims || context.serviceAccounts.get(email)?.isDisabled) {
    return oauthError('invalid_grant', 'Invalid JWT Signature.')
  }
  const scopes = String(claims.scope ?? '')
    .split(' ')
    .filter((one) => one !== '')
  if (scopes.length === 0) {
    return oauthError('invalid_scope', 'Invalid OAuth scope or ID token audience provided.')
  }
  const lifeSeconds = context.settings().tokens.lifeSeconds
  const { token } = issue(context, { email, audience: null, scopes, lifeSeconds })
  return c.json({ access_token: token, expires_in: lifeSeconds, token_type: 'Bearer' })
}

/** The federated half of workload identity: which subject token it is, is not looked at. */
async function byExchange(context: GcpContext, c: Context): Promise<Response> {
  const form = new URLSearchParams(await c.req.text())
  if (form.get('grant_type') !== TOKEN_EXCHANGE) {
    return oauthError('unsupported_grant_type', 'Invalid grant_type.')
  }
  const audience = form.get('audience')
  const pool = context.providers.values().find((one) => one.workloadIdentityAudience === audience)
  if (!pool) return oauthError('invalid_target', 'The target service indicated is invalid.')
  if (!form.get('subject_token') || !form.get('subject_token_type')) {
    return oauthError('invalid_request', 'Missing subject_token or subject_token_type.')
  }
  const lifeSeconds = context.settings().tokens.lifeSeconds
  const scopes = (form.get('scope') ?? '').split(' ')
  const { token } = issue(context, { email: null, audience, scopes, lifeSeconds })
  return c.json({
    access_token: token,
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: 'Bearer',
    expires_in: lifeSeconds,
  })
}

function impersonated(context: GcpContext, c: Context, email: string, body: any) {
  const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
  const federated = accessTokens(context).get(bearer)
  if (!federated || federated.expiresAt <= tokenNow(context)) throw new Refusal('UNAUTHENTICATED')
  const account = context.serviceAccounts.get(email)
  const pool = account && context.providers.get(account.provider)
  if (!account || pool?.workloadIdentityAudience !== federated.audience) {
    throw new Refusal(
      'PERMISSION_DENIED',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    )
  }
  const lifeSeconds = Number(/^(\d+)s$/.exec(body.lifetime ?? '3600s')?.[1] ?? Number.NaN)
  if (!(lifeSeconds > 0 && lifeSeconds <= GENERATED_LIFE_SECONDS_MAX)) {
    throw badRequest([{ field: 'lifetime', description: 'must be at most 3600s' }])
  }
  if (!body.scope?.length) throw badRequest([{ field: 'scope', description: 'is required' }])
  const made = issue(context, { email, audience: null, scopes: body.scope, lifeSeconds })
  return { accessToken: made.token, expireTime: new Date(made.expiresAt).toISOString() }
}

function issue(
  context: GcpContext,
  { lifeSeconds, ...rest }: Omit<AccessToken, 'token' | 'expiresAt'> & { lifeSeconds: number },
): AccessToken {
  const token = `ya29.sim.${context.ids.hex(40)}`
  const expiresAt = tokenNow(context) + lifeSeconds * 1000
  return accessTokens(context).put(token, { ...rest, token, expiresAt })
}

function oauthError(error: string, description: string): Response {
  return json({ error, error_description: description }, 400)
}
