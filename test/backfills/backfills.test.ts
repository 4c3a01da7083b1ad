import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hourMs, openShop, pass, proof, type Shop, send } from '../metering/market.ts'
import { define, listingOf, named, sumOf } from '../meters/shop.ts'
import { ask, fill, given, hour } from './shop.ts'

let shop: Shop
let agreement: string
let listing: string
beforeAll(async () => {
  shop = await openShop(['agmt-1'])
  listing = await listingOf(shop)
})
afterAll(() => shop?.world.close())
beforeEach(async () => {
  ;[agreement] = await shop.fresh()
  await sql`truncate meters, meter_versions, backfills, backfill_rows cascade`.execute(
    shop.world.deps.db,
  )
})

/** An event of an hour after the first. */
const at = (later: number, minute: string, properties: Record<string, unknown>) =>
  named({ agreement, properties, at: hour(later).replace(':00:00', `:${minute}:00`) })
/** A maximum by user names, and a number of different ones, of the same events. */
const others = [
  {
    event: 'api.request',
    aggregation: 'max',
    value: 'properties.bytes',
    to: [{ dimension: 'storage_gb', times: '2' }],
  },
  {
    event: 'api.request',
    aggregation: 'unique',
    value: 'properties.user',
    to: [{ dimension: 'storage_gb' }],
  },
]
const later = (id: string, definition: unknown) =>
  shop.world.as('finance').post(`/v1/meters/${id}/versions`, { definition })

/** Events that nothing reads yet, and the hours after them. */
async function unmetered() {
  shop.world.advance(2 * hourMs)
  const answer = await send(
    shop,
    at(0, '10', { bytes: 3, user: 'ann' }),
    at(0, '20', { bytes: 5, user: 'bob' }),
    at(1, '10', { bytes: 7, user: 'ann' }),
  )
  expect(answer).toMatchObject({ accepted: 3, unmetered: 3 })
  shop.world.advance(hourMs)
}
const sums = sumOf({ value: 'properties.bytes' })

