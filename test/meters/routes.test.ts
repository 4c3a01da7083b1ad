import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hourMs, openShop, type Shop } from '../metering/market.ts'
import { define, listingOf, sumOf } from './shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop(['agmt-1'])
})
afterAll(() => shop?.world.close())
beforeEach(async () => {
  await shop.fresh()
  await sql`truncate meters, meter_versions cascade`.execute(shop.world.deps.db)
})

const admin = () => shop.world.as('admin')

describe('defining a meter', () => {
  it('holds from the next hour on, which nobody has counted in', async () => {
    const { status, body, headers } = await define(shop, sumOf())
    expect(status).toBe(201)
    expect(headers.get('etag')).toBe('"1"')
    expect(body).toMatchObject({ event: 'api.request', aggregation: 'sum', inForce: null })
    expect(body.newest).toMatchObject({ version: 1, from: '2027-03-10T10:00:00.000Z' })
    expect(body.newest.definition.to).toEqual([{ dimension: 'api_calls', times: '1' }])
    expect(body.notListed).toEqual([])
  })

  it('waits an hour more where events of the next one may be counted already', async () => {
    shop.world.advance(hourMs / 2 - 60_000)
    const { body } = await define(shop, sumOf())
    expect(body.newest.from).toBe('2027-03-10T11:00:00.000Z')
    const early = await define(shop, sumOf(), { from: '2027-03-10T10:00:00Z' })
    expect(early.status).toBe(422)
  })

  it('is in force from its hour', async () => {
    const { body } = await define(shop, sumOf())
    shop.world.advance(hourMs / 2)
    const shown = await admin().get(`/v1/meters/${body.id}`)
    expect(shown.body.inForce).toMatchObject({ version: 1 })
  })

  it('warns of dimensions that the listing does not have', async () => {
    const { body } = await define(shop, sumOf({ to: [{ dimension: 'cents' }] }))
    expect(body.notListed).toEqual(['cents'])
  })

  it('names everything that is wrong at once', async () => {
    const { status, body } = await define(
      shop,
      {
        event: '',
        aggregation: 'count',
        value: 'properties.',
        filter: 'properties.a +',
        to: [
          { dimension: 'api_calls', times: '0' },
          { dimension: 'api_calls', times: 'x' },
        ],
      },
      { from: 'never' },
    )
    expect(status).toBe(422)
    const paths = body.errors.map((one: { path: string }) => one.path)
    expect(paths).toEqual(expect.arrayContaining(['definition.event', 'definition.to.0.times']))
    expect(paths).toEqual(expect.arrayContaining(['definition.to.1.times', 'from']))
  })

  it('says where an expression does not compile, and what was expected', async () => {
    const { body } = await define(shop, sumOf({ value: 'properties.bytes + foo', filter: '1 + 1' }))
    expect(body.errors).toEqual([
      {
        path: 'definition.value',
        message:
          'does not compile: character 20: expected properties.name, a function or a value, found foo',
      },
      {
        path: 'definition.filter',
        message: 'does not compile: character 1: expected true or false, found a number',
      },
    ])
  })

  it.each([
    ['a listing that is not there', sumOf(), { listing: 'lst_nobody' }, 'listing'],
    ['an hour that has begun', sumOf(), { from: '2027-03-10T09:00:00Z' }, 'from'],
    ['half an hour', sumOf(), { from: '2027-03-11T09:30:00Z' }, 'from'],
    [
      'what is sold up front',
      sumOf({ to: [{ dimension: 'seats' }] }),
      {},
      'definition.to.0.dimension',
    ],
    ['a value where events are counted', sumOf({ aggregation: 'count' }), {}, 'definition.value'],
    ['a sum of nothing', sumOf({ value: undefined }), {}, 'definition.value'],
    ['text as a value', sumOf({ value: '"a"' }), {}, 'definition.value'],
    [
      'a dimension twice',
      sumOf({ to: [{ dimension: 'a' }, { dimension: 'a' }] }),
      {},
      'definition.to.1.dimension',
    ],
    ['no dimension', sumOf({ to: [] }), {}, 'definition.to'],
    ['an unknown aggregation', sumOf({ aggregation: 'mean' }), {}, 'definition.aggregation'],
    ['a field that is not there', sumOf({ window: 'day' }), {}, 'definition.window'],
    [
      'too large a factor',
      sumOf({ to: [{ dimension: 'a', times: '1000001' }] }),
      {},
      'definition.to.0.times',
    ],
  ])('refuses %s', async (_, definition, more, path) => {
    const { status, body } = await define(shop, definition, more)
    expect(status).toBe(422)
    expect(body.errors.map((one: { path: string }) => one.path)).toEqual([path])
  })

  it('has one meter of a key in a listing', async () => {
    await define(shop, sumOf(), { key: 'bytes' })
    const again = await define(shop, sumOf(), { key: 'bytes' })
    expect(again.status).toBe(409)
  })

  it('repeats its answer for the same idempotency key', async () => {
    const listing = await listingOf(shop)
    const asked = { listing, key: 'once', definition: sumOf() }
    const key = { 'idempotency-key': 'meter-once' }
    const first = await admin().post('/v1/meters', asked, key)
    const second = await admin().post('/v1/meters', asked, key)
    expect(second.body).toEqual(first.body)
    expect((await admin().get('/v1/meters')).body.data).toHaveLength(1)
  })

  it('is for deal desk and finance', async () => {
    const listing = await listingOf(shop)
    const asked = { listing, key: 'mine', definition: sumOf() }
    expect((await shop.world.as('meter').post('/v1/meters', asked)).status).toBe(403)
    expect((await shop.world.as('viewer').post('/v1/meters', asked)).status).toBe(403)
  })
})

