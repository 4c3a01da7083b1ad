import { importPKCS8, SignJWT } from 'jose'
import type { Credentials } from './credentials.ts'
import { grantOf, scope, type Token, type TokenWorld, unusable } from './token-call.ts'

/** Whom an assertion is made out to, word for word, wherever the token endpoint is reached. */
const audience = 'https://oauth2.googleapis.com/token'
const assertionSeconds = 3600

type Key = Extract<Credentials, { kind: 'key' }>

/**
 * Tokens of a service account by its key: "Using OAuth 2.0 for server to server applications". Google's own library signs
 * by the machine's clock and asks one address only, so the assertion is made here.
 */
export const keyTokens =
  (key: Key, world: TokenWorld): (() => Promise<Token>) =>
  async () =>
    grantOf(world, {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertion(key, Math.floor(world.nowMs() / 1000)),
    })

async function assertion(
  { clientEmail, privateKey, privateKeyId }: Key,
  iat: number,
): Promise<string> {
  const signer = await importPKCS8(privateKey, 'RS256').catch(() => {
    // What is wrong with it would quote it.
    throw unusable('the private key cannot be read: it must be the private_key of a key file')
  })
  return new SignJWT({ scope })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'JWT',
      ...(privateKeyId ? { kid: privateKeyId } : {}),
    })
    .setIssuer(clientEmail)
    .setSubject(clientEmail)
    .setAudience(audience)
    .setIssuedAt(iat)
    .setExpirationTime(iat + assertionSeconds)
    .sign(signer)
}
