import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as agreements from '../../src/agreements/service.ts'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { createTestWorld, type World } from '../world.ts'
import { byRef, connect, createMarket, kinds, type Market, sync, undated } from './market.ts'

let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  market.isBrief = true
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
})
afterAll(() => world.close())

const know = (...told: Parameters<typeof undated>) => market.known.set(told[0], undated(...told))
/** The calls of one poll. */
const poll = async () => {
  const before = market.calls.length
  await sync(world, connection)
  return market.calls.slice(before)
}
const versions = async (ref: string) => {
  const { id } = await byRef(world, connection, ref)
  return (await world.as('viewer').get(`/v1/agreements/${id}/versions`)).body.data
}

describe('a marketplace that lists in brief', () => {
  it('is read over all its pages, each agreement whole', async () => {
    for (const ref of ['a', 'b', 'c', 'd', 'e']) know(ref, `${ref}-1`)
    await poll()
    for (const ref of ['a', 'b', 'c', 'd', 'e'])
      expect(await byRef(world, connection, ref)).toMatchObject({
        agreementRef: ref,
        changedAt: world.deps.now(),
      })
  })

  it('is asked for nothing but its list when nothing changed', async () => {
    expect(await poll()).toEqual(['changedSince 0', 'changedSince 3'])
  })

  it('is asked for the one agreement that changed, and held as it is after one poll', async () => {
    world.advance(60_000)
    know('d', 'd-2', { state: { is: 'suspended' } })
    expect((await poll()).filter((call) => call.startsWith('get'))).toEqual(['get d'])
    expect(await byRef(world, connection, 'd')).toMatchObject({
      state: { is: 'suspended' },
      changedAt: world.deps.now(),
    })
    expect(await poll()).toHaveLength(2)
  })

  it('dates by the reading what differs, and nothing that only looks different', async () => {
    const [first, second] = await versions('d')
    expect([first.validTo, second.validFrom]).toEqual([second.validFrom, world.deps.now()])
    world.advance(60_000)
    know('d', 'd-3', { state: { is: 'suspended' } })
    expect(await poll()).toContain('get d')
    expect(await versions('d')).toEqual([first, second])
    expect(await poll()).toHaveLength(2)
    const { id } = await byRef(world, connection, 'd')
    expect(await kinds(world, id)).toEqual(['agreement.accepted', 'agreement.changed'])
  })

  it('keeps what it no longer lists', async () => {
    market.known.delete('e')
    await poll()
    expect(await byRef(world, connection, 'e')).toMatchObject({ state: { is: 'active' } })
  })

  it('reads the others when one cannot be read, and that one as soon as it can be', async () => {
    const broken = undated('broken', 'x-1')
    market.known.set('broken', { ...broken, native: '\0' })
    know('after', 'y-1')
    await poll()
    expect(await byRef(world, connection, 'after')).toBeDefined()
    expect(await byRef(world, connection, 'broken')).toBeUndefined()
    market.known.set('broken', broken)
    await poll()
    expect(await byRef(world, connection, 'broken')).toBeDefined()
  })

  it('is left in peace when it says slow down, and read to the end later', async () => {
    for (const ref of ['a', 'b', 'c', 'd']) know(ref, `${ref}-9`)
    let gets = 0
    market.meanwhile = async () => {
      if (!market.calls.at(-1)?.startsWith('get')) return
      gets += 1
      throw new Problem('throttled', 'slow down', { retryAfterMs: 30_000 })
    }
    await poll()
    expect(gets).toBeLessThanOrEqual(3)
    market.meanwhile = undefined
    world.advance(30_000)
    await world.drain()
    expect((await poll()).filter((call) => call.startsWith('get'))).toEqual([])
  })
})

describe('readings that overtake each other', () => {
  it('never let an older one win where nothing is dated, and keep what it saw', async () => {
    know('race', 'r-1')
    await poll()
    world.advance(60_000)
    know('race', 'r-2', { state: { is: 'suspended' } })
    // While the slow reading waits for its answer, a later one is done.
    market.meanwhile = async () => {
      market.meanwhile = undefined
      world.advance(1_000)
      know('race', 'r-3', { state: { is: 'active' }, planRef: 'gold' })
      await agreements.read(world.deps, connection, 'race')
    }
    const began = world.deps.now()
    await agreements.read(world.deps, connection, 'race')
    expect(await byRef(world, connection, 'race')).toMatchObject({
      state: { is: 'active' },
      planRef: 'gold',
    })
    const seen = (await versions('race')).map((v: any) => [v.state.is, v.planRef, v.validFrom])
    expect(seen.slice(1)).toEqual([
      ['suspended', null, began],
      ['active', 'gold', world.deps.now()],
    ])
  })
})

it('knows that it was otherwise in between when a slow reading says so', async () => {
  know('between', 'b-1')
  await poll()
  world.advance(60_000)
  know('between', 'b-2', { state: { is: 'suspended' } })
  market.meanwhile = async () => {
    market.meanwhile = undefined
    world.advance(1_000)
    know('between', 'b-3')
    await agreements.read(world.deps, connection, 'between')
  }
  const began = world.deps.now()
  await agreements.read(world.deps, connection, 'between')
  const seen = (await versions('between')).map((v: any) => [v.state.is, v.validFrom, v.validTo])
  const back = world.deps.now()
  expect(seen.slice(1)).toEqual([
    ['suspended', began, back],
    ['active', back, null],
  ])
  expect(await byRef(world, connection, 'between')).toMatchObject({
    state: { is: 'active' },
    changedAt: back,
  })
})

describe('usage of an agreement whose licence is itself stops', () => {
  const gone = { state: { is: 'ended', how: 'cancelled' } } as const
  const says = (ref: string, at: any) =>
    agreements.licenseEnded(world.deps, connection as Id<'conn'>, ref, at)

  it('when a notice said so, also after it was seen to have ended', async () => {
    know('seen', 's-1')
    know('told', 't-1')
    await poll()
    const cancelledAt = world.advance(10_000)
    world.advance(290_000)
    await says('told', cancelledAt)
    expect((await byRef(world, connection, 'told')).endedAt).toBe(cancelledAt)
    know('seen', 's-2', gone)
    know('told', 't-2', gone)
    await poll()
    const pollAt = world.deps.now()
    expect((await byRef(world, connection, 'told')).endedAt).toBe(cancelledAt)
    expect((await byRef(world, connection, 'seen')).endedAt).toBe(pollAt)
    await says('seen', cancelledAt)
    expect((await byRef(world, connection, 'seen')).endedAt).toBe(cancelledAt)
  })

  it('at the reading that showed it, and not at a later one', async () => {
    know('quiet', 'q-1')
    await poll()
    world.advance(60_000)
    know('quiet', 'q-2', gone)
    await poll()
    const { endedAt } = await byRef(world, connection, 'quiet')
    expect(endedAt).toBe(world.deps.now())
    world.advance(60_000)
    know('quiet', 'q-3', { ...gone, nativeStatus: 'Gone' })
    await poll()
    expect((await byRef(world, connection, 'quiet')).endedAt).toBe(endedAt)
  })
})
