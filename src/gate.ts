import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import type { Env } from './api.ts'
import type { Deps } from './deps.ts'
import { Problem } from './kernel/problem.ts'
import { dayMs, later } from './kernel/time.ts'
import { authenticate } from './platform/auth.ts'
import type { Outcome } from './platform/jobs.ts'

export const bodyBytesMax = 5 * 1024 * 1024

/** Bodies above the limit are refused before they are read. */
export const limitBody = bodyLimit({
  maxSize: bodyBytesMax,
  onError: () => {
    throw new Problem('too_large', `the body must have at most ${bodyBytesMax} bytes`)
  },
})

/** Knows the caller by the bearer key, and makes it the actor of whatever follows. */
export const authenticated = createMiddleware<Env>(async (c, next) => {
  const key = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (!key)
    throw new Problem('unauthenticated', 'send an API key: Authorization: Bearer tp_…', {
      whose: 'theirs',
    })
  const principal = await authenticate(c.var.deps.db, key)
  if (!principal)
    throw new Problem('unauthenticated', 'this API key is unknown or revoked', { whose: 'theirs' })
  c.set('principal', principal)
  c.set('deps', {
    ...c.var.deps,
    actor: { kind: 'key', id: principal.keyId, name: principal.name },
  })
  await next()
})

/** A body that claims to be JSON must be JSON, and hold no character that text cannot be stored with. */
export const wellFormed = createMiddleware<Env>(async (c, next) => {
  if (hasNul(decodeURIComponent(safePath(c.req.url)))) throw unstorable('')
  const type = c.req.header('content-type') ?? ''
  const hasBody =
    !['GET', 'HEAD', 'DELETE'].includes(c.req.method) &&
    Number(c.req.header('content-length') ?? 1) > 0
  if (hasBody) {
    const text = await c.req.text()
    if (text.trim() !== '') {
      if (!/^application\/([\w.+-]+\+)?json\b/.test(type)) {
        throw new Problem('invalid', 'send JSON: Content-Type: application/json', {
          errors: [{ path: 'header.content-type', message: 'must be application/json' }],
        })
      }
      const value = parse(text)
      const fault = judgedEach.has(c.req.path) ? undefined : storable(value, '')
      if (fault !== undefined) throw unstorable(fault)
    }
  }
  await next()
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not JSON'
    throw new Problem('invalid', `the body is not JSON: ${why}`, {
      errors: [{ path: '', message: 'is not JSON' }],
    })
  }
}

/** Batches whose route looks at each item's texts itself, so that one bad item costs only itself. */
const judgedEach: ReadonlySet<string> = new Set(['/v1/usage-events'])

const depthMax = 64

