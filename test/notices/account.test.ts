import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ReceivedNotice } from '../../src/notices/model.ts'
import {
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  noticeSecret,
  registration,
  remote,
  sync,
} from '../agreements/market.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
let market: Market
let connection: string
let buyer: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
  market.traits = {
    operations: [],
    activation: 'none',
    registers: 'account',
    forgets: true,
    buyerChanges: { plan: 'ask', quantity: 'refuse' },
  }
  const accounts = [{ provider: 'bazaar', ref: 'acct-1' }]
  buyer = (await world.as('deal_desk').post('/v1/buyers', { name: 'Acme', accounts })).body.id
  for (const ref of ['one', 'two']) market.put(remote(ref, { buyerRef: 'acct-1', licenseRefs: [] }))
  market.put(remote('other', { buyerRef: 'acct-2', licenseRefs: [] }))
  market.put(
    remote('over', { buyerRef: 'acct-1', licenseRefs: [], state: { is: 'ended', how: 'expired' } }),
  )
  await sync(world, connection)
  const people = { user: 'someone@example.com' }
  for (const buyerRef of ['acct-1', 'acct-2']) {
    market.tokens.set(buyerRef, registration({ buyerRef, customerRef: 'c', native: people }))
    const url = `http://tradepost.test/register/${connection}?bazaar-token=${buyerRef}`
    expect((await world.fetch(new Request(url))).status).toBe(303)
  }
})
afterAll(() => world.close())

const push = async (noticeRef: string, isGone: boolean) => {
  const notice: ReceivedNotice = {
    noticeRef,
    kind: 'Account',
    at: world.deps.now(),
    about: { is: 'account', buyerRef: 'acct-1', isGone },
    native: {},
  }
  await world.nobody.post(`/notices/${connection}`, [notice], { 'x-secret': noticeSecret })
  await world.drain()
}
const people = async () => {
  const rows = await world.deps.db
    .selectFrom('registrations')
    .select(['buyer_ref', 'who'])
    .orderBy('buyer_ref')
    .execute()
  return rows.map(({ buyer_ref, who }) => [buyer_ref, JSON.stringify(who).includes('someone@')])
}
const gets = () => market.calls.filter((call) => call.startsWith('get '))

it('has every running agreement of the account read again', async () => {
  market.calls.length = 0
  await push('n-1', false)
  expect(gets().toSorted()).toEqual(['get one', 'get two'])
  expect(await people()).toEqual([
    ['acct-1', true],
    ['acct-2', true],
  ])
})

it('that the account is gone erases its people, ends its agreements and is told once', async () => {
  for (const ref of ['one', 'two']) market.known.delete(ref)
  world.advance(1000)
  await push('n-2', true)
  expect(await people()).toEqual([
    ['acct-1', false],
    ['acct-2', true],
  ])
  for (const ref of ['one', 'two'])
    expect(await byRef(world, connection, ref)).toMatchObject({
      state: { is: 'ended', how: 'terminated' },
      registeredAt: expect.any(String),
    })
  expect((await byRef(world, connection, 'other')).state.is).toBe('active')
  await push('n-2', true)
  expect(await kinds(world, buyer)).toContain('buyer.account_deleted')
  const deleted = (await kinds(world, buyer)).filter((kind) => kind === 'buyer.account_deleted')
  expect(deleted).toHaveLength(1)
})
