import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { receive } from '../../src/notices/intake.ts'
import type { Asked } from '../../src/notices/model.ts'
import { finish } from '../agreements/counter.ts'
import {
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  noticeSecret,
  undated,
} from '../agreements/market.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  decideOn('accept', 'refuse')
})
afterAll(() => world.close())

const decideOn = (plan: 'accept' | 'refuse', quantity: 'accept' | 'refuse') => {
  const operations = ['change_quantity'] as const
  market.traits = { ...market.traits, operations, buyerChanges: { plan, quantity } }
}
const toGold = { is: 'plan', planRef: 'gold' } as const
const toNine = { is: 'quantity', quantity: '9' } as const
const notice = (operationRef: string, agreementRef: string, change: Asked['change']) => ({
  noticeRef: `n-${operationRef}`,
  kind: 'change',
  at: world.deps.now(),
  about: { is: 'agreement', agreementRef, licenseRef: null, listingRef: null },
  asks: { agreementRef, operationRef, change },
  native: { operationRef },
})
const push = (...notices: object[]) =>
  world.nobody.post(`/notices/${connection}`, notices, { 'x-secret': noticeSecret })
const find = async (noticeRef: string) =>
  (await world.as('viewer').get('/v1/notices?limit=200')).body.data.find(
    (row: { noticeRef: string }) => row.noticeRef === noticeRef,
  )
const know = async (ref: string) => {
  market.known.set(ref, undated(ref, `${ref}-1`))
  await push({ ...notice(`first-${ref}`, ref, toGold), asks: undefined })
  await world.drain()
  return byRef(world, connection, ref)
}
const answers = (operationRef: string) =>
  market.calls.filter((call) => call.startsWith('answer') && call.includes(` ${operationRef} `))

