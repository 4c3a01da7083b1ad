import { createPublicKey } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import type { Api, ServiceAccount } from './parties.ts'
import { Refusal } from './refusal.ts'
import type { GcpContext } from './state.ts'

const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'
const SKEW_SECONDS = 300

/** Scopes that open each API (discovery documents: auth.oauth2.scopes). */
const SCOPES: Record<Api, readonly string[]> = {
  procurement: [CLOUD_PLATFORM],
  producer: [CLOUD_PLATFORM],
  serviceControl: [CLOUD_PLATFORM, 'https://www.googleapis.com/auth/servicecontrol'],
  pubsub: [CLOUD_PLATFORM, 'https://www.googleapis.com/auth/pubsub'],
  storage: [
    CLOUD_PLATFORM,
    'https://www.googleapis.com/auth/devstorage.read_only',
    'https://www.googleapis.com/auth/devstorage.read_write',
    'https://www.googleapis.com/auth/devstorage.full_control',
  ],
}

/** An access token the simulator handed out. Instants are milliseconds of the clock tokens are judged by. */
export type AccessToken = {
  readonly token: string
  /** A service account's e-mail; null is a federated identity that may only ask for another token. */
  readonly email: string | null
  /** The workload identity audience of a federated identity. */
  readonly audience: string | null
  readonly scopes: readonly string[]
  readonly expiresAt: number
}

/** What `authorised` leaves in `c.var`. */
export type Called = { Variables: { caller: ServiceAccount; emptyFirstPage?: boolean } }

export function accessTokens(context: GcpContext) {
  return context.world.table<AccessToken>('gcp.accessTokens')
}

/** Milliseconds of the clock that tokens are judged by. */
export function tokenNow(context: GcpContext): number {
  return context.settings().tokens.clock === 'real' ? Date.now() : context.now()
}

/** Lets a call through that bears a living token of a service account which is linked for this API. */
export function authorised(context: GcpContext, api: Api): MiddlewareHandler<Called> {
  return async (c, next) => {
    const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    c.set('caller', await callerOf(context, api, bearer))
    await next()
  }
}

/** A caller may act for one provider only. Google's 403 does not say what is missing. */
export function mustOwn(caller: ServiceAccount, provider: string): void {
  if (caller.provider !== provider) throw new Refusal('PERMISSION_DENIED')
}

async function callerOf(
  context: GcpContext,
  api: Api,
  bearer: string | undefined,
): Promise<ServiceAccount> {
  const [first] = context.serviceAccounts.values()
  if (context.settings().tokens.check === 'none' && bearer === undefined && first) return first
  if (bearer === undefined) throw new Refusal('UNAUTHENTICATED')
  const known = accessTokens(context).get(bearer)
  const { email, scopes } = known ? living(context, known) : await selfSigned(context, api, bearer)
  const account = context.serviceAccounts.get(email)
  if (!account || account.isDisabled) throw new Refusal('UNAUTHENTICATED')
  if (!scopes.some((scope) => SCOPES[api].includes(scope))) {
    throw new Refusal('PERMISSION_DENIED', 'Request had insufficient authentication scopes.')
  }
  if (!account.linked[api]) throw new Refusal('PERMISSION_DENIED')
  return account
}

function living(context: GcpContext, token: AccessToken) {
  if (token.expiresAt <= tokenNow(context) || token.email === null) {
    throw new Refusal('UNAUTHENTICATED')
  }
  return { email: token.email, scopes: token.scopes }
}

/** A JWT signed by the account itself, with a scope or with the API as its audience (Google: AIP-4111). */
async function selfSigned(context: GcpContext, api: Api, bearer: string) {
  if (context.settings().tokens.selfSigned === 'refused') throw new Refusal('UNAUTHENTICATED')
  const claims = await verifiedBy(context, bearer).catch(() => null)
  if (!claims || claims.iss !== claims.sub) throw new Refusal('UNAUTHENTICATED')
  const scope = typeof claims.scope === 'string' ? claims.scope.split(' ') : []
  const isForApi = scope.length === 0 && typeof claims.aud === 'string'
  return { email: String(claims.iss), scopes: isForApi ? SCOPES[api] : scope }
}

/**
 * Claims of a JWT that a registered service account signed: RS256 by one of its keys, at most an hour of life,
 * and the audience when one is given. Throws when anything is wrong.
 */
export async function verifiedBy(context: GcpContext, jwt: string, audience?: string) {
  const { kid } = decodeProtectedHeader(jwt)
  const { iss } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const account = context.serviceAccounts.get(String(iss))
  const key = account?.keys.find((one) => kid === undefined || one.id === kid)
  if (!key) throw new Error('no such service account or key')
  const { payload } = await jwtVerify(jwt, createPublicKey(key.publicPem), {
    algorithms: ['RS256'],
    currentDate: new Date(tokenNow(context)),
    clockTolerance: SKEW_SECONDS,
    requiredClaims: ['iat', 'exp'],
    ...(audience === undefined ? {} : { audience }),
  })
  if (Number(payload.exp) - Number(payload.iat) > 3600) throw new Error('lives for over an hour')
  return payload
}
