/** Every way an operation can fail. `status` is what HTTP says; `retry` is what a job does. */
export const codes = {
  invalid: { status: 422, retry: false },
  unauthenticated: { status: 401, retry: false },
  forbidden: { status: 403, retry: false },
  not_found: { status: 404, retry: false },
  conflict: { status: 409, retry: true },
  stale: { status: 412, retry: false },
  too_large: { status: 413, retry: false },
  unsupported: { status: 501, retry: false },
  rejected: { status: 422, retry: false },
  throttled: { status: 503, retry: true },
  unavailable: { status: 503, retry: true },
  internal: { status: 500, retry: false },
} as const

export type Code = keyof typeof codes

/** One broken rule: where (dotted path into the request, empty for the whole), and what to do about it. */
export type Violation = { readonly path: string; readonly message: string }

/** Why a marketplace said no: which part of our request, its own code where it has one, its words. */
export type Reason = {
  readonly part: string
  readonly code: string | null
  readonly message: string
}

export type ProblemDetails = {
  /** Every fault of a request, shape and rules alike. */
  readonly errors?: readonly Violation[]
  /** How long to wait, when the other side said so. */
  readonly retryAfterMs?: number
  readonly [extra: string]: unknown
}

/** The one error class. `message` and `details` are safe to show; what is not safe goes in `cause`. */
export class Problem extends Error {
  readonly code: Code
  readonly details: ProblemDetails

  constructor(code: Code, message: string, details: ProblemDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Problem'
    this.code = code
    this.details = details
  }
}

/** Throws `invalid` naming every violation, or returns when there is none. */
export function refuse(violations: readonly Violation[]): void {
  if (violations.length === 0) return
  const first = violations[0]
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : ''
  throw new Problem('invalid', `${first?.message}${more}`, { errors: violations })
}

/** Whatever was thrown, as a Problem: an unknown error is `internal` and keeps its cause. */
export const asProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem('internal', 'something went wrong here', {}, { cause: error })
