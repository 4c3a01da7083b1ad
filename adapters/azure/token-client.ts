import { base64url, importPKCS8, SignJWT } from 'jose'
import { z } from 'zod'
import type { World } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { type Credentials, secretsOf } from './credentials.ts'
import { readJson } from './exact-json.ts'
import { retryAfter } from './failures.ts'
import type { Settings } from './settings.ts'
import { type TokenSource, tokenProblem } from './tokens.ts'

const timeoutMs = 15_000
const assertionLivesSeconds = 600

/** v1 writes its numbers as text, v2 as numbers. */
const granted = z.object({
  access_token: z.string().min(1),
  expires_in: z.string().regex(/^\d+$/),
  refresh_token: z.string().optional(),
})
const refused = z.object({ error: z.string(), error_description: z.string().default('') })

type Form = Readonly<Record<string, string>>
type Account = { readonly settings: Settings; readonly credentials: Credentials }

/**
 * Asks Entra's token endpoint itself, v1 or v2 as the settings say, with the app's secret or a client assertion signed
 * by its certificate: "Microsoft identity platform and the OAuth 2.0 client credentials flow".
 */
export function appTokens(account: Account, world: World): TokenSource {
  const endpoint = endpointOf(account.settings)
  return async (audience) => {
    const { settings, credentials } = account
    const form = {
      grant_type: 'client_credentials',
      client_id: settings.clientId,
      ...(await proof(credentials, settings.clientId, endpoint, world.nowMs())),
      ...aimedAt(audience, settings),
    }
    const { token } = await ask(endpoint, form, account, world)
    return token
  }
}

/** What is kept of the payout user: the newest refresh token. */
const keptToken = z.object({ refreshToken: z.string().min(1) })

/**
 * A user's tokens, by the refresh token of the credentials. Each exchange may bring a newer refresh token ("Refresh
 * tokens in the Microsoft identity platform"); it is kept, sealed, before the access token is used, since the older one
 * ends 90 days after its last use.
 */
export function userTokens(account: Account, world: World): TokenSource | null {
  const { settings, credentials } = account
  const { payouts } = credentials
  if (!payouts) return null
  let refreshToken: string | undefined
  return async (audience) => {
    refreshToken ??=
      keptToken.safeParse(await world.keep?.read()).data?.refreshToken ?? payouts.refreshToken
    const form = {
      grant_type: 'refresh_token',
      client_id: payouts.clientId ?? settings.clientId,
      refresh_token: refreshToken,
      ...(payouts.clientSecret === undefined ? {} : { client_secret: payouts.clientSecret }),
      ...aimedAt(audience, settings),
    }
    const { token, newer } = await ask(endpointOf(settings), form, account, world)
    if (newer !== undefined && newer !== refreshToken) {
      refreshToken = newer
      await world.keep?.write({ refreshToken: newer })
    }
    return token
  }
}

const endpointOf = ({ endpoints, tenantId, tokenVersion }: Settings): string =>
  `${endpoints.login}/${tenantId}/oauth2/${tokenVersion === 'v1' ? '' : 'v2.0/'}token`

const aimedAt = (audience: string, { tokenVersion }: Settings): Form =>
  tokenVersion === 'v1' ? { resource: audience } : { scope: scopeOf(audience) }

/** What v2 asks for in an audience's name. */
export const scopeOf = (audience: string): string => `${audience.replace(/\/$/, '')}/.default`

async function proof(
  credentials: Credentials,
  clientId: string,
  endpoint: string,
  nowMs: number,
): Promise<Form> {
  if ('clientSecret' in credentials) return { client_secret: credentials.clientSecret }
  if (!('certificate' in credentials))
    throw new Problem(
      'invalid',
      'a managed identity signs in at https login endpoints with token version v2 only',
      { whose: 'ours' },
    )
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(credentials.certificate, clientId, endpoint, nowMs),
  }
}

/** "Microsoft identity platform application authentication certificate credentials": PS256, named by x5t#S256. */
async function assertion(
  pem: string,
  clientId: string,
  endpoint: string,
  nowMs: number,
): Promise<string> {
  const key = await importPKCS8(block(pem, 'PRIVATE KEY'), 'PS256').catch(() => {
    throw unusable('its private key is not PKCS#8 PEM')
  })
  const now = Math.floor(nowMs / 1000)
  return new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': await thumbprint(pem) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(endpoint)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + assertionLivesSeconds)
    .sign(key)
}

function block(pem: string, label: string): string {
  const found = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(pem)?.[0]
  if (found === undefined) throw unusable(`it has no ${label} block`)
  return found
}

async function thumbprint(pem: string): Promise<string> {
  const base64 = block(pem, 'CERTIFICATE').replace(/-----[^-]+-----|\s/g, '')
  const der = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', der)))
}

const unusable = (why: string): Problem =>
  new Problem('unauthenticated', `the certificate cannot be used: ${why}`, { whose: 'ours' })

async function ask(
  endpoint: string,
  form: Form,
  { credentials }: Account,
  { fetch, nowMs }: World,
): Promise<{ token: { value: string; endsAtMs: number }; newer: string | undefined }> {
  const request = () =>
    new Request(endpoint, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { accept: 'application/json' },
      redirect: 'manual',
    })
  const answer = await within(timeoutMs, 'Microsoft (token)', async (signal) => {
    const response = await fetch(new Request(request(), { signal }))
    return { status: response.status, headers: response.headers, text: await response.text() }
  }).catch((error: unknown) => {
    if (error instanceof Problem) throw error
    throw new Problem('unavailable', 'Microsoft (token) cannot be reached', {}, { cause: error })
  })
  const body = parse(answer.text)
  const token = granted.safeParse(body)
  if (answer.status === 200 && token.success) {
    const { access_token: value, expires_in, refresh_token: newer } = token.data
    return { token: { value, endsAtMs: nowMs() + Number(expires_in) * 1000 }, newer }
  }
  const said = refused.safeParse(body).data
  const refusal = {
    code: said?.error ?? '',
    description:
      said?.error_description ?? 'what answered there is not Entra; check endpoints.login',
    status: answer.status,
  }
  const problem = tokenProblem(refusal, [
    ...secretsOf(credentials),
    ...(form.refresh_token === undefined ? [] : [form.refresh_token]),
  ])
  const retryAfterMs = retryAfter(answer.headers, nowMs())
  throw retryAfterMs === undefined
    ? problem
    : new Problem(problem.code, problem.message, { ...problem.details, retryAfterMs })
}

function parse(text: string): unknown {
  try {
    return readJson(text, 'text')
  } catch {
    return undefined
  }
}
