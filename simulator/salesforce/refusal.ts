/** One thing Salesforce found wrong, before it is written as `errorCode` (request) or `statusCode` (row). */
export type Fault = {
  readonly code: string
  readonly message: string
  readonly fields?: readonly string[]
  /** Further keys of the body: `duplicateResut`. */
  readonly extra?: Record<string, unknown>
}

const STATUS: Record<string, number> = {
  INVALID_SESSION_ID: 401,
  INVALID_AUTH_HEADER: 401,
  REQUEST_LIMIT_EXCEEDED: 403,
  API_DISABLED_FOR_ORG: 403,
  INSUFFICIENT_ACCESS: 403,
  INSUFFICIENT_ACCESS_OR_READONLY: 403,
  NOT_FOUND: 404,
  ENTITY_IS_DELETED: 404,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_API_VERSION: 410,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNKNOWN_EXCEPTION: 500,
  SERVER_UNAVAILABLE: 503,
}

/** A refused request or row, with every fault found. The HTTP status follows from the first code (REST API Developer Guide, Status Codes and Error Responses). */
export class Refusal extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(faults.map((fault) => `${fault.code}: ${fault.message}`).join('; '))
    this.faults = faults
  }

  get status(): number {
    return STATUS[this.faults[0]?.code ?? ''] ?? 400
  }

  /** The body of a whole request that was refused: an array, always. */
  body(): object[] {
    return this.faults.map(({ code, message, fields, extra }) => ({
      ...extra,
      message,
      errorCode: code,
      ...(fields ? { fields } : {}),
    }))
  }

  /** The `errors` of one row in a collection, where the key is `statusCode` and `fields` is never missing. */
  rowErrors(): object[] {
    return this.faults.map(({ code, message, fields, extra }) => ({
      statusCode: code,
      message,
      fields: fields ?? [],
      ...(extra ? { duplicateResult: extra.duplicateResut } : {}),
    }))
  }
}

export function refuse(code: string, message: string, fields?: readonly string[]): never {
  throw new Refusal([{ code, message, ...(fields ? { fields } : {}) }])
}

/** What a path, an object or a row answers that is not there, or that the user may not know of. */
export function notFound(message = 'The requested resource does not exist'): never {
  return refuse('NOT_FOUND', message)
}

export function unsupportedType(object: string): never {
  return refuse(
    'INVALID_TYPE',
    `sObject type '${object}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

/** A value somebody sent, as a message shows it. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
