import { type Context, Hono } from 'hono'
import { authorised, type Called } from './caller.ts'
import { type DocumentName, type Method, methodsOf } from './discovery.ts'
import type { Api, ServiceAccount } from './parties.ts'
import { badRequest, googleErrors, json, Refusal } from './refusal.ts'
import type { GcpContext } from './state.ts'

const BODY_BYTES_MAX = 20_000_000
const ALT = ['json', 'proto', 'media']

/** One authorised call, checked against the discovery document. */
export type Call = {
  readonly caller: ServiceAccount
  /** Path parameters by the document's names: `providersId`, `entitlementsId`. */
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: any
  readonly request: Request
}

export type Handler = (call: Call) => unknown

/**
 * The API of a discovery document at its own paths (`/v1/providers/…`). `handlers` are by method id
 * (`providers.accounts.get`) and return the reply's JSON or throw a `Refusal`; a method without one is
 * `UNIMPLEMENTED`. Request and reply are checked; a reply outside its schema is a 500 with a log.
 */
export function discovered(
  context: GcpContext,
  api: Api,
  document: DocumentName,
  handlers: Readonly<Record<string, Handler>>,
): Hono<Called> {
  const methods = methodsOf(document)
  const routes = googleErrors(new Hono<Called>())
  const opens = authorised(context, api)
  routes.all('*', async (c, next) => {
    const path = new URL(c.req.url).pathname
    const found = methods
      .filter((one) => one.httpMethod === c.req.method)
      .map((one) => ({ method: one, params: one.match(path) }))
      .find(({ params }) => params !== null)
    if (!found?.params) return next()
    await opens(c, async () => undefined)
    return answer(c, found.method, found.params, handlers[found.method.id])
  })
  return routes
}

async function answer(
  c: Context<Called>,
  method: Method,
  path: Record<string, string>,
  handler: Handler | undefined,
): Promise<Response> {
  const alt = c.req.query('alt') ?? c.req.query('$alt')?.split(';')[0] ?? 'json'
  if (!ALT.includes(alt))
    throw badRequest([{ field: 'alt', description: `Invalid value "${alt}"` }])
  if (!handler) throw new Refusal('UNIMPLEMENTED')
  const asked = method.readQuery(c.req.queries())
  const sent = method.readBody(await jsonBody(c))
  const faults = [...asked.faults, ...sent.faults]
  if (faults.length > 0) {
    throw badRequest(
      faults.map((description) => ({ field: '', description })),
      faults.join('\n'),
    )
  }
  const call: Call = {
    caller: c.get('caller'),
    path,
    query: asked.query,
    body: sent.body,
    request: c.req.raw,
  }
  const reply = await handler(call)
  const wrong = method.checkReply(reply)
  if (wrong.length > 0) throw new Error(`reply of ${method.id}: ${wrong.join('; ')}`)
  return json(reply)
}

/** The JSON of a request, or undefined when there is none. */
export async function jsonBody(c: Context): Promise<unknown> {
  const text = await c.req.text()
  if (text.length > BODY_BYTES_MAX) throw new Refusal('INVALID_ARGUMENT', 'Request is too large.')
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('INVALID_ARGUMENT', 'Invalid JSON payload received. Unexpected token.')
  }
}
