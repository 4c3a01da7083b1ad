import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { azure } from '../../adapters/azure/index.ts'
import type { Ports } from '../../src/adapter.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import type { Fetch } from '../../src/platform/http.ts'

export type Call = {
  readonly method: string
  readonly url: URL
  readonly path: string
  readonly headers: Headers
  readonly text: string
  readonly body: any
}
type Answer = { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
/** What is answered; `'hang up'` breaks the connection, `'silence'` never comes. */
export type Reply = Answer | 'hang up' | 'silence'
export type Replies = Readonly<Record<string, Reply | ((call: Call) => Reply)>>

export const tenantId = '8f5d0f3a-2a7e-4c3f-9d10-1f0d0a6b7c01'
export const clientId = '5c2d7f10-93f1-4a5e-8a0e-6f1b3f6d2a11'
export const secret = 'S3cr3t~of-the-app'
export const account = { publisherId: 'contoso', tenantId, clientId }

type Options = {
  readonly settings?: object
  readonly credentials?: object
  readonly now?: Instant | (() => Instant)
}

/**
 * Microsoft as a function: answers `GET /path` of whatever base URL as told, in order of the keys, and remembers what
 * it was asked. Tokens are given out by a login service of its own, `http://login.test`.
 */
export function cloud(replies: Replies, options: Options = {}) {
  const calls: Call[] = []
  const tokenCalls: Call[] = []
  const fetch: Fetch = async (request) => {
    const call = await readCall(request)
    const isToken = call.path.endsWith('/token')
    ;(isToken ? tokenCalls : calls).push(call)
    const key = `${call.method} ${call.path}`
    const told = replies[key] ?? (isToken ? grant(tokenCalls.length) : { status: 404, json: {} })
    return answer(request, typeof told === 'function' ? told(call) : told)
  }
  return { calls, tokenCalls, fetch, ...open(fetch, options) }
}

type AzurePort = 'account' | 'listings' | 'agreements' | 'metering' | 'notices'

export function open(
  fetch: Fetch,
  { settings = {}, credentials = { clientSecret: secret }, now }: Options,
): Pick<Ports, AzurePort> {
  const clock = typeof now === 'function' ? now : () => now ?? '2026-03-10T09:01:00.000Z'
  const parsed = { ...account, endpoints: { login: 'http://login.test' }, ...settings }
  const world = { fetch, nowMs: () => millis(clock()) }
  return azure.open({ settings: parsed, credentials }, world) as Pick<Ports, AzurePort>
}

/** v2 answers with numbers. */
const grant = (n: number): Answer => ({
  json: { token_type: 'Bearer', expires_in: 3599, access_token: `token-${n}` },
})

async function readCall(request: Request): Promise<Call> {
  const url = new URL(request.url)
  const text = await request.text()
  const isJson = text.startsWith('{')
  const { method, headers } = request
  return { method, url, path: url.pathname, headers, text, body: isJson ? JSON.parse(text) : text }
}

function answer(request: Request, reply: Reply): Response | Promise<Response> {
  if (reply === 'hang up') throw new TypeError('fetch failed')
  if (reply === 'silence')
    return new Promise((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason))
    })
  const { status = 200, headers = {}, json, text } = reply
  const body = text ?? (json === undefined ? null : JSON.stringify(json))
  return new Response(status === 204 ? null : body, { status, headers })
}

export const failing = (promise: Promise<unknown>): Promise<Problem> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error as Problem,
  )

/** A recorded conversation with Microsoft: see NOTICE. */
export function recording(name: string): readonly {
  readonly RequestUri: string
  readonly RequestMethod: string
  readonly RequestBody: any
  readonly StatusCode: number
  readonly ResponseHeaders: Record<string, string | string[]>
  readonly ResponseBody: any
}[] {
  const file = join(import.meta.dirname, 'recordings', `${name}.json`)
  return JSON.parse(readFileSync(file, 'utf8')).entries
}

/** A fetch that answers a recorded conversation by method and address; tokens beside it. */
export function replay(name: string): { fetch: Fetch; asked: string[] } {
  const entries = recording(name)
  const asked: string[] = []
  const fetch: Fetch = async (request) => {
    if (request.url.endsWith('/token')) return Response.json(grant(1).json)
    const key = addressOf(request.url)
    asked.push(`${request.method} ${request.url}`)
    const found = entries.find(
      (one) => one.RequestMethod === request.method && addressOf(one.RequestUri) === key,
    )
    if (!found)
      return Response.json({ error: { code: 'NotRecorded', message: key } }, { status: 404 })
    const { ResponseBody: told } = found
    const body = typeof told === 'string' ? told : JSON.stringify(told)
    const kept = ['operation-id', 'operation-location', 'retry-after', 'x-ms-requestid']
    const headers = Object.entries(found.ResponseHeaders).filter(([header]) =>
      kept.includes(header.toLowerCase()),
    )
    return new Response(body || null, {
      status: found.StatusCode,
      headers: headers.map(([header, value]) => [header, String(value)]),
    })
  }
  return { fetch, asked }
}

/** Host, path without its last slash, and query without what varies. */
function addressOf(text: string): string {
  const url = new URL(text)
  for (const name of ['usageStartDate', 'UsageEndDate']) url.searchParams.delete(name)
  return `${url.host}${url.pathname.replace(/\/$/, '')}?${[...url.searchParams].toSorted()}`
}
