import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import {
  allow,
  bearer,
  body,
  idempotent,
  idParam,
  json,
  page,
  pageOf,
  pageQuery,
  problems,
  readCursor,
  router,
} from './api.ts'
import { type Deps, transact } from './deps.ts'
import { idField, instantField, textField } from './kernel/fields.ts'
import { newId } from './kernel/id.ts'
import { Problem } from './kernel/problem.ts'
import type { Instant } from './kernel/time.ts'
import { hashKey, newKey, type Role, roles } from './platform/auth.ts'
import { record } from './platform/record.ts'

const keyId = idField('key', 'An API key’s id; not the key itself')
const role = z
  .enum(roles)
  .meta({ description: 'What it may do; `meter` may only send usage', example: 'deal_desk' })
const keyView = z
  .object({
    id: keyId,
    name: z.string().meta({ description: 'Whose it is', example: 'deal desk' }),
    role,
    createdAt: instantField('When it was made'),
    revokedAt: instantField('When it was revoked').nullable(),
  })
  .meta({ id: 'ApiKey' })
const madeView = keyView
  .extend({
    key: z.string().meta({
      description: 'The key, shown in this answer and never again',
      example: 'tp_example',
    }),
  })
  .meta({ id: 'ApiKeyCreated' })
const createKey = z.strictObject({ name: textField(100, 'Whose it is', 'deal desk'), role })

const shared = { tags: ['api keys'], security: bearer, middleware: allow() }
const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  summary: 'Make an API key',
  request: { body: body(createKey), headers: idempotent },
  responses: { 201: json(madeView, 'Made; the key is shown this once'), ...problems },
})
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  summary: 'List API keys',
  request: { query: z.object(pageQuery) },
  responses: { 200: json(pageOf(keyView), 'A page of keys'), ...problems },
})
const revoke = createRoute({
  ...shared,
  method: 'delete',
  path: '/{id}',
  summary: 'Revoke an API key',
  request: { params: idParam(keyId) },
  responses: { 204: { description: 'It works no more' }, ...problems },
})

export const keys = router()
  .openapi(create, async (c) => {
    const { name, role } = c.req.valid('json')
    const key = newKey()
    return c.json({ ...(await insertKey(c.var.deps, name, role, key)), key }, 201)
  })
  .openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const [at, id] = readCursor(cursor, 2) ?? []
    let query = c.var.deps.db
      .selectFrom('api_keys')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .limit(limit + 1)
    if (at && id)
      query = query.where((eb) =>
        eb.or([
          eb('created_at', '>', at as Instant),
          eb.and([eb('created_at', '=', at as Instant), eb('id', '>', id)]),
        ]),
      )
    const view = (row: Awaited<ReturnType<typeof query.execute>>[number]) => ({
      id: row.id as `key_${string}`,
      name: row.name,
      role: row.role,
      createdAt: row.created_at,
      revokedAt: row.revoked_at,
    })
    return c.json(
      page(await query.execute(), limit, view, (row) => [row.created_at, row.id]),
      200,
    )
  })
  .openapi(revoke, async (c) => {
    await revokeKey(c.var.deps, c.req.valid('param').id)
    return c.body(null, 204)
  })

/** Stores a key's hash. The key itself is the caller's to show once. */
export async function insertKey(deps: Deps, name: string, role: Role, key: string) {
  const row = { id: newId('key'), name, role, createdAt: deps.now(), revokedAt: null }
  const hash = await hashKey(key)
  await transact(deps, async (tx) => {
    await tx.db
      .insertInto('api_keys')
      .values({ id: row.id, name, role, hash, created_at: row.createdAt, revoked_at: null })
      .execute()
    await record(tx, 'key.created', row.id, { name, role })
  })
  return row
}

/** Makes the operator's own first key known. Repeating it changes nothing. */
export async function ensureAdminKey(deps: Deps, key: string): Promise<void> {
  const hash = await hashKey(key)
  const known = await deps.db
    .selectFrom('api_keys')
    .select('id')
    .where('hash', '=', hash)
    .executeTakeFirst()
  if (!known) await insertKey(deps, firstAdmin, 'admin', key)
}

/** A first admin key when there has never been one, or undefined. */
export async function firstAdminKey(deps: Deps): Promise<string | undefined> {
  const some = await deps.db
    .selectFrom('api_keys')
    .select('id')
    .where('name', '=', firstAdmin)
    .executeTakeFirst()
  if (some) return undefined
  const key = newKey()
  await insertKey(deps, firstAdmin, 'admin', key)
  return key
}

const firstAdmin = 'first admin'

async function revokeKey(deps: Deps, id: string): Promise<void> {
  await transact(deps, async (tx) => {
    const done = await tx.db
      .updateTable('api_keys')
      .set({ revoked_at: tx.now() })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (done.numUpdatedRows === 0n) throw new Problem('not_found', `no key ${id}`)
    await record(tx, 'key.revoked', id)
  })
}
