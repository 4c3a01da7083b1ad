import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operate } from '../../src/agreements/operate.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs, later } from '../../src/kernel/time.ts'
import { createTestWorld, type World } from '../world.ts'
import { finish } from './counter.ts'
import {
  addListing,
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
let listing: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  market.traits = {
    ...market.traits,
    operations: ['activate', 'change_plan', 'change_quantity', 'cancel'],
    activation: 'on_request',
  }
  listing = await addListing(world, connection, 'prod-plans')
  const units = { min: 2, max: 500 }
  const plans = [
    { id: 'plan_silver', planRef: 'silver', name: 'Silver', shape: { charge: 'per_unit', units } },
    { id: 'plan_gold', planRef: 'gold', name: 'Gold', shape: { charge: 'per_unit', units } },
    { id: 'plan_team', planRef: 'team', name: 'Team', shape: { charge: 'flat', units: null } },
  ]
  await world.deps.db
    .updateTable('listings')
    .set({ plans: JSON.stringify(plans) })
    .where('id', '=', listing)
    .execute()
})
afterAll(() => world.close())

const desk = () => world.as('deal_desk')
const sell = async (ref: string, changes: Parameters<typeof undated>[2] = {}) => {
  market.put(undated(ref, `${ref}-1`, { listingRef: 'prod-plans', planRef: 'silver', ...changes }))
  await sync(world, connection)
  return (await byRef(world, connection, ref)).id as string
}
const pending = () =>
  ({
    state: { is: 'pending' },
    awaits: { what: 'activation', by: later(world.deps.now(), 30 * dayMs) },
  }) as const