describe('a backfill', () => {
  it('counts what was not metered, in the hours that are still unsent and the next after those', async () => {
    await unmetered()
    for (const definition of [sums, ...others]) await define(shop, definition)
    const { done, rows } = await fill(shop, { listing })
    expect(done).toMatchObject({
      state: 'done',
      events: 3,
      hours: 2,
      contributions: 7,
      unreadable: 0,
    })
    expect(await given(shop)).toEqual({ api_calls: '15', storage_gb: '27' })
    expect(rows.map((row) => [row.hour, row.dimension, row.before, row.after])).toEqual([
      [hour(0), 'api_calls', '0', '8'],
      [hour(0), 'storage_gb', '0', '12'],
      [hour(1), 'api_calls', '0', '7'],
      [hour(1), 'storage_gb', '0', '15'],
    ])
    expect((await proof(shop)).holds).toBe(true)
    await pass(shop, 2 * hourMs)
    expect(shop.market.total('api_calls')).toBe('15')
    expect(shop.market.total('storage_gb')).toBe('27')
  })

  it('changes nothing the second time', async () => {
    await unmetered()
    for (const definition of [sums, ...others]) await define(shop, definition)
    await fill(shop, { listing })
    const { done, rows } = await fill(shop, { listing })
    expect(done).toMatchObject({ state: 'done', contributions: 0 })
    expect(rows.every((row) => row.before === row.after && row.fates.length === 0)).toBe(true)
    expect(await given(shop)).toEqual({ api_calls: '15', storage_gb: '27' })
  })

  it('only says what would change when it is dry', async () => {
    await unmetered()
    for (const definition of [sums, ...others]) await define(shop, definition)
    const { done, rows } = await fill(shop, { listing, dryRun: true })
    expect(done).toMatchObject({ state: 'done', events: 3, contributions: 0, dryRun: true })
    expect(rows).toHaveLength(4)
    expect(rows[0].fates).toMatchObject([{ is: 'kept', quantity: '8', hour: hour(0) }])
    expect(await given(shop)).toEqual({})
    const { rows: hours } = await sql`select from meter_hours`.execute(shop.world.deps.db)
    expect(hours).toEqual([])
  })

  it('reads by the versions in force then, if it is not told otherwise', async () => {
    await unmetered()
    await define(shop, sums)
    await fill(shop, { listing, useVersionsOf: 'then' })
    expect(await given(shop)).toEqual({})
  })

  it('takes back what a newer version counts less, and all of what is switched off', async () => {
    const metered = await Promise.all([sums, ...others].map((one) => define(shop, one)))
    shop.world.advance(2 * hourMs)
    await send(shop, at(0, '10', { bytes: 3, user: 'ann' }), at(1, '20', { bytes: 5, user: 'ann' }))
    expect(await given(shop)).toEqual({ api_calls: '8', storage_gb: '18' })
    shop.world.advance(hourMs)
    for (const { body } of metered) {
      const definition = { ...body.newest.definition, filter: 'properties.bytes > 3' }
      expect((await later(body.id, definition)).status).toBe(201)
    }
    await fill(shop, { agreement })
    expect(await given(shop)).toEqual({ api_calls: '5', storage_gb: '11' })
    for (const { body } of metered) await later(body.id, null)
    await fill(shop, { agreement })
    expect(await given(shop)).toEqual({ api_calls: '0', storage_gb: '0' })
    expect((await proof(shop)).holds).toBe(true)
    const { rows: hours } = await sql`select from meter_hours`.execute(shop.world.deps.db)
    expect(hours).toEqual([])
  })

  it('moves what it finds to the next hour where a record was sent', async () => {
    await define(shop, sums)
    await pass(shop, 2 * hourMs)
    await send(shop, at(0, '10', { bytes: 3 }))
    await pass(shop, 2 * hourMs)
    expect(shop.market.total('api_calls')).toBe('3')
    const [{ body }] = [await shop.world.as('viewer').get('/v1/meters')]
    await later(body.data[0].id, sumOf({ value: 'properties.bytes * 2' }))
    const { rows } = await fill(shop, { listing })
    expect(rows[0].fates).toMatchObject([{ is: 'moved', quantity: '3' }])
    expect(rows[0].fates[0].hour > hour(0)).toBe(true)
    await pass(shop, 3 * hourMs)
    expect(shop.market.total('api_calls')).toBe('6')
  })

  it('leaves a closed hour as it is and names it, and loses it by name when told so', async () => {
    await unmetered()
    for (const definition of [sums, ...others]) await define(shop, definition)
    await pass(shop, 40 * hourMs)
    const { rows } = await fill(shop, { listing })
    expect(rows[0]).toMatchObject({ dimension: 'api_calls', before: '0', after: '8' })
    expect(rows[0].fates).toMatchObject([
      { is: 'left', quantity: '8', value: { currency: 'USD', amount: '4.00' } },
    ])
    expect(rows[0].fates[0].reason).toMatch(/deadline/)
    expect(await given(shop)).toEqual({})
    const lost = await fill(shop, { listing, acceptLoss: true })
    expect(lost.rows[0].fates).toMatchObject([{ is: 'lost', quantity: '8' }])
    expect(await given(shop)).toEqual({ api_calls: '15', storage_gb: '27' })
    const { data } = await proof(shop)
    expect(data.map((row: any) => [row.dimension, row.lost, row.holds])).toEqual([
      ['api_calls', '15', true],
      ['storage_gb', '27', true],
    ])
  })

  it('names events that a meter cannot read, which count for nothing there', async () => {
    await unmetered()
    await define(shop, sumOf({ value: 'properties.bytes * properties.weight' }))
    await define(shop, { ...others[1] })
    const { done } = await fill(shop, { listing })
    expect(done).toMatchObject({ state: 'done', unreadable: 3 })
    expect(done.unreadableEvents[0].errors[0]).toMatchObject({ path: 'properties.weight' })
    expect(await given(shop)).toEqual({ storage_gb: '3' })
  })

  it('reads what was taken back for nothing, and what is taken back afterwards goes whole', async () => {
    shop.world.advance(2 * hourMs)
    const [a, b] = [at(0, '10', { bytes: 3, user: 'ann' }), at(0, '20', { bytes: 5, user: 'bob' })]
    await send(shop, a, b)
    await send(shop, { id: 'back-a', source: 'test', reverses: a.id })
    shop.world.advance(hourMs)
    for (const definition of [sums, ...others]) await define(shop, definition)
    await fill(shop, { listing })
    expect(await given(shop)).toEqual({ api_calls: '5', storage_gb: '11' })
    await send(shop, { id: 'back-b', source: 'test', reverses: b.id })
    expect(await given(shop)).toEqual({ api_calls: '0', storage_gb: '0' })
    expect((await proof(shop)).holds).toBe(true)
  })

  it('goes on with events that come later', async () => {
    await unmetered()
    await define(shop, others[0] ?? {}, { from: hour(3) })
    await fill(shop, { listing })
    expect(await given(shop)).toEqual({ storage_gb: '24' })
    shop.world.advance(2 * hourMs)
    await send(shop, at(3, '10', { bytes: 4 }))
    expect(await given(shop)).toEqual({ storage_gb: '32' })
  })
})

