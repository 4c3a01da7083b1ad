import fc from 'fast-check'
import type { KyselyPlugin } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Decimal, plus, times, total } from '../../src/kernel/decimal.ts'
import { ingest } from '../../src/metering/service.ts'
import {
  allowances,
  hourMs,
  openShop,
  pass,
  proof,
  remote,
  type Shop,
  send,
  told as tell,
} from './market.ts'
import { addMeters } from './meters.ts'

let shop: Shop
/** Where what the price includes is left to us. */
let careful: Shop
const prepared = async (traits: object) => {
  const shop = await openShop([], traits)
  await addMeters(shop, [
    { event: 'request', aggregation: 'count', to: [{ dimension: 'api_calls', times: '0.25' }] },
    {
      event: 'request',
      aggregation: 'sum',
      value: 'properties.bytes / 10',
      to: [
        { dimension: 'storage_gb', times: '1' },
        { dimension: 'api_calls', times: '0.5' },
      ],
    },
    {
      event: 'peak',
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
  ])
  return shop
}
beforeAll(async () => {
  shop = await prepared({})
  careful = await prepared({ overageOnly: true, quantity: 'decimal' })
})
afterAll(async () => {
  await shop.world.close()
  await careful.world.close()
})

/** Usage of the last two hours before the start, or of a day that is over for its marketplace. */
type Use = {
  readonly id: string
  readonly hour: number
  readonly of: string
  readonly much: number
}
const moments = ['2027-03-10T08:00:00.000Z', '2027-03-10T09:00:00.000Z', '2027-03-08T09:00:00.000Z']

const told = (agreement: string, { id, hour, of, much }: Use) => {
  const common = { id, source: 'app', agreement, at: moments[hour] }
  if (of === 'request') return { ...common, event: of, properties: { bytes: String(much) } }
  if (of === 'peak') return { ...common, event: of, properties: { seats: much } }
  if (of === 'login') return { ...common, event: of, properties: { user: `u${much % 3}` } }
  if (of === 'unheard') return { ...common, event: of, properties: {} }
  return { ...common, dimension: of, quantity: times(String(much), '0.3') }
}
const undo = (id: string) => ({ id: `undo-${id}`, source: 'app', reverses: id })

/** What the events that stand come to, counted anew from what they say. */
function recount(standing: readonly Use[]): Record<string, Decimal> {
  const of = (name: string) => standing.filter((use) => use.of === name)
  const requests = of('request').map(({ much }) => times(String(much), '0.1'))
  const byHour = (name: string) => [...Map.groupBy(of(name), ({ hour }) => hour).values()]
  const peaks = byHour('peak').map((uses) => String(Math.max(...uses.map(({ much }) => much))))
  const users = byHour('login').map((uses) => new Set(uses.map(({ much }) => much % 3)).size)
  const direct = (name: string) => of(name).map(({ much }) => times(String(much), '0.3'))
  const counted = times(String(requests.length), '0.25')
  return {
    api_calls: total([
      ...direct('api_calls'),
      counted,
      times(total(requests), '0.5'),
      ...users.map(String),
    ]),
    storage_gb: total([...direct('storage_gb'), ...requests, ...peaks]),
  }
}

const kinds = ['api_calls', 'storage_gb', 'request', 'peak', 'login', 'unheard'] as const
const use = fc.record({
  hour: fc.nat(2),
  of: fc.constantFrom(...kinds),
  much: fc.nat(40),
  isUndone: fc.boolean(),
  repeats: fc.nat(1),
})
const plan = fc.record({
  uses: fc.array(use, { minLength: 1, maxLength: 14 }),
  order: fc.infiniteStream(fc.nat(1_000_000)),
  batches: fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), waits: fc.boolean() }), {
    minLength: 30,
    maxLength: 30,
  }),
})
const runs = Math.min(Number(process.env.PROPERTY_RUNS ?? 6), 500)
let worlds = 0

