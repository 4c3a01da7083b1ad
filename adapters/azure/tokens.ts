import { Problem } from '../../src/kernel/problem.ts'

/** A bearer token and when it ends. */
export type Token = { readonly value: string; readonly endsAtMs: number }
/** Gets a token for an audience (`https://graph.microsoft.com`, or an application id). Throws a Problem. */
export type TokenSource = (audience: string) => Promise<Token>

type Kept = { readonly value: string; readonly isNew: boolean; readonly ageMs: number }

const renewBeforeMs = 5 * 60_000

/** Keeps a token for each audience until five minutes before it ends; one request at a time asks for each. */
export class Tokens {
  readonly #source: TokenSource
  readonly #nowMs: () => number
  readonly #kept = new Map<string, Token & { readonly sinceMs: number }>()
  readonly #asking = new Map<string, Promise<Token>>()

  constructor(source: TokenSource, nowMs: () => number) {
    this.#source = source
    this.#nowMs = nowMs
  }

  /** `isNew`: asked for just now, so that another one would be worth no more; `ageMs`: how long it has been kept. */
  async get(audience: string): Promise<Kept> {
    const kept = this.#kept.get(audience)
    const now = this.#nowMs()
    if (kept && now < kept.endsAtMs - renewBeforeMs)
      return { value: kept.value, isNew: false, ageMs: now - kept.sinceMs }
    return { value: (await this.#ask(audience)).value, isNew: true, ageMs: 0 }
  }

  /** Drops a token that was refused. */
  forget(audience: string, refused: string): void {
    if (this.#kept.get(audience)?.value === refused) this.#kept.delete(audience)
  }

  #ask(audience: string): Promise<Token> {
    const asking = this.#asking.get(audience) ?? this.#renew(audience)
    this.#asking.set(audience, asking)
    return asking
  }

  async #renew(audience: string): Promise<Token> {
    try {
      const token = await this.#source(audience)
      this.#kept.set(audience, { ...token, sinceMs: this.#nowMs() })
      return token
    } finally {
      this.#asking.delete(audience)
    }
  }
}

/**
 * Entra's error codes and what to do: "Microsoft Entra authentication and authorization error codes". Those of the
 * second half say that an audience cannot be had in this tenant.
 */
const advice: Readonly<Record<string, string>> = {
  AADSTS7000215: 'the client secret is wrong: use its value, not its ID',
  AADSTS7000222: 'the client secret has expired: make a new one on the app registration',
  AADSTS7000229: 'the app has no service principal in this tenant',
  AADSTS700016: 'no app with this clientId exists in this tenant',
  AADSTS700027: 'the certificate is not registered on the app, or its key does not fit',
  AADSTS90002: 'the tenantId is wrong',
  AADSTS900023: 'the tenantId is wrong',
  AADSTS700082: 'the refresh token has expired: sign in to Partner Center again',
  AADSTS50173: 'the user’s sign-in was revoked: sign in to Partner Center again',
  AADSTS50076: 'the user must sign in again with a second factor',
  AADSTS500011: 'this tenant has no service principal for the API that was asked for',
  AADSTS650057: 'the API that was asked for is not one the app may ask for',
}

/** Whether a failure is about the audience alone, so that another may be tried. */
export const isAboutAudience = ({ details }: Problem): boolean =>
  /^AADSTS(500011|650057|65005|500013)$/.test(String(details.azureCode))

/** What Entra said no with, as a Problem; the secrets never appear in it. */
export function tokenProblem(
  said: { readonly code: string; readonly description: string; readonly status: number },
  secrets: readonly string[],
): Problem {
  const description = secrets.reduce(
    (text, secret) => text.replaceAll(secret, '…'),
    said.description,
  )
  const name = /AADSTS\d+/.exec(description)?.[0] ?? said.code
  const first =
    description
      .split(/\r?\n|Trace ID:/)[0]
      ?.trim()
      .slice(0, 400) ?? ''
  const hint = advice[name]
  const told = [said.code, first].filter(Boolean).join(': ') || `HTTP ${said.status}`
  const message = `Microsoft does not let us sign in: ${hint === undefined ? told : `${hint} (${told})`}`
  const details = { operation: 'token', azureCode: name, azureStatus: said.status }
  if (said.status === 429) return new Problem('throttled', message, details)
  if (said.status >= 500 || said.code === 'temporarily_unavailable')
    return new Problem('unavailable', message, details)
  return new Problem('unauthenticated', message, { ...details, whose: 'ours' })
}