describe('versions of a meter', () => {
  const amend = (id: string, body: unknown, headers?: Record<string, string>) =>
    admin().post(`/v1/meters/${id}/versions`, body, headers)

  it('are added, and the old ones stay', async () => {
    const { body } = await define(shop, sumOf())
    const next = await amend(body.id, { definition: sumOf({ value: 'properties.bytes' }) })
    expect(next.status).toBe(201)
    expect(next.headers.get('etag')).toBe('"2"')
    const all = await admin().get(`/v1/meters/${body.id}/versions`)
    expect(all.body.data.map((v: any) => [v.version, v.definition.value])).toEqual([
      [1, 'properties.bytes / 1000000'],
      [2, 'properties.bytes'],
    ])
    expect(all.body.data[0].actor).toMatchObject({ kind: 'key', name: 'finance' })
  })

  it('of one hour the later counts, and an earlier hour does not outlive a later one', async () => {
    const { body } = await define(shop, sumOf(), { from: '2027-03-10T12:00:00Z' })
    const later = { definition: sumOf({ value: 'properties.b' }), from: '2027-03-10T14:00:00Z' }
    await amend(body.id, later)
    await amend(body.id, { ...later, definition: sumOf({ value: 'properties.c' }) })
    await amend(body.id, { definition: null, from: '2027-03-10T11:00:00Z' })
    const at = async () => (await admin().get(`/v1/meters/${body.id}`)).body.inForce
    expect(await at()).toBeNull()
    shop.world.advance(hourMs * 2)
    expect(await at()).toMatchObject({ version: 4, definition: null })
    shop.world.advance(hourMs)
    expect(await at()).toMatchObject({ version: 1 })
    shop.world.advance(hourMs * 2)
    expect(await at()).toMatchObject({ version: 3, definition: { value: 'properties.c' } })
  })

  it('refuses whoever has not seen the newest', async () => {
    const { body } = await define(shop, sumOf())
    await amend(body.id, { definition: null }, { 'if-match': '"1"' })
    const late = await amend(body.id, { definition: null }, { 'if-match': '"1"' })
    expect(late.status).toBe(412)
  })

  it('keep the event and the aggregation', async () => {
    const { body } = await define(shop, sumOf())
    const { status, body: refused } = await amend(body.id, {
      definition: sumOf({ event: 'other', aggregation: 'max' }),
      from: '2027-03-10T08:00:00Z',
    })
    expect(status).toBe(422)
    expect(refused.errors.map((one: any) => one.path)).toEqual([
      'definition.event',
      'definition.aggregation',
      'from',
    ])
  })

  it('are listed with their meters in pages, by listing and by event', async () => {
    for (const event of ['a', 'b', 'a']) await define(shop, sumOf({ event }))
    const first = await admin().get('/v1/meters?limit=2')
    expect(first.body.data).toHaveLength(2)
    const second = await admin().get(`/v1/meters?limit=2&cursor=${first.body.next}`)
    expect(second.body.data).toHaveLength(1)
    expect((await admin().get('/v1/meters?event=a')).body.data).toHaveLength(2)
    expect((await admin().get('/v1/meters?listing=lst_other')).body.data).toEqual([])
    expect((await admin().get('/v1/meters/mtr_nobody')).status).toBe(404)
    expect((await admin().get('/v1/meters?cursor=WyJ4IiwieSJd')).status).toBe(422)
  })
})
