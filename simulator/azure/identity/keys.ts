import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { Table, World } from '../../world.ts'

/** A signing key of the login service, as JSON Web Keys. */
type SigningKey = {
  readonly kid: string
  readonly privateJwk: any
  readonly publicJwk: any
  /** Listed keys verify; only the newest signs. */
  readonly addedAt: number
}

/** What signs now: made at first use, because making it takes a moment. */
export function signingKey(world: World) {
  const table = keys(world)
  const newest = table.values().at(-1) ?? addKey(world)
  const privateKey = createPrivateKey({ key: newest.privateJwk, format: 'jwk' })
  return { kid: newest.kid, privateKey }
}

/** The listed public key of that id. */
export function publicKeyOf(world: World, kid: string) {
  const key = keys(world).get(kid)
  return key && createPublicKey({ key: key.publicJwk, format: 'jwk' })
}

/** The key set every tenant publishes. */
export function keySet(world: World): { keys: object[] } {
  if (keys(world).size === 0) addKey(world)
  const keysOut = keys(world).values()
  return {
    keys: keysOut.map(({ kid, publicJwk }) => ({
      kty: 'RSA',
      use: 'sig',
      kid,
      x5t: kid,
      n: publicJwk.n,
      e: publicJwk.e,
      issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
    })),
  }
}

/** Signs with a new key from now on; `forget` also takes the old ones off the list. Answers the new id. */
export function rotateKeys(world: World, forget: boolean): string {
  if (forget) for (const { kid } of keys(world).values()) keys(world).delete(kid)
  return addKey(world).kid
}

function addKey(world: World): SigningKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicJwk = pair.publicKey.export({ format: 'jwk' })
  const kid = createHash('sha1').update(String(publicJwk.n)).digest('base64url')
  const privateJwk = pair.privateKey.export({ format: 'jwk' })
  return keys(world).put(kid, { kid, privateJwk, publicJwk, addedAt: world.clock.now() })
}

const keys = (world: World): Table<SigningKey> => world.table('azure.keys')
