import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { run } from '../../src/revenue/import.ts'
import type { Preparation } from '../../src/revenue/port.ts'
import { createTestWorld, type World } from '../world.ts'
import { line, marketplace, put, type Reports, reports } from './fake.ts'

const hourMs = 3_600_000
let world: World
let state: Reports
let connection: string
let id: string
let made = 0

beforeAll(async () => {
  state = reports()
  state.prepare = async () => ready
  world = await createTestWorld({ adapters: [marketplace(state)] })
})
afterAll(() => world.close())

const ready: Preparation = { is: 'ready', held: { reports: ['r-1'] } }
const preparing = (held: unknown, retryAfterMs = hourMs): Preparation => ({
  is: 'preparing',
  held,
  retryAfterMs,
  detail: '2 of 3 reports are not made',
})

beforeEach(async () => {
  Object.assign(state, reports(), { prepare: async () => ready })
  put(state, 'orders.csv', [line('l1', '100.00')])
  const body = { provider: 'aws', name: `seller ${++made}`, settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  // The first sync has today's import made.
  await world.drain()
  Object.assign(state, { asked: [], heldBy: [], listed: 0 })
  put(state, 'orders.csv', [line('l1', '100.00'), line('l2', '100.00')])
})
afterEach(() => world.as('admin').delete(`/v1/connections/${connection}`))

const get = async (path: string) => (await world.as('viewer').get(path)).body
const imports = async () => (await get(`/v1/revenue-imports?connection=${connection}`)).data
const ours = () => get(`/v1/revenue-imports/${id}`)
const asked = () => state.asked.filter(({ key }) => key === id)
const start = async () => {
  id = (await world.as('finance').post('/v1/revenue-imports', { connection })).body.id
  await world.drain()
}
const wait = async (ms: number) => {
  world.advance(ms)
  await world.drain()
}

describe('reports made on demand', () => {
  it('are asked for under the import’s id, and read with the note of how they were', async () => {
    await start()
    expect(await ours()).toMatchObject({ state: 'done', waitsFor: null, waitsSince: null })
    expect(asked()).toEqual([{ key: id, held: null }])
    expect(state.heldBy).toEqual([ready.held, ready.held])
  })

  it('are waited for, visibly, and asked after when the marketplace said so', async () => {
    state.prepare = async (_, held) => (held === null ? preparing({ step: 1 }) : ready)
    const began = world.deps.now()
    await start()
    expect(await ours()).toMatchObject({
      state: 'preparing',
      waitsFor: '2 of 3 reports are not made',
      waitsSince: began,
      files: [],
    })
    await wait(hourMs - 1)
    expect(asked()).toHaveLength(1)
    await wait(1)
    expect(await ours()).toMatchObject({ state: 'done', waitsFor: null, waitsSince: null })
    expect(asked().map(({ held }) => held)).toEqual([null, { step: 1 }])
  })

  it('are not asked for anew when a call dies in the middle: the last note is kept', async () => {
    state.prepare = async () => preparing({ step: 1 })
    await start()
    state.prepare = async () => {
      throw new Error('killed')
    }
    await expect(run(world.deps, id)).rejects.toMatchObject({ code: 'internal' })
    expect(await ours()).toMatchObject({ state: 'preparing' })
    state.prepare = async () => ready
    await wait(hourMs)
    expect(await ours()).toMatchObject({ state: 'done' })
    expect(asked().map(({ held }) => held)).toEqual([null, { step: 1 }, { step: 1 }])
  })

  it('are waited for while the marketplace is busy, as long as it asks', async () => {
    const busy = new Problem('throttled', 'at most 5 reports an hour', { retryAfterMs: 60_000 })
    state.prepare = async (_, held) => {
      if (held === null) return preparing({ step: 1 }, 1)
      if (asked().length === 2) throw busy
      return ready
    }
    await start()
    await wait(1_000)
    expect(await ours()).toMatchObject({
      state: 'preparing',
      waitsFor: 'at most 5 reports an hour',
    })
    await wait(59_999)
    expect(asked()).toHaveLength(2)
    await wait(1)
    expect(await ours()).toMatchObject({ state: 'done' })
    expect(asked().at(-1)?.held).toEqual({ step: 1 })
  })

  it('are given up after two days, with what was missing', async () => {
    state.prepare = async () => preparing({ step: 1 }, 1_000 * hourMs)
    await start()
    for (let hours = 0; hours < 48; hours += 1) {
      expect((await ours()).state).toBe('preparing')
      await wait(hourMs)
    }
    expect(await ours()).toMatchObject({
      state: 'failed',
      problem: {
        code: 'rejected',
        message: 'the reports were not ready after 48 hours: 2 of 3 reports are not made',
      },
    })
    const before = asked().length
    await wait(hourMs)
    expect(asked()).toHaveLength(before)
  })

  it('fail an import at once when the account may not have them', async () => {
    state.prepare = async () => {
      throw new Problem('forbidden', 'the app lacks a role')
    }
    await start()
    expect(await ours()).toMatchObject({ state: 'failed', problem: { code: 'forbidden' } })
  })

  it('are asked for by the sync once a day, and never while an import waits', async () => {
    const sync = async () => {
      await world.as('finance').post(`/v1/syncs/revenue/run?connection=${connection}`)
      await world.drain()
    }
    const imported = async () => (await imports()).length
    await sync()
    await sync()
    expect([await imported(), state.asked]).toEqual([1, []])
    state.prepare = async () => preparing(null)
    await wait(24 * hourMs)
    await sync()
    expect(await imported()).toBe(2)
    await wait(24 * hourMs)
    await sync()
    expect(await imported()).toBe(2)
  })
})
