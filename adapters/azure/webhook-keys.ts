import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs } from '../../src/kernel/time.ts'
import { within } from '../../src/platform/http.ts'
import type { AzureClient } from './client.ts'

const timeoutMs = 3_000
/** "Access token signing key rollover": Entra's keys change without notice; look once a day, and for an unknown one. */
const freshMs = dayMs
const minuteMs = 60_000
/** So often a minute an unknown name is looked up: forged ones must not make us ask without end. */
const looksPerMinuteMax = 10

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string().nullish() })).min(1) })

/**
 * The tenant's published keys, kept and looked up again for a key that is not among them, at most ten times a minute. Throws
 * `unavailable` while they cannot be had: Microsoft takes a refusal of a webhook for an answer.
 */
export class WebhookKeys {
  readonly #azure: AzureClient
  #kept: { readonly set: JSONWebKeySet; readonly atMs: number } | undefined
  #triedAtMs: readonly number[] = []
  #fetching: Promise<void> | undefined

  constructor(azure: AzureClient) {
    this.#azure = azure
  }

  /** What finds the key named `kid`; undefined when the tenant has just been seen to have none of that name. */
  async find(kid: string): Promise<JWTVerifyGetKey | undefined> {
    const now = this.#azure.nowMs()
    const known = this.#has(kid)
    if (known && this.#kept && now - this.#kept.atMs < freshMs) return known
    const lately = this.#triedAtMs.filter((at) => at <= now && now - at < minuteMs)
    if (lately.length >= looksPerMinuteMax && !this.#fetching) {
      if (known) return known
      throw unreachable('were looked up too often just now')
    }
    if (!this.#fetching) this.#triedAtMs = [...lately, now]
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined
    })
    await this.#fetching.catch((error: unknown) => {
      if (!known) throw error
    })
    return this.#has(kid)
  }

  #has(kid: string): JWTVerifyGetKey | undefined {
    const set = this.#kept?.set
    return set?.keys.some((key) => key.kid === kid) ? createLocalJWKSet(set) : undefined
  }

  async #fetch(): Promise<void> {
    const { endpoints, tenantId } = this.#azure.settings
    const url = `${endpoints.login}/${tenantId}/discovery/v2.0/keys`
    const json = await within(timeoutMs, 'Microsoft’s key set', async (signal) => {
      const response = await this.#azure.fetch(new Request(url, { signal, redirect: 'manual' }))
      return response.ok ? ((await response.json()) as unknown) : undefined
    }).catch((cause: unknown) => {
      throw unreachable('cannot be had', cause)
    })
    const read = keySet.safeParse(json)
    if (!read.success) throw unreachable('were not what answered there; check endpoints.login')
    this.#kept = { set: read.data as JSONWebKeySet, atMs: this.#azure.nowMs() }
  }
}

const unreachable = (why: string, cause?: unknown): Problem =>
  new Problem('unavailable', `the keys that Microsoft signs webhooks with ${why}`, {}, { cause })
