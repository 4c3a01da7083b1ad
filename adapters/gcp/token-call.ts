import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { type Fetch, within } from '../../src/platform/http.ts'

/** The one scope that every API in use accepts. */
export const scope = 'https://www.googleapis.com/auth/cloud-platform'
const timeoutMs = 15_000
const textMax = 300

/** A bearer token and when it ends. */
export type Token = { readonly value: string; readonly endsAtMs: number }
export type TokenWorld = {
  readonly fetch: Fetch
  readonly nowMs: () => number
  /** Where tokens are asked for. */
  readonly endpoint: string
}

const granted = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
})

/** Asks for a token with a form (RFC 6749, 4). Throws `unauthenticated` where it is not given. */
export async function grantOf(
  { fetch, nowMs, endpoint }: TokenWorld,
  form: Readonly<Record<string, string>>,
): Promise<Token> {
  const askedAtMs = nowMs()
  const json = await tokenCall(fetch, endpoint, { body: new URLSearchParams(form) })
  const read = granted.safeParse(json)
  if (!read.success) throw noToken('an answer of another shape')
  const { access_token: value, expires_in: seconds } = read.data
  return { value, endsAtMs: askedAtMs + seconds * 1000 }
}

/** One POST to an identity service, and its JSON. What is sent never shows in a failure. */
export async function tokenCall(fetch: Fetch, url: string, init: RequestInit): Promise<unknown> {
  const { status, json } = await within(timeoutMs, 'Google (token)', async (signal) => {
    const response = await fetch(
      new Request(url, { method: 'POST', redirect: 'manual', signal, ...init }),
    )
    return { status: response.status, json: tryJson(await response.text()) }
  }).catch((error: unknown) => {
    throw lost(error)
  })
  if (status !== 200) throw refused(status, json)
  return json
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const lost = (cause: unknown): Problem =>
  cause instanceof Problem
    ? cause
    : new Problem(
        'unavailable',
        'Google (token) cannot be reached',
        { operation: 'token' },
        { cause },
      )

export const unusable = (why: string): Problem =>
  new Problem('unauthenticated', `Google does not let us sign in: ${why}`, {
    operation: 'token',
    whose: 'ours',
  })

export const noToken = (what: string): Problem =>
  new Problem('unavailable', `Google (token) gave no token: ${what}`, { operation: 'token' })

/** OAuth's error body (RFC 6749, 5.2), or google.rpc.Status of the other identity services. */
const refusal = z.looseObject({
  error: z.union([z.string(), z.looseObject({ message: z.string() })]),
  error_description: z.string().catch(''),
})

function refused(status: number, json: unknown): Problem {
  const read = refusal.safeParse(json)
  if (!read.success && status !== 429) return noToken(`HTTP ${status}`)
  const { error = '', error_description: description = '' } = read.data ?? {}
  const word = typeof error === 'string' ? error : error.message
  const told = [word, description].filter(Boolean).join(': ').slice(0, textMax) || `HTTP ${status}`
  const details = { operation: 'token', httpStatus: status }
  if (status === 429) return new Problem('throttled', `Google (token) is busy: ${told}`, details)
  if (status >= 500 || status < 400) return noToken(`HTTP ${status}, ${told}`)
  const message = `Google does not let us sign in: ${told}${hint(word)}`
  return new Problem('unauthenticated', message, { ...details, whose: 'ours' })
}

const hint = (word: string): string =>
  word === 'invalid_grant'
    ? '; the key was deleted or disabled, the service account is gone, or this machine’s clock is wrong'
    : ''