describe('a buyer’s change that asks for our word', () => {
  it('is taken where the seller takes such: answered, told afterwards, and read', async () => {
    const { id } = await know('acme')
    const { status, body } = await push(notice('p-1', 'acme', toGold))
    expect([status, body]).toEqual([202, { received: 1 }])
    expect(answers('p-1')).toEqual([])
    expect(await find('n-p-1')).toMatchObject({
      verdict: 'accepted',
      asks: { operationRef: 'p-1', change: toGold },
    })
    market.known.set('acme', undated('acme', 'acme-2', { planRef: 'gold' }))
    await world.drain()
    expect(answers('p-1')).toEqual(['answer acme p-1 accepted'])
    expect((await byRef(world, connection, 'acme')).planRef).toBe('gold')
    expect(await find('n-p-1')).toMatchObject({ state: 'handled' })
    expect(await kinds(world, id)).toContain('agreement.change_accepted')
  })

  it('is refused in the very answer where the seller does not, and that is told as well', async () => {
    const { status, headers, body } = await push(notice('q-1', 'acme', toNine))
    expect([status, body.code, headers.get('content-type')]).toEqual([
      409,
      'conflict',
      'application/problem+json',
    ])
    await world.drain()
    expect(answers('q-1')).toEqual(['answer acme q-1 refused'])
    const { id } = await byRef(world, connection, 'acme')
    const [event] = await world.deps.db
      .selectFrom('events')
      .select('data')
      .where('subject', '=', id)
      .where('kind', '=', 'agreement.change_refused')
      .execute()
    expect(event?.data).toMatchObject({ operationRef: 'q-1', change: toNine })
  })

  it('gets the same answer each time, whatever the seller decides on by then', async () => {
    decideOn('refuse', 'accept')
    expect((await push(notice('p-1', 'acme', toGold))).status).toBe(202)
    expect((await push(notice('q-1', 'acme', toNine))).status).toBe(409)
    const both = await push(notice('p-1', 'acme', toGold), notice('q-1', 'acme', toNine))
    expect([both.status, both.body.received, both.body.refused]).toMatchObject([
      409,
      2,
      [{ operationRef: 'q-1' }],
    ])
    await world.drain()
    expect([...answers('p-1'), ...answers('q-1')]).toHaveLength(2)
    expect((await push(notice('p-2', 'acme', toGold))).status).toBe(409)
    decideOn('accept', 'refuse')
  })

  it('is decided as well on an agreement never seen before, which is then known', async () => {
    market.known.set('new', undated('new', 'new-1'))
    expect((await push(notice('q-9', 'new', toNine))).status).toBe(409)
    const { id } = await find('n-q-9')
    expect(await kinds(world, id)).toEqual(['agreement.change_refused'])
    await world.drain()
    expect(await byRef(world, connection, 'new')).toBeDefined()
  })

  it('stands when it is the one that we asked for ourselves', async () => {
    const { id } = await know('own')
    await world.as('deal_desk').post(`/v1/agreements/${id}/change`, { quantity: '9' })
    expect((await push(notice('own-1', 'own', toNine))).status).toBe(202)
    expect((await push(notice('own-2', 'own', { ...toNine, quantity: '10' }))).status).toBe(409)
    await world.drain()
    finish(market.counter, market.known)
    world.advance(10_000)
    await world.drain()
    const named = [...market.counter.begun.keys()].at(-1)!
    expect((await push(notice(named, 'own', { ...toNine, quantity: '9.0' }))).status).toBe(202)
    expect((await push(notice('own-3', 'own', toNine))).status).toBe(409)
  })

  it.each(['not_found', 'rejected', 'conflict'] as const)(
    'is no trouble when it is settled by the time we tell: %s',
    async (code) => {
      market.counter.answerRefusal = new Problem(code, 'too late')
      await push(notice(`late-${code}`, 'acme', toGold))
      await world.drain()
      expect(await find(`n-late-${code}`)).toMatchObject({ state: 'handled', problem: null })
      market.counter.answerRefusal = undefined
      const reads = market.calls.filter((call) => call === 'get acme').length
      world.advance(60_000)
      await world.drain()
      expect(market.calls.filter((call) => call === 'get acme').length).toBe(reads + 1)
    },
  )

  it('is told again, soon, when the marketplace does not answer', async () => {
    market.counter.answerRefusal = new Problem('unavailable', 'closed')
    await push(notice('down', 'acme', toGold))
    await world.drain()
    const { dueAt } = await find('n-down')
    expect(Date.parse(dueAt) - Date.parse(world.deps.now())).toBe(1_000)
    market.counter.answerRefusal = undefined
    world.advance(1_000)
    await world.drain()
    expect(await find('n-down')).toMatchObject({ state: 'handled' })
    expect(market.counter.answers).toContain('down accepted')
  })
})

describe('our own trouble decides nothing', () => {
  it('when we are slow: neither taken nor refused', async () => {
    const slow = () => new Promise<never>(() => {})
    const late = receive(world.deps, connection, slow, 20)
    await expect(late).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('when the database fails us, or the connection cannot be opened', async () => {
    const asks = { headers: { 'x-secret': noticeSecret }, body: '' }
    const one = { ...asks, body: JSON.stringify([notice('db', 'acme', toNine)]) }
    const broken = {
      ...world.deps,
      jobs: Object.assign(Object.create(world.deps.jobs), {
        enqueue: () => Promise.reject(new Problem('conflict', 'moved')),
      }),
    }
    const refused = receive(broken, connection, async () => one)
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' })
    expect(await find('n-db')).toBeUndefined()
    const unopened = { ...world.deps, adapters: [], opened: new Map() }
    const closed = receive(unopened, connection, async () => one)
    await expect(closed).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('but a stranger is still a stranger', async () => {
    const { status } = await world.nobody.post(
      `/notices/${connection}`,
      [notice('forged', 'acme', toNine)],
      { 'x-secret': 'guess' },
    )
    expect(status).toBe(401)
  })
})
