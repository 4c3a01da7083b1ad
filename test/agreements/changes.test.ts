import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Awaits } from '../../src/agreements/model.ts'
import { type Operation, standingOf } from '../../src/agreements/operation.ts'
import type { AgreementsTraits } from '../../src/agreements/port.ts'
import { createTestWorld, type World } from '../world.ts'
import { finish } from './counter.ts'
import {
  addListing,
  addOffer,
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  sync,
  undated,
} from './market.ts'

let world: World
let market: Market
let connection: string
const usual: AgreementsTraits = {
  operations: ['activate', 'reject', 'approve_change', 'reject_change', 'message', 'cancel'],
  activation: 'on_request',
  buyerChanges: { plan: 'ask', quantity: 'refuse' },
}
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
})
beforeEach(() => {
  market.traits = usual
})
afterAll(() => world.close())

const change = (planRef: string, offerRef: string | null = null): { awaits: Awaits } => ({
  awaits: { what: 'change', by: null, planRef, offerRef },
})
let readings = 0
const put = async (ref: string, changes: Parameters<typeof undated>[2] = {}) => {
  readings += 1
  market.put(undated(ref, `${ref}-${readings}`, { planRef: 'silver', ...changes }))
  await sync(world, connection)
  return (await byRef(world, connection, ref)).id as string
}
const awaitsStart = {
  state: { is: 'pending' },
  awaits: { what: 'approval', by: null },
} as const
const ask = (id: string, what: string, body?: unknown) => {
  world.advance(1)
  return world.as('deal_desk').post(`/v1/agreements/${id}/${what}`, body)
}
const operations = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/operations`)).body.data
const wanted = async (id: string) =>
  (await operations(id)).map(({ wanted, state }: any) => [wanted.is, wanted.planRef, state])
const times = async (id: string, kind: string) =>
  (await kinds(world, id)).filter((one) => one === kind).length
/** What was begun last is done, and seen to be. */
const done = async () => {
  finish(market.counter, market.known)
  world.advance(10_000)
  await world.drain()
}

describe('a change that the buyer asked for and that waits for the seller', () => {
  it('is shown, listed and told once; a person decides where the policy is to ask', async () => {
    const id = await put('asked', change('gold'))
    const { body } = await world.as('viewer').get(`/v1/agreements/${id}`)
    expect(body.awaits).toEqual({ what: 'change', by: null, planRef: 'gold', offerRef: null })
    const listed = await world.as('viewer').get('/v1/agreements?awaits=change')
    expect(listed.body.data.map((one: any) => one.id)).toEqual([id])
    await put('asked', { ...change('gold'), nativeStatus: 'STILL' })
    expect(await times(id, 'agreement.change_asked')).toBe(1)
    expect(await operations(id)).toEqual([])
    const { status, body: asked } = await ask(id, 'approve-change')
    expect([status, asked.wanted]).toEqual([202, { is: 'approve_change', planRef: 'gold' }])
    await world.drain()
    await done()
    expect(await wanted(id)).toEqual([['approve_change', 'gold', 'done']])
    expect(await byRef(world, connection, 'asked')).toMatchObject({ planRef: 'gold', awaits: null })
  })

  it('is decided anew when another waits, or the same waits again', async () => {
    const id = await put('anew', change('gold'))
    await put('anew', change('team'))
    expect(await times(id, 'agreement.change_asked')).toBe(2)
    await put('anew')
    await put('anew', change('team'))
    expect(await times(id, 'agreement.change_asked')).toBe(3)
  })

  it.each([
    ['accept', 'approve_change'],
    ['refuse', 'reject_change'],
  ] as const)('is decided by the policy to %s, once', async (plan, kind) => {
    market.traits = { ...usual, buyerChanges: { plan, quantity: 'refuse' } }
    const id = await put(`policy-${plan}`, change('gold'))
    await put(`policy-${plan}`, { ...change('gold'), nativeStatus: 'STILL' })
    expect(await wanted(id)).toEqual([[kind, 'gold', 'running']])
    expect(await times(id, 'agreement.change_asked')).toBe(0)
    await done()
    expect(await wanted(id)).toEqual([[kind, 'gold', 'done']])
    expect((await byRef(world, connection, `policy-${plan}`)).planRef).toBe(
      plan === 'accept' ? 'gold' : 'silver',
    )
  })

  it('stands when it leads to an offer of ours, whatever the policy, and that offer is accepted', async () => {
    market.traits = { ...usual, buyerChanges: { plan: 'refuse', quantity: 'refuse' } }
    const listing = await addListing(world, connection, 'prod-9')
    const buyer = (await world.as('deal_desk').post('/v1/buyers', { name: 'Acme' })).body.id
    const before = await addOffer(world, { connection, listing, buyer, offerRef: 'offer-a' })
    const offer = await addOffer(world, { connection, listing, buyer, offerRef: 'offer-b' })
    const id = await put('ours', { offerRef: 'offer-a', listingRef: 'prod-9' })
    expect((await byRef(world, connection, 'ours')).offer).toBe(before)
    await put('ours', { offerRef: 'offer-a', listingRef: 'prod-9', ...change('silver', 'offer-b') })
    expect(await wanted(id)).toEqual([['approve_change', 'silver', 'running']])
    await put('ours', { offerRef: 'offer-b', listingRef: 'prod-9' })
    expect(await byRef(world, connection, 'ours')).toMatchObject({ offer, offerRef: 'offer-b' })
    const { body } = await world.as('viewer').get(`/v1/offers/${offer}`)
    expect(body.state).toMatchObject({ is: 'accepted', agreement: id })
  })

  it('waits for the decision before it when the buyer changes their mind', async () => {
    market.traits = { ...usual, buyerChanges: { plan: 'accept', quantity: 'refuse' } }
    const id = await put('mind', change('gold'))
    await put('mind', change('team'))
    expect(await wanted(id)).toEqual([['approve_change', 'gold', 'running']])
    const [first] = await operations(id)
    const agreement = await byRef(world, connection, 'mind')
    const standing = standingOf(first.wanted as Operation['wanted'], agreement)
    expect(standing).toMatchObject({ is: 'refused', reasons: [{ code: 'superseded' }] })
    const [, one] = [...market.counter.begun].at(-1)!
    one.progress = { is: 'refused', reasons: [{ part: 'plan', code: null, message: 'not that' }] }
    world.advance(10_000)
    await world.drain()
    expect(await wanted(id)).toEqual([
      ['approve_change', 'gold', 'refused'],
      ['approve_change', 'team', 'running'],
    ])
  })

  it('is left to people where the marketplace takes no word on it', async () => {
    market.traits = {
      ...usual,
      operations: [],
      buyerChanges: { plan: 'accept', quantity: 'accept' },
    }
    const id = await put('mute', change('gold'))
    expect(await times(id, 'agreement.change_asked')).toBe(1)
    expect((await ask(id, 'approve-change')).body).toMatchObject({ code: 'unsupported' })
  })
})

describe('the API of what waits', () => {
  it('names what does not wait', async () => {
    const id = await put('quiet')
    const none = await ask(id, 'approve-change')
    expect([none.status, none.body.title]).toEqual([422, expect.stringMatching(/no change/)])
    const waiting = await put('loud', change('gold'))
    const other = await ask(waiting, 'reject-change', { plan: 'team', reason: 'not sold' })
    expect([other.status, other.body.errors]).toEqual([
      422,
      [{ path: 'plan', message: expect.stringMatching(/team waits.*gold/) }],
    ])
    expect((await ask(id, 'reject', {})).body.title).toMatch(/it is active/)
    expect((await ask(waiting, 'reject', {})).body.title).toMatch(/a change of it waits/)
    expect((await ask(id, 'message', { text: 'Soon.' })).status).toBe(422)
    expect((await ask(waiting, 'message', { text: '' })).status).toBe(422)
    expect((await ask(waiting, 'reject', { reason: 'x'.repeat(257) })).status).toBe(422)
    expect(await operations(id)).toEqual([])
  })

  it('rejects what awaits its beginning, with the reason, and sees it ended', async () => {
    const id = await put('no', awaitsStart)
    const asked = await ask(id, 'reject', { reason: 'not sold in your country' })
    expect(asked.body.wanted).toEqual({ is: 'reject', reason: 'not sold in your country' })
    expect((await ask(id, 'activate')).status).toBe(409)
    await world.drain()
    await done()
    expect(await wanted(id)).toEqual([['reject', undefined, 'done']])
    expect((await byRef(world, connection, 'no')).state).toEqual({ is: 'ended', how: 'cancelled' })
  })

  it('tells the buyer something while it waits, and one decision at a time is under way', async () => {
    const id = await put('talk', change('gold'))
    expect((await ask(id, 'message', { text: 'We look into it.' })).status).toBe(202)
    await world.drain()
    await done()
    const rejected = await ask(id, 'reject-change', { reason: 'no' })
    expect(rejected.body.wanted).toEqual({ is: 'reject_change', planRef: 'gold', reason: 'no' })
    expect((await ask(id, 'reject-change')).status).toBe(409)
    expect((await ask(id, 'approve-change')).body).toMatchObject({
      code: 'conflict',
      title: 'to reject change is under way already',
    })
    await world.drain()
    await done()
    expect(await wanted(id)).toEqual([
      ['message', undefined, 'done'],
      ['reject_change', 'gold', 'done'],
    ])
  })

  it('answers a repeat of a decision as it answered the first', async () => {
    const id = await put('repeat', change('gold'))
    const send = () =>
      world
        .as('deal_desk')
        .post(`/v1/agreements/${id}/approve-change`, {}, { 'idempotency-key': 'once-gold' })
    const [first, second] = [await send(), await send()]
    expect([second.status, second.body]).toEqual([202, first.body])
    expect(await operations(id)).toHaveLength(1)
  })
})
