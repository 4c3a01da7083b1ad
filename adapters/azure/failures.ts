import { type Code, Problem, type Reason } from '../../src/kernel/problem.ts'
import { type Api, apis } from './apis.ts'
import { readJson } from './exact-json.ts'

/** What a call is, in a problem's message: `POST /usageEvent`. */
export type Refusal = {
  readonly api: Api
  readonly operation: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * HTTP statuses and what they are to us. Body codes decide only where they say more than the status: the fulfilment
 * API answers 403 for a token that is missing, expired or of another app alike ("SaaS fulfillment Subscription APIs
 * v2"), and 409 means something else in each API, so ports that know better read it themselves.
 */
const codeByStatus: Readonly<Record<number, Code>> = {
  400: 'rejected',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  408: 'unavailable',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  423: 'conflict',
  429: 'throttled',
}

/** Words of error bodies that outrank their status: "Partner Center REST error codes", Product ingestion samples. */
const codeByWord: Readonly<Record<string, Code>> = {
  unauthenticated: 'unauthenticated',
  unauthorized: 'unauthenticated',
  accessdenied: 'forbidden',
  itemnotfound: 'not_found',
  preconditionfailed: 'conflict',
  resourcemodified: 'conflict',
  toomanyrequests: 'throttled',
  servicenotavailable: 'unavailable',
}

const textMax = 500

/**
 * A refusal as a Problem. `details` has `operation`, `azureStatus`, `azureCode` and the ids Microsoft's support asks
 * for; `whose: 'ours'` where our credentials are at fault; `reasons` where Microsoft said no; `retryAfterMs` where it
 * said when.
 */
export function classify(refusal: Refusal, nowMs: number): Problem {
  const { api, operation, status, headers } = refusal
  const said = readBody(refusal.text)
  const code = codeOf(status, said.code)
  const retryAfterMs = retryAfter(headers, nowMs)
  const details = {
    operation,
    azureStatus: status,
    ...(said.code === null ? {} : { azureCode: said.code }),
    ...trace(headers),
    ...(code === 'unauthenticated' || code === 'forbidden' ? { whose: 'ours' } : {}),
    ...(code === 'rejected' || code === 'conflict' ? { reasons: reasonsOf(operation, said) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  const message = `Microsoft ${operation}: ${explain(code, api, status, said)}`
  return new Problem(code, message, details)
}

function codeOf(status: number, word: string | null): Code {
  const byWord = status >= 400 && word !== null ? codeByWord[word.toLowerCase()] : undefined
  if (byWord !== undefined) return byWord
  const known = codeByStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'unavailable'
  return status >= 400 ? 'rejected' : 'internal'
}

function explain(code: Code, api: Api, status: number, said: Said): string {
  const words = [said.code, said.message].filter(Boolean).join(': ')
  const told = words === '' ? `HTTP ${status}` : `HTTP ${status}, ${words}`
  if (code === 'forbidden') return `denied: ${apis[api].whenForbidden} (${told})`
  if (code === 'unauthenticated')
    return `${apis[api].title} does not accept our token; check its audience and the credentials (${told})`
  if (code === 'internal') return `an answer that is none (${told}); check the base URL`
  return told
}

/** A body that says no, in any of the envelopes that these APIs use. */
type Said = {
  readonly code: string | null
  readonly message: string
  readonly reasons: readonly Reason[]
}

/** `{error: {code, message, details}}`, the same without `error`, or plain text. */
export function readBody(text: string): Said {
  const parsed = tryJson(text)
  const whole = isObject(parsed) ? parsed : {}
  const body = isObject(whole.error) ? whole.error : whole
  const message = textOf(body.message ?? body.Message ?? body.error_description)
  const inner = [body.details, body.errors, body.innerErrors].find(Array.isArray) ?? []
  return {
    code: textOf(body.code ?? body.Code ?? whole.error) || null,
    message: message || (isObject(parsed) ? '' : text.trim().slice(0, textMax)),
    reasons: inner.filter(isObject).map((one) => ({
      part: textOf(one.target ?? one.resourceId ?? one.resourceName),
      code: textOf(one.code) || null,
      message: textOf(one.message),
    })),
  }
}

function reasonsOf(operation: string, { code, message, reasons }: Said): readonly Reason[] {
  if (reasons.length === 0) return [{ part: operation, code, message: message || (code ?? 'no') }]
  return reasons.map((one) => ({ ...one, part: one.part || operation }))
}

function tryJson(text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value.slice(0, textMax)
    : typeof value === 'number'
      ? String(value)
      : ''

/** Seconds or a date, as RFC 9110 has it. */
export function retryAfter(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

const traceHeaders = {
  azureRequestId: ['x-ms-requestid', 'request-id', 'ms-requestid'],
  azureCorrelationId: ['x-ms-correlationid', 'ms-correlationid', 'mise-correlation-id'],
  azureActivityId: ['x-ms-activityid'],
} as const

/** What Microsoft's support asks for. */
function trace(headers: Headers): Record<string, string> {
  const found = Object.entries(traceHeaders).map(
    ([name, candidates]) =>
      [name, candidates.map((header) => headers.get(header)).find(Boolean) ?? ''] as const,
  )
  return Object.fromEntries(found.filter(([, value]) => value !== ''))
}
