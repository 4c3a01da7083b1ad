import { importPKCS8, SignJWT } from 'jose'
import type { Connection } from 'jsforce'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { classifyLogin } from './failure.ts'
import type { Credentials } from './settings.ts'

const tokenTimeoutMs = 30_000
const windowMs = 60_000
const attemptsMax = 2
const assertionLivesS = 180

/** The form of one token request; made anew each time, since an assertion expires. */
export type Grant = () => Promise<{ grant_type: string; [name: string]: string }>
export type Session = { readonly token: string; readonly orgId: string }

/** OAuth 2.0 client credentials, or JWT bearer (Salesforce Help: "OAuth 2.0 JWT Bearer Flow"). */
export const grants =
  (credentials: Credentials, loginUrl: string, nowMs: () => number): Grant =>
  async () => {
    if (credentials.kind === 'client_credentials') {
      const { clientId, clientSecret } = credentials
      return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    }
    const { clientId, username, privateKey, audience } = credentials
    const key = await importPKCS8(privateKey, 'RS256').catch(() => {
      throw new Problem('unauthenticated', 'privateKey is not a PKCS#8 PEM private key', {
        whose: 'ours',
      })
    })
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(clientId)
      .setSubject(username)
      .setAudience(audience ?? audienceOf(loginUrl))
      .setExpirationTime(Math.floor(nowMs() / 1000) + assertionLivesS)
      .sign(key)
    return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
  }

const audienceOf = (loginUrl: string): string =>
  /\.sandbox\.my\.salesforce\.com$|^test\.salesforce\.com$/.test(new URL(loginUrl).hostname)
    ? 'https://test.salesforce.com'
    : 'https://login.salesforce.com'

/**
 * Keeps one access token, shared by all calls. Salesforce gives neither a lifetime nor a refresh token in these
 * flows: a token is good until it is refused. At most two are asked for in any minute, whoever asks.
 */
export class Login {
  readonly #connection: Connection
  readonly #grant: Grant
  readonly #nowMs: () => number
  readonly #attempts: number[] = []
  #orgId: string | undefined
  #session: Session | undefined
  #pending: Promise<Session> | undefined
  #lastProblem: Problem | undefined

  constructor(
    connection: Connection,
    grant: Grant,
    orgId: string | undefined,
    nowMs: () => number,
  ) {
    this.#connection = connection
    this.#grant = grant
    this.#orgId = orgId
    this.#nowMs = nowMs
  }

  /** The session, or a new one when the caller's token was `refused`. */
  async session(refused?: string): Promise<Session> {
    if (this.#session && this.#session.token !== refused) return this.#session
    this.#pending ??= this.#open().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  /** A token that was refused at birth is not kept. */
  forget(): void {
    this.#session = undefined
  }

  async #open(): Promise<Session> {
    this.#count()
    this.#session = undefined
    try {
      const form = await this.#grant()
      const user = await within(tokenTimeoutMs, 'Salesforce (token)', () =>
        this.#connection.authorize(form),
      )
      const token = this.#connection.accessToken
      if (!token) throw new Problem('internal', 'Salesforce answered without an access token')
      this.#recognise(user.organizationId)
      this.#lastProblem = undefined
      this.#session = { token, orgId: user.organizationId }
      return this.#session
    } catch (error) {
      this.#lastProblem = classifyLogin(error)
      throw this.#lastProblem
    }
  }

  /** Throws when two attempts were made within the last minute: what the last one said, or that sessions do not last. */
  #count(): void {
    const now = this.#nowMs()
    while (this.#attempts[0] !== undefined && this.#attempts[0] <= now - windowMs)
      this.#attempts.shift()
    const oldest = this.#attempts[0]
    if (this.#attempts.length >= attemptsMax && oldest !== undefined) {
      throw (
        this.#lastProblem ??
        new Problem('unauthenticated', 'Salesforce refuses the access tokens it has just given', {
          whose: 'ours',
        })
      )
    }
    this.#attempts.push(now)
  }

  /** A refreshed sandbox keeps its address and credentials, and is another org. */
  #recognise(orgId: string): void {
    const expected = this.#orgId ?? orgId
    if (expected.slice(0, 15) !== orgId.slice(0, 15)) {
      throw new Problem(
        'forbidden',
        `these credentials now lead to another org (${orgId}) than before (${expected})`,
        {
          whose: 'ours',
          orgId,
        },
      )
    }
    this.#orgId = expected
  }
}
