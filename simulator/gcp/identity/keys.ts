import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Table } from '../../world.ts'
import type { GcpContext } from '../state.ts'
import { selfSigned } from './certificate.ts'

const CERTIFICATE_LIFE_MS = 20 * 365 * 86_400_000
const COMMON_NAME = 'cloud-commerce-partner.system.gserviceaccount.com'

/** Who signs: sign-up tokens (published as certificates) or push tokens (published as a key set). */
export type Signer = 'signUp' | 'push'

/** A key of Google's, published until it is forgotten; only the newest signs. */
type SigningKey = {
  readonly kid: string
  readonly privateJwk: any
  readonly publicJwk: any
  readonly certificate: string
}

/** A JWT signed RS256 by the newest key; `kid` overrides what its header names. */
export function sign(
  context: GcpContext,
  signer: Signer,
  claims: Record<string, unknown>,
): Promise<string> {
  const key = keys(context, signer).values().at(-1) ?? rotate(context, signer, false)
  return signWith(key, claims)
}

/** A JWT that names the newest key and is signed by one nobody knows. */
export function forge(
  context: GcpContext,
  signer: Signer,
  claims: Record<string, unknown>,
): Promise<string> {
  const known = keys(context, signer).values().at(-1) ?? rotate(context, signer, false)
  const other = makeKey(context)
  return signWith({ ...other, kid: known.kid }, claims)
}

/** `{kid: PEM certificate}`, as the sign-up issuer publishes them. */
export function certificates(context: GcpContext): Record<string, string> {
  if (keys(context, 'signUp').size === 0) rotate(context, 'signUp', false)
  const all = keys(context, 'signUp').values()
  return Object.fromEntries(all.map(({ kid, certificate }) => [kid, certificate]))
}

/** `{keys: […]}`, as `https://www.googleapis.com/oauth2/v3/certs`. */
export function keySet(context: GcpContext): { keys: object[] } {
  if (keys(context, 'push').size === 0) rotate(context, 'push', false)
  const all = keys(context, 'push').values()
  return {
    keys: all.map(({ kid, publicJwk: { n, e } }) => ({
      kty: 'RSA',
      alg: 'RS256',
      use: 'sig',
      kid,
      n,
      e,
    })),
  }
}

/** Signs with a new key from now on; `forget` also unpublishes the old ones. */
export function rotate(context: GcpContext, signer: Signer, forget: boolean): SigningKey {
  const table = keys(context, signer)
  const made = makeKey(context)
  if (forget) for (const { kid } of table.values()) table.delete(kid)
  return table.put(made.kid, made)
}

function signWith(key: SigningKey, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'JWT' })
    .sign(createPrivateKey({ key: key.privateJwk, format: 'jwk' }))
}

function makeKey(context: GcpContext): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha1').update(String(publicJwk.n)).digest('hex')
  const certificate = selfSigned({
    commonName: COMMON_NAME,
    serial: `4${context.ids.hex(15)}`,
    from: new Date(0),
    to: new Date(context.now() + CERTIFICATE_LIFE_MS),
    publicKey,
    privateKey,
  })
  return { kid, privateJwk: privateKey.export({ format: 'jwk' }), publicJwk, certificate }
}

const keys = (context: GcpContext, signer: Signer): Table<SigningKey> =>
  context.world.table(`gcp.keys.${signer}`)
