import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as agreements from '../../src/agreements/service.ts'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { createTestWorld, type World } from '../world.ts'
import {
  addListing,
  addOffer,
  byRef,
  connect,
  createMarket,
  kinds,
  type Market,
  remote,
  sync,
} from './market.ts'

let world: World
let market: Market
let connection: string
beforeAll(async () => {
  market = createMarket()
  world = await createTestWorld({ adapters: [market.adapter] })
  connection = await connect(world)
})
afterAll(() => world.close())

const viewer = () => world.as('viewer')
const minutes = (count: number) => world.advance(count * 60_000)
const enterBuyer = async (ref: string) =>
  (
    await world
      .as('deal_desk')
      .post('/v1/buyers', { name: `Buyer ${ref}`, accounts: [{ provider: 'bazaar', ref }] })
  ).body.id

describe('agreements are kept up with', () => {
  it('over as many pages as it takes, each once', async () => {
    for (const n of [1, 2, 3, 4, 5, 6, 7]) market.put(remote(`many-${n}`))
    await sync(world, connection)
    const { body } = await viewer().get('/v1/agreements?limit=200')
    expect(body.data.map((a: { agreementRef: string }) => a.agreementRef).sort()).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((n) => `many-${n}`),
    )
    expect(await kinds(world, body.data[0].id)).toEqual(['agreement.accepted'])
  })

  it('with concurrent agreements of one buyer told apart by licence', async () => {
    const { body } = await viewer().get('/v1/agreements?license=license-of-many-3')
    expect(body.data.map((a: { agreementRef: string }) => a.agreementRef)).toEqual(['many-3'])
  })

  it('without a version, an event or a revision for what was read again unchanged', async () => {
    market.put(remote('same', { native: { a: 1, b: 2 } }))
    await sync(world, connection)
    const before = await byRef(world, connection, 'same')
    minutes(1)
    market.put(remote('same', { native: { b: 2, a: 1 } }))
    await sync(world, connection)
    const after = await byRef(world, connection, 'same')
    expect(after).toEqual({ ...before, readAt: world.deps.now() })
    expect((await viewer().get(`/v1/agreements/${after.id}/versions`)).body.data).toHaveLength(1)
  })

  it('keeping a word of the marketplace that we do not know, which stops nothing', async () => {
    market.put(remote('odd', { state: { is: 'unknown', word: 'ARCHIVED' } }))
    market.put(remote('after-odd'))
    await sync(world, connection)
    expect((await byRef(world, connection, 'odd')).state).toEqual({
      is: 'unknown',
      word: 'ARCHIVED',
    })
    expect(await byRef(world, connection, 'after-odd')).toBeDefined()
  })

  it('whole, although one of them cannot be kept, which is seen as a stopped job', async () => {
    market.put(remote('unkeepable', { native: '\0' }))
    market.put(remote('after-unkeepable'))
    await sync(world, connection)
    expect(await byRef(world, connection, 'unkeepable')).toBeUndefined()
    expect(await byRef(world, connection, 'after-unkeepable')).toBeDefined()
    expect((await viewer().get('/v1/jobs')).body.data).toMatchObject([
      { kind: 'agreements.refresh', subject: `${connection}/unkeepable` },
    ])
  })

  it('with renewals in one chain', async () => {
    market.put(remote('first', { state: { is: 'ended', how: 'renewed' } }))
    market.put(remote('second', { initialRef: 'first' }))
    await sync(world, connection)
    const { body } = await viewer().get('/v1/agreements?initial=first')
    expect(body.data.map((a: { agreementRef: string }) => a.agreementRef).sort()).toEqual([
      'first',
      'second',
    ])
  })

  it('with the licence that came after, for a day', async () => {
    market.put(remote('bare', { licenseRefs: [], entitlements: [] }))
    await sync(world, connection)
    market.known.set('bare', remote('bare'))
    minutes(5)
    await world.drain()
    expect((await byRef(world, connection, 'bare')).licenseRefs).toEqual(['license-of-bare'])
    market.put(remote('barest', { licenseRefs: [] }))
    await sync(world, connection)
    minutes(24 * 60)
    const asked = market.calls.filter((call) => call === 'get barest').length
    await world.drain()
    expect(market.calls.filter((call) => call === 'get barest').length).toBe(asked)
  })

  it('and trouble is shown on the sync and over once it is over', async () => {
    market.fault = new Problem('unavailable', 'closed today')
    await sync(world, connection)
    const shown = async () =>
      (await viewer().get('/v1/syncs')).body.data.find(
        (s: { name: string }) => s.name === 'agreements',
      ).problem
    expect(await shown()).toMatchObject({ code: 'unavailable' })
    market.fault = undefined
    await sync(world, connection)
    expect(await shown()).toBeNull()
  })
})

