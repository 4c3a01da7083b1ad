import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { adapter } from '../../src/adapter.ts'
import { reseal, sharedSecrets } from '../../src/connections/service.ts'
import { createSealer, parseKeys } from '../../src/platform/seal.ts'
import { createTestWorld, secretKey, type World } from '../world.ts'

const vault = adapter({
  provider: 'vault',
  title: 'Vault',
  settings: z.strictObject({}),
  credentials: z.strictObject({ password: z.string() }),
  example: { settings: {}, credentials: { password: 'x' } },
  client: () => ({}),
  ports: {},
})
let world: World
beforeAll(async () => {
  world = await createTestWorld({ adapters: [vault] })
})
afterAll(() => world.close())

it('seals connections anew under the newest key, after which the old one may go', async () => {
  const made = await world.as('admin').post('/v1/connections', {
    provider: 'vault',
    name: 'v',
    settings: {},
    credentials: { password: 'hush-hush-hush' },
  })
  expect(made.status).toBe(201)
  const fresh = `new:${randomBytes(32).toString('base64')}`
  const rotated = { ...world.deps, seal: createSealer(parseKeys(`${fresh},${secretKey}`)) }
  expect([await reseal(rotated), await reseal(rotated)]).toEqual([1, 0])
  const alone = { ...world.deps, seal: createSealer(parseKeys(fresh)) }
  expect(await sharedSecrets(alone, made.body.id)).toEqual(made.body.secrets)
  await expect(sharedSecrets(world.deps, made.body.id)).rejects.toThrow(/no longer holds/)
})

it('forgets kept answers after 30 days', async () => {
  const once = () =>
    world
      .as('admin')
      .post('/v1/api-keys', { name: 'k', role: 'viewer' }, { 'idempotency-key': 'month' })
  const first = await once()
  await world.deps.jobs.enqueue(world.deps.db, 'gate.purge', 'all')
  world.advance(29 * 86_400_000)
  await world.drain()
  expect((await once()).body.id).toBe(first.body.id)
  world.advance(2 * 86_400_000)
  await world.drain()
  expect((await once()).body.id).not.toBe(first.body.id)
})
