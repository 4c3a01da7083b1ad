import { type Context, Hono } from 'hono'
import { NumberToken, parseExact, withNumbers } from '../exact-json.ts'
import { type Caller, callerOf, Refused } from '../identity/caller.ts'
import { type Described, describedOperations } from '../openapi.ts'
import type { AzureState } from '../state.ts'

/** One believed and well-formed request. Numbers of the body are NumberTokens, with their digits as sent. */
export type Call = {
  readonly state: AzureState
  readonly caller: Caller
  readonly path: Record<string, string>
  readonly query: Record<string, string>
  readonly body: any
  header(name: string): string | undefined
}

/** What an operation answers; without a body the answer is empty. */
export type Reply = {
  readonly status: number
  readonly body?: object
  readonly headers?: Record<string, string>
}

export type Handlers = Record<string, (call: Call) => Reply>

/** A refusal in the words of fulfilment (`error: {code, message}`) or metering (flat). */
export class ServiceRefusal extends Error {
  readonly status: number
  readonly code: string
  readonly more: object
  constructor(status: number, code: string, message: string, more: object = {}) {
    super(message)
    this.status = status
    this.code = code
    this.more = more
  }
}

const described = describedOperations()
const isMetering = (operation: Described) => operation.id.startsWith('MeteringOperations_')
const shortName = (operation: Described) => operation.id.split('_')[1] ?? operation.id

/**
 * Fulfilment and metering, below `/api` of either host. Paths come from Microsoft's OpenAPI files; a final
 * slash more or less makes no difference.
 */
export function marketplaceRoutes(state: AzureState, handlers: Handlers): Hono {
  const routes = new Hono()
  for (const operation of described) {
    const handle = handlers[operation.id]
    if (!handle) throw new Error(`nothing handles ${operation.id}`)
    const bare = operation.path.replace(/\/$/, '').replaceAll(/\{(\w+)\}/g, ':$1')
    for (const path of [bare, `${bare}/`]) {
      routes.on(operation.method, path, (c) => serve(state, c, operation, handle))
    }
  }
  return routes
}

/** The operation a path below `/api` asks for: `ListSubscriptions`, `PostBatchUsageEvent`. Null when there is none. */
export function operationAt(method: string, path: string): string | null {
  const bare = path.replace(/\/$/, '')
  const found = described.find((operation) => {
    const pattern = operation.path.replace(/\/$/, '').replaceAll(/\{\w+\}/g, '[^/]+')
    return operation.method === method && new RegExp(`^${pattern}$`).test(bare)
  })
  return found ? shortName(found) : null
}

async function serve(
  state: AzureState,
  c: Context,
  operation: Described,
  handle: (call: Call) => Reply,
): Promise<Response> {
  const headers = commonHeaders(state, c, operation)
  const reply = await answered(state, c, operation, handle)
  const all = { ...headers, ...reply.headers }
  if (reply.body === undefined) return new Response(null, { status: reply.status, headers: all })
  return new Response(JSON.stringify(reply.body), {
    status: reply.status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...all },
  })
}

async function answered(
  state: AzureState,
  c: Context,
  operation: Described,
  handle: (call: Call) => Reply,
): Promise<Reply> {
  try {
    const call = await read(state, c, operation)
    const reply = handle(call)
    const plain: any = reply.body && JSON.parse(JSON.stringify(reply.body))
    const wrong = operation.checkReply(reply.status, plain ?? {})
    // A simulator that answers outside the model teaches its clients wrong things: better to fail loudly.
    if (wrong.length > 0) {
      throw new Error(`answer outside the model: ${wrong.join('; ')} in ${JSON.stringify(plain)}`)
    }
    return reply
  } catch (error) {
    return refusal(operation, asRefusal(state, error))
  }
}

async function read(state: AzureState, c: Context, operation: Described): Promise<Call> {
  const api = isMetering(operation) ? 'metering' : 'fulfilment'
  const caller = callerOf(state, c.req.header('authorization'), api)
  const path = c.req.param() as Record<string, string>
  const query = c.req.query()
  const body = parsed(await c.req.text())
  const wrong = [
    ...operation.checkParameters({ path, query }),
    ...operation.checkBody(body === undefined ? undefined : withNumbers(body)),
  ]
  if (wrong.length > 0) throw badRequest(wrong)
  return { state, caller, path, query, body, header: (name) => c.req.header(name) }
}

/** A 400 in the documented envelope, one detail for each thing that is wrong. */
export function badRequest(wrong: readonly string[], target = 'request'): ServiceRefusal {
  return new ServiceRefusal(400, 'BadArgument', 'One or more errors have occurred.', {
    target,
    details: wrong.map((message) => ({ message, target, code: 'BadArgument' })),
  })
}

function parsed(text: string): any {
  if (text.trim() === '') return undefined
  try {
    const value = parseExact(text)
    if (value === null || typeof value !== 'object' || value instanceof NumberToken) {
      throw new SyntaxError('not an object')
    }
    return value
  } catch {
    throw badRequest(['The body is not a JSON object.'])
  }
}

function asRefusal(state: AzureState, error: unknown): ServiceRefusal {
  if (error instanceof ServiceRefusal) return error
  if (error instanceof Refused) {
    const is401 = error.reason === 'audience' && state.settings().tokens.wrongAudienceIs401
    return is401
      ? new ServiceRefusal(401, 'Unauthorized', error.message)
      : new ServiceRefusal(403, 'Forbidden', error.message)
  }
  console.error('simulated marketplace:', error)
  return new ServiceRefusal(500, 'InternalServerError', 'The simulator itself failed; see its log.')
}

function refusal(operation: Described, { status, code, message, more }: ServiceRefusal): Reply {
  const flat = { message, ...more, code }
  return { status, body: isMetering(operation) ? flat : { error: { code, message, ...more } } }
}

/** Headers as in Microsoft's recordings: request and correlation ids are echoed, or one new id serves as both. */
function commonHeaders(
  state: AzureState,
  c: Context,
  operation: Described,
): Record<string, string> {
  const fresh = state.ids.guid()
  const requestId = c.req.header('x-ms-requestid')
  const correlationId = c.req.header('x-ms-correlationid')
  return {
    'x-ms-requestid': requestId ?? correlationId ?? fresh,
    'x-ms-correlationid': correlationId ?? requestId ?? fresh,
    'x-azure-ref': state.ids.hex(40),
    'mise-correlation-id': state.ids.guid(),
    'x-content-type-options': 'nosniff',
    ...(isMetering(operation) ? {} : { 'x-ms-activityid': state.ids.guid() }),
  }
}
