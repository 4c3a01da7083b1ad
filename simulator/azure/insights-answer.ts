import type { Context } from 'hono'
import { callerOf, Refused } from './identity/caller.ts'
import { QueryFault } from './insights-query.ts'
import type { Publisher } from './parties.ts'
import type { AzureState } from './state.ts'

/** A refusal of the analytics API, in its envelope. */
export class InsightsFailure extends Error {
  readonly status: 400 | 401 | 403 | 404
  constructor(status: InsightsFailure['status'], message: string) {
    super(message)
    this.status = status
  }
}

/** Whose data is asked for. */
export function publisherOf(state: AzureState, c: Context): Publisher {
  return callerOf(state, c.req.header('authorization'), 'analytics').publisher
}

/**
 * `{value, totalCount, message, statusCode}`; the report-creation sample spells it with capitals, hence the
 * setting. `about` tells answers about reports from all others.
 */
export function envelope(
  state: AzureState,
  about: 'report' | 'other',
  value: readonly object[],
  message: string | null,
  status = 200,
): Response {
  const setting = state.settings().analytics.envelope
  const isUpper = setting === 'upper' || (setting === 'mixed' && about === 'report')
  const body = { value, totalCount: value.length, message, statusCode: status }
  return Response.json(isUpper ? capitals(body, setting === 'upper') : body, { status })
}

/** The answer to anything thrown by a route of analytics, or undefined when it is a bug. */
export function insightsFailure(state: AzureState, error: unknown): Response | undefined {
  if (error instanceof Refused) {
    const status = ['role', 'user'].includes(error.reason) ? 403 : 401
    const message = status === 401 ? 'Unauthorized' : 'Forbidden'
    return envelope(state, 'other', [], message, status)
  }
  if (error instanceof QueryFault) return envelope(state, 'other', [], error.message, 400)
  if (error instanceof InsightsFailure) {
    return envelope(state, 'other', [], error.message, error.status)
  }
  return undefined
}

function capitals(body: object, deep: boolean): object {
  return Object.fromEntries(
    Object.entries(body).map(([name, one]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      deep && Array.isArray(one) ? one.map((item) => capitals(item, false)) : one,
    ]),
  )
}

/** A field of a request body in whatever casing it came. */
export function fieldsOf(body: unknown): Readonly<Record<string, any>> {
  if (body === null || typeof body !== 'object') {
    throw new InsightsFailure(400, 'Null or missing value')
  }
  return Object.fromEntries(
    Object.entries(body).map(([name, one]) => [name.charAt(0).toLowerCase() + name.slice(1), one]),
  )
}
