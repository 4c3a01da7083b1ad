import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { plus, times, total, trim } from '../../src/kernel/decimal.ts'
import { hourMs, openShop, proof, type Shop, send } from '../metering/market.ts'
import { seeded } from '../property/always.ts'
import { define, named } from './shop.ts'

let shop: Shop
let agreement: string
beforeAll(async () => {
  shop = await openShop(['agmt-1'])
})
afterAll(() => shop?.world.close())
beforeEach(async () => {
  ;[agreement] = await shop.fresh()
  await sql`truncate meters, meter_versions cascade`.execute(shop.world.deps.db)
})

const aggregations = ['sum', 'count', 'max', 'unique', 'last'] as const
const two = [{ dimension: 'api_calls' }, { dimension: 'storage_gb', times: '0.5' }]
/** Defines a meter of every kind, gives to two dimensions each, and lets their first hour begin. */
async function defineAll() {
  const ids = new Map<string, string>()
  for (const aggregation of aggregations) {
    const value = aggregation === 'count' ? {} : { value: values[aggregation] }
    const { body } = await define(shop, { event: 'tick', aggregation, ...value, to: two })
    ids.set(body.id, aggregation)
  }
  shop.world.advance(hourMs)
  return ids
}
const values = {
  sum: 'properties.n',
  max: 'properties.n',
  last: 'properties.n',
  unique: 'properties.who',
}

const tick = (more: Record<string, unknown>, n: string, who = 'ann') =>
  named({ agreement, event: 'tick', properties: { n, who }, at: '2027-03-10T10:10:00Z', ...more })

/** What each meter has given to a dimension in all. */
async function givenTo(dimension: string, ids: ReadonlyMap<string, string>) {
  const { rows } = await sql<{ meter: string; quantity: string }>`
    select meter, sum(quantity) as quantity from usage_contributions
    where dimension = ${dimension} group by 1`.execute(shop.world.deps.db)
  const found = new Map(rows.map((row) => [ids.get(row.meter), trim(row.quantity)]))
  return Object.fromEntries(aggregations.map((one) => [one, found.get(one) ?? '0']))
}