describe('events of any form', () => {
  const included = [
    { dimension: 'api_calls', quantity: '4', from: '2027-03-01T00:00:00.000Z', until: null },
    {
      dimension: 'storage_gb',
      quantity: '3.5',
      from: '2027-03-01T00:00:00.000Z',
      until: '2027-03-10T09:30:00.000Z',
    },
  ] as const

  it.each([
    ['all of it is sent', () => shop],
    ['only what exceeds what is included is sent', () => careful],
  ])(
    'in any mix, order and number of repeats come to what stands in the end, exactly, where %s',
    async (_, open) => {
      const shop = open()
      await fc.assert(
        fc.asyncProperty(plan, async ({ uses, order, batches }) => {
          const [agreement] = await shop.fresh()
          if (shop === careful)
            await tell(shop, remote(agreement, { included, changedAt: shop.world.deps.now() }))
          const world = ++worlds
          const all = uses.map((one, n): Use & typeof one => ({ ...one, id: `${world}-${n}` }))
          const items = all.flatMap((one) => [
            ...Array.from({ length: 1 + one.repeats }, () => ({ use: one, isUndo: false })),
            ...(one.isUndone ? [{ use: one, isUndo: true }] : []),
          ])
          const shuffled = items
            .map((item) => ({ item, key: order.next().value }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ item }) => item)
          const [stored, undone] = [new Map<string, Use>(), new Set<string>()]
          for (const { size, waits } of batches) {
            const batch = shuffled.splice(0, size)
            if (batch.length === 0) break
            const answer = await send(
              shop,
              ...batch.map(({ use, isUndo }) => (isUndo ? undo(use.id) : told(agreement, use))),
            )
            const { accepted, duplicates, refused, conflicts } = answer
            expect(accepted + duplicates + refused.length).toBe(batch.length)
            expect(conflicts).toEqual([])
            for (const { use, isUndo } of batch) if (!isUndo) stored.set(use.id, use)
            const isIn = ({ isUndo, use }: (typeof batch)[number]) => isUndo && stored.has(use.id)
            for (const { use } of batch.filter(isIn)) undone.add(use.id)
            // What takes back something that never came is refused, and may come again.
            const early = batch.filter(({ isUndo, use }) => isUndo && !stored.has(use.id))
            expect(refused.length).toBe(early.length)
            if (waits) await pass(shop, 40 * 60_000)
          }
          const standing = [...stored.values()].filter(({ id }) => !undone.has(id))
          const expected = recount(standing)
          const check = async () => {
            const { holds, data } = await proof(shop)
            expect(holds).toBe(true)
            for (const row of data) {
              expect([row.dimension, row.events]).toEqual([
                row.dimension,
                expected[row.dimension as string],
              ])
              const { accepted, carried, due, lost, included, refused } = row
              expect(total([accepted, carried, due, lost, included, refused])).toBe(row.events)
            }
            return data
          }
          await check()
          await pass(shop, 2 * hourMs)
          const periods = await allowances(shop)
          for (const { dimension, accepted, due, included } of await check()) {
            const own = periods.filter((period) => period.dimension === dimension)
            expect(total(own.map(({ used }) => used))).toBe(included)
            expect(due).toBe('0')
            expect(shop.market.total(dimension)).toBe(accepted)
          }
        }),
        {
          numRuns: runs,
          ...(process.env.PROPERTY_SEED && { seed: Number(process.env.PROPERTY_SEED) }),
        },
      )
    },
    600_000,
  )

  it('are all there or none of them, whichever statement is the last', async () => {
    const [agreement] = await shop.fresh()
    const use = (n: number, of: string, hour = 1): Use => ({ id: `kill-${n}`, hour, of, much: n })
    const before = told(agreement, use(1, 'request'))
    await send(shop, before)
    await pass(shop, 40 * 60_000)
    const batch = [
      told(agreement, use(2, 'api_calls')),
      told(agreement, use(3, 'request')),
      told(agreement, use(4, 'peak', 0)),
      told(agreement, use(5, 'api_calls', 2)),
      told(agreement, use(6, 'login')),
      { ...told(agreement, use(7, 'request')), properties: {} },
      undo('kill-1'),
      undo('kill-3'),
      undo('kill-2'),
    ]
    const { db } = shop.world.deps
    const snapshot = async () => [
      await db.selectFrom('usage_events').selectAll().orderBy('id').execute(),
      await db.selectFrom('usage_contributions').selectAll().orderBy('event').execute(),
      await db
        .selectFrom('usage_records')
        .select(['id', 'quantity', 'events'])
        .orderBy('id')
        .execute(),
      await db.selectFrom('meter_hours').selectAll().orderBy('hour').execute(),
      await db.selectFrom('events').select(['id']).orderBy('id').execute(),
    ]
    const happened = async () =>
      (await db.selectFrom('events').select('id').where('kind', '=', 'usage.lost').execute()).length
    const untouched = await snapshot()
    let [statements, isDone] = [0, false]
    while (!isDone) {
      const deps = { ...shop.world.deps, db: db.withPlugin(failAfter(statements)) }
      const answer = await ingest(deps, batch).catch((error: Error) => error.message)
      const stands = await snapshot()
      // The answer may get lost after all was stored: then it is all there.
      isDone = typeof answer !== 'string' || stands[0]?.length !== untouched[0]?.length
      if (typeof answer === 'string') expect(answer).toBe('the process died here')
      if (!isDone) expect(stands).toEqual(untouched)
      statements++
    }
    expect(await send(shop, ...batch)).toMatchObject({
      accepted: 0,
      duplicates: 8,
      refused: [{ index: 5 }],
    })
    expect(await happened()).toBe(1)
    expect(statements).toBeGreaterThan(12)
    const { holds, data } = await proof(shop)
    expect(holds).toBe(true)
    expect(data.map(({ dimension, events }: any) => [dimension, events])).toEqual([
      ['api_calls', plus('1.5', '1')],
      ['storage_gb', '4'],
    ])
  })
})

/** Lets so many statements through, and no more. */
function failAfter(count: number): KyselyPlugin {
  let left = count
  return {
    transformQuery({ node }) {
      if (left-- <= 0) throw new Error('the process died here')
      return node
    },
    transformResult: async ({ result }) => result,
  }
}