/** Asks a moment later than whatever was asked before, so that their order shows. */
const ask = (id: string, what: string, body?: unknown) => {
  world.advance(1)
  return desk().post(`/v1/agreements/${id}/${what}`, body)
}
const operations = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/operations`)).body.data
const told = async (id: string) =>
  (await kinds(world, id)).filter((kind) => kind.includes('operation'))
const calls = (pattern: RegExp) => market.calls.filter((call) => pattern.test(call)).length

describe('what a seller asks of an agreement', () => {
  it('is written down, begun by a job, followed and shown, and the agreement is read again', async () => {
    const id = await sell('life', pending())
    const asked = await ask(id, 'activate')
    expect(asked.status).toBe(202)
    expect(asked.body).toMatchObject({
      agreement: id,
      wanted: { is: 'activate' },
      state: 'waiting',
    })
    expect(calls(/^operate life/)).toBe(0)
    await world.drain()
    const [running] = await operations(id)
    expect(running).toMatchObject({ state: 'running', operationRef: 'op-1', settledAt: null })
    finish(market.counter, market.known)
    world.advance(10_000)
    await world.drain()
    expect(await operations(id)).toMatchObject([
      { id: asked.body.id, state: 'done', settledAt: world.deps.now(), dueAt: null, problem: null },
    ])
    expect(await byRef(world, connection, 'life')).toMatchObject({
      state: { is: 'active' },
      awaits: null,
    })
    expect(await told(id)).toEqual(['agreement.operation_asked', 'agreement.operation_done'])
  })

  it('is done at once when it is so: nobody is called', async () => {
    const { id } = await byRef(world, connection, 'life')
    const before = market.calls.length
    expect((await ask(id, 'activate')).body).toMatchObject({ state: 'done' })
    await world.drain()
    expect(market.calls.length).toBe(before)
  })

  it.each<[object, { is: string; planRef?: string; quantity?: string }]>([
    [{ plan: 'plan_gold' }, { is: 'change_plan', planRef: 'gold' }],
    [{ plan: 'silver' }, { is: 'change_plan', planRef: 'silver' }],
    [{ quantity: '250' }, { is: 'change_quantity', quantity: '250' }],
  ])('may be a change: %j', async (change, wanted) => {
    const { id } = await byRef(world, connection, 'life')
    const { status, body } = await ask(id, 'change', change)
    expect([status, body.wanted]).toEqual([202, wanted])
    await world.drain()
    finish(market.counter, market.known)
    world.advance(10_000)
    await world.drain()
    expect((await operations(id)).at(-1)).toMatchObject({ state: 'done' })
    const agreement = await byRef(world, connection, 'life')
    if (wanted.planRef) expect(agreement.planRef).toBe(wanted.planRef)
    else expect(agreement.entitlements[0].quantity).toBe(wanted.quantity)
  })

  it('is a conflict while the same kind is under way, and not when another is', async () => {
    const id = await sell('busy')
    await ask(id, 'change', { quantity: '7' })
    expect(await ask(id, 'change', { quantity: '8' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
    expect((await ask(id, 'cancel')).status).toBe(202)
    await world.drain()
    const shown = (await operations(id)).find((one: any) => one.problem !== null)
    expect(shown).toMatchObject({ problem: { code: 'conflict' } })
    for (let step = 0; step < 2; step += 1) {
      finish(market.counter, market.known)
      world.advance(60_000)
      await world.drain()
      world.advance(60_000)
      await world.drain()
    }
    expect((await operations(id)).map((one: any) => [one.wanted.is, one.state])).toEqual([
      ['change_quantity', 'done'],
      ['cancel', 'done'],
    ])
    expect((await byRef(world, connection, 'busy')).state).toEqual({
      is: 'ended',
      how: 'cancelled',
    })
  })

  it.each([
    ['life', 'change', {}, ['plan', 'quantity']],
    ['life', 'change', { plan: 'gold', quantity: '3' }, ['plan', 'quantity']],
    ['life', 'change', { plan: '', quantity: '-3' }, ['plan', 'quantity']],
    ['life', 'change', { plan: 'plan_bronze' }, ['plan']],
    ['life', 'change', { plan: 'bronze' }, ['plan']],
    ['life', 'change', { quantity: '1' }, ['quantity']],
    ['life', 'change', { quantity: '501' }, ['quantity']],
    ['life', 'change', { quantity: '0' }, ['quantity']],
    ['life', 'change', { quantity: 3 }, ['quantity']],
    ['flat', 'change', { quantity: '3' }, ['quantity']],
    ['strange', 'change', { plan: 'plan_gold' }, ['plan']],
    ['busy', 'change', { quantity: '3' }, ['']],
    ['busy', 'activate', {}, ['']],
  ])('is refused at once when it cannot be: %s, %s %j', async (ref, what, body, paths) => {
    const id =
      (await byRef(world, connection, ref))?.id ??
      (await sell(ref, ref === 'flat' ? { planRef: 'team' } : { listingRef: 'prod-unknown' }))
    const before = (await operations(id)).length
    const answer = await ask(id, what, body)
    expect(answer.status).toBe(422)
    expect([...new Set(answer.body.errors.map((e: { path: string }) => e.path))]).toEqual(paths)
    expect(await operations(id)).toHaveLength(before)
  })

  it('is refused with every reason when the marketplace says no', async () => {
    const id = await sell('refused')
    const reasons = [
      { part: 'quantity', code: 'TooMany', message: 'too many' },
      { part: 'plan', code: null, message: 'not sold any more' },
    ]
    market.counter.refusal = new Problem('rejected', 'no', { reasons })
    await ask(id, 'change', { quantity: '9' })
    await world.drain()
    market.counter.refusal = undefined
    expect(await operations(id)).toMatchObject([{ state: 'refused', reasons }])
    expect(await told(id)).toEqual(['agreement.operation_asked', 'agreement.operation_refused'])
    expect((await ask(id, 'change', { quantity: '8' })).status).toBe(202)
  })

  it('is refused when the marketplace says so later', async () => {
    const { id } = await byRef(world, connection, 'refused')
    await world.drain()
    const reasons = [{ part: 'change', code: 'Failed', message: 'the card was declined' }]
    const [last] = [...market.counter.begun.values()].slice(-1)
    last!.progress = { is: 'refused', reasons }
    world.advance(10_000)
    await world.drain()
    expect((await operations(id)).at(-1)).toMatchObject({ state: 'refused', reasons })
  })

  it('is done or refused as the agreement itself tells, where the marketplace gives no name', async () => {
    market.counter.isNameless = true
    const good = await sell('nameless', pending())
    await ask(good, 'activate')
    await world.drain()
    expect(await operations(good)).toMatchObject([{ state: 'running', operationRef: null }])
    finish(market.counter, market.known)
    world.advance(10_000)
    await world.drain()
    expect(await operations(good)).toMatchObject([{ state: 'done' }])
    const bad = await sell('lapsed', pending())
    await ask(bad, 'activate')
    await world.drain()
    market.put(undated('lapsed', 'l-2', { state: { is: 'ended', how: 'cancelled' } }))
    world.advance(10_000)
    await world.drain()
    expect(await operations(bad)).toMatchObject([{ state: 'refused', reasons: [{}] }])
    market.counter.isNameless = false
  })
})

describe('whatever goes wrong on the way', () => {
  it('is shown and tried again with growing waits', async () => {
    const id = await sell('patient')
    market.counter.refusal = new Problem('unavailable', 'closed today')
    await ask(id, 'cancel')
    const waits: number[] = []
    for (let turn = 0; turn < 4; turn += 1) {
      await world.drain()
      const [one] = await operations(id)
      expect(one).toMatchObject({ state: 'waiting', problem: { code: 'unavailable' } })
      waits.push(Date.parse(one.dueAt) - Date.parse(world.deps.now()))
      world.advance(waits.at(-1)!)
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000])
    market.counter.refusal = undefined
    await world.drain()
    expect(await operations(id)).toMatchObject([{ state: 'running', problem: null }])
  })

  it('starts one thing when a reply is lost', async () => {
    const id = await sell('lost')
    const before = market.counter.begun.size
    market.counter.losesReply = true
    await ask(id, 'change', { quantity: '30' })
    await world.drain()
    expect(await operations(id)).toMatchObject([{ state: 'waiting', problem: {} }])
    world.advance(10_000)
    await world.drain()
    expect(await operations(id)).toMatchObject([{ state: 'running' }])
    expect(market.counter.begun.size).toBe(before + 1)
  })

  it('starts one thing when two workers, or one after a crash, take the same step', async () => {
    const id = await sell('crash')
    const before = market.counter.begun.size
    const { id: operation } = (await ask(id, 'change', { quantity: '31' })).body
    const steps = await Promise.allSettled([1, 2, 3].map(() => operate(world.deps, operation)))
    expect(steps).toContainEqual(expect.objectContaining({ status: 'fulfilled' }))
    for (const step of steps)
      if (step.status === 'rejected') expect(step.reason).toMatchObject({ code: 'conflict' })
    await world.drain()
    expect(market.counter.begun.size).toBe(before + 1)
    expect(await operations(id)).toMatchObject([{ state: 'running' }])
  })

  it('asks anew when the marketplace does not know its operation any more', async () => {
    const { id } = await byRef(world, connection, 'crash')
    const [forgotten] = [...market.counter.begun.keys()].slice(-1)
    market.counter.begun.delete(forgotten!)
    const asked = calls(/^operate crash/)
    for (let turn = 0; turn < 3; turn += 1) {
      world.advance(20_000)
      await world.drain()
    }
    expect(calls(/^operate crash/)).toBe(asked + 1)
    expect(await operations(id)).toMatchObject([{ state: 'running', problem: null }])
  })

  it('ends after three days of anything but an outage, and the next may be asked for', async () => {
    const id = await sell('hopeless')
    market.counter.refusal = new Problem('forbidden', 'your app may not')
    await ask(id, 'cancel')
    for (let hour = 0; hour < 74; hour += 1) {
      await world.drain()
      world.advance(3_600_000)
    }
    market.counter.refusal = undefined
    expect(await operations(id)).toMatchObject([
      { state: 'refused', reasons: [{ code: 'forbidden', message: 'your app may not' }] },
    ])
    expect((await ask(id, 'cancel')).status).toBe(202)
    expect((await world.as('viewer').get('/v1/jobs')).body.data).toEqual([])
  })
})

describe('the API of operations', () => {
  it('says at once what a marketplace takes from no seller, and what to do instead', async () => {
    const { id } = await byRef(world, connection, 'lost')
    const { traits } = market
    market.traits = { ...traits, operations: ['cancel'] }
    const { status, body } = await ask(id, 'change', { quantity: '40' })
    market.traits = traits
    expect([status, body.code, body.possible]).toEqual([501, 'unsupported', ['cancel']])
    expect(body.instead).toMatch(/buyer/)
  })

  it('repeats the answer of a repeated request', async () => {
    const id = await sell('twice')
    const key = { 'idempotency-key': 'cancel-twice' }
    const first = await desk().post(`/v1/agreements/${id}/cancel`, {}, key)
    const again = await desk().post(`/v1/agreements/${id}/cancel`, {}, key)
    expect([again.status, again.body]).toEqual([202, first.body])
    expect(await operations(id)).toHaveLength(1)
  })

  it('is for the deal desk; readers see it', async () => {
    const { id } = await byRef(world, connection, 'twice')
    for (const role of ['viewer', 'sales', 'finance', 'meter'] as const)
      expect((await world.as(role).post(`/v1/agreements/${id}/cancel`)).status).toBe(403)
    expect((await world.as('meter').get(`/v1/agreements/${id}/operations`)).status).toBe(403)
    expect((await ask('agr_nobody', 'cancel')).status).toBe(404)
    expect((await world.as('viewer').get('/v1/agreements/agr_nobody/operations')).status).toBe(404)
  })

  it('pages first to last', async () => {
    const { id } = await byRef(world, connection, 'life')
    const all = await operations(id)
    expect(all.length).toBeGreaterThan(3)
    const path = `/v1/agreements/${id}/operations`
    const first = (await world.as('viewer').get(`${path}?limit=2`)).body
    const rest = (await world.as('viewer').get(`${path}?cursor=${first.next}`)).body
    expect([...first.data, ...rest.data]).toEqual(all)
    expect((await world.as('viewer').get(`${path}?cursor=${btoa('["x","y"]')}`)).status).toBe(422)
  })
})
