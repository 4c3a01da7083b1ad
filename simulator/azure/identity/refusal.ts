import type { AzureState } from '../state.ts'
import { tokenNow } from './time.ts'

/** What the login service says no with: an OAuth error word, an AADSTS number and a sentence. */
export class LoginRefusal extends Error {
  readonly error: string
  readonly code: number
  constructor(error: string, code: number, message: string) {
    super(message)
    this.error = error
    this.code = code
  }
}

/**
 * The body Entra answers errors with ("Microsoft identity platform authentication and authorization error
 * codes"): `invalid_client` is 401, everything else 400.
 */
export function refusalResponse(state: AzureState, refusal: LoginRefusal): Response {
  const traceId = state.ids.guid()
  const correlationId = state.ids.guid()
  const timestamp = `${new Date(tokenNow(state)).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const said = `AADSTS${refusal.code}: ${refusal.message}`
  const body = {
    error: refusal.error,
    error_description: `${said} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${refusal.code}`,
  }
  return Response.json(body, { status: refusal.error === 'invalid_client' ? 401 : 400 })
}
