import { type Code, Problem } from '../../src/kernel/problem.ts'

/** What Salesforce answers to a request it refuses as a whole, as jsforce throws it. */
export type Refusal = { readonly code: string; readonly message: string; readonly fields: string[] }

type Verdict = readonly [code: Code, retryAfterMs?: number]

const probeMs = 3_600_000
const maintenanceMs = 600_000
const concurrentMs = 15_000

/** Request-level codes of the REST API (ExceptionCode of the Partner WSDL). What is not here was understood and refused. */
const verdicts: Readonly<Record<string, Verdict>> = {
  INVALID_SESSION_ID: ['unauthenticated'],
  INVALID_LOGIN: ['unauthenticated'],
  REQUEST_LIMIT_EXCEEDED: ['throttled', probeMs],
  EXCEEDED_QUOTA: ['throttled', probeMs],
  ERROR_HTTP_429: ['throttled'],
  API_DISABLED_FOR_ORG: ['forbidden'],
  API_CURRENTLY_DISABLED: ['forbidden'],
  INSUFFICIENT_ACCESS: ['forbidden'],
  INSUFFICIENT_ACCESS_OR_READONLY: ['forbidden'],
  ORG_LOCKED: ['forbidden'],
  TRIAL_EXPIRED: ['forbidden'],
  STORAGE_LIMIT_EXCEEDED: ['forbidden'],
  ERROR_HTTP_403: ['forbidden'],
  NOT_FOUND: ['not_found'],
  INVALID_TYPE: ['not_found'],
  INVALID_FIELD: ['not_found'],
  INVALID_FIELD_FOR_INSERT_UPDATE: ['not_found'],
  ERROR_HTTP_404: ['not_found'],
  UNABLE_TO_LOCK_ROW: ['conflict'],
  INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE: ['unavailable', maintenanceMs],
  ORG_IN_MAINTENANCE: ['unavailable', maintenanceMs],
  FUNCTIONALITY_TEMPORARILY_UNAVAILABLE: ['unavailable', maintenanceMs],
  SERVER_UNAVAILABLE: ['unavailable'],
  UNKNOWN_EXCEPTION: ['unavailable'],
  REQUEST_RUNNING_TOO_LONG: ['unavailable'],
  TXN_SECURITY_METERING_ERROR: ['unavailable'],
  // Salesforce's edge answers these two while an org is being set up or moved.
  ERROR_HTTP_406: ['unavailable'],
  ERROR_HTTP_420: ['unavailable'],
}

/** The access token was refused: a new one may help, once. */
export const isSessionOver = (error: unknown): boolean =>
  refusal(error)?.code === 'INVALID_SESSION_ID' || refusal(error)?.code === 'ERROR_HTTP_401'

