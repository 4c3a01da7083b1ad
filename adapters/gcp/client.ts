import { cloudcommerceprocurement_v1 } from '@googleapis/cloudcommerceprocurement'
import { servicecontrol_v1 } from '@googleapis/servicecontrol'
import { storage_v1 } from '@googleapis/storage'
import type { World } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { type Fetch, within } from '../../src/platform/http.ts'
import type { Credentials } from './credentials.ts'
import { type Api, classify } from './failures.ts'
import { type Send, sender } from './sender.ts'
import type { GcpSettings } from './settings.ts'
import { Tokens } from './tokens.ts'

export type { Api } from './failures.ts'

const requestTimeoutMs = 20_000
const downloadTimeoutMs = 5 * 60_000
const bodyMax = 32 * 1024 * 1024

export type GcpCall = {
  readonly api: Api
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** `/v1beta/projects/…`, its segments already escaped. */
  readonly path: string
  /** One that is undefined is left out; several of one name are repeated. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
  /** Google's word for it: `privateOffers.create`. */
  readonly operation: string
}

/**
 * One seller's account: gets its token, sends, and turns every failure into a Problem. A GET is sent up to three times
 * when Google is in trouble, anything else once, so that a lost reply is told.
 */
export type GcpClient = {
  readonly settings: GcpSettings
  readonly nowMs: () => number
  /** Without a token. */
  readonly fetch: Fetch
  /** One authorised JSON call; an empty answer is `{}`. Throws a classified Problem. */
  call(call: GcpCall): Promise<unknown>
  readonly procurement: cloudcommerceprocurement_v1.Cloudcommerceprocurement
  readonly serviceControl: servicecontrol_v1.Servicecontrol
  readonly storage: storage_v1.Storage
  /** Runs one call of these clients of Google's and classifies its failure. */
  ask<T>(operation: string, act: () => Promise<{ data: T }>): Promise<T>
}

export function openClient(
  account: { settings: GcpSettings; credentials: Credentials },
  { fetch, nowMs }: World,
): GcpClient {
  const { settings, credentials } = account
  const send = sender(new Tokens(credentials, { settings, fetch, nowMs }), fetch)
  const { endpoints } = settings
  const options = (origin: string, timeout = requestTimeoutMs) => ({
    rootUrl: `${origin}/`,
    timeout,
    // Ours is the one place that sends again.
    retry: false,
    fetchImplementation: fetchFor(send),
  })
  return {
    settings,
    nowMs,
    fetch,
    call: (call) => once(call, endpoints[call.api], send, nowMs),
    procurement: new cloudcommerceprocurement_v1.Cloudcommerceprocurement(
      options(endpoints.procurement),
    ),
    serviceControl: new servicecontrol_v1.Servicecontrol(options(endpoints.serviceControl)),
    storage: new storage_v1.Storage(options(endpoints.storage, downloadTimeoutMs)),
    async ask(operation, act) {
      try {
        return (await act()).data
      } catch (error) {
        throw failureOf(operation, error, nowMs())
      }
    },
  }
}

/** What Google's clients send with: their request signed, and sent again where that is safe. */
const fetchFor =
  (send: Send) =>
  (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> =>
    send({
      method: init.method ?? 'GET',
      url: String(input instanceof Request ? input.url : input),
      headers: new Headers(init.headers),
      body: init.body ?? undefined,
      signal: init.signal ?? undefined,
    })

async function once(
  call: GcpCall,
  origin: string,
  send: Send,
  nowMs: () => number,
): Promise<unknown> {
  const { api, operation, method } = call
  const url = new URL(call.path, origin)
  for (const [name, value] of Object.entries(call.query ?? {}))
    for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, one)
  const headers = new Headers({ accept: 'application/json' })
  const hasBody = call.body !== undefined
  if (hasBody) headers.set('content-type', 'application/json')
  const body = hasBody ? JSON.stringify(call.body) : undefined
  const answer = await within(requestTimeoutMs, `Google ${operation}`, async (signal) => {
    const response = await send({ method, url: url.href, headers, body, signal })
    return { response, text: await readText(response, operation) }
  }).catch((error: unknown) => {
    throw lost(operation, error)
  })
  const { status, headers: told, ok } = answer.response
  const json = parse(answer.text)
  if (!ok) throw classify({ api, operation, status, headers: told, body: json }, nowMs())
  if (typeof json === 'object') return json
  throw new Problem('internal', `Google ${operation} answered something that is not JSON`)
}

/** JSON, or the text itself where it is none. */
function parse(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function readText(response: Response, operation: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > bodyMax)
      throw new Problem('internal', `Google ${operation} answered more than ${bodyMax} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

const lost = (operation: string, cause: unknown): Problem => {
  if (cause instanceof Problem) return cause
  const message = `Google ${operation} cannot be reached, or its answer broke off`
  return new Problem('unavailable', message, { operation, isLost: true }, { cause })
}

type Failed = Error & {
  readonly config?: { readonly url?: URL | string }
  readonly response?: {
    readonly status: number
    readonly headers: Headers
    readonly data: unknown
  }
}

/** How Google's clients fail (gaxios): with an answer, or with what kept it from coming as the cause. */
function failureOf(operation: string, error: unknown, nowMs: number): Problem {
  if (error instanceof Problem) return error
  const { config, response, cause } = error as Failed
  if (cause instanceof Problem) return cause
  if (response) {
    const { status, headers, data: body } = response
    const api = apiOf(String(config?.url ?? ''))
    return classify({ api, operation, status, headers: new Headers(headers), body }, nowMs)
  }
  if (config) return lost(operation, error)
  return new Problem('internal', `Google ${operation} was not asked rightly`, {}, { cause: error })
}

/** Their paths are disjoint, so that a path tells whose it is. */
function apiOf(url: string): Api {
  const path = url.replace(/^[a-z]+:\/\/[^/]+/, '')
  if (path.startsWith('/v1/providers/')) return 'procurement'
  if (path.startsWith('/v1/services/')) return 'serviceControl'
  if (path.startsWith('/v1beta/')) return 'producer'
  return path.startsWith('/v1/projects/') ? 'pubsub' : 'storage'
}
