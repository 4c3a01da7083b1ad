import { createPublicKey, verify } from 'node:crypto'
import type { App } from './org.ts'

const LIFE_SECONDS_MAX = 300

/** What a bearer assertion says when it can be believed. */
export type Claims = { readonly username: string }

/**
 * Checks an RS256 assertion against the application's certificate and answers whom it speaks for, or
 * the `error_description` of the refusal (Salesforce Help, OAuth 2.0 JWT Bearer Flow).
 */
export function checkAssertion(
  assertion: string,
  app: App,
  audiences: readonly string[],
  nowMs: number,
): Claims | string {
  const [head = '', body = '', signature = '', ...more] = assertion.split('.')
  const [header, claims] = [read(head), read(body)]
  if (!header || !claims || more.length > 0 || header.alg !== 'RS256') return 'invalid assertion'
  if (!app.certificate || !isSigned(`${head}.${body}`, signature, app.certificate)) {
    return 'invalid assertion'
  }
  if (claims.iss !== app.clientId) return 'invalid assertion'
  if (typeof claims.aud !== 'string' || !audiences.includes(claims.aud))
    return 'audience is invalid'
  const leftSeconds = Number(claims.exp) - nowMs / 1000
  if (!(leftSeconds > 0 && leftSeconds <= LIFE_SECONDS_MAX)) return 'expired authorization code'
  return typeof claims.sub === 'string' ? { username: claims.sub } : 'invalid assertion'
}

function read(part: string): Record<string, unknown> | null {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

function isSigned(text: string, signature: string, certificate: string): boolean {
  try {
    const key = createPublicKey(certificate)
    return verify('RSA-SHA256', Buffer.from(text), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}
