import type { CryptoKey } from 'jose'
import { Problem } from '../../src/kernel/problem.ts'
import { hourMs } from '../../src/kernel/time.ts'
import { type Fetch, within } from '../../src/platform/http.ts'

const timeoutMs = 3_000
const unknownEveryMs = 60_000
const freshDefaultMs = hourMs
const freshMaxMs = 24 * hourMs

type Source = {
  /** `the certificates …`, for messages. */
  readonly what: string
  readonly url: string
  readonly fetch: Fetch
  readonly nowMs: () => number
  /** What was published, as keys by their names; undefined for what is not such a thing. */
  readonly read: (json: unknown) => Promise<ReadonlyMap<string, CryptoKey> | undefined>
}

type Kept = { readonly keys: ReadonlyMap<string, CryptoKey>; readonly untilMs: number }

/**
 * Google's published keys, kept for as long as Cache-Control says. For a name that is not among them they are looked up
 * once more, at most once a minute: forged names must not make us ask without end. Throws `unavailable` while they
 * cannot be had.
 */
export class PublishedKeys {
  readonly #source: Source
  #kept: Kept | undefined
  #askedForUnknownAtMs = Number.NEGATIVE_INFINITY
  #fetching: Promise<Kept> | undefined

  constructor(source: Source) {
    this.#source = source
  }

  /** The key of that name; undefined when Google has just been seen to have none. */
  async find(kid: string): Promise<CryptoKey | undefined> {
    const now = this.#source.nowMs()
    const kept = this.#kept
    if (!kept || now >= kept.untilMs || now < kept.untilMs - freshMaxMs) return this.#renewed(kid)
    const known = kept.keys.get(kid)
    if (known || now - this.#askedForUnknownAtMs < unknownEveryMs) return known
    this.#askedForUnknownAtMs = now
    return this.#renewed(kid)
  }

  /** All of them anew, whether any is asked for or not. */
  async look(): Promise<void> {
    await this.#renew()
  }

  async #renewed(kid: string): Promise<CryptoKey | undefined> {
    return (await this.#renew()).keys.get(kid)
  }

  #renew(): Promise<Kept> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetch(): Promise<Kept> {
    const { what, url, fetch, nowMs, read } = this.#source
    const { json, freshMs } = await within(timeoutMs, `Google (${what})`, async (signal) => {
      const response = await fetch(new Request(url, { signal, redirect: 'manual' }))
      if (!response.ok) throw new Error(`HTTP ${response.status}`)
      const told = (await response.json()) as unknown
      return { json: told, freshMs: freshnessOf(response.headers) }
    }).catch((cause: unknown) => {
      throw new Problem('unavailable', `Google’s ${what} cannot be had`, {}, { cause })
    })
    const keys = await read(json)
    if (!keys || keys.size === 0)
      throw new Problem('unavailable', `what answered is not Google’s ${what}; check the endpoints`)
    this.#kept = { keys, untilMs: nowMs() + freshMs }
    return this.#kept
  }
}

function freshnessOf(headers: Headers): number {
  const seconds = /(?:^|,)\s*max-age=(\d{1,9})/i.exec(headers.get('cache-control') ?? '')?.[1]
  return seconds === undefined ? freshDefaultMs : Math.min(Number(seconds) * 1000, freshMaxMs)
}
