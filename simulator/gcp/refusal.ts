import type { Hono } from 'hono'

/** A fault of one part of a request, as `google.rpc.BadRequest.FieldViolation`. */
export type FieldViolation = { readonly field: string; readonly description: string }

const HTTP = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
} as const

/** The words Google says when it says no more (canonical error bodies). */
const USUAL: Partial<Record<Status, string>> = {
  INVALID_ARGUMENT: 'Request contains an invalid argument.',
  FAILED_PRECONDITION: 'Precondition check failed.',
  UNAUTHENTICATED:
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  PERMISSION_DENIED: 'The caller does not have permission',
  NOT_FOUND: 'Requested entity was not found.',
  RESOURCE_EXHAUSTED: 'Quota exceeded.',
  INTERNAL: 'Internal error encountered.',
  UNIMPLEMENTED: 'Operation is not implemented, or supported, or enabled.',
  UNAVAILABLE: 'The service is currently unavailable.',
}

export type Status = keyof typeof HTTP

/** An API's no, in the words of `google.rpc.Status`. */
export class Refusal extends Error {
  readonly status: Status
  readonly details: readonly object[]
  constructor(status: Status, message?: string, details: readonly object[] = []) {
    super(message ?? USUAL[status] ?? status)
    this.status = status
    this.details = details
  }
}

/** A request with these faults; the message names the first, as Google's do. */
export function badRequest(violations: readonly FieldViolation[], message?: string): Refusal {
  const [first] = violations
  return new Refusal(
    'INVALID_ARGUMENT',
    message ?? (first ? `${first.field}: ${first.description}` : undefined),
    [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations }],
  )
}

/** `{"error": {code, message, status, details}}` with the HTTP status of its code. */
export function errorReply(refusal: Refusal, headers: Record<string, string> = {}): Response {
  const { status, message, details } = refusal
  const code = HTTP[status]
  const error = { code, message, status, ...(details.length === 0 ? {} : { details }) }
  return json({ error }, code, headers)
}

/** JSON as Google's front ends send it. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  })
}

/** Makes these routes answer a thrown `Refusal` in Google's envelope, and anything else as a 500 with a log. */
export function googleErrors<R extends Hono<any>>(routes: R): R {
  routes.onError((error) => {
    if (error instanceof Refusal) return errorReply(error)
    console.error(error)
    return errorReply(new Refusal('INTERNAL'))
  })
  return routes
}