describe('the aggregates of an hour', () => {
  it('are those of its events, whatever their order', async () => {
    const ids = await defineAll()
    await send(shop, tick({ at: '2027-03-10T10:30:00Z' }, '3', 'bob'), tick({}, '5'))
    await send(shop, tick({ at: '2027-03-10T10:20:00Z' }, '4'))
    const expected = { sum: '12', count: '3', max: '5', unique: '2', last: '3' }
    expect(await givenTo('api_calls', ids)).toEqual(expected)
    expect(await givenTo('storage_gb', ids)).toEqual({
      sum: '6',
      count: '1.5',
      max: '2.5',
      unique: '1',
      last: '1.5',
    })
    expect((await proof(shop)).holds).toBe(true)
  })

  it('are each hour’s own', async () => {
    const ids = await defineAll()
    await send(shop, tick({}, '5'), tick({ at: '2027-03-10T10:34:59.999Z' }, '5'))
    shop.world.advance(hourMs)
    await send(shop, tick({ at: '2027-03-10T11:00:00Z' }, '5'))
    const expected = { sum: '15', count: '3', max: '10', unique: '2', last: '10' }
    expect(await givenTo('api_calls', ids)).toEqual(expected)
  })

  it('are those of what is left when events are taken back', async () => {
    const ids = await defineAll()
    const [a, b, c] = [
      tick({}, '5'),
      tick({ at: '2027-03-10T10:30:00Z' }, '9', 'bob'),
      tick({}, '7'),
    ]
    await send(shop, a, b, c)
    const back = { id: 'back-b', source: 'test', reverses: b.id }
    expect(await send(shop, back)).toMatchObject({ accepted: 1 })
    const last = a.id > c.id ? '5' : '7'
    const left = { sum: '12', count: '2', max: '7', unique: '1', last }
    expect(await givenTo('api_calls', ids)).toEqual(left)
    await send(shop, { id: 'back-a', source: 'test', reverses: a.id })
    await send(shop, { id: 'back-c', source: 'test', reverses: c.id })
    const none = { sum: '0', count: '0', max: '0', unique: '0', last: '0' }
    expect(await givenTo('api_calls', ids)).toEqual(none)
    expect((await proof(shop)).holds).toBe(true)
  })

  it('leave out what a filter leaves out', async () => {
    await define(shop, {
      event: 'tick',
      aggregation: 'count',
      filter: 'lower(properties.who) in ["ann"]',
      to: [{ dimension: 'api_calls' }],
    })
    shop.world.advance(hourMs)
    const answer = await send(shop, tick({}, '1', 'Ann'), tick({}, '1', 'bob'))
    expect(answer).toMatchObject({ accepted: 2, unmetered: 1 })
  })

  it('refuse an event with all that meters miss in it, and keep nothing of it', async () => {
    const ids = await defineAll()
    const bad = named({
      agreement,
      event: 'tick',
      properties: { n: -1 },
      at: '2027-03-10T10:10:00Z',
    })
    const { refused, accepted } = await send(shop, bad, tick({}, '2'))
    expect(accepted).toBe(1)
    expect(refused[0].errors.map((one: any) => one.path).toSorted()).toEqual([
      'properties.n',
      'properties.n',
      'properties.n',
      'properties.who',
    ])
    expect(await givenTo('api_calls', ids)).toMatchObject({ sum: '2', max: '2' })
  })

  it('count a number and its text as one value', async () => {
    const ids = await defineAll()
    const who = (value: unknown) => ({ properties: { n: 1, who: value } })
    await send(shop, tick(who(7), ''), tick(who('7'), ''), tick(who('seven'), ''))
    expect(await givenTo('api_calls', ids)).toMatchObject({ unique: '2' })
  })

  it('refuse numbers that a quantity cannot hold', async () => {
    await defineAll()
    const { refused } = await send(shop, tick({}, '1000000000000000'))
    expect(refused[0].errors[0]).toMatchObject({ path: 'properties.n' })
    expect(refused[0].errors[0].message).toMatch(/15 digits before the point \(meter meter-/)
  })
})

type Step = { readonly take?: number[]; readonly back?: number[] }
const eventOf = fc.record({
  n: fc.integer({ min: 0, max: 9 }),
  who: fc.integer({ min: 0, max: 3 }),
  minute: fc.integer({ min: 0, max: 3 }),
  hour: fc.integer({ min: 10, max: 11 }),
})
const story = fc.array(eventOf, { minLength: 1, maxLength: 12 }).chain((events) => {
  const some = fc.array(fc.nat({ max: events.length - 1 }), { maxLength: 8 })
  const steps = fc.array(fc.record<Step>({ take: some, back: some }, { requiredKeys: [] }), {
    maxLength: 8,
  })
  return fc.record({ events: fc.constant(events), steps })
})

describe('any order, any batches, with repeats and reversals', () => {
  it('give the aggregates of the set of events that stand', { timeout: 300_000 }, async () => {
    const ids = await defineAll()
    shop.world.advance(hourMs)
    let run = 0
    const numRuns = Number(process.env.PROPERTY_RUNS ?? 25)
    await fc.assert(
      fc.asyncProperty(story, async ({ events, steps }) => {
        run++
        await sql`truncate usage_events, usage_contributions, usage_records, usage_series,
          meter_hours, meter_uniques cascade`.execute(shop.world.deps.db)
        const all = events.map(({ n, who, minute, hour }, index) =>
          named({
            id: `${run}-${index}`,
            agreement,
            event: 'tick',
            properties: { n, who },
            at: `2027-03-10T${hour}:1${minute}:00.000Z`,
          }),
        )
        const [known, gone] = [new Set<number>(), new Set<number>()]
        for (const { take = [], back = [] } of steps) {
          const backs = back.map((index) => ({
            id: `back-${run}-${index}`,
            source: 'test',
            reverses: `${run}-${index}`,
          }))
          const batch = [...take.map((index) => all[index]), ...backs]
          if (batch.length === 0) continue
          const answer = await send(shop, ...batch)
          expect(answer.conflicts).toEqual([])
          for (const index of take) known.add(index)
          for (const index of back) if (known.has(index)) gone.add(index)
        }
        const standing = [...known].filter((index) => !gone.has(index))
        const expected = truth(
          standing.map((index) => ({ id: `${run}-${index}`, ...events[index]! })),
        )
        expect(await givenTo('api_calls', ids)).toEqual(expected)
        const halves = Object.entries(expected).map(([key, value]) => [key, times(value, '0.5')])
        expect(await givenTo('storage_gb', ids)).toEqual(Object.fromEntries(halves))
        expect((await proof(shop)).holds).toBe(true)
      }),
      { numRuns, ...seeded },
    )
  })
})

type Event = { id: string; n: number; who: number; minute: number; hour: number }
/** The aggregates of all hours, told from the whole set at once. */
function truth(events: readonly Event[]) {
  const hours = [...Map.groupBy(events, ({ hour }) => hour).values()]
  const sum = (of: (own: readonly Event[]) => number) =>
    total(hours.map((own) => String(of(own)))) || '0'
  const latest = (own: readonly Event[]) =>
    own.toSorted((a, b) => a.minute - b.minute || (a.id < b.id ? -1 : 1)).at(-1)?.n ?? 0
  return {
    sum: sum((own) => own.reduce((all, { n }) => all + n, 0)),
    count: plus('0', String(events.length)),
    max: sum((own) => Math.max(...own.map(({ n }) => n))),
    unique: sum((own) => new Set(own.map(({ who }) => who)).size),
    last: sum(latest),
  }
}