describe('what an agreement is tied to', () => {
  it('is its offer, which hears that it was accepted, its listing and its buyer', async () => {
    const listing = await addListing(world, connection, 'prod-tied')
    const buyer = await enterBuyer('222')
    const offer = await addOffer(world, { connection, listing, buyer, offerRef: 'offer-tied' })
    market.put(remote('tied', { offerRef: 'offer-tied', listingRef: 'prod-tied', buyerRef: '222' }))
    await sync(world, connection)
    const agreement = await byRef(world, connection, 'tied')
    expect(agreement).toMatchObject({ offer, listing, buyer })
    const row = await world.deps.db
      .selectFrom('offers')
      .select('state')
      .where('id', '=', offer)
      .executeTakeFirstOrThrow()
    expect(row.state).toMatchObject({ is: 'accepted', agreement: agreement.id })
    for (const filter of [`buyer=${buyer}`, `listing=${listing}`])
      expect((await viewer().get(`/v1/agreements?${filter}`)).body.data).toHaveLength(1)
  })

  it('is tied later when it becomes known later', async () => {
    market.put(remote('late', { offerRef: 'offer-late', listingRef: 'prod-late', buyerRef: '333' }))
    await sync(world, connection)
    const before = await byRef(world, connection, 'late')
    expect(before).toMatchObject({ offer: null, listing: null, buyer: null })
    const listing = await addListing(world, connection, 'prod-late')
    const buyer = await enterBuyer('333')
    const offer = await addOffer(world, { connection, listing, buyer, offerRef: 'offer-late' })
    minutes(5)
    await world.drain()
    expect(await byRef(world, connection, 'late')).toMatchObject({ offer, listing, buyer })
    expect(await kinds(world, before.id)).toEqual(['agreement.accepted', 'agreement.changed'])
    expect((await viewer().get(`/v1/agreements/${before.id}/versions`)).body.data).toHaveLength(1)
  })
})

describe('history', () => {
  const changed = '2027-01-01T02:00:00.000Z'

  it('is kept in both times, and can be asked as it was known', async () => {
    market.put(remote('story'))
    await sync(world, connection)
    const { id } = await byRef(world, connection, 'story')
    const knownThen = world.deps.now()
    minutes(60)
    market.put(remote('story', { state: { is: 'suspended' }, changedAt: changed }))
    await sync(world, connection)
    minutes(60)
    const corrected = remote('story', {
      value: null,
      state: { is: 'suspended' },
      changedAt: changed,
    })
    market.put(corrected)
    await sync(world, connection)
    const versions = async (query = '') =>
      (await viewer().get(`/v1/agreements/${id}/versions${query}`)).body.data
    const all = await versions()
    expect(all.map((v: any) => [v.version, v.state.is, v.validFrom, v.validTo])).toEqual([
      [1, 'active', '2027-01-01T00:00:00.000Z', changed],
      [2, 'suspended', changed, changed],
      [3, 'suspended', changed, null],
    ])
    expect(all[2].value).toBeNull()
    expect(all[0].entitlements).toEqual(remote('story').entitlements)
    expect(await versions(`?asOf=${knownThen}`)).toEqual([{ ...all[0], validTo: null }])
    expect(await versions('?asOf=2026-01-01T00:00:00Z')).toEqual([])
    const first = (await viewer().get(`/v1/agreements/${id}/versions?limit=2`)).body
    expect(await versions(`?limit=2&cursor=${first.next}`)).toEqual([all[2]])
  })

  it('takes in an older reading that comes late, and stays with the newer', async () => {
    const { id } = await byRef(world, connection, 'story')
    const older = { state: { is: 'pending' }, changedAt: '2026-12-31T00:00:00.000Z' } as const
    market.put(remote('story', older))
    market.put(remote('story', older))
    await sync(world, connection)
    const { body } = await viewer().get(`/v1/agreements/${id}`)
    expect(body.state).toEqual({ is: 'suspended' })
    const versions = await viewer().get(`/v1/agreements/${id}/versions`)
    expect(versions.body.data).toHaveLength(4)
    expect(versions.body.data[0]).toMatchObject({
      version: 4,
      state: { is: 'pending' },
      validTo: '2027-01-01T00:00:00.000Z',
    })
  })
})