describe('asking for one', () => {
  it.each([
    ['hours that are not over', { to: '2027-03-10T13:00:00Z' }, ['to']],
    ['the future', { from: '2027-04-01T00:00:00Z', to: '2027-04-02T00:00:00Z' }, ['to']],
    ['more than 90 days', { from: '2026-12-01T00:00:00Z' }, ['to']],
    ['a part of an hour', { from: '2027-03-10T10:30:00Z' }, ['from']],
    ['nothing', { to: '2027-03-10T10:00:00Z' }, ['to']],
    ['an unknown listing', { listing: 'lst_nobody' }, ['listing']],
    ['an unknown agreement', { listing: undefined, agreement: 'nobody' }, ['agreement']],
    ['both', { agreement: 'agmt-1' }, ['listing']],
    ['neither', { listing: undefined }, ['listing']],
    ['other versions', { useVersionsOf: 'tomorrow' }, ['useVersionsOf']],
    ['no word on whether it is dry', { dryRun: undefined }, ['dryRun']],
    [
      'several faults at once',
      { listing: 'lst_nobody', to: '2028-01-01T00:30:00Z' },
      ['listing', 'to', 'to', 'to'],
    ],
  ])('refuses %s', async (_, more, paths) => {
    shop.world.advance(2.75 * hourMs)
    const { status, body } = await ask(shop, { listing, ...more })
    expect(status).toBe(422)
    expect(body.errors.map((one: any) => one.path)).toEqual(paths)
  })

  it('is a conflict while another one of the same hours runs, unless one of them is dry', async () => {
    shop.world.advance(4 * hourMs)
    expect((await ask(shop, { listing })).status).toBe(202)
    expect((await ask(shop, { agreement })).status).toBe(409)
    expect((await ask(shop, { listing, dryRun: true })).status).toBe(202)
    expect((await ask(shop, { listing, from: hour(2), to: hour(3) })).status).toBe(202)
    await shop.world.drain()
    expect((await ask(shop, { listing })).status).toBe(202)
  })

  it('is for deal desk and finance, and for all to read', async () => {
    await unmetered()
    await define(shop, sums)
    const asked = { listing, from: hour(), to: hour(2), dryRun: true }
    expect((await shop.world.as('viewer').post('/v1/backfills', asked)).status).toBe(403)
    const { body } = await ask(shop, { listing })
    await shop.world.drain()
    const viewer = shop.world.as('viewer')
    expect((await viewer.get('/v1/backfills?state=done')).body.data).toHaveLength(1)
    const paged = await viewer.get(`/v1/backfills/${body.id}/rows?limit=1`)
    expect(paged.body.data).toHaveLength(1)
    const next = await viewer.get(`/v1/backfills/${body.id}/rows?limit=1&cursor=${paged.body.next}`)
    expect(next.body).toMatchObject({ data: [{ hour: hour(1) }], next: null })
    const csv = await viewer.get(`/v1/backfills/${body.id}/rows?format=csv&changed=true`)
    expect(csv.text.split('\n').slice(0, 2)).toEqual([
      'hour,agreement,dimension,before,after,fate,quantity,reported_for,value,currency,reason',
      expect.stringMatching(/^2027-03-10T10:00:00.000Z,agr_\w+,api_calls,0,8,kept,8,/),
    ])
    expect((await viewer.get('/v1/backfills/bkf_nobody/rows')).status).toBe(404)
  })
})
