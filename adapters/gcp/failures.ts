import { z } from 'zod'
import { type Code, Problem, type Reason } from '../../src/kernel/problem.ts'

export type Api = 'procurement' | 'producer' | 'serviceControl' | 'pubsub' | 'storage'

/** A refusal as it came: `body` is its JSON, or its text where it is none. */
export type Refusal = {
  readonly api: Api
  /** Google's word for what was asked: `privateOffers.create`. */
  readonly operation: string
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** Canonical codes of google.rpc.Code and what they are to us. */
const codeByWord: Readonly<Record<string, Code>> = {
  CANCELLED: 'unavailable',
  UNKNOWN: 'unavailable',
  INVALID_ARGUMENT: 'rejected',
  DEADLINE_EXCEEDED: 'unavailable',
  NOT_FOUND: 'not_found',
  ALREADY_EXISTS: 'conflict',
  PERMISSION_DENIED: 'forbidden',
  RESOURCE_EXHAUSTED: 'throttled',
  FAILED_PRECONDITION: 'rejected',
  ABORTED: 'conflict',
  OUT_OF_RANGE: 'rejected',
  UNIMPLEMENTED: 'unsupported',
  INTERNAL: 'unavailable',
  UNAVAILABLE: 'unavailable',
  DATA_LOSS: 'unavailable',
  UNAUTHENTICATED: 'unauthenticated',
}

const codeByStatus: Readonly<Record<number, Code>> = {
  400: 'rejected',
  401: 'unauthenticated',
  403: 'forbidden',
  408: 'unavailable',
  409: 'conflict',
  412: 'conflict',
  429: 'throttled',
  501: 'unsupported',
}

const linked =
  'link the service account in Producer Portal (product, Technical integration, Billing integration): a role alone is not enough'

/** Google says no more than that the caller may not; what it usually wants, by API. */
const whenForbidden: Readonly<Record<Api, string>> = {
  procurement: `${linked}; enable cloudcommerceprocurement.googleapis.com, and check providerId`,
  producer:
    'the service account needs roles/commerceproducer.admin on the project, and commerceproducer.googleapis.com must be enabled; it is in preview and not for everyone',
  serviceControl: `${linked}, and give it roles/servicemanagement.serviceController on the service`,
  pubsub: `${linked}, and give it roles/pubsub.editor in the subscription’s project`,
  storage: 'the service account needs roles/storage.objectViewer on the report bucket',
}

const orgPolicy =
  'An organisation policy may forbid it too (iam.disableCrossProjectServiceAccountUsage, domain-restricted sharing)'

/**
 * A refusal as a Problem. `details` has `operation`, `googleStatus`, `httpStatus`; `reasons` where Google said no, one
 * for each violation of google.rpc.BadRequest and PreconditionFailure; `whose: 'ours'` where our credentials are at
 * fault; `retryAfterMs` where it said when (Retry-After, google.rpc.RetryInfo).
 */
export function classify(refusal: Refusal, nowMs: number): Problem {
  const { operation, status, headers } = refusal
  const said = read(refusal.body)
  const code = codeOf(status, said)
  const retryAfterMs = said.retryAfterMs ?? retryAfter(headers, nowMs)
  const details = {
    operation,
    httpStatus: status,
    ...(said.word === null ? {} : { googleStatus: said.word }),
    ...(code === 'unauthenticated' || code === 'forbidden' ? { whose: 'ours' } : {}),
    ...(code === 'rejected' || code === 'conflict' ? { reasons: reasonsOf(operation, said) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return new Problem(code, `Google ${operation}: ${explain(code, refusal, said)}`, details)
}

function codeOf(status: number, { word, info }: Said): Code {
  if (info.some((reason) => throttles.has(reason))) return 'throttled'
  const byWord = word === null ? undefined : codeByWord[word]
  if (byWord !== undefined) return byWord
  const known = codeByStatus[status]
  if (known !== undefined) return known
  if (status >= 500) return 'unavailable'
  // Something between us and Google, or the wrong address: it must not count as an answer about a thing.
  if (status === 404) return word === null ? 'unavailable' : 'not_found'
  return status >= 400 ? 'rejected' : 'internal'
}

/** Cloud Storage says 403 to whoever asks too often: "HTTP status and error codes for JSON". */
const throttles = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED'])

function explain(code: Code, { api, status }: Refusal, said: Said): string {
  const words = [said.word, said.message].filter(Boolean).join(': ')
  const told = words === '' ? `HTTP ${status}` : `HTTP ${status}, ${words}`
  if (code === 'forbidden' && said.info.includes('SERVICE_DISABLED'))
    return `denied: the API is not enabled in the service account’s project (${told})`
  if (code === 'forbidden') return `denied: ${whenForbidden[api]}. ${orgPolicy} (${told})`
  if (code === 'unauthenticated')
    return `our token is not accepted; check the credentials (${told})`
  if (status === 404 && said.word === null) return `${told}, not from Google; check the endpoint`
  return told
}

const text = z.string().catch('')
const violation = z.looseObject({
  field: text,
  subject: text,
  type: text,
  reason: text,
  description: text,
})
const detail = z.looseObject({
  fieldViolations: z.array(violation).catch([]),
  violations: z.array(violation).catch([]),
  retryDelay: text,
  reason: text,
})
const envelope = z.looseObject({
  error: z.looseObject({
    message: text,
    status: z.string().nullable().catch(null),
    details: z.array(detail).catch([]),
    errors: z.array(z.looseObject({ reason: text })).catch([]),
  }),
})

/** What google.rpc.Status says: `word` is its canonical code, null where the body is not Google's. */
type Said = {
  readonly word: string | null
  readonly message: string
  readonly reasons: readonly Reason[]
  readonly info: readonly string[]
  readonly retryAfterMs: number | undefined
}

const textMax = 500

function read(body: unknown): Said {
  const parsed = envelope.safeParse(body)
  if (!parsed.success) {
    const message = typeof body === 'string' ? body.trim().slice(0, textMax) : ''
    return { word: null, message, reasons: [], info: [], retryAfterMs: undefined }
  }
  const { message, status, details, errors } = parsed.data.error
  const reasons = details.flatMap((one) =>
    [...one.fieldViolations, ...one.violations].map((found) => ({
      part: found.field || found.subject,
      code: found.reason || found.type || status,
      message: found.description.slice(0, textMax),
    })),
  )
  const delay = details.map((one) => /^(\d+(\.\d+)?)s$/.exec(one.retryDelay)?.[1]).find(Boolean)
  return {
    // Cloud Storage has no canonical code in its errors.
    word: status ?? (errors[0]?.reason || null),
    message: message.slice(0, textMax),
    reasons,
    info: [...details, ...errors].map(({ reason }) => reason).filter(Boolean),
    retryAfterMs: delay === undefined ? undefined : Math.ceil(Number(delay) * 1000),
  }
}

function reasonsOf(operation: string, { word, message, reasons }: Said): readonly Reason[] {
  const own = { part: operation, code: word, message: message || 'Google does not say why' }
  return reasons.length === 0
    ? [own]
    : reasons.map((one) => ({ ...one, part: one.part || operation }))
}

/** Seconds or a date, as RFC 9110 has it. */
function retryAfter(headers: Headers, nowMs: number): number | undefined {
  const told = headers.get('retry-after')
  if (told === null) return undefined
  const ms = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
