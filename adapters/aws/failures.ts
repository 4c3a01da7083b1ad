import { type Code, Problem, type ProblemDetails } from '../../src/kernel/problem.ts'
import type { Reason } from '../../src/offers/model.ts'

/**
 * AWS's error names and what they are to us. Names from the models of the Catalog, Agreement, Metering and
 * Entitlement APIs, from IAM's and STS's common errors and from S3's error responses.
 */
const codeByName: Readonly<Record<string, Code>> = {
  AccessDenied: 'forbidden',
  AccessDeniedException: 'forbidden',
  UnauthorizedOperation: 'forbidden',
  OptInRequired: 'forbidden',
  DisabledApiException: 'forbidden',
  AuthFailure: 'unauthenticated',
  CredentialsProviderError: 'unauthenticated',
  ExpiredToken: 'unauthenticated',
  ExpiredTokenException: 'unauthenticated',
  IncompleteSignature: 'unauthenticated',
  InvalidAccessKeyId: 'unauthenticated',
  InvalidClientTokenId: 'unauthenticated',
  InvalidSignatureException: 'unauthenticated',
  MissingAuthenticationToken: 'unauthenticated',
  MissingAuthenticationTokenException: 'unauthenticated',
  RequestExpired: 'unauthenticated',
  RequestTimeTooSkewed: 'unauthenticated',
  SignatureDoesNotMatch: 'unauthenticated',
  TokenRefreshRequired: 'unauthenticated',
  UnrecognizedClientException: 'unauthenticated',
  NotFound: 'not_found',
  NoSuchBucket: 'not_found',
  NoSuchKey: 'not_found',
  ResourceNotFoundException: 'not_found',
  ConflictException: 'conflict',
  ResourceInUseException: 'conflict',
  RequestLimitExceeded: 'throttled',
  ServiceQuotaExceededException: 'throttled',
  SlowDown: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  AbortError: 'unavailable',
  InternalError: 'unavailable',
  InternalFailure: 'unavailable',
  InternalServerException: 'unavailable',
  InternalServiceErrorException: 'unavailable',
  InternalServiceException: 'unavailable',
  ServiceUnavailable: 'unavailable',
  ServiceUnavailableException: 'unavailable',
  TimeoutError: 'unavailable',
}

/** How the network says that no answer came, on Node and on Workers. */
const lost = /^(E[A-Z]+|UND_ERR_\w+)$|fetch failed|network|socket hang up/i

/** Change sets take minutes to finish, so asking sooner than this for a free place is in vain. */
const quotaRetryMs = 10 * 60_000

/** What the SDK throws: https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/the-response.html */
type Thrown = Error & {
  readonly code?: string | number
  readonly reason?: unknown
  readonly ValidationExceptionFieldList?: readonly RefusedField[]
  readonly fields?: readonly { readonly name?: string; readonly message?: string }[]
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}
type RefusedField = {
  readonly ChangeType?: string
  readonly Field?: string
  readonly Reason?: string
  readonly Message?: string
}

/**
 * Whatever a call to AWS threw, as a Problem. `details` always has `operation` and AWS's own name in `awsCode`;
 * `whose: 'ours'` where our credentials are at fault; `reasons` where AWS said no; `retryAfterMs` where it is known.
 */
export function classify(operation: string, thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  const error: Thrown = thrown instanceof Error ? thrown : new Error(String(thrown))
  const code = codeOf(error)
  const details: ProblemDetails = {
    operation,
    awsCode: error.name,
    ...(error.$metadata?.requestId ? { awsRequestId: error.$metadata.requestId } : {}),
    ...extraDetails(code, error, operation),
  }
  const message = `AWS ${operation}: ${explain(code, error, operation)}`
  return new Problem(code, message, details, { cause: thrown })
}

function codeOf(error: Thrown): Code {
  const known = codeByName[error.name]
  if (known) return known
  const status = error.$metadata?.httpStatusCode
  if (status === undefined || status < 400) return isLost(error) ? 'unavailable' : 'internal'
  if (status >= 500) return 'unavailable'
  if (status === 401) return 'unauthenticated'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  if (status === 423) return 'conflict'
  return status === 429 ? 'throttled' : 'rejected'
}

const isLost = (error: Thrown): boolean =>
  lost.test(String(error.code ?? '')) || lost.test(error.message)

function extraDetails(code: Code, error: Thrown, operation: string): ProblemDetails {
  if (code === 'unauthenticated' || code === 'forbidden') return { whose: 'ours' }
  if (code === 'rejected')
    return {
      reasons: reasonsOf(error, operation),
      ...(typeof error.reason === 'string' ? { awsReason: error.reason } : {}),
    }
  if (error.name === 'ServiceQuotaExceededException') return { retryAfterMs: quotaRetryMs }
  const seconds = Number(error.$response?.headers?.['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}
}

function reasonsOf(error: Thrown, operation: string): readonly Reason[] {
  const catalog = (error.ValidationExceptionFieldList ?? []).map((field) => ({
    part: [field.ChangeType, field.Field].filter(Boolean).join(' ') || operation,
    code: field.Reason ?? error.name,
    message: field.Message ?? error.message,
  }))
  const others = (error.fields ?? []).map((field) => ({
    part: field.name ?? operation,
    code: error.name,
    message: field.message ?? error.message,
  }))
  const all = [...catalog, ...others]
  return all.length > 0 ? all : [{ part: operation, code: error.name, message: error.message }]
}

/** The IAM action that an operation needs. */
export const permissionOf = (operation: string): string =>
  permissions[operation] ?? `aws-marketplace:${operation}`

const permissions: Readonly<Record<string, string>> = {
  AssumeRole: 'sts:AssumeRole',
  GetCallerIdentity: 'sts:GetCallerIdentity',
  BatchDescribeEntities: 'aws-marketplace:DescribeEntity',
  ListObjectsV2: 's3:ListBucket',
  GetObject: 's3:GetObject',
}

function explain(code: Code, error: Thrown, operation: string): string {
  if (/Deserialization error/.test(error.message))
    return 'what answered there is not AWS; check the endpoint in the settings'
  const said = `${error.name}: ${error.message}`
  if (error.name.startsWith('RequestTime') || error.name === 'RequestExpired')
    return `the clock of this machine is off (${said})`
  if (code === 'unauthenticated')
    return `AWS does not accept our credentials; renew them on the connection (${said})`
  if (error.name === 'DisabledApiException') return `the API is off in this region (${said})`
  if (code === 'forbidden')
    return `denied: ${permissionOf(operation)} is not allowed, or not on this resource (${said})`
  if (code === 'conflict') return `another change holds it, it is tried again (${said})`
  return said
}
