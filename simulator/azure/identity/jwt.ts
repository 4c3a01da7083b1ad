import { constants, type KeyObject, sign, verify } from 'node:crypto'

/** A JSON Web Token taken apart, nothing about it believed yet. */
export type ParsedToken = {
  readonly header: Record<string, any>
  readonly claims: Record<string, any>
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Signs claims as RS256. */
export function signToken(
  key: { readonly kid: string; readonly privateKey: KeyObject },
  claims: object,
): string {
  const header = { typ: 'JWT', alg: 'RS256', x5t: key.kid, kid: key.kid }
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

/** Takes a token apart; null when it is not one. */
export function parseToken(token: string): ParsedToken | null {
  const [header = '', claims = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || signature === '') return null
  try {
    return {
      header: decode(header),
      claims: decode(claims),
      signed: Buffer.from(`${header}.${claims}`),
      signature: Buffer.from(signature, 'base64url'),
    }
  } catch {
    return null
  }
}

/** Whether the key signed the token, as RS256 or PS256 (RFC 7518); other algorithms are never believed. */
export function isSignedBy(token: ParsedToken, key: KeyObject): boolean {
  const { signed, signature, header } = token
  if (header.alg === 'RS256') return verify('RSA-SHA256', signed, key, signature)
  if (header.alg !== 'PS256') return false
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
  return verify('RSA-SHA256', signed, { key, padding, saltLength }, signature)
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): Record<string, any> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  if (value === null || typeof value !== 'object') throw new SyntaxError('not an object')
  return value
}