describe('a licence that ended', () => {
  const ended = '2027-02-01T10:00:31.000Z'
  const say = (ref: string) =>
    agreements.licenseEnded(world.deps, connection as Id<'conn'>, `license-of-${ref}`, ended)

  it('sets when usage stops, once', async () => {
    market.put(remote('stops'))
    await sync(world, connection)
    await say('stops')
    await say('stops')
    await agreements.licenseEnded(
      world.deps,
      connection as Id<'conn'>,
      'license-of-stops',
      '2027-02-01T11:00:00.000Z',
    )
    const agreement = await byRef(world, connection, 'stops')
    expect(agreement).toMatchObject({ endedAt: ended, state: { is: 'active' } })
    expect(await kinds(world, agreement.id)).toEqual(['agreement.accepted', 'agreement.changed'])
  })

  it('is kept until its agreement is known', async () => {
    await say('unheard')
    market.put(remote('unheard'))
    await sync(world, connection)
    expect((await byRef(world, connection, 'unheard')).endedAt).toBe(ended)
  })

  it('is said by an agreement that ended when nothing else says it', async () => {
    const state = { is: 'ended', how: 'terminated' } as const
    market.put(remote('gone', { state, changedAt: '2027-01-05T00:00:00.000Z' }))
    await sync(world, connection)
    const agreement = await byRef(world, connection, 'gone')
    expect(agreement).toMatchObject({ state, endedAt: '2027-01-05T00:00:00.000Z' })
    expect(await kinds(world, agreement.id)).toEqual(['agreement.accepted', 'agreement.ended'])
    const { body } = await viewer().get('/v1/agreements?state=ended')
    expect(body.data.map((a: { id: string }) => a.id)).toContain(agreement.id)
  })
})

describe('other capabilities', () => {
  it('ask for a refresh, which a job does', async () => {
    market.known.set('asked/for', remote('asked/for'))
    await agreements.refresh(world.deps, connection, 'asked/for')
    await world.drain()
    expect(await agreements.byReportedRef(world.deps, connection, 'asked/for')).toBeDefined()
  })

  it('find agreements in bulk by our id or the marketplace’s', async () => {
    const { id } = await byRef(world, connection, 'many-1')
    const found = await agreements.find(world.deps, [id, 'many-2', 'nobody'])
    expect([found.get(id)?.agreementRef, found.get('many-2')?.agreementRef]).toEqual([
      'many-1',
      'many-2',
    ])
    expect(found.has('nobody')).toBe(false)
  })

  it('follow changes by time and id without losing one', async () => {
    const seen: string[] = []
    for (let at = '1970-01-01T00:00:00.000Z' as any, id = ''; ; ) {
      const rows = await agreements.changedAfter(world.deps, at, id, 4)
      if (rows.length === 0) break
      seen.push(...rows.map((row) => row.id))
      ;({ updatedAt: at, id } = rows.at(-1)!)
    }
    const { body } = await viewer().get('/v1/agreements?limit=200')
    expect(seen.sort()).toEqual(body.data.map((a: { id: string }) => a.id).sort())
  })
})

describe('the API of agreements', () => {
  it('pages without losing or repeating one', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await viewer().get(`/v1/agreements?limit=4${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.data.map((row: { id: string }) => row.id))
      cursor = body.next
    } while (cursor)
    const all = (await viewer().get('/v1/agreements?limit=200')).body.data
    expect(seen).toEqual(all.map((row: { id: string }) => row.id))
  })

  it('shows the marketplace’s own documents of one agreement', async () => {
    const { id } = await byRef(world, connection, 'many-1')
    const { body } = await viewer().get(`/v1/agreements/${id}`)
    expect(body).toMatchObject({ native: { agreementId: 'many-1' }, charges: [{}], revision: 1 })
  })

  it.each([
    ['/v1/agreements/agr_nobody', 404],
    ['/v1/agreements/agr_nobody/versions', 404],
    ['/v1/agreements/agr_nobody/registrations', 404],
    ['/v1/agreements/offer_1', 422],
    ['/v1/agreements?state=merry', 422],
    [`/v1/agreements?cursor=${btoa('["x","y"]')}`, 422],
    [`/v1/agreements?cursor=${btoa('["2027-01-01T00:00:00Z","1; drop"]')}`, 422],
    ['/v1/agreements/agr_nobody/versions?asOf=yesterday', 422],
  ])('answers %s with %i', async (path, status) => {
    expect((await viewer().get(path)).status).toBe(status)
  })

  it('is not for a machine that only sends usage', async () => {
    expect((await world.as('meter').get('/v1/agreements')).status).toBe(403)
  })
})

it('loses nothing when two workers see a new agreement at once', async () => {
  const other = createMarket()
  const own = await createTestWorld({ adapters: [other.adapter] })
  const conn = await connect(own)
  other.known.set('race', remote('race'))
  await Promise.all([1, 2, 3].map(() => agreements.read(own.deps, conn, 'race')))
  const agreement = await byRef(own, conn, 'race')
  expect(await kinds(own, agreement.id)).toEqual(['agreement.accepted'])
  expect((await own.as('viewer').get('/v1/agreements')).body.data).toHaveLength(1)
  await own.close()
})