/** Path of the first text that Postgres cannot hold (U+0000 or half a surrogate pair), or undefined. */
function storable(value: unknown, path: string, depth = 0): string | undefined {
  if (typeof value === 'string') return hasNul(value) || !value.isWellFormed() ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > depthMax) {
    throw new Problem('invalid', `the body is nested more than ${depthMax} deep`, {
      errors: [{ path: path.split('.')[0] ?? '', message: 'is nested too deep' }],
    })
  }
  for (const [key, inner] of Object.entries(value)) {
    const fault = hasNul(key) ? path : storable(inner, path ? `${path}.${key}` : key, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

const hasNul = (text: string) => text.includes('\0')
const safePath = (url: string) => {
  try {
    decodeURIComponent(url)
    return url
  } catch {
    throw new Problem('invalid', 'the address is not well encoded', {
      errors: [{ path: '', message: 'the address is not well encoded' }],
    })
  }
}
const unstorable = (path: string) =>
  new Problem('invalid', 'text must not contain U+0000 or half a surrogate pair', {
    errors: [{ path, message: 'contains a character that cannot be stored' }],
  })

/**
 * Makes every POST repeatable: with an `Idempotency-Key` the whole request is one transaction that also
 * keeps its answer, so a crash leaves both or neither. A repeat waits for the first and replays its answer.
 * What was refused is not kept: nothing happened, and the request may be corrected and sent again.
 */
export const repeatable = createMiddleware<Env>(async (c, next) => {
  const key = c.req.header('idempotency-key')
  const { pathname, search } = new URL(c.req.url)
  if (c.req.method !== 'POST' || key === undefined || asksProvider.test(pathname)) return next()
  if (!/^[\x20-\x7e]{1,200}$/.test(key)) {
    throw new Problem('invalid', 'Idempotency-Key must have 1 to 200 printable ASCII characters', {
      errors: [
        {
          path: 'header.idempotency-key',
          message: 'must have 1 to 200 printable ASCII characters',
        },
      ],
    })
  }
  const outer = c.var.deps
  const place = { keyId: c.var.principal.keyId, key }
  const body = `${eventHeaders(c.req.header())}\n${await c.req.text()}`
  const hash = await sha256(`${c.req.method} ${pathname}${search}${body}`)
  const kept = await outer.db
    .transaction()
    .execute(async (trx) => {
      const deps = { ...outer, db: trx }
      if (!(await claim(deps, place, hash))) return stored(deps, place, hash)
      c.set('deps', deps)
      await next()
      if (c.error || c.res.status >= 400) throw new Refused()
      await keep(deps, place, c.res.clone())
      return undefined
    })
    .catch((error) => {
      if (error instanceof Refused) return undefined
      throw error
    })
  c.set('deps', outer)
  if (kept) {
    c.res = new Response(kept.status === 204 ? null : kept.body, {
      status: kept.status,
      headers: {
        'content-type': 'application/json',
        'idempotent-replayed': 'true',
        ...(kept.etag && { etag: kept.etag }),
      },
    })
  }
})

/** A CloudEvent in binary mode tells all but its data in headers (HTTP Protocol Binding 3.1): they are the request too. */
const eventHeaders = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => `\n${name}: ${value}`)
    .toSorted()
    .join('')

/** What asks a provider while the caller waits: no transaction may stay open for so long, and asking again does no harm. */
const asksProvider = /^\/v1\/connections\/[^/]+\/check$/

/** Undoes the transaction of a request that was refused; its answer is already written. */
class Refused extends Error {}
type Place = { readonly keyId: string; readonly key: string }
type Told = { readonly body: string; readonly etag: string | null }

async function claim({ db, now }: Deps, { keyId, key }: Place, hash: string): Promise<boolean> {
  const row = await db
    .insertInto('idempotency')
    .values({ key_id: keyId, key, request_hash: hash, status: null, body: null, created_at: now() })
    .onConflict((oc) => oc.doNothing())
    .returning('key')
    .executeTakeFirst()
  return row !== undefined
}

async function keep({ db, seal }: Deps, { keyId, key }: Place, answer: Response) {
  const { status } = answer
  const told: Told = { body: await answer.text(), etag: answer.headers.get('etag') }
  // Answers may show a secret once; kept, they are sealed like any other.
  await db
    .updateTable('idempotency')
    .set({ status, body: await seal.seal(JSON.stringify(told), `idempotency ${key}`) })
    .where('key_id', '=', keyId)
    .where('key', '=', key)
    .execute()
}

async function stored({ db, seal }: Deps, { keyId, key }: Place, hash: string) {
  const row = await db
    .selectFrom('idempotency')
    .selectAll()
    .where('key_id', '=', keyId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  if (row.request_hash !== hash)
    throw new Problem('conflict', 'this Idempotency-Key was used for another request')
  const told: Told = JSON.parse(await seal.open(row.body ?? '', `idempotency ${key}`))
  return { status: row.status ?? 200, ...told }
}

async function sha256(text: string): Promise<string> {
  return Buffer.from(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  ).toString('hex')
}

const answersKeptMs = 30 * dayMs

/** Forgets answers kept for repeats after 30 days; comes again every day. */
export async function purgeAnswers({ db, now }: Deps): Promise<Outcome> {
  await db
    .deleteFrom('idempotency')
    .where('created_at', '<', later(now(), -answersKeptMs))
    .execute()
  return { again: later(now(), dayMs) }
}
