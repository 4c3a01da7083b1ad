import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hourMs, openShop, type Shop, send } from '../metering/market.ts'
import { define, listingOf, named, sumOf } from '../meters/shop.ts'
import { hour } from './shop.ts'

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
  await sql`truncate meters, meter_versions cascade`.execute(shop.world.deps.db)
})

const attempt = (definition: unknown, more: Record<string, unknown> = {}) =>
  shop.world
    .as('viewer')
    .post('/v1/meters/try', { listing, definition, from: hour(), to: hour(2), ...more })
const sums = sumOf({ value: 'properties.bytes' })
const at = (later: number, properties: Record<string, unknown>) =>
  named({ agreement, properties, at: hour(later).replace(':00:00', ':10:00') })

/** Three hours of two events each, counted by one meter. */
async function counted() {
  await define(shop, sums, { key: 'bytes' })
  shop.world.advance(2.5 * hourMs)
  await send(shop, at(0, { bytes: 3, user: 'a' }), at(0, { bytes: 5, user: 'b' }))
  await send(shop, at(1, { bytes: 7, user: 'a' }))
}

describe('trying a definition', () => {
  it('says what it would change of a meter, by hour and in all, with its value', async () => {
    await counted()
    const { status, body } = await attempt(sumOf({ value: 'properties.bytes * 2' }), {
      key: 'bytes',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ events: 3, unreadable: 0, hasMore: false })
    expect(body.data).toMatchObject([
      { hour: hour(0), before: '8', after: '16', difference: '8', value: { amount: '4.00' } },
      { hour: hour(1), before: '7', after: '14', difference: '7', value: { amount: '3.50' } },
    ])
    expect(body.sums).toEqual([
      { dimension: 'api_calls', before: '15', after: '30', difference: '15' },
    ])
  })

  it('stores nothing', async () => {
    await counted()
    const parts = async () =>
      (await sql`select * from usage_parts`.execute(shop.world.deps.db)).rows
    const before = await parts()
    await attempt(sumOf({ aggregation: 'max', value: 'properties.bytes' }))
    await attempt(sumOf({ aggregation: 'unique', value: 'properties.user' }))
    expect(await parts()).toEqual(before)
    const { rows } = await sql`select from meter_hours`.execute(shop.world.deps.db)
    expect(rows).toEqual([])
  })

  it('of a new meter starts from nothing, whatever the aggregation', async () => {
    await counted()
    const to = [{ dimension: 'cents', times: '100' }]
    const ends: Record<string, string> = {}
    for (const [aggregation, value] of [
      ['max', 'properties.bytes'],
      ['unique', 'properties.user'],
      ['last', 'properties.bytes'],
      ['count', undefined],
    ] as const) {
      const { body } = await attempt({ event: 'api.request', aggregation, value, to })
      ends[aggregation] = body.sums[0].after
      expect(body.data[0]).toMatchObject({ before: '0', value: null })
    }
    expect(ends).toEqual({ max: '1200', unique: '300', last: '1200', count: '300' })
  })

  it('names events that it cannot read, with why', async () => {
    await counted()
    const { body } = await attempt(sumOf({ value: 'properties.bytes + properties.more' }))
    expect(body).toMatchObject({ events: 3, unreadable: 3, data: [] })
    expect(body.unreadableEvents[0].errors).toEqual([
      { path: 'properties.more', message: expect.stringMatching(/missing: a number is needed/) },
    ])
  })

  it('names all that is wrong with it', async () => {
    await counted()
    const odd = sumOf({
      aggregation: 'max',
      value: 'properties.bytes',
      to: [{ dimension: 'seats' }],
    })
    const { status, body } = await attempt(odd, { key: 'bytes', to: hour(5), agreement: 'nobody' })
    expect(status).toBe(422)
    expect(body.errors.map((one: any) => one.path)).toEqual([
      'to',
      'agreement',
      'definition.aggregation',
      'definition.to.0.dimension',
    ])
    expect((await attempt(sums, { listing: 'lst_nobody' })).body.errors[0].path).toBe('listing')
  })

  it('refuses more events than a request can read, and says how to ask for fewer', async () => {
    await counted()
    await sql`insert into usage_events (source, id, agreement, name, properties, at, hour, late, received_at)
      select 'bulk', n::text, a.id, 'api.request', '{"bytes":1}', ${hour()}, ${hour()}, false, ${hour()}
      from generate_series(1, 50000) n, agreements a where a.agreement_ref = ${agreement}`.execute(
      shop.world.deps.db,
    )
    const { status, body } = await attempt(sums)
    expect(status).toBe(422)
    expect(body.errors[0].message).toMatch(/more than 50000 events: name an agreement/)
    await sql`delete from usage_events where id in ('1', '2', '3')`.execute(shop.world.deps.db)
    const whole = await attempt(sums, { agreement })
    expect(whole.body).toMatchObject({ events: 50_000 })
    expect(whole.body.sums[0].after).toBe('50012')
  })
})
