import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Definition } from '../../src/meters/model.ts'
import {
  event as direct,
  hourMs,
  inOrder,
  openShop,
  pass,
  proof,
  records,
  type Shop,
  send,
} from './market.ts'
import { addMeters } from './meters.ts'

let shop: Shop
let one: string
beforeAll(async () => {
  shop = await openShop([])
  await addMeters(shop, definitions)
})
beforeEach(async () => {
  ;[one] = await shop.fresh()
})
afterEach(async () => {
  expect((await proof(shop)).holds).toBe(true)
})
afterAll(() => shop.world.close())

const definitions: readonly Definition[] = [
  { event: 'request', aggregation: 'count', to: [{ dimension: 'api_calls', times: '1' }] },
  {
    event: 'request',
    aggregation: 'sum',
    value: 'properties.bytes / 1000',
    filter: 'properties.region == "eu"',
    to: [
      { dimension: 'storage_gb', times: '0.5' },
      { dimension: 'api_calls', times: '2' },
    ],
  },
  {
    event: 'seat',
    aggregation: 'max',
    value: 'properties.seats',
    to: [{ dimension: 'storage_gb', times: '1' }],
  },
  {
    event: 'login',
    aggregation: 'unique',
    value: 'properties.user',
    to: [{ dimension: 'api_calls', times: '1' }],
  },
]

let count = 0
const named = (event: string, properties: object = {}, changes: object = {}) => ({
  id: `named-${++count}`,
  source: 'app',
  agreement: one,
  event,
  properties,
  at: '2027-03-10T09:00:00.000Z',
  ...changes,
})
const undo = ({ id }: { id: string }) => ({ id: `undo-${id}`, source: 'app', reverses: id })
const sums = async () =>
  Object.fromEntries(
    (await proof(shop)).data.map(({ dimension, events }: any) => [dimension, events]),
  )

