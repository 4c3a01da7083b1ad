import type { TokenCredential } from '@azure/identity'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { type Credentials, secretsOf } from './credentials.ts'
import type { Settings } from './settings.ts'
import { scopeOf } from './token-client.ts'
import { type TokenSource, tokenProblem } from './tokens.ts'

const timeoutMs = 15_000
/** Its own are three, with pauses that grow to minutes; the job is the retry. */
const retryOptions = { maxRetries: 1, retryDelayInMs: 300, maxRetryDelayInMs: 1_000 }

/**
 * Microsoft's own client (@azure/identity), v2 and https only. It is loaded when the first token is asked for, and made
 * anew each time: it keeps tokens of its own, and one that was refused must not come back from there.
 */
export const identityTokens =
  (settings: Settings, credentials: Credentials): TokenSource =>
  async (audience) => {
    const made = await credentialOf(settings, credentials)
    const token = await within(timeoutMs, 'Microsoft (token)', (abortSignal) =>
      made.getToken(scopeOf(audience), { abortSignal }),
    ).catch((error: unknown) => {
      throw problemOf(error, credentials)
    })
    if (!token) throw new Problem('internal', 'Microsoft (token) answered without a token')
    return { value: token.token, endsAtMs: token.expiresOnTimestamp }
  }

async function credentialOf(
  { tenantId, clientId, endpoints }: Settings,
  credentials: Credentials,
): Promise<TokenCredential> {
  const identity = await import('@azure/identity')
  const options = { authorityHost: endpoints.login, disableInstanceDiscovery: true, retryOptions }
  if ('clientSecret' in credentials)
    return new identity.ClientSecretCredential(
      tenantId,
      clientId,
      credentials.clientSecret,
      options,
    )
  if ('certificate' in credentials)
    return new identity.ClientCertificateCredential(
      tenantId,
      clientId,
      { certificate: credentials.certificate },
      options,
    )
  return credentials.clientId === undefined
    ? new identity.ManagedIdentityCredential({ retryOptions })
    : new identity.ManagedIdentityCredential({ clientId: credentials.clientId, retryOptions })
}

/** How Node and MSAL say that nobody answered; the latter resolves Entra's endpoints before it asks for a token. */
const lost =
  /ENOTFOUND|ECONN|EAI_AGAIN|ETIMEDOUT|EPIPE|network|socket|fetch failed|endpoints_resolution_error|openid_config_error/i

function problemOf(error: unknown, credentials: Credentials): Problem {
  if (error instanceof Problem) return error
  const {
    name = '',
    message = '',
    statusCode,
  } = (error ?? {}) as Partial<Error> & {
    statusCode?: number
  }
  const hasCode = /AADSTS\d+/.test(message)
  if (!hasCode && lost.test(message))
    // MSAL says no more than this of a tenant that does not exist either.
    return new Problem(
      'unavailable',
      'Microsoft (token) cannot be reached, or does not know the tenantId',
      {},
      { cause: error },
    )
  const description = /AADSTS[\s\S]*/.exec(message)?.[0] ?? message
  const code = hasCode ? 'invalid_client' : name
  return tokenProblem({ code, description, status: statusCode ?? 401 }, secretsOf(credentials))
}
