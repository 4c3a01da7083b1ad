import { Connection } from 'jsforce'
import * as z from 'zod'
import type { World } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { classify, isSessionOver } from './failure.ts'
import { grants, Login } from './login.ts'
import type { Credentials, Settings } from './settings.ts'

const timeoutMs = 60_000
/** jsforce repeats safe requests by itself; once is enough, the job repeats the rest. */
const options = { timeout: timeoutMs, retry: { maxRetries: 1 } }

export type Call = {
  /** What it is for, in a problem's message. */
  readonly what: string
  readonly method: 'GET' | 'PATCH' | 'POST'
  /** Below the version (`/sobjects/…`), or from the root (`/services/…`). */
  readonly path: string
  /** JSON text. */
  readonly body?: string
}

const described = z.object({
  createable: z.boolean(),
  updateable: z.boolean(),
  fields: z.array(
    z.object({
      name: z.string(),
      createable: z.boolean(),
      updateable: z.boolean(),
      calculated: z.boolean().default(false),
    }),
  ),
})
export type Described = z.infer<typeof described>

const describeForMs = 3_600_000

/** One org behind one set of credentials: sends, reads, and turns every failure into a Problem. */
export class SalesforceClient {
  readonly settings: Settings
  readonly nowMs: () => number
  readonly #connection: Connection
  readonly #login: Login
  readonly #described = new Map<string, { at: number; object: Described | undefined }>()
  #budget: { used: number; limit: number } | undefined

  constructor(account: { settings: Settings; credentials: Credentials }, world: World) {
    this.settings = account.settings
    this.nowMs = world.nowMs
    const { loginUrl, apiVersion, clientName } = account.settings
    // Without a client id and a refresh function jsforce never refreshes by itself, which it would do without end.
    this.#connection = new Connection({
      version: apiVersion,
      oauth2: { loginUrl },
      callOptions: { client: clientName },
    })
    const grant = grants(account.credentials, loginUrl, world.nowMs)
    this.#login = new Login(this.#connection, grant, account.settings.orgId, world.nowMs)
  }

  /** The org's 18-character id. Asks for a token when there is none; that is not a counted call. */
  async organisation(): Promise<string> {
    return (await this.#login.session()).orgId
  }

  budget(): { used: number; limit: number } | undefined {
    return this.#budget
  }

  /** One request, again with a new token when the old one is over, and its reply parsed. */
  async send<Reply>(call: Call, reply: z.ZodType<Reply>): Promise<Reply> {
    const { token } = await this.#login.session()
    const answer = await this.#once(call).catch(async (error: unknown) => {
      if (!isSessionOver(error)) throw classify(error, call.what)
      await this.#login.session(token)
      return this.#once(call).catch((again: unknown) => {
        if (isSessionOver(again)) this.#login.forget()
        throw classify(again, call.what)
      })
    })
    const parsed = reply.safeParse(answer)
    if (parsed.success) return parsed.data
    const cause = new Error(z.prettifyError(parsed.error))
    throw new Problem(
      'internal',
      `Salesforce’s answer to ${call.what} has an unknown shape`,
      {},
      { cause },
    )
  }

  async #once({ what, method, path, body }: Call): Promise<unknown> {
    const request = {
      method,
      url: path,
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    }
    try {
      return await within(timeoutMs, `Salesforce (${what})`, () =>
        Promise.resolve(this.#connection.request<unknown>(request, options)),
      )
    } finally {
      // A new token clears jsforce's own memory of it.
      this.#budget = this.#connection.limitInfo.apiUsage ?? this.#budget
    }
  }

  /** An object as this user sees it, remembered for an hour; undefined when it is not there for us. */
  async describe(object: string, freshly = false): Promise<Described | undefined> {
    const known = this.#described.get(object)
    if (known && !freshly && this.nowMs() - known.at < describeForMs) return known.object
    const call = {
      what: `describe ${object}`,
      method: 'GET',
      path: `/sobjects/${object}/describe`,
    } as const
    const found = await this.send(call, described).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not_found') return undefined
      throw error
    })
    this.#described.set(object, { at: this.nowMs(), object: found })
    return found
  }
}
