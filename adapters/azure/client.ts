import type { World } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { type Fetch, within } from '../../src/platform/http.ts'
import { type Api, audiencesOf } from './apis.ts'
import type { Credentials } from './credentials.ts'
import { type Numbers, readJson } from './exact-json.ts'
import { classify } from './failures.ts'
import { identityTokens } from './identity.ts'
import { linkTo, pathTo } from './links.ts'
import type { Settings } from './settings.ts'
import { appTokens, userTokens } from './token-client.ts'
import { isAboutAudience, Tokens } from './tokens.ts'

const requestTimeoutMs = 20_000
const readAttemptsMax = 3
const readPauseMs = 100
const tokenTrustedMs = 5 * 60_000
const bodyMax = 32 * 1024 * 1024

export type AzureCall = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Below the API's base URL, `/saas/subscriptions`; its segments already escaped. */
  readonly path?: string
  /** Or a link out of an answer, whole; see `links.ts` for where it may lead. */
  readonly url?: string
  /** Added to the version that the API asks for; one that is undefined is left out. */
  readonly query?: Readonly<Record<string, string | undefined>>
  /** JSON; numbers made by `jsonNumber` are written digit for digit. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it may be sent again by itself after an outage; only GET unless said otherwise. */
  readonly idempotent?: boolean
  /** How numbers of the answer are read. */
  readonly numbers?: Numbers
  /** Statuses of 400 and above that are returned and not thrown. */
  readonly expects?: readonly number[]
}

export type AzureAnswer = {
  readonly status: number
  readonly headers: Headers
  /** Undefined when the body is empty. */
  readonly json: unknown
  readonly text: string
}

/**
 * One publisher account: gets the token each API wants, sends, and turns every failure into a Problem. A GET is sent up
 * to three times when Microsoft is in trouble, anything else once, so that a lost reply is told.
 */
export class AzureClient {
  readonly settings: Settings
  readonly nowMs: () => number
  /** Without a token, for links that carry their own (downloads). */
  readonly fetch: Fetch
  /** Whether a user signed in for the payout exports. */
  readonly hasPayouts: boolean
  readonly #tokens: Tokens
  readonly #userTokens: Tokens | null
  /** Which of several audiences an API was found to take. */
  readonly #audience = new Map<Api, string>()

  constructor(account: { settings: Settings; credentials: Credentials }, world: World) {
    const { settings, credentials } = account
    this.settings = settings
    this.nowMs = world.nowMs
    this.fetch = world.fetch
    const own = !settings.endpoints.login.startsWith('https:') || settings.tokenVersion === 'v1'
    const source = own ? appTokens(account, world) : identityTokens(settings, credentials)
    this.#tokens = new Tokens(source, world.nowMs)
    const user = userTokens(account, world)
    this.#userTokens = user && new Tokens(user, world.nowMs)
    this.hasPayouts = user !== null
  }

  async call(api: Api, call: AzureCall): Promise<AzureAnswer> {
    const url =
      call.url === undefined
        ? pathTo(api, call, this.settings)
        : linkTo(api, call.url, this.settings)
    const operation = `${call.method} ${url.pathname}`
    const known = this.#audience.get(api)
    const candidates = known === undefined ? audiencesOf(api, this.settings) : [known]
    let first: unknown
    for (const audience of candidates) {
      try {
        const answer = await this.#signed(api, audience, { ...call, at: url, operation })
        this.#audience.set(api, audience)
        return answer
      } catch (error) {
        first ??= error
        if (!isWrongAudience(error)) throw error
      }
    }
    throw first
  }

  /** With a new token once more when the kept one is refused. */
  async #signed(api: Api, audience: string, call: Aimed): Promise<AzureAnswer> {
    const tokens = api === 'partner' ? this.#userTokens : this.#tokens
    if (tokens === null)
      throw new Problem('unsupported', 'payouts need the refresh token of a user; none is set up')
    const { value, isNew, ageMs } = await tokens.get(audience)
    try {
      return await this.#patient(api, value, call)
    } catch (error) {
      if (!mayBeTheToken(error, ageMs)) throw error
      tokens.forget(audience, value)
      if (isNew) throw error
      return this.#patient(api, (await tokens.get(audience)).value, call)
    }
  }

  async #patient(api: Api, token: string, call: Aimed): Promise<AzureAnswer> {
    const attemptsMax = (call.idempotent ?? call.method === 'GET') ? readAttemptsMax : 1
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(api, token, call)
      } catch (error) {
        if (attempt >= attemptsMax || !isPassing(error)) throw error
        await pause(readPauseMs * 2 ** attempt)
      }
    }
  }

  async #once(api: Api, token: string, call: Aimed): Promise<AzureAnswer> {
    const { operation } = call
    const answer = await within(requestTimeoutMs, `Microsoft ${operation}`, async (signal) => {
      const response = await this.fetch(requestOf(call, token, signal))
      return { response, text: await readText(response, operation) }
    }).catch((error: unknown) => {
      if (error instanceof Problem) throw error
      const details = { operation, isLost: true }
      const message = `Microsoft ${operation} cannot be reached, or its answer broke off`
      throw new Problem('unavailable', message, details, { cause: error })
    })
    const { status, headers } = answer.response
    const isExpected = (status >= 200 && status < 300) || call.expects?.includes(status)
    if (!isExpected)
      throw classify({ api, operation, status, headers, text: answer.text }, this.nowMs())
    return { status, headers, text: answer.text, json: parse(answer.text, status, call) }
  }
}

type Aimed = AzureCall & { readonly at: URL; readonly operation: string }

function requestOf(call: Aimed, token: string, signal: AbortSignal): Request {
  const id = crypto.randomUUID()
  const headers = {
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    'x-ms-requestid': id,
    'x-ms-correlationid': id,
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...call.headers,
  }
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) }
  return new Request(call.at, { method: call.method, headers, signal, redirect: 'manual', ...body })
}

async function readText(response: Response, operation: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > bodyMax)
      throw new Problem('internal', `Microsoft ${operation} answered more than ${bodyMax} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Error pages of 400 and above that a caller expects may be anything; what succeeded must be JSON. */
function parse(text: string, status: number, { numbers, operation }: Aimed): unknown {
  try {
    return readJson(text, numbers)
  } catch (cause) {
    if (status >= 400) return undefined
    const message = `Microsoft ${operation} answered something that is not JSON`
    throw new Problem('internal', message, { operation }, { cause })
  }
}

/** A token for the wrong audience is refused with 401; Entra may refuse to make one at all. */
const isWrongAudience = (error: unknown): boolean =>
  error instanceof Problem &&
  (isAboutAudience(error) ||
    (error.code === 'unauthenticated' && error.details.operation !== 'token'))

/**
 * The marketplace’s own APIs refuse a token that is no longer good with the same 403 as whoever may not ask: "SaaS
 * fulfillment Subscription APIs v2". One that was got a moment ago is not to blame.
 */
const mayBeTheToken = (error: unknown, ageMs: number): boolean =>
  error instanceof Problem &&
  (error.code === 'unauthenticated' || (error.code === 'forbidden' && ageMs > tokenTrustedMs))

/** An outage that may be over in a moment. Silence is not: it has cost the whole time already. */
const isPassing = (error: unknown): boolean =>
  error instanceof Problem &&
  error.code === 'unavailable' &&
  error.details.retryAfterMs === undefined &&
  (error.details.isLost === true || error.details.azureStatus !== undefined)

const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms)
  })
