import { createPublicKey } from 'node:crypto'
import type { App } from '../parties.ts'
import type { AzureState } from '../state.ts'
import { type Endpoint, REAL_LOGIN } from './base.ts'
import { isSignedBy, parseToken } from './jwt.ts'
import { LoginRefusal } from './refusal.ts'
import { tokenNow } from './time.ts'

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const SKEW_MS = 5 * 60_000

/**
 * The application a token request comes from, by secret or by a signed assertion, or an AADSTS refusal.
 * Assertions are as in "Microsoft identity platform application authentication certificate credentials".
 */
export function authenticatedApp(
  state: AzureState,
  tenantId: string,
  form: URLSearchParams,
  endpoint: Endpoint,
): App {
  const assertion = form.get('client_assertion')
  const named = form.get('client_id') ?? (assertion && parseToken(assertion)?.claims.sub)
  if (!named) throw missing('client_id')
  const app = state.apps.get(named)
  if (!app || app.tenantId !== tenantId) {
    throw new LoginRefusal(
      'unauthorized_client',
      700016,
      `Application with identifier '${named}' was not found in the directory '${tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    )
  }
  if (app.isDisabled) {
    throw new LoginRefusal(
      'unauthorized_client',
      7000112,
      `Application '${app.clientId}'(${app.name}) is disabled.`,
    )
  }
  if (assertion !== null) checkAssertion(state, app, assertion, form, endpoint)
  else checkSecret(state, app, form.get('client_secret'))
  return app
}

export function missing(parameter: string): LoginRefusal {
  return new LoginRefusal(
    'invalid_request',
    900144,
    `The request body must contain the following parameter: '${parameter}'.`,
  )
}

function checkSecret(state: AzureState, app: App, secret: string | null): void {
  if (secret === null) {
    throw new LoginRefusal(
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )
  }
  const known = app.secrets.find((one) => one.value === secret && !one.isRevoked)
  if (!known) {
    throw new LoginRefusal(
      'invalid_client',
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.clientId}'.`,
    )
  }
  if (known.expiresAt !== null && known.expiresAt <= state.now()) {
    throw new LoginRefusal(
      'invalid_client',
      7000222,
      `The provided client secret keys for app '${app.clientId}' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security.`,
    )
  }
}

function checkAssertion(
  state: AzureState,
  app: App,
  assertion: string,
  form: URLSearchParams,
  endpoint: Endpoint,
): void {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) throw missing('client_assertion_type')
  const token = parseToken(assertion)
  if (!token) {
    throw new LoginRefusal('invalid_request', 50027, 'JWT token is invalid or malformed.')
  }
  const certificate = app.certificates.find(
    (one) => one.x5t === token.header.x5t || one.x5tS256 === token.header['x5t#S256'],
  )
  const thumbprint = token.header.x5t ?? token.header['x5t#S256'] ?? ''
  const invalid = (why: string) =>
    new LoginRefusal(
      'invalid_client',
      700027,
      `Client assertion contains an invalid signature. [Reason - ${why}, Thumbprint of key used by client: '${thumbprint}']`,
    )
  if (!certificate) throw invalid('The key was not found.')
  if (!isSignedBy(token, createPublicKey(certificate.pem))) {
    throw invalid('The provided signature value did not match the expected signature value.')
  }
  checkClaims(state, app, token.claims, endpoint)
}

function checkClaims(
  state: AzureState,
  app: App,
  claims: Record<string, any>,
  endpoint: Endpoint,
): void {
  const now = tokenNow(state)
  const from = (claims.nbf ?? claims.iat ?? 0) * 1000 - SKEW_MS
  if (!(claims.exp * 1000 + SKEW_MS > now) || from > now) {
    throw new LoginRefusal(
      'invalid_client',
      700024,
      'Client assertion is not within its valid time range.',
    )
  }
  if (claims.iss !== app.clientId || claims.sub !== app.clientId) {
    throw new LoginRefusal(
      'invalid_client',
      700021,
      'Client assertion application identifier does not match the identifier of the application.',
    )
  }
  const paths = [endpoint.path, `${app.tenantId}/v2.0`]
  const audiences = [endpoint.base, REAL_LOGIN].flatMap((base) =>
    paths.map((path) => `${base}/${path}`),
  )
  if (!audiences.includes(claims.aud)) {
    throw new LoginRefusal(
      'invalid_client',
      700023,
      'Client assertion audience claim does not match Realm issuer.',
    )
  }
}