describe('a named event', () => {
  it('gives every dimension what its meters say', async () => {
    const answer = await send(
      shop,
      named('request', { region: 'eu', bytes: 3000 }),
      named('request', { region: 'us' }),
      direct({ agreement: one, quantity: '0.5' }),
    )
    expect(answer).toMatchObject({ accepted: 3, unmetered: 0, refused: [] })
    expect(await sums()).toEqual({ api_calls: '8.5', storage_gb: '1.5' })
    const rows = await records(shop)
    expect(inOrder(rows.map((row) => [row.dimension, String(row.events)]))).toEqual([
      ['api_calls', '4'],
      ['storage_gb', '1'],
    ])
  })

  it('that no meter reads is kept and counted as such', async () => {
    expect(await send(shop, named('unheard', { any: [1, { deep: null }] }))).toMatchObject({
      accepted: 1,
      unmetered: 1,
    })
    expect(await records(shop)).toEqual([])
  })

  it('without a property that a meter needs is refused whole, and may be sent corrected', async () => {
    const bad = named('request', { region: 'eu' })
    const answer = await send(shop, bad, named('request', { region: 'us' }), undo(bad))
    expect(answer).toMatchObject({ accepted: 1 })
    expect(answer.refused).toMatchObject([
      { index: 0, id: bad.id, code: 'invalid', path: 'properties.bytes' },
      { index: 2, code: 'unknown_event' },
    ])
    expect(await send(shop, { ...bad, properties: { region: 'eu', bytes: '1e3' } })).toMatchObject({
      accepted: 0,
      refused: [{ path: 'properties.bytes' }],
    })
    expect(await send(shop, { ...bad, properties: { region: 'eu', bytes: '10' } })).toMatchObject({
      accepted: 1,
    })
    expect(await sums()).toEqual({ api_calls: '2.02', storage_gb: '0.005' })
  })

  it('counts once for ever, by what it says', async () => {
    const first = named('request', { region: 'eu', bytes: 3000, tags: { a: 1, b: [1, 2] } })
    await send(shop, first)
    const same = {
      ...first,
      at: '2027-03-10T10:00:00+01:00',
      properties: { tags: { b: [1, 2], a: 1 }, bytes: 3e3, region: 'eu' },
    }
    expect(await send(shop, same, first)).toMatchObject({ accepted: 0, duplicates: 2 })
    const others = [
      { ...first, properties: { ...first.properties, bytes: 3001 } },
      { ...first, event: 'other' },
      { ...first, at: '2027-03-10T09:00:00.001Z' },
      direct({ id: first.id, source: 'app', agreement: one }),
      { id: first.id, source: 'app', reverses: 'x' },
    ]
    const answer = await send(shop, ...others)
    expect(answer).toMatchObject({ accepted: 0, duplicates: 0 })
    expect(answer.conflicts.length + answer.refused.length).toBe(5)
    expect(answer.conflicts.map((it: any) => it.index)).toEqual([0, 1, 2, 3, 4])
    expect(await sums()).toEqual({ api_calls: '7', storage_gb: '1.5' })
  })

  it('is taken back whole, wherever its parts went', async () => {
    const first = named('request', { region: 'eu', bytes: 3000 })
    await send(shop, first, named('request', { region: 'us' }))
    await pass(shop, 40 * 60_000)
    expect(await send(shop, undo(first))).toMatchObject({ accepted: 1, moved: 1 })
    expect(await sums()).toEqual({ api_calls: '1', storage_gb: '0' })
    await send(shop, direct({ agreement: one, quantity: '20', at: '2027-03-10T10:01:00Z' }))
    await pass(shop, hourMs)
    expect(shop.market.total('api_calls')).toBe('21')
    expect(await send(shop, undo(first))).toMatchObject({ duplicates: 1 })
  })

  it('counts as a largest value or a different one only as far as it is', async () => {
    const [low, high] = [named('seat', { seats: 4 }), named('seat', { seats: 9 })]
    const [ada, bob] = [named('login', { user: 'ada' }), named('login', { user: 'bob' })]
    const again = named('login', { user: 'ada' })
    await send(shop, high, ada, again)
    await send(shop, low, bob)
    expect(await sums()).toEqual({ api_calls: '2', storage_gb: '9' })
    expect(await send(shop, undo(high), undo(ada))).toMatchObject({ accepted: 2 })
    expect(await sums()).toEqual({ api_calls: '2', storage_gb: '4' })
    expect(await send(shop, undo(again), undo(low))).toMatchObject({ accepted: 2 })
    expect(await sums()).toEqual({ api_calls: '1', storage_gb: '0' })
  })

  it('that is late goes where late usage goes', async () => {
    await send(shop, direct({ agreement: one }))
    await pass(shop, 40 * 60_000)
    const answer = await send(
      shop,
      named('request', { region: 'us' }),
      named('request', { region: 'us' }, { at: '2027-03-08T09:00:00Z' }),
    )
    expect(answer).toMatchObject({ accepted: 2, moved: 1, lost: 1 })
    const [lost] = await records(shop, '&state=lost')
    expect(lost).toMatchObject({
      kind: 'late',
      state: { quantity: '1', value: { amount: '0.50' } },
    })
  })

  it('of many batches at the same moment is counted exactly', async () => {
    const all = Array.from({ length: 60 }, (_, n) =>
      n % 3 ? named('seat', { seats: n }) : named('request', { region: 'eu', bytes: n }),
    )
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        send(shop, ...all.toSorted(() => ((n % 2) - 0.5) * 2), ...all.slice(0, 6).map(undo)),
      ),
    )
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(66)
    // 20 requests of 0, 3, … 57 bytes, of which those of 0 and 3 are taken back, and the largest of the seats.
    expect(await sums()).toEqual({ api_calls: '19.134', storage_gb: '59.2835' })
  })

  it.each([
    ['no name', { event: undefined }, 'event', /missing/],
    ['a name too long', { event: 'x'.repeat(201) }, 'event', /at most 200/],
    ['properties that are a list', { properties: [] }, 'properties', /object/],
    ['a quantity', { quantity: '1' }, 'quantity', /not a field of a named event/],
    [
      'too many properties',
      { properties: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`p${n}`, n])) },
      'properties',
      /64 names/,
    ],
    ['too large properties', { properties: { x: 'é'.repeat(8_200) } }, 'properties', /16384 bytes/],
    ['a NUL character', { properties: { x: { y: ['a\0'] } } }, 'properties.x.y.0', /U\+0000/],
    ['half a surrogate pair in a name', { properties: { 'a\ud800': 1 } }, 'properties', /name/],
    [
      'too deep properties',
      { properties: { a: { a: { a: { a: { a: { a: { a: { a: {} } } } } } } } } },
      'properties.a.a.a.a.a.a.a.a',
      /nested/,
    ],
  ])('with %s is refused by name', async (_, changes, path, message) => {
    const answer = await send(shop, named('x', {}, changes), direct({ agreement: one }))
    expect(answer).toMatchObject({ accepted: 1, refused: [{ index: 0, code: 'invalid' }] })
    expect(answer.refused[0].errors).toContainEqual({
      path,
      message: expect.stringMatching(message),
    })
  })

  it('that a meter cannot read tells where, in the words of its form', async () => {
    const bad = [
      named('request', { region: 'eu', bytes: 12345678901234568 }),
      named('request', { region: 'eu', bytes: '12345678901234567.5' }),
    ]
    const { refused } = await send(shop, ...bad)
    expect(refused).toMatchObject([{ path: 'properties.bytes' }])
    expect(refused[0].message).toMatch(/decimal string/)
    const { event: type, properties: data, at: time, agreement: subject, ...rest } = bad[0]!
    const told = { ...rest, id: 'as-cloud-event', specversion: '1.0', type, data, time, subject }
    const { body } = await shop.world
      .as('meter')
      .post('/v1/usage-events', told, { 'content-type': 'application/cloudevents+json' })
    expect(body.refused).toMatchObject([{ path: 'data.bytes', errors: [{ path: 'data.bytes' }] }])
  })

  it('with a number that no number can hold is refused, not stored as nothing', async () => {
    const text = JSON.stringify({ events: [named('unheard', { x: 12345 })] })
    const { body } = await shop.world
      .as('meter')
      .post('/v1/usage-events', text.replace('12345', '1e999'))
    expect(body.refused).toMatchObject([{ path: 'properties.x' }])
  })
})
