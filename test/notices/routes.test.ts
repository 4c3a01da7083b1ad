import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/kernel/time.ts'
import type { NoticeAbout, ReceivedNotice } from '../../src/notices/model.ts'
import {
  addListing,
  addOffer,
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  noticeSecret,
  remote,
} from '../agreements/market.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
})
afterAll(() => world.close())

const start = '2027-01-01T00:00:00.000Z' as Instant
const notice = (noticeRef: string, about: NoticeAbout): ReceivedNotice => ({
  noticeRef,
  kind: about.is,
  at: start,
  about,
  native: { id: noticeRef },
})
const aboutAgreement = (agreementRef: string): NoticeAbout => ({
  is: 'agreement',
  agreementRef,
  licenseRef: null,
  listingRef: null,
})
const push = (body: unknown, to = connection, secret = noticeSecret) =>
  world.nobody.post(`/notices/${to}`, body, { 'x-secret': secret })
const listed = async (query = '') =>
  (await world.as('viewer').get(`/v1/notices?limit=200${query}`)).body.data
const find = async (noticeRef: string) =>
  (await listed()).find((row: { noticeRef: string }) => row.noticeRef === noticeRef)

describe('a notice', () => {
  it('is stored before it is answered, and acted on by a job', async () => {
    market.known.set('told', remote('told'))
    const { status, body } = await push([notice('n-1', aboutAgreement('told'))])
    expect([status, body]).toEqual([202, { received: 1 }])
    expect(await find('n-1')).toMatchObject({ state: 'received', handled: null, attempts: 0 })
    await world.drain()
    expect(await byRef(world, connection, 'told')).toBeDefined()
    expect(await find('n-1')).toMatchObject({
      state: 'handled',
      handled: world.deps.now(),
      dueAt: null,
      native: { id: 'n-1' },
      about: { agreementRef: 'told' },
    })
  })

  it('that comes again is answered the same and adds nothing', async () => {
    const before = market.calls.length
    expect((await push([notice('n-1', aboutAgreement('told'))])).status).toBe(202)
    await world.drain()
    expect(market.calls.length).toBe(before)
    expect(
      (await listed()).filter((n: { noticeRef: string }) => n.noticeRef === 'n-1'),
    ).toHaveLength(1)
  })

  it('of nothing we act on is handled all the same', async () => {
    await push([notice('n-other', { is: 'other' })])
    await world.drain()
    expect((await find('n-other')).state).toBe('handled')
  })

  it('is acted on once, however often its job runs', async () => {
    const { id } = await find('n-1')
    const before = market.calls.length
    await world.deps.jobs.enqueue(world.deps.db, 'notices.handle', id)
    await world.drain()
    expect(market.calls.length).toBe(before)
    expect((await world.as('viewer').get('/v1/jobs')).body.data).toEqual([])
  })

  it('about an offer has its operation looked at', async () => {
    const listing = await addListing(world, connection, 'prod-1')
    const buyer = await world.as('deal_desk').post('/v1/buyers', { name: 'Acme' })
    const names = { connection, listing, buyer: buyer.body.id, offerRef: 'offer-1' }
    const offer = await addOffer(world, names)
    await world.deps.db
      .updateTable('offers')
      .set({ state_is: 'withdrawing', operation: 'set-1', due_at: '2027-01-02T00:00:00.000Z' })
      .where('id', '=', offer)
      .execute()
    await push([notice('n-offer', { is: 'offer', offerRef: null, operation: 'set-1' })])
    await world.drain()
    expect((await find('n-offer')).state).toBe('handled')
    const row = world.deps.db.selectFrom('offers').select('due_at').where('id', '=', offer)
    expect((await row.executeTakeFirstOrThrow()).due_at).not.toBe('2027-01-02T00:00:00.000Z')
  })

  it.each([
    ['a wrong secret', () => push([], connection, 'guess'), 401],
    ['no connection', () => push([], 'conn_nobody'), 404],
    ['an address that cannot be', () => push([], '%00'), 404],
    ['too large a body', () => push('x'.repeat(256 * 1024 + 1)), 413],
    [
      'too many',
      () => push(Array.from({ length: 101 }, (_, n) => notice(`m-${n}`, { is: 'other' }))),
      422,
    ],
  ])('with %s is refused', async (_, send, status) => {
    expect((await send()).status).toBe(status)
  })

  it.each([
    ['U+0000', JSON.stringify([notice('n-\0', { is: 'other' })])],
    ['half a surrogate pair', JSON.stringify([notice('n-\ud83d', aboutAgreement('told'))])],
    [
      'a deep nest',
      JSON.stringify([notice('n-deep', { is: 'other' })]).replace(
        '{"id":"n-deep"}',
        `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
      ),
    ],
  ])('with %s is kept as unreadable, and acted on by nobody', async (_, text) => {
    const before = (await listed()).length
    const calls = market.calls.length
    for (const status of [202, 202]) {
      world.advance(1)
      expect((await push(text)).status).toBe(status)
    }
    await world.drain()
    const all = await listed()
    expect(all.length).toBe(before + 1)
    expect(all.at(-1)).toMatchObject({
      kind: 'unreadable',
      about: { is: 'other' },
      state: 'handled',
    })
    expect(market.calls.length).toBe(calls)
  })

  it('is listed to readers by state, page by page', async () => {
    expect((await world.as('meter').get('/v1/notices')).status).toBe(403)
    expect((await world.as('viewer').get('/v1/notices?state=lost')).status).toBe(422)
    expect((await world.as('viewer').get(`/v1/notices?cursor=${btoa('["x","y"]')}`)).status).toBe(
      422,
    )
    expect(await listed('&state=failed')).toEqual([])
    const { body } = await world.as('viewer').get('/v1/notices?limit=1')
    const rest = await listed(`&cursor=${body.next}`)
    expect([...body.data, ...rest]).toEqual(await listed())
  })
})

describe('a notice about what the provider does not know yet', () => {
  it('is tried again with growing pauses until it does', async () => {
    await push([notice('n-soon', aboutAgreement('soon'))])
    await world.drain()
    const waiting = await find('n-soon')
    expect(waiting).toMatchObject({
      state: 'received',
      attempts: 1,
      problem: { code: 'not_found' },
    })
    expect(Date.parse(waiting.dueAt) - Date.parse(world.deps.now())).toBe(5_000)
    world.advance(5_000)
    await world.drain()
    expect(await find('n-soon')).toMatchObject({ attempts: 2 })
    market.known.set('soon', remote('soon'))
    world.advance(10_000)
    await world.drain()
    expect((await find('n-soon')).state).toBe('handled')
    expect(await byRef(world, connection, 'soon')).toBeDefined()
  })

  it('fails after a day, and is seen', async () => {
    await push([notice('n-never', aboutAgreement('never'))])
    for (let hour = 0; hour < 26; hour++) {
      await world.drain()
      world.advance(3_600_000)
    }
    const failed = await find('n-never')
    expect(failed).toMatchObject({ state: 'failed', handled: null, problem: { code: 'not_found' } })
    expect(await listed('&state=failed')).toEqual([failed])
    expect(await kinds(world, failed.id)).toEqual(['notice.failed'])
    expect(market.calls.filter((call) => call === 'get never').length).toBeGreaterThan(20)
  })
})

const life = ['created', 'licensed', 'ended', 'deprovisioned'] as const
const permutations = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item, at) =>
        permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]),
      )
const licenseEnd = '2027-01-01T00:00:31.000Z' as Instant

describe('the four notices of an agreement’s life end in the same', () => {
  const orders = permutations(life).map((order) => [order.join(', '), order] as const)
  const send = async (ref: string, word: (typeof life)[number], id: string) => {
    const about: NoticeAbout =
      word === 'deprovisioned'
        ? {
            is: 'license_ended',
            agreementRef: ref,
            licenseRef: `license-of-${ref}`,
            at: licenseEnd,
          }
        : aboutAgreement(ref)
    await push([notice(`${ref}-${id}`, about)])
  }
  const ended = (ref: string) =>
    remote(ref, {
      state: { is: 'ended', how: 'cancelled' },
      nativeStatus: 'CANCELLED',
      changedAt: '2027-01-01T00:00:10.000Z',
    })
  const expectEnd = async (ref: string) => {
    const agreement = await byRef(world, connection, ref)
    expect(agreement).toMatchObject({
      state: { is: 'ended', how: 'cancelled' },
      endedAt: licenseEnd,
    })
    const told = await kinds(world, agreement.id)
    for (const once of ['agreement.accepted', 'agreement.ended'])
      expect(told.filter((kind) => kind === once)).toHaveLength(1)
  }

  it.each(orders)('%s, each twice, all after the fact', async (name, order) => {
    const ref = `after-${name.replaceAll(', ', '-')}`
    market.known.set(ref, ended(ref))
    for (const word of order) {
      await send(ref, word, word)
      await send(ref, word, `${word}-again`)
    }
    await world.drain()
    await expectEnd(ref)
  })

  it.each(orders)('%s, while it happens', async (name, order) => {
    const ref = `live-${name.replaceAll(', ', '-')}`
    const stages = [remote(ref, { licenseRefs: [] }), remote(ref), ended(ref), ended(ref)]
    for (const [at, word] of order.entries()) {
      market.known.set(ref, stages[at]!)
      await send(ref, word, word)
      await world.drain()
      await send(ref, word, word)
    }
    await world.drain()
    await expectEnd(ref)
  })
})
