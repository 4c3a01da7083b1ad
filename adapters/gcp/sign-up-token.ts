import { decodeJwt, decodeProtectedHeader, errors, importX509, jwtVerify } from 'jose'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { GcpClient } from './client.ts'
import { signUpIssuer } from './endpoints.ts'
import { PublishedKeys } from './published-keys.ts'

const algorithm = 'RS256'
const skewSeconds = 30
/** "exp … is set to 5 minutes after": a longer one is not Google's. */
const lifeSecondsMax = 300
const tokenBytesMax = 8 * 1024

const certificates = z.record(z.string().min(1), z.string().includes('BEGIN CERTIFICATE'))

/** "Integrate your app's frontend". What an order looks like in `orders` no document says. */
const claims = z.looseObject({
  sub: z.string().min(1).max(200),
  iat: z.number(),
  exp: z.number(),
  google: z
    .looseObject({
      roles: z.array(z.string()).nullish(),
      user_identity: z.string().nullish(),
      orders: z.array(z.unknown()).nullish(),
    })
    .nullish(),
  orders: z.array(z.unknown()).nullish(),
})
export type SignUpClaims = z.infer<typeof claims>

/** The certificates that sign-up tokens are signed with: a map from a key's name to PEM. */
export const signUpKeys = ({ settings, fetch, nowMs }: GcpClient): PublishedKeys =>
  new PublishedKeys({
    what: 'sign-up certificates',
    url: settings.endpoints.signUpCerts,
    fetch,
    nowMs,
    async read(json) {
      const told = certificates.safeParse(json)
      if (!told.success) return undefined
      const read = Object.entries(told.data).map(
        async ([kid, pem]) => [kid, await importX509(pem, algorithm)] as const,
      )
      return new Map(await Promise.all(read).catch(() => []))
    },
  })

/**
 * What a sign-up token says, once it is proved to be Google's, for us, and young. Throws `rejected` with `token:
 * 'expired'` or `'invalid'`; `unavailable` while the certificates cannot be had.
 */
export async function readSignUp(
  { settings, nowMs }: GcpClient,
  keys: PublishedKeys,
  token: string,
): Promise<SignUpClaims> {
  const key = await keys.find(kidOf(token))
  if (key === undefined) throw invalid('it is signed with a key that is not Google’s')
  const { payload } = await jwtVerify(token, key, {
    algorithms: [algorithm],
    issuer: signUpIssuer,
    audience: [...settings.audiences],
    clockTolerance: skewSeconds,
    currentDate: new Date(nowMs()),
    requiredClaims: ['exp', 'iat', 'sub'],
  }).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) throw expired(token)
    if (error instanceof errors.JOSEError) throw invalid(reasonOf(error, settings.audiences))
    throw error
  })
  const read = claims.safeParse(payload)
  if (!read.success) throw invalid('it does not name an account')
  const { iat, exp } = read.data
  if (exp - iat > lifeSecondsMax) throw invalid('it lives longer than Google’s do')
  if (iat * 1000 > nowMs() + skewSeconds * 1000) throw invalid('it is from the future')
  return read.data
}

function kidOf(token: string): string {
  const isToken = token.length <= tokenBytesMax && token.split('.').length === 3
  try {
    const { kid, alg } = isToken ? decodeProtectedHeader(token) : {}
    if (kid && alg === algorithm) return kid
  } catch {
    // Not a token at all; told alike.
  }
  throw invalid('it is no token of Google’s')
}

/** A wrong audience is mostly a setting that is missing here, so it is named. */
function reasonOf(error: errors.JOSEError, audiences: readonly string[]): string {
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : undefined
  if (claim === 'aud') return `it is made out to none of ${audiences.join(', ')}`
  return claim === undefined ? 'its signature is not good' : `its “${claim}” is not good`
}

const invalid = (why: string): Problem =>
  new Problem('rejected', `this is not a sign-up token for this seller: ${why}`, {
    token: 'invalid',
  })

/** Its life was over by the time it came; when that was is safe to tell, the token is not. */
function expired(token: string): Problem {
  const { exp } = decodeJwt(token)
  const message =
    'the sign-up has taken too long: open the product in Google Cloud Marketplace and choose to sign up with the provider again'
  return new Problem('rejected', message, { token: 'expired', expiredAt: exp })
}
