import type { Context } from 'hono'
import { isVersion } from './catalog-versions.ts'
import { writeExact } from './configure-json.ts'
import { callerOf, Refused } from './identity/caller.ts'
import type { AzureState } from './state.ts'

/** A refusal in the envelope of product ingestion: `{error: {code, message, details}}`. */
export class IngestionFailure extends Error {
  readonly status: 400 | 401 | 403 | 404 | 429
  readonly code: string
  readonly details: readonly object[]
  readonly retryAfterSeconds: number | undefined
  constructor(
    status: IngestionFailure['status'],
    code: string,
    message: string,
    more: { readonly details?: readonly object[]; readonly retryAfterSeconds?: number } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.details = more.details ?? []
    this.retryAfterSeconds = more.retryAfterSeconds
  }
}

/** Who asks, and the newest schema version they can read. */
export type Asked = { readonly publisherId: string; readonly version: string }

/** Checks the bearer token and `$version`, which every call needs. */
export function asked(state: AzureState, c: Context): Asked {
  const publisherId = callerOf(state, c.req.header('authorization'), 'ingestion').publisher.id
  const version = c.req.query('$version')
  if (version === undefined || !isVersion(version)) {
    throw new IngestionFailure(
      400,
      'badRequest',
      version === undefined
        ? "The query parameter '$version' is required."
        : `The value '${version}' of the query parameter '$version' is not valid.`,
    )
  }
  return { publisherId, version }
}

/** Answers JSON with amounts as exact number tokens. */
export function answer(body: unknown, status = 200): Response {
  return new Response(writeExact(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
}

/** The answer to anything thrown by a route of product ingestion, or undefined when it is a bug. */
export function failureAnswer(error: unknown): Response | undefined {
  if (error instanceof Refused) {
    const isToken = !['role', 'user'].includes(error.reason)
    return failed(isToken ? 401 : 403, isToken ? 'unauthorized' : 'forbidden', error.message, [])
  }
  if (!(error instanceof IngestionFailure)) return undefined
  const response = failed(error.status, error.code, error.message, error.details)
  if (error.retryAfterSeconds !== undefined) {
    response.headers.set('retry-after', String(error.retryAfterSeconds))
  }
  return response
}

export function notFound(): IngestionFailure {
  return new IngestionFailure(404, 'notFound', 'The requested resource was not found.')
}

function failed(
  status: number,
  code: string,
  message: string,
  details: readonly object[],
): Response {
  return Response.json({ error: { code, message, details } }, { status })
}

/** One page of a list with an absolute link to the next; tokens are opaque to callers. */
export function page<T>(
  state: AzureState,
  c: Context,
  all: readonly T[],
): { readonly items: readonly T[]; readonly nextLink: string | null } {
  const { pageSize: most, emptyFirstPage } = state.settings().ingestion
  const wanted = Number(c.req.query('$maxpagesize') ?? most)
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new IngestionFailure(400, 'badRequest', "The value of '$maxpagesize' is not valid.")
  }
  const token = c.req.query('continuationToken')
  const size = token === undefined && emptyFirstPage ? 0 : Math.min(wanted, most)
  const from = offset(token)
  const items = all.slice(from, from + size)
  if (from + size >= all.length) return { items, nextLink: null }
  const next = new URL(c.req.url)
  next.searchParams.set('continuationToken', btoa(JSON.stringify({ from: from + size })))
  const base = new URL(state.world.origin())
  return { items, nextLink: `${base.origin}${next.pathname}${next.search}` }
}

function offset(token: string | undefined): number {
  if (token === undefined) return 0
  try {
    const { from } = JSON.parse(atob(token))
    if (Number.isInteger(from) && from >= 0) return from
  } catch {
    // Not a token of ours: told below.
  }
  throw new IngestionFailure(400, 'badRequest', 'The continuation token is not valid.')
}
