import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as z from 'zod'
import { adapter, type World as Outside } from '../../src/adapter.ts'
import { port, reseal } from '../../src/connections/service.ts'
import { type Deps, transact } from '../../src/deps.ts'
import { createSealer, parseKeys } from '../../src/platform/seal.ts'
import { createTestWorld, secretKey, type World } from '../world.ts'

/** An account whose credential renews itself: every check tells the one it held and takes the next. */
const renewing = adapter({
  provider: 'renewing',
  title: 'Renewing',
  settings: z.strictObject({}),
  credentials: z.strictObject({ token: z.string() }),
  example: { settings: {}, credentials: { token: 'x' } },
  client: ({ credentials }, outside: Outside) => ({ token: credentials.token, outside }),
  ports: {
    account: ({ token, outside }) => ({
      async check() {
        const held = ((await outside.keep?.read()) as string | null) ?? token
        await outside.keep?.write(`${held}+`)
        return [{ call: held, permission: 'none', outcome: 'ok' }]
      },
    }),
  },
})

let world: World
let id: string
beforeAll(async () => {
  world = await createTestWorld({ adapters: [renewing] })
  const made = await world.as('admin').post('/v1/connections', {
    provider: 'renewing',
    name: 'r',
    settings: {},
    credentials: { token: 'hush' },
  })
  id = made.body.id
})
afterAll(() => world.close())

/** As a process that has just started. */
const fresh = (deps: Deps = world.deps): Deps => ({ ...deps, opened: new Map() })
const held = async (deps: Deps) => (await (await port(deps, id, 'account')).check())[0]?.call
const column = async () =>
  (await sql<{ kept: string | null }>`select kept from connections`.execute(world.deps.db)).rows[0]
    ?.kept

it('outlives the process, sealed', async () => {
  expect(await held(fresh())).toBe('hush')
  expect(await held(fresh())).toBe('hush+')
  expect(await column()).not.toContain('hush')
})

it('is kept though the work at hand was undone, and though the port was opened in it', async () => {
  const running = fresh()
  await transact(running, async (tx) => {
    await port(tx, id, 'account')
    throw new Error('undone')
  }).catch(() => undefined)
  expect(await held(running)).toBe('hush++')
  expect(await held(fresh())).toBe('hush+++')
})

it('goes when other credentials come, and a process that still has the old ones brings nothing back', async () => {
  const old = await port(fresh(), id, 'account')
  await world.as('admin').patch(`/v1/connections/${id}`, { credentials: { token: 'other' } })
  expect(await column()).toBeNull()
  await old.check()
  expect(await column()).toBeNull()
})

it('is sealed anew with the credentials', async () => {
  await held(fresh())
  const key = `new:${randomBytes(32).toString('base64')}`
  const rotated = fresh({ ...world.deps, seal: createSealer(parseKeys(`${key},${secretKey}`)) })
  await reseal(rotated)
  const alone = createSealer(parseKeys(key))
  expect(await alone.open((await column()) ?? '', id)).toBe('"other+"')
})
