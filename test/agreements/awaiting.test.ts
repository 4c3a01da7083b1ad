import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Awaits } from '../../src/agreements/model.ts'
import { dayMs, later } from '../../src/kernel/time.ts'
import { createTestWorld, type World } from '../world.ts'
import {
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  registration,
  remote,
  sync,
  undated,
} from './market.ts'

let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  market.traits = {
    ...market.traits,
    operations: ['activate'],
    activation: 'on_request',
  }
})
afterAll(() => world.close())

const pending = (days: number | null): { state: { is: 'pending' }; awaits: Awaits } => ({
  state: { is: 'pending' },
  awaits: {
    what: 'activation',
    by: days === null ? null : later(world.deps.now(), days * dayMs),
  },
})
const days = async (count: number) => {
  for (let day = 0; day < count; day += 1) {
    world.advance(dayMs)
    await world.drain()
  }
}
const sell = async (ref: string, forDays: number | null) => {
  market.put(undated(ref, `${ref}-1`, pending(forDays)))
  await sync(world, connection)
  return byRef(world, connection, ref)
}
const still = async (id: string) =>
  (await kinds(world, id)).filter((kind) => kind === 'agreement.still_awaiting').length
const arrive = (token: string) =>
  world.fetch(new Request(`http://tradepost.test/register/${connection}?bazaar-token=${token}`))
const operationsOf = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/operations`)).body.data

describe('an agreement that awaits the seller', () => {
  it('says so with its deadline, in the list and by itself, and is found by it', async () => {
    const { id, awaits } = await sell('shown', 30)
    expect(awaits).toEqual({ what: 'activation', by: later(world.deps.now(), 30 * dayMs) })
    const one = await world.as('viewer').get(`/v1/agreements/${id}`)
    expect(one.body.awaits).toEqual(awaits)
    const waiting = await world.as('viewer').get('/v1/agreements?awaits=activation')
    expect(waiting.body.data.map((row: { id: string }) => row.id)).toEqual([id])
    expect((await world.as('viewer').get('/v1/agreements?awaits=approval')).body.data).toEqual([])
    expect((await world.as('viewer').get('/v1/agreements?awaits=rain')).status).toBe(422)
    expect(await kinds(world, id)).toEqual(['agreement.accepted', 'agreement.awaiting'])
  })

  it('reminds a week and a day before its deadline, once each', async () => {
    const { id } = await byRef(world, connection, 'shown')
    await days(22)
    expect(await still(id)).toBe(0)
    await days(1)
    expect(await still(id)).toBe(1)
    await days(5)
    expect(await still(id)).toBe(1)
    await days(1)
    expect(await still(id)).toBe(2)
    await days(5)
    expect(await still(id)).toBe(2)
    const rows = await world.deps.db
      .selectFrom('events')
      .select('data')
      .where('subject', '=', id)
      .where('kind', '=', 'agreement.still_awaiting')
      .orderBy('seq')
      .execute()
    expect(rows.map(({ data }) => (data as { daysLeft: number }).daysLeft)).toEqual([7, 1])
  })

  it('does not remind at once of what is said anyway, nor of what was activated', async () => {
    const { id } = await sell('late', 3)
    await days(1)
    expect(await still(id)).toBe(0)
    await days(1)
    expect(await still(id)).toBe(1)
    const done = await sell('done', 10)
    market.put(undated('done', 'done-2'))
    await sync(world, connection)
    await days(11)
    expect(await still(done.id)).toBe(0)
  })

  it('reminds anew when its deadline moves, and never without one', async () => {
    const open = await sell('open', null)
    const { id } = await sell('moved', 8)
    await days(2)
    expect(await still(id)).toBe(1)
    market.put(undated('moved', 'moved-2', pending(20)))
    await sync(world, connection)
    await days(12)
    expect(await still(id)).toBe(1)
    await days(2)
    expect(await still(id)).toBe(2)
    expect(await still(open.id)).toBe(0)
    expect((await kinds(world, id)).filter((kind) => kind === 'agreement.awaiting')).toHaveLength(1)
  })
})

describe('a registration', () => {
  it('activates nothing where somebody must ask for it', async () => {
    const { id } = await sell('by-hand', 30)
    market.tokens.set('by-hand', registration({ agreementRef: 'by-hand' }))
    expect((await arrive('by-hand')).status).toBe(303)
    await world.drain()
    expect(await operationsOf(id)).toEqual([])
  })

  it('activates what awaits it, once, however many come', async () => {
    market.traits = { ...market.traits, activation: 'on_registration' }
    const { id } = await sell('self', 30)
    for (const token of ['self-1', 'self-2', 'self-1']) {
      market.tokens.set(token, registration({ agreementRef: 'self' }))
      expect((await arrive(token)).status).toBe(303)
    }
    expect(await operationsOf(id)).toMatchObject([{ wanted: { is: 'activate' }, state: 'waiting' }])
    await world.drain()
    expect(market.calls.filter((call) => call === 'operate self activate')).toHaveLength(1)
    expect((await kinds(world, id)).filter((kind) => /operation_asked$/.test(kind))).toHaveLength(1)
  })

  it('activates at once when the agreement it waited for is known, which is asked for by name', async () => {
    market.tokens.set('early', registration({ agreementRef: 'early', licenseRef: 'early' }))
    market.known.set('early', undated('early', 'e-1', pending(30)))
    const polls = () => market.calls.filter((call) => call.startsWith('changedSince')).length
    const before = polls()
    expect((await arrive('early')).status).toBe(303)
    await world.drain()
    expect(market.calls).toContain('get early')
    expect(polls()).toBe(before)
    const { id, registeredAt } = await byRef(world, connection, 'early')
    expect(registeredAt).toBe(world.deps.now())
    expect(await operationsOf(id)).toMatchObject([{ wanted: { is: 'activate' }, state: 'running' }])
    const { body } = await world.as('viewer').get(`/v1/agreements/${id}/registrations`)
    expect(body.data).toHaveLength(1)
  })

  it('names its agreement, also among several of one account and product', async () => {
    market.put(remote('twin-1'))
    market.put(remote('twin-2'))
    await sync(world, connection)
    market.tokens.set('twin', registration({ agreementRef: 'twin-2' }))
    await arrive('twin')
    expect((await byRef(world, connection, 'twin-2')).registeredAt).not.toBeNull()
    expect((await byRef(world, connection, 'twin-1')).registeredAt).toBeNull()
  })

  it('that came before the agreement awaited anything activates it when it does', async () => {
    market.put(undated('slow', 's-1', { state: { is: 'pending' } }))
    await sync(world, connection)
    market.tokens.set('slow', registration({ agreementRef: 'slow' }))
    await arrive('slow')
    const { id } = await byRef(world, connection, 'slow')
    expect(await operationsOf(id)).toEqual([])
    market.put(undated('slow', 's-2', pending(30)))
    await sync(world, connection)
    expect(await operationsOf(id)).toMatchObject([{ wanted: { is: 'activate' } }])
  })
})
