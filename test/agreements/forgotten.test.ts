import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReceivedNotice } from '../../src/notices/model.ts'
import { createTestWorld, type World } from '../world.ts'
import {
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  noticeSecret,
  remote,
  sync,
  undated,
} from './market.ts'

// A marketplace that forgets what is over: it then answers that it knows no such agreement.
let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  market.isBrief = true
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  market.traits = {
    operations: ['activate', 'cancel'],
    activation: 'on_request',
    forgets: true,
    buyerChanges: { plan: 'ask', quantity: 'refuse' },
  }
})
afterAll(() => world.close())

const sell = async (ref: string, changes: Parameters<typeof undated>[2] = {}) => {
  market.known.set(ref, undated(ref, `${ref}-1`, changes))
  await sync(world, connection)
  return byRef(world, connection, ref)
}
const about = (noticeRef: string, agreementRef: string): ReceivedNotice => ({
  noticeRef,
  kind: 'Deleted',
  at: world.deps.now(),
  about: { is: 'agreement', agreementRef, licenseRef: null, listingRef: null },
  native: {},
})
const push = async (notice: ReceivedNotice) => {
  await world.nobody.post(`/notices/${connection}`, [notice], { 'x-secret': noticeSecret })
  await world.drain()
}
const calls = (pattern: RegExp) => market.calls.filter((call) => pattern.test(call)).length
const poll = async (times = 1) => {
  for (let turn = 0; turn < times; turn += 1) {
    world.advance(300_000)
    await sync(world, connection)
  }
}

describe('an agreement that its marketplace does not know any more', () => {
  it('has ended when a notice has it looked at, with its documents as they were', async () => {
    const { id } = await sell('told')
    market.known.delete('told')
    world.advance(60_000)
    await push(about('n-1', 'told'))
    const { body } = await world.as('viewer').get(`/v1/agreements/${id}`)
    expect(body).toMatchObject({
      state: { is: 'ended', how: 'terminated' },
      endedAt: world.deps.now(),
      native: { agreementId: 'told' },
    })
    const { data } = (await world.as('viewer').get('/v1/notices?state=handled')).body
    expect(data).toHaveLength(1)
    await push(about('n-2', 'told'))
    expect((await kinds(world, id)).filter((kind) => kind === 'agreement.ended')).toHaveLength(1)
    const { data: failed } = (await world.as('viewer').get('/v1/notices?state=received')).body
    expect(failed).toEqual([])
  })

  it('has ended when something is asked of it', async () => {
    const { id } = await sell('asked')
    market.known.delete('asked')
    await world.as('deal_desk').post(`/v1/agreements/${id}/cancel`)
    await world.drain()
    expect((await byRef(world, connection, 'asked')).state).toEqual({
      is: 'ended',
      how: 'terminated',
    })
    expect((await world.as('viewer').get('/v1/jobs')).body.data).toEqual([])
  })

  it('is read once when two polls did not show it, and has ended then', async () => {
    await sell('shown')
    const { id } = await sell('gone')
    await poll(4)
    market.known.delete('gone')
    const before = calls(/^get /)
    await poll(1)
    expect(calls(/^get /)).toBe(before)
    await poll(1)
    expect(market.calls.at(-1)).toBe('get gone')
    expect(calls(/^get /)).toBe(before + 1)
    expect((await byRef(world, connection, 'gone')).state.is).toBe('ended')
    expect(await kinds(world, id)).toContain('agreement.ended')
    await poll(4)
    expect(calls(/^get /)).toBe(before + 1)
  })

  it('goes on as it was when the list alone left it out', async () => {
    await sell('hidden')
    market.unlisted.add('hidden')
    await poll(3)
    expect(calls(/^get hidden/)).toBe(2)
    expect((await byRef(world, connection, 'hidden')).state.is).toBe('active')
  })

  it('is taken for what it is when it comes back, though it says that it is older', async () => {
    const { id } = await sell('dated', { changedAt: '2027-01-01T00:00:00.000Z' })
    market.known.set('dated', remote('dated', { fingerprint: 'dated-1', licenseRefs: [] }))
    await push(about('n-3', 'dated'))
    const told = market.known.get('dated')!
    market.known.delete('dated')
    await push(about('n-4', 'dated'))
    expect((await byRef(world, connection, 'dated')).state.is).toBe('ended')
    world.advance(60_000)
    market.known.set('dated', told)
    await push(about('n-5', 'dated'))
    const back = await byRef(world, connection, 'dated')
    expect([back.id, back.state, back.endedAt]).toEqual([id, { is: 'active' }, null])
  })

  it('is not known yet where it was never seen: that is tried again', async () => {
    await push(about('n-6', 'never'))
    const { data } = (await world.as('viewer').get('/v1/notices?state=received')).body
    expect(data).toMatchObject([{ noticeRef: 'n-6', problem: { code: 'not_found' } }])
  })
})

it('stays as it is where a marketplace forgets nothing', async () => {
  await sell('kept')
  market.traits = { ...market.traits, forgets: false }
  market.known.delete('kept')
  await poll(5)
  expect((await byRef(world, connection, 'kept')).state.is).toBe('active')
})
