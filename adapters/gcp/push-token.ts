import { type CryptoKey, decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { GcpClient } from './client.ts'
import { PublishedKeys } from './published-keys.ts'

const algorithm = 'RS256'
const issuers = ['https://accounts.google.com', 'accounts.google.com']
const skewSeconds = 30

const keySet = z.looseObject({
  keys: z.array(z.looseObject({ kid: z.string().min(1), kty: z.string() })),
})
const claims = z.looseObject({ email: z.string(), email_verified: z.literal(true) })

/** The keys that Google signs identity tokens with: a JSON Web Key Set. */
export const pushKeys = ({ settings, fetch, nowMs }: GcpClient): PublishedKeys =>
  new PublishedKeys({
    what: 'identity keys',
    url: settings.endpoints.pushCerts,
    fetch,
    nowMs,
    async read(json) {
      const told = keySet.safeParse(json)
      if (!told.success) return undefined
      const read = told.data.keys
        .filter(({ kty }) => kty === 'RSA')
        .map(async (jwk) => [jwk.kid, (await importJWK(jwk, algorithm)) as CryptoKey] as const)
      return new Map(await Promise.all(read).catch(() => []))
    },
  })

type Push = { readonly audience: string; readonly serviceAccountEmail: string }

/**
 * Throws `unauthenticated` unless a push carries the token of the subscription's own service account, made out to the
 * audience that was agreed on: "Authentication for push subscriptions". Anybody at Google can have a token signed with
 * these keys, so that the account is what counts.
 */
export async function verifyPush(
  { nowMs }: GcpClient,
  keys: PublishedKeys,
  { audience, serviceAccountEmail }: Push,
  authorization: string | undefined,
): Promise<void> {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) throw forged('it has no bearer token')
  const key = await keys.find(kidOf(token))
  if (key === undefined) throw forged('its token is signed with a key that is not Google’s')
  const { payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    issuer: issuers,
    audience,
    clockTolerance: skewSeconds,
    currentDate: new Date(nowMs()),
    requiredClaims: ['exp', 'iat'],
  }).catch((error: unknown) => {
    if (error instanceof errors.JOSEError) throw forged(`its token is not good: ${error.message}`)
    throw error
  })
  const read = claims.safeParse(payload)
  if (!read.success) throw forged('its token names no verified e-mail address')
  if (read.data.email !== serviceAccountEmail)
    throw forged('its token is not of the service account that was agreed on')
}

function kidOf(token: string): string {
  try {
    const { kid, alg } = decodeProtectedHeader(token)
    if (kid && alg === algorithm) return kid
  } catch {
    // Not a token at all; told alike.
  }
  throw forged('its token names no key')
}

const forged = (why: string): Problem =>
  new Problem('unauthenticated', `this is not a push of the agreed subscription: ${why}`, {
    whose: 'theirs',
  })
