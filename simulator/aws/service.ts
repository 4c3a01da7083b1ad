import type { Context } from 'hono'
import type { Aws } from './context.ts'
import { AwsFailure } from './failure.ts'
import { authenticate, type Caller, isDenied, NotBelieved } from './identity.ts'
import { pick } from './pick.ts'
import { admit } from './quota.ts'
import { type Model, type Violation, violations } from './shapes.ts'
import type { SignedRequest } from './signature.ts'

/** One operation of an AWS service: what it does once the request is believed, allowed and well formed. */
export type Operation = {
  /** The IAM action; absent means `aws-marketplace:<name>`. */
  readonly action?: string
  /** Calls a second and account that AWS documents; absent means none is documented. */
  readonly perSecond?: number
  handle(aws: Aws, input: any, caller: Caller): Promise<object> | object
}

/** An AWS service that speaks JSON: REST-JSON (its own paths) or JSON 1.0 / 1.1 (`x-amz-target`). */
export type Service = {
  readonly name: string
  readonly protocol: 'rest-json' | 'json'
  readonly contentType: string
  readonly targetPrefix: string
  readonly model: Model
  readonly signingName: string
  /** Regions it exists in; null is any. */
  readonly regions: readonly string[] | null
  /** The Catalog model's patterns reject what AWS's own samples send, so there they are not applied. */
  readonly patterns: boolean
  readonly throttle: string
  readonly internal: string
  /** How this service says that a request does not fit its model. */
  invalid(found: readonly Violation[]): AwsFailure
  readonly operations: Readonly<Record<string, Operation>>
}

/** Reads a request off the wire, exactly as it was sent: signatures are over these bytes. */
export async function signedRequest(c: Context): Promise<SignedRequest> {
  const incoming = (c.env as any).incoming
  return {
    method: c.req.method,
    target: incoming.url,
    headers: incoming.headers,
    body: new Uint8Array(await c.req.arrayBuffer()),
  }
}

/** Runs one operation from signature to validated answer. */
export async function serve(
  aws: Aws,
  service: Service,
  name: string,
  request: SignedRequest,
): Promise<Response> {
  const requestId = aws.ids.uuid()
  try {
    const operation = pick(service.operations, name)
    const model = pick(service.model.operations, name)
    if (!model) throw new AwsFailure('UnknownOperationException', '')
    const caller = authenticate(aws, request, {
      service: service.signingName,
      regions: service.regions,
    })
    const action = operation?.action ?? `aws-marketplace:${name}`
    if (isDenied(caller, action)) {
      throw new AwsFailure(
        'AccessDeniedException',
        `User: ${caller.arn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
      )
    }
    if (!operation) {
      throw new AwsFailure('UnknownOperationException', `${name} is not simulated; see the README.`)
    }
    if (!admit(aws, caller.account, service.name, name, operation.perSecond)) {
      throw new AwsFailure(service.throttle, 'Rate exceeded')
    }
    const input = readInput(service, model, request)
    const found = violations(service.model, model.input.shape, input, {
      patterns: service.patterns,
    })
    if (found.length > 0) throw service.invalid(found)
    count(aws, name)
    const output = await operation.handle(aws, input, caller)
    checkOutput(service, model, output)
    return answer(service, 200, requestId, output)
  } catch (error) {
    return refuse(service, requestId, error)
  }
}

/** How this service refuses: status, header and body as its protocol has them. */
export function refuse(service: Service, requestId: string, error: unknown): Response {
  const failure = asFailure(service, error)
  const rest = service.protocol === 'rest-json'
  const status = statusOf(service, failure.code)
  const message = failure.message
  const body = rest
    ? { Message: message, ...failure.members }
    : { __type: failure.code, message, ...withRequestId(service, failure, requestId) }
  return answer(service, status, requestId, body, failure.code)
}

function asFailure(service: Service, error: unknown): AwsFailure {
  if (error instanceof AwsFailure) return error
  if (error instanceof NotBelieved) return new AwsFailure(NAMES[error.reason], error.message)
  console.error(`simulated AWS ${service.name}:`, error)
  return new AwsFailure(service.internal, 'The simulator itself failed; see its log.')
}

const NAMES: Record<NotBelieved['reason'], string> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  mismatch: 'InvalidSignatureException',
  skew: 'InvalidSignatureException',
  scope: 'InvalidSignatureException',
  unknownKey: 'UnrecognizedClientException',
  badToken: 'UnrecognizedClientException',
  expired: 'ExpiredTokenException',
}

const REST_STATUS: Record<string, number> = {
  MissingAuthenticationTokenException: 403,
  InvalidSignatureException: 403,
  UnrecognizedClientException: 403,
  ExpiredTokenException: 403,
  AccessDeniedException: 403,
  UnknownOperationException: 404,
}

function statusOf(service: Service, code: string): number {
  if (code === service.internal) return 500
  if (service.protocol === 'json') return 400
  return service.model.shapes[code]?.error?.httpStatusCode ?? REST_STATUS[code] ?? 400
}

function withRequestId(service: Service, failure: AwsFailure, requestId: string) {
  const modelled = service.model.shapes[failure.code]?.members?.requestId
  return modelled ? { requestId, ...failure.members } : failure.members
}

function answer(
  service: Service,
  status: number,
  requestId: string,
  body: object,
  code?: string,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': service.contentType,
      'x-amzn-requestid': requestId,
      ...(code === undefined ? {} : { 'x-amzn-errortype': code }),
    },
  })
}

function readInput(service: Service, operation: any, request: SignedRequest): unknown {
  const query = new URL(request.target, 'http://aws').searchParams
  const members = service.model.shapes[operation.input.shape].members
  const fromQuery: Record<string, string> = {}
  for (const [name, member] of Object.entries<any>(members)) {
    const value = member.location === 'querystring' ? query.get(member.locationName) : null
    if (value !== null) fromQuery[name] = value
  }
  if (request.body.byteLength === 0) return fromQuery
  try {
    return { ...JSON.parse(new TextDecoder().decode(request.body)), ...fromQuery }
  } catch {
    throw new AwsFailure('SerializationException', 'The request body is not JSON.')
  }
}

// A simulator that answers outside the model teaches its clients wrong things: better to fail loudly.
function checkOutput(service: Service, operation: any, output: object): void {
  if (!operation.output) return
  const plain = JSON.parse(JSON.stringify(output))
  const found = violations(service.model, operation.output.shape, plain, {
    patterns: service.patterns,
  })
  if (found.length > 0) {
    throw new Error(
      `answer outside the model: ${JSON.stringify(found)} in ${JSON.stringify(plain)}`,
    )
  }
}

/** Counts calls that reached the work, by operation. */
function count(aws: Aws, operation: string): void {
  const table = aws.world.table<{ calls: number }>('aws.calls')
  table.put(operation, { calls: (table.get(operation)?.calls ?? 0) + 1 })
}