/** What jsforce threw, as a Problem. Its request, which holds the token, is left behind. */
export function classify(error: unknown, what: string): Problem {
  if (error instanceof Problem) return error
  const said = refusal(error)
  if (!said) {
    const cause = new Error(trail(error))
    return new Problem('unavailable', `Salesforce could not be reached for ${what}`, {}, { cause })
  }
  const [code, retryAfterMs] = verdict(said)
  return new Problem(code, `Salesforce refused ${what}: ${wordsOf(said)}`, {
    salesforce: said.code,
    ...((code === 'unauthenticated' || code === 'forbidden') && { whose: 'ours' }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** Names and messages of an error and its causes, without the objects that hang on them. */
function trail(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const own = `${error.name}: ${error.message}`
  return error.cause instanceof Error ? `${own} (${trail(error.cause)})` : own
}

function verdict({ code, message }: Refusal): Verdict {
  if (code === 'REQUEST_LIMIT_EXCEEDED' && message.startsWith('Concurrent'))
    return ['throttled', concurrentMs]
  if (/^ERROR_HTTP_5\d\d$/.test(code)) return ['unavailable']
  return verdicts[code] ?? ['rejected']
}

/** Salesforce's own words with its code and the fields it names; markup of an edge server is not words. */
export function wordsOf({ code, message, fields }: Refusal): string {
  const text = /^\s*</.test(message) ? 'an HTML page' : message.trim().slice(0, wordsMax)
  return `${code}: ${text}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`
}
const wordsMax = 1_000

/** jsforce puts the code in `errorCode`, and in `data` the first error, or all of them when there are several. */
function refusal(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('errorCode' in error)) return undefined
  const data = 'data' in error ? error.data : undefined
  const first: unknown = Array.isArray(data) ? data[0] : data
  const part = (name: string): unknown =>
    typeof first === 'object' && first !== null ? Reflect.get(first, name) : undefined
  const fields = part('fields')
  const message = part('message')
  return {
    code: String(part('errorCode') ?? error.errorCode),
    message: typeof message === 'string' ? message : error.message,
    fields: Array.isArray(fields) ? fields.map(String) : [],
  }
}

/** What the token endpoint refuses, by OAuth's `error`; jsforce puts that in the error's name. */
export function classifyLogin(error: unknown): Problem {
  if (error instanceof Problem) return error
  // Without OAuth's own error in the body, jsforce leaves name and message undefined.
  const name = error instanceof Error ? String(error.name ?? '') : ''
  const text = error instanceof Error ? String(error.message ?? '') : ''
  if (/rate exceeded/i.test(text) || name === 'ERROR_HTTP_429')
    return new Problem('throttled', `Salesforce refused a token: ${text}`)
  if (/^[a-z][a-z_]+$/.test(name)) {
    const help = remedies.find(([pattern]) => pattern.test(text))?.[1]
    const words = `Salesforce refused the credentials: ${name}: ${text.slice(0, wordsMax)}`
    return new Problem('unauthenticated', help ? `${words}. ${help}` : words, {
      salesforce: name,
      whose: 'ours',
    })
  }
  const cause = new Error(`${name}: ${text.slice(0, wordsMax)}`)
  return new Problem('unavailable', `Salesforce gave no token: ${whyNoToken(name)}`, {}, { cause })
}

/** What is safe to show of an answer that is not OAuth's: it may quote anything, the request too. */
function whyNoToken(name: string): string {
  const status = /^ERROR_HTTP_(\d{3})$/.exec(name)?.[1]
  if (status === undefined) return 'loginUrl cannot be reached'
  return status < '500'
    ? `loginUrl answers ${status}, as no login address of Salesforce does`
    : `loginUrl answers ${status}`
}

/** What an administrator does about the commonest refusals (Salesforce Help, OAuth flows). */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/no client credentials user/i, 'Choose a run-as user in the app’s OAuth policies'],
  [/not supported on this domain/i, 'Client credentials need the My Domain address as loginUrl'],
  [/hasn.t approved this consumer/i, 'Pre-authorise the user for the app'],
  [
    /audience is invalid/i,
    'Set audience to https://login.salesforce.com or https://test.salesforce.com',
  ],
]

/** Row-level codes (StatusCode of the Partner WSDL) that pass by themselves: a lock, a race, somebody's trigger. */
const passing = new Set([
  'UNABLE_TO_LOCK_ROW',
  'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  'PROCESSING_HALTED',
  'DUPLICATE_VALUE',
  'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
  'CANNOT_EXECUTE_FLOW_TRIGGER',
  'CUSTOM_APEX_ERROR',
  'FLOW_EXCEPTION',
  'INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE',
  'INTERNAL_ERROR',
  'QUERY_TIMEOUT',
  'RECORD_IN_USE_BY_WORKFLOW',
  'REQUEST_RUNNING_TOO_LONG',
  'SERVER_UNAVAILABLE',
  'TERRITORY_REALIGN_IN_PROGRESS',
  'TOO_MANY_APEX_REQUESTS',
  'UNAVAILABLE_REF',
  'UNKNOWN_EXCEPTION',
])

/** `later`: the row passes by itself. `lacking`: the object or a field is not there for us. `refused`: the row is wrong. */
export function rowVerdict({ code, message }: Refusal): 'later' | 'lacking' | 'refused' {
  if (passing.has(code)) return 'later'
  // A parent named by external id that has not arrived yet is refused with the code of a missing field.
  if (code === 'INVALID_FIELD' && /foreign key external id/i.test(message)) return 'later'
  return lacking.has(code) ? 'lacking' : 'refused'
}
const lacking = new Set(['INVALID_FIELD', 'INVALID_FIELD_FOR_INSERT_UPDATE', 'INVALID_TYPE'])
