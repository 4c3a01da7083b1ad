import { OpenAPIHono } from '@hono/zod-openapi'
import { stringify } from 'csv-stringify/sync'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import * as z from 'zod'
import type { Deps } from './deps.ts'
import { Problem, refuse, type Violation } from './kernel/problem.ts'
import { readInstant } from './kernel/time.ts'
import type { Principal, Role } from './platform/auth.ts'

/** What every handler finds in its context. */
export type Env = { Variables: { deps: Deps; principal: Principal; requestId: string } }

/** A router whose malformed requests become one `invalid` problem that names every fault. */
export const router = () =>
  new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success)
        refuse(violationsOf(result.error, result.target === 'json' ? '' : result.target))
    },
  })

/** A zod error as violations: dotted paths, one for each unknown field. */
export function violationsOf(error: z.ZodError | z.core.$ZodError, prefix = ''): Violation[] {
  return error.issues.flatMap((issue) => {
    const at = [...(prefix ? [prefix] : []), ...issue.path.map(String)]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...at, key].join('.'),
        message: 'is not a field here',
      }))
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionViolations(issue, at)
    return [{ path: at.join('.'), message: sentence(issue.message) }]
  })
}

/** Of a union's branches, the one that came closest; a caller meant that one. */
function unionViolations(issue: z.core.$ZodIssueInvalidUnion, at: string[]): Violation[] {
  const [closest] = [...issue.errors].sort((a, b) => a.length - b.length)
  const inner = { issues: closest ?? [] } as unknown as z.ZodError
  return violationsOf(inner).map((v) => ({
    path: [...at, ...(v.path ? [v.path] : [])].join('.'),
    message: v.message,
  }))
}

const sentence = (message: string) => message.replace(/^Invalid input: /, '')

/** Lets only these roles pass; `admin` always may. */
export const allow = (...allowed: readonly Role[]) =>
  createMiddleware<Env>(async (c, next) => {
    const { role } = c.var.principal
    if (role !== 'admin' && !allowed.includes(role)) {
      throw new Problem(
        'forbidden',
        `this needs the role ${['admin', ...allowed].join(' or ')}; the key has ${role}`,
      )
    }
    await next()
  })

/** Everybody but a machine that may only send usage. */
export const readers = [
  'deal_desk',
  'finance',
  'sales',
  'viewer',
] as const satisfies readonly Role[]

export const bearer = [{ bearer: [] }]

const problemSchema = z
  .object({
    type: z.string().meta({
      description: 'Stable address of the kind of problem',
      example: 'urn:tradepost:problem:invalid',
    }),
    title: z.string().meta({
      description: 'What went wrong, for people',
      example: 'acceptBy must be in the future',
    }),
    status: z.int().meta({ description: 'The HTTP status', example: 422 }),
    code: z.string().meta({ description: 'The kind, for programs', example: 'invalid' }),
    requestId: z.string().meta({ description: 'Find it in the log', example: 'req_4f1c' }),
    errors: z
      .array(
        z.object({
          path: z.string().meta({
            description: 'Where in the request; empty for all of it',
            example: 'payments.1.amount',
          }),
          message: z
            .string()
            .meta({ description: 'What is wrong there', example: 'USD has at most 2 decimals' }),
        }),
      )
      .optional()
      .meta({ description: 'Every fault of the request, all at once' }),
  })
  .loose()
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' })

/** One more answer that a call can have. */
export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})

/** Answers that any call can have. */
export const problems = {
  401: problem('No API key, or not a valid one'),
  403: problem('The key’s role may not do this'),
  404: problem('No such resource'),
  409: problem('Somebody was first, or the idempotency key was used for another request'),
  412: problem('If-Match names an old revision'),
  413: problem('The body is too large'),
  422: problem('The request breaks rules; every one is named in errors'),
} as const

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
})

export const idempotent = z.object({
  'idempotency-key': z.string().min(1).max(200).optional().meta({
    description:
      'The same key with the same body replays the first answer; with another body it is a conflict',
    example: 'idempotency_example',
  }),
})
export const conditional = z.object({
  'if-match': z.string().max(50).optional().meta({
    description:
      'The ETag that was read; an older one is refused, so nobody overwrites another’s change',
    example: '*',
  }),
})
export const idParam = (schema: z.ZodType<string, string>) => z.object({ id: schema })

export const etag = (revision: number): string => `"${revision}"`

/** The revision the caller has seen, or undefined without `If-Match` (and for `*`). */
export function expectedRevision(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const match = /^(?:W\/)?"(\d{1,9})"$/.exec(header.trim())
  if (!match)
    throw new Problem('invalid', 'If-Match must be an ETag of this resource, such as "3"', {
      errors: [{ path: 'header.if-match', message: 'must be an ETag of this resource' }],
    })
  return Number(match[1])
}

const limitMax = 200
const limitDefault = 50
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(limitMax)
    .default(limitDefault)
    .meta({
      description: `Rows a page, 1 to ${limitMax}`,
      example: 50,
    }),
  cursor: z
    .string()
    .max(500)
    .optional()
    .meta({ description: '`next` of the page before', example: undefined }),
}

export const pageOf = <Schema extends z.ZodType>(row: Schema) =>
  z.object({
    data: z.array(row),
    next: z
      .string()
      .nullable()
      .meta({ description: 'Cursor of the next page; null at the end', example: null }),
  })

/** A page and the cursor after it, from one row more than asked for. */
export function page<Row, View>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => View,
  after: (row: Row) => readonly string[],
) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? encodeCursor(after(last)) : null
  return { data: shown.map(view), next }
}

const encodeCursor = (parts: readonly string[]) =>
  Buffer.from(JSON.stringify(parts)).toString('base64url')

/**
 * The parts of a cursor that `page` made, or undefined without one. Throws `invalid` for anything else.
 * Most lists go by a moment and an id; another first part needs its own `fits`.
 */
export function readCursor(
  cursor: string | undefined,
  parts: number,
  fits: (first: string) => boolean = (first) => readInstant(first) !== undefined,
): string[] | undefined {
  if (cursor === undefined) return undefined
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (
      Array.isArray(read) &&
      read.length === parts &&
      read.every((p) => typeof p === 'string' && !p.includes('\0')) &&
      fits(read[0])
    )
      return read
  } catch {}
  return refuseCursor()
}
const refuseCursor = (): never => {
  throw new Problem('invalid', 'cursor is not one that this list returned', {
    errors: [{ path: 'query.cursor', message: 'is not one that this list returned' }],
  })
}

/** Rows as CSV with a header. Text that a spreadsheet would run as a formula is quoted with an apostrophe. */
export function csv(
  c: Context,
  name: string,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
) {
  const safe = (value: unknown) =>
    typeof value === 'string' && /^[=+@\t\r]|^-(?!\d)/.test(value) ? `'${value}` : value
  const text = stringify(
    rows.map((row) => columns.map((column) => safe(row[column] ?? ''))),
    { header: true, columns: [...columns] },
  )
  return c.body(text, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${name}.csv"`,
  })
}
