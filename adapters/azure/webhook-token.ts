import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { Problem } from '../../src/kernel/problem.ts'
import type { AzureClient } from './client.ts'
import type { Settings } from './settings.ts'
import type { WebhookKeys } from './webhook-keys.ts'

const skewSeconds = 5 * 60
const publicLogin = 'https://login.microsoftonline.com'
const publicIssuerV1 = 'https://sts.windows.net'

/**
 * Throws `unauthenticated` unless a call carries a token that Entra made for this publisher's app at the request of
 * Microsoft's marketplace: "Implementing a webhook on the SaaS service". Which of the two token versions comes depends
 * on the app registration.
 */
export async function verifyToken(
  azure: AzureClient,
  keys: WebhookKeys,
  authorization: string | undefined,
): Promise<void> {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw forged('it has no bearer token')
  const kid = kidOf(token)
  const key = await keys.find(kid)
  if (key === undefined) throw forged('its token is signed with a key that is not the tenant’s')
  const { settings } = azure
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['RS256'],
    audience: settings.webhookAudience ?? settings.clientId,
    issuer: issuersOf(settings),
    clockTolerance: skewSeconds,
    currentDate: new Date(azure.nowMs()),
    requiredClaims: ['exp', 'tid'],
  }).catch((error: unknown) => {
    if (error instanceof errors.JOSEError) throw forged(`its token is not good: ${error.message}`)
    throw error
  })
  if (payload.tid !== settings.tenantId) throw forged('its token is of another tenant')
  if (callerOf(payload) !== settings.marketplaceAppId)
    throw forged('its token was not made for Microsoft’s marketplace')
}

function kidOf(token: string): string {
  try {
    const { kid, alg } = decodeProtectedHeader(token)
    if (kid && alg === 'RS256') return kid
  } catch {
    // Not a token at all; told alike.
  }
  throw forged('its token names no key')
}

/** v1 and v2 tokens of the tenant; Entra’s own names, also where its endpoint is reached by another address. */
const issuersOf = ({ tenantId, endpoints }: Settings): string[] => [
  `${publicIssuerV1}/${tenantId}/`,
  `${publicLogin}/${tenantId}/v2.0`,
  `${endpoints.login}/${tenantId}/v2.0`,
]

const callerOf = ({ ver, appid, azp }: JWTPayload): unknown =>
  ver === '1.0' ? appid : (azp ?? appid)

const forged = (why: string): Problem =>
  new Problem('unauthenticated', `this is not a call of Microsoft’s marketplace: ${why}`, {
    whose: 'theirs',
  })
