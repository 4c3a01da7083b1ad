import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { adapter } from '../../src/adapter.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
const waiting = Promise.withResolvers<void>()

const slow = adapter({
  provider: 'slow',
  title: 'Slow',
  settings: z.strictObject({}),
  credentials: z.strictObject({}),
  example: { settings: {}, credentials: {} },
  client: () => ({}),
  ports: {
    account: () => ({
      async check() {
        await waiting.promise
        return []
      },
    }),
  },
})

beforeAll(async () => {
  world = await createTestWorld({ adapters: [slow] })
})
afterAll(() => world.close())

const admin = () => world.as('admin')
const key = (name: string) => ({ 'idempotency-key': name })

describe('an idempotency key', () => {
  it('stands for the whole address, its query too', async () => {
    const post = (path: string) => admin().post(path, { name: 'A', accounts: [] }, key('query'))
    expect((await post('/v1/buyers')).status).toBe(201)
    expect((await post('/v1/buyers?for=another')).status).toBe(409)
  })

  it('replays the ETag as well', async () => {
    const post = () => admin().post('/v1/buyers', { name: 'B', accounts: [] }, key('etag'))
    const [first, again] = [await post(), await post()]
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(again.headers.get('etag')).toBe('"1"')
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
    expect(again.text).toBe(first.text)
  })

  it('holds nobody up while a provider is asked', async () => {
    const account = { provider: 'slow', name: 'Slow', settings: {}, credentials: {} }
    const { id } = (await admin().post('/v1/connections', account)).body
    const checking = admin().post(`/v1/connections/${id}/check`, {}, key('check'))
    // The embedded database has one connection: a transaction around the check would keep it.
    expect((await admin().get('/v1/buyers')).status).toBe(200)
    waiting.resolve()
    expect((await checking).status).toBe(200)
  })
})

describe('a malformed request', () => {
  it.each([
    ['no body', ''],
    ['blanks', '   '],
  ])('says so in errors when there is %s', async (_, text) => {
    const { status, body } = await admin().post('/v1/buyers', text)
    expect(status).toBe(422)
    expect(body.errors).toHaveLength(1)
  })

  it('says so in errors when the address cannot be decoded', async () => {
    const { status, body } = await admin().get('/v1/buyers?account=%zz')
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: '', message: 'the address is not well encoded' }])
  })
})
