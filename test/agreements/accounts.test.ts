import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read } from '../../src/agreements/intake.ts'
import { createTestWorld, type World } from '../world.ts'
import {
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  registration,
  sync,
  undated,
} from './market.ts'

// A marketplace whose tokens name an account, which may hold several agreements.
let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  market.traits = {
    operations: ['activate'],
    activation: 'on_registration',
    registers: 'account',
    buyerChanges: { plan: 'ask', quantity: 'refuse' },
  }
})
afterAll(() => world.close())

const awaiting = { state: { is: 'pending' }, awaits: { what: 'approval', by: null } } as const
const sell = async (ref: string, buyerRef: string, changes: object = awaiting) => {
  market.put(undated(ref, `${ref}-1`, { buyerRef, licenseRefs: [], ...changes }))
  await sync(world, connection)
  return byRef(world, connection, ref)
}
const arrive = (token: string) =>
  world.fetch(new Request(`http://tradepost.test/register/${connection}?bazaar-token=${token}`))
const operations = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/operations`)).body.data
const activations = async (id: string) =>
  (await operations(id)).filter((one: any) => one.wanted.is === 'activate').length
const registrations = async (id: string) =>
  (await world.as('viewer').get(`/v1/agreements/${id}/registrations`)).body.data

describe('an account that registers', () => {
  it('has all that it holds and that awaits approval activated, and each says when', async () => {
    const one = await sell('one', 'acct-1')
    const two = await sell('two', 'acct-1')
    const running = await sell('running', 'acct-1', {})
    const others = await sell('others', 'acct-2')
    market.tokens.set('first', registration({ buyerRef: 'acct-1', native: { user: 'u-1' } }))
    expect((await arrive('first')).status).toBe(303)
    const at = world.deps.now()
    for (const { id, agreementRef } of [one, two]) {
      expect((await byRef(world, connection, agreementRef)).registeredAt).toBe(at)
      expect(await activations(id)).toBe(1)
      expect(await kinds(world, id)).toContain('agreement.registered')
      expect(await registrations(id)).toMatchObject([{ buyerRef: 'acct-1', times: 1 }])
    }
    expect((await byRef(world, connection, 'running')).registeredAt).toBe(at)
    expect(await operations(running.id)).toEqual([])
    expect((await byRef(world, connection, 'others')).registeredAt).toBeNull()
    expect(await operations(others.id)).toEqual([])
    expect(await registrations(others.id)).toEqual([])
  })

  it('has what it buys later activated too, though nobody registers again', async () => {
    const { id, registeredAt } = await sell('later', 'acct-1')
    expect(registeredAt).not.toBeNull()
    expect(await activations(id)).toBe(1)
    expect(await registrations(id)).toHaveLength(1)
  })

  it('registers again without anything being asked twice', async () => {
    const { id } = await byRef(world, connection, 'one')
    market.tokens.set('again', registration({ buyerRef: 'acct-1' }))
    for (const token of ['again', 'first', 'again']) expect((await arrive(token)).status).toBe(303)
    await world.drain()
    expect(await activations(id)).toBe(1)
    expect(await registrations(id)).toHaveLength(2)
  })

  it('waits for what it bought, if that is not known yet', async () => {
    market.tokens.set('early', registration({ buyerRef: 'acct-3' }))
    expect((await arrive('early')).status).toBe(303)
    await world.drain()
    const { id, registeredAt } = await sell('bought', 'acct-3')
    expect(registeredAt).not.toBeNull()
    expect(await activations(id)).toBe(1)
  })

  it('has the one activated that its token names, and no other', async () => {
    const named = await sell('named', 'acct-4')
    const other = await sell('other', 'acct-4')
    market.tokens.set('naming', registration({ buyerRef: 'acct-4', agreementRef: 'named' }))
    expect((await arrive('naming')).status).toBe(303)
    expect(await activations(named.id)).toBe(1)
    expect(await operations(other.id)).toEqual([])
  })

  it('is left to a person where activation is on request', async () => {
    market.traits = { ...market.traits, activation: 'on_request' }
    const { id } = await sell('careful', 'acct-1')
    expect((await byRef(world, connection, 'careful')).registeredAt).not.toBeNull()
    expect(await operations(id)).toEqual([])
    const path = `/v1/agreements/${id}/activate`
    expect((await world.as('deal_desk').post(path)).status).toBe(202)
  })
})

describe('a browser that comes by a plain link', () => {
  const visit = (method: string, at = connection) =>
    world.fetch(new Request(`http://tradepost.test/register/${at}`, { method }))

  it('is told where to sign in, where the seller has a page for it', async () => {
    const response = await visit('GET')
    const page = await response.text()
    expect(response.status).toBe(200)
    expect(page).toContain('href="https://app.example.com/sign-up?a=1"')
    expect(page).toContain('Sign in')
    expect(page).not.toMatch(/<script|src=/)
  })

  it('is told that nobody knows it when it posts nothing, or there is no such page', async () => {
    expect((await visit('POST')).status).toBe(400)
    const broken = `http://tradepost.test/register/${connection}?bazaar-token=`
    expect((await world.fetch(new Request(broken))).status).toBe(400)
    const plain = await connect(world, { name: 'No sign-up', signUpUrl: '' })
    expect((await visit('GET', plain)).status).toBe(400)
  })
})

it('registers while what it bought is read: all of it is activated, once', async () => {
  market.traits = { ...market.traits, activation: 'on_registration' }
  for (let round = 0; round < 5; round += 1) {
    const buyerRef = `acct-race-${round}`
    const refs = ['a', 'b', 'c'].map((name) => `race-${round}-${name}`)
    for (const ref of refs) await sell(ref, buyerRef)
    market.tokens.set(`race-${round}`, registration({ buyerRef }))
    const changed = { ...awaiting, nativeStatus: 'ELSE', buyerRef, licenseRefs: [] }
    for (const ref of refs) market.known.set(ref, undated(ref, `${ref}-2`, changed))
    const connected = connection as `conn_${string}`
    const outcomes = await Promise.allSettled([
      arrive(`race-${round}`).then(({ status }) => expect(status).toBe(303)),
      ...refs.map((ref) => read(world.deps, connected, ref)),
    ])
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
    for (const ref of refs) {
      const { id, registeredAt } = await byRef(world, connection, ref)
      expect([registeredAt === null, await activations(id)]).toEqual([false, 1])
    }
  }
})
