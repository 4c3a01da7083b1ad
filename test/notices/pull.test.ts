import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import type { NoticeAbout, ReceivedNotice } from '../../src/notices/model.ts'
import { byRef, connect, createMarket, type Market, remote } from '../agreements/market.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
let market: Market
let connection: string
let pushed: string
beforeAll(async () => {
  market = createMarket('bazaar', true)
  world = await createTestWorld({ adapters: [market.adapter, createMarket('pusher').adapter] })
  connection = await connect(world)
  pushed = await connect(world, { provider: 'pusher', name: 'Pusher' })
})
beforeEach(() => {
  market.calls.length = 0
})
afterAll(() => world.close())

const notice = (noticeRef: string, about: NoticeAbout = { is: 'other' }): ReceivedNotice => ({
  noticeRef,
  kind: about.is,
  at: world.deps.now(),
  about,
  native: { id: noticeRef },
})
const aboutAgreement = (agreementRef: string): NoticeAbout => ({
  is: 'agreement',
  agreementRef,
  licenseRef: null,
  listingRef: null,
})
let receipts = 0
const post = (...notices: ReceivedNotice[]) => {
  for (const one of notices) market.mailbox.set(`receipt-${++receipts}`, one)
}
const minute = async () => {
  world.advance(60_000)
  await world.drain()
}
const listed = async () => (await world.as('viewer').get('/v1/notices?limit=200')).body.data
const find = async (noticeRef: string) =>
  (await listed()).filter((one: { noticeRef: string }) => one.noticeRef === noticeRef)
const syncOf = async (of: string) => {
  const { data } = (await world.as('viewer').get('/v1/syncs')).body
  return data.find((one: any) => one.name === 'notices-pull' && one.connection === of)
}
const calls = (pattern: RegExp) => market.calls.filter((call) => pattern.test(call)).length

describe('notices that are fetched', () => {
  it('are fetched every minute, stored, acknowledged and acted on', async () => {
    market.known.set('bought', remote('bought'))
    post(notice('n-1', aboutAgreement('bought')))
    await minute()
    expect(await find('n-1')).toMatchObject([{ state: 'handled' }])
    expect(await byRef(world, connection, 'bought')).toBeDefined()
    expect(market.mailbox.size).toBe(0)
    expect(calls(/^acknowledge/)).toBe(1)
    const stored = market.calls.findIndex((call) => call.startsWith('acknowledge'))
    expect(market.calls.findIndex((call) => call.startsWith('get'))).toBeGreaterThan(stored)
    expect(await syncOf(connection)).toMatchObject({ problem: null })
  })

  it('are fetched until none are left, a hundred at a time', async () => {
    post(...Array.from({ length: 150 }, (_, n) => notice(`m-${n}`)))
    await minute()
    expect(market.mailbox.size).toBe(0)
    expect(calls(/^pull 100$/)).toBe(3)
    expect((await listed()).length).toBe(151)
  })

  it('come again and add nothing when they could not be acknowledged', async () => {
    post(notice('n-2'))
    const before = new Map(market.mailbox)
    market.meanwhile = async () => {
      if (market.calls.at(-1)?.startsWith('acknowledge'))
        throw new Problem('unavailable', 'the line broke')
    }
    await minute()
    expect(await find('n-2')).toHaveLength(1)
    expect([...market.mailbox]).toEqual([...before])
    expect((await syncOf(connection)).problem).toMatchObject({ code: 'unavailable' })
    market.meanwhile = undefined
    await minute()
    expect(await find('n-2')).toHaveLength(1)
    expect(market.mailbox.size).toBe(0)
    expect((await syncOf(connection)).problem).toBeNull()
  })

  it('that cannot be kept are shown as unreadable and acknowledged, and stop no other', async () => {
    post(notice('n-\0'), { ...notice('n-3'), native: { text: '\ud83d' } }, notice('n-4'))
    await minute()
    expect(market.mailbox.size).toBe(0)
    expect(await find('n-4')).toMatchObject([{ kind: 'other' }])
    const unreadable = (await listed()).filter((one: any) => one.kind === 'unreadable')
    expect(unreadable.map(({ native, state }: any) => [native.text, state]).sort()).toEqual([
      ['n-3', 'handled'],
      ['n-\ufffd', 'handled'],
    ])
  })

  it('are asked for of nobody who pushes them', async () => {
    expect(await syncOf(pushed)).toBeUndefined()
    const run = await world.as('admin').post(`/v1/syncs/notices-pull/run?connection=${pushed}`)
    expect(run.status).toBe(404)
  })
})
