import type { Fetch } from '../../src/platform/http.ts'
import type { Credentials } from './credentials.ts'
import { keyTokens } from './key-tokens.ts'
import type { GcpSettings } from './settings.ts'
import type { Token } from './token-call.ts'
import { workloadTokens } from './workload-tokens.ts'

const renewBeforeMs = 5 * 60_000

type Signing = {
  readonly settings: GcpSettings
  readonly fetch: Fetch
  readonly nowMs: () => number
}

/** Keeps the account's token until five minutes before it ends; one request at a time asks for it. */
export class Tokens {
  readonly #source: () => Promise<Token>
  readonly #nowMs: () => number
  #kept: Token | undefined
  #asking: Promise<Token> | undefined

  constructor(credentials: Credentials, world: Signing) {
    this.#nowMs = world.nowMs
    const endpoint = world.settings.endpoints.token
    this.#source =
      credentials.kind === 'key'
        ? keyTokens(credentials, { ...world, endpoint })
        : workloadTokens(credentials, { ...world, endpoint })
  }

  /** `isNew`: asked for just now, so that another one would be worth no more. */
  async get(): Promise<{ readonly value: string; readonly isNew: boolean }> {
    const kept = this.#kept
    if (kept && this.#nowMs() < kept.endsAtMs - renewBeforeMs)
      return { value: kept.value, isNew: false }
    this.#asking ??= this.#source().finally(() => {
      this.#asking = undefined
    })
    const token = await this.#asking
    this.#kept = token
    return { value: token.value, isNew: true }
  }

  /** Drops a token that was refused. */
  forget(refused: string): void {
    if (this.#kept?.value === refused) this.#kept = undefined
  }
}
