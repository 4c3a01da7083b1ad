import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as connections from '../../src/connections/service.ts'
import { transact } from '../../src/deps.ts'
import { compare, type Decimal, minus, total } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { claim } from '../../src/metering/freeze.ts'
import {
  allowances,
  event,
  hourMs,
  keyOf,
  openShop,
  pass,
  proof,
  records,
  remote,
  type Shop,
  send,
  told,
} from '../metering/market.ts'

const quantity = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 999 }))
  .map(([whole, places]) => `${whole}.${String(places).padStart(3, '0')}`)

/** What may happen to a seller's usage, in any order. */
type Step =
  | { readonly is: 'events'; readonly events: readonly Happening[] }
  | { readonly is: 'again' }
  | { readonly is: 'time'; readonly minutes: number }
  | { readonly is: 'market'; readonly mood: Mood }
  | { readonly is: 'killed'; readonly before: 'call' | 'settling' }
  | { readonly is: 'held'; readonly hoursAgo: number }
  | { readonly is: 'include'; readonly quantity: Decimal | null }
  | { readonly is: 'end' }
type Happening = {
  readonly other: boolean
  readonly minutesAgo: number
  readonly quantity: Decimal
}
type Mood = 'fine' | 'down' | 'deaf' | 'busy' | 'strict'

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant('events' as const),
      events: fc.array(
        fc.record({
          other: fc.boolean(),
          minutesAgo: fc.oneof(
            { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
            fc.integer({ min: 0, max: 2_000 }),
          ),
          quantity,
        }),
        { minLength: 1, maxLength: 12 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ is: 'again' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('time' as const),
      minutes: fc.constantFrom(2, 20, 61, 150),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('market' as const),
      mood: fc.constantFrom<Mood>('fine', 'down', 'deaf', 'busy', 'strict'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('killed' as const),
      before: fc.constantFrom('call' as const, 'settling' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('held' as const),
      hoursAgo: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constant('include' as const),
      quantity: fc.option(quantity, { freq: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ is: 'end' as const }) },
)

describe.each([
  ['where all is sent', {}],
  ['where only what exceeds the included units is sent', { overageOnly: true }],
  ['where decimals beyond them are', { overageOnly: true, quantity: 'decimal' as const }],
])('usage, whatever happens, %s', (_, changed) => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop([], changed)
  })
  afterAll(() => shop.world.close())

  it('is billed once or accounted for: nothing twice, nothing lost in silence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        await live(shop, steps)
        await settle(shop)
        await check(shop)
      }),
      { numRuns: Number(process.env.METERING_RUNS ?? 8), endOnFailure: true },
    )
  })

  let agreement = ''
  const sent: unknown[] = []
  const foreign = new Set<string>()

  async function live({ market, world, connection }: Shop, steps: readonly Step[]) {
    ;[agreement] = await shop.fresh()
    await tell(shop, '7.5')
    sent.length = 0
    foreign.clear()
    const now = () => Date.parse(world.deps.now())
    for (const one of steps) {
      if (one.is === 'events') {
        const batch = one.events.map(({ other, minutesAgo, quantity }) =>
          event({
            agreement,
            dimension: other ? 'storage_gb' : 'api_calls',
            quantity,
            at: new Date(now() - minutesAgo * 60_000).toISOString(),
          }),
        )
        sent.push(...batch)
        expect((await send(shop, ...batch)).accepted).toBe(batch.length)
      } else if (one.is === 'again') {
        const batch = sent.slice(-20)
        if (batch.length > 0)
          expect(await send(shop, ...batch.toReversed())).toMatchObject({
            accepted: 0,
            duplicates: batch.length,
          })
      } else if (one.is === 'time') await pass(shop, one.minutes * 60_000)
      else if (one.is === 'market') feel(one.mood)
      else if (one.is === 'killed') {
        const port = await connections.port(world.deps, connection, 'metering')
        const { reports } = await transact(world.deps, (tx) => claim(tx, connection, port, 25))
        if (one.before === 'settling' && reports.length > 0)
          await port.report(reports).catch(() => {})
      } else if (one.is === 'held') {
        const hour = `${new Date(now() - one.hoursAgo * hourMs).toISOString().slice(0, 13)}:00Z`
        const key = `license-of-${agreement} api_calls ${hour}`
        if (!market.ledger.has(key)) {
          foreign.add(key)
          market.ledger.set(key, { id: 'foreign', quantity: '123456' } as any)
        }
      } else if (one.is === 'include') await tell(shop, one.quantity)
      else
        market.agreements.push(
          remote(agreement, {
            included: market.agreements.at(-1)?.included ?? [],
            state: { is: 'ended', how: 'cancelled' },
            changedAt: world.deps.now(),
          }),
        )
      expect((await proof(shop)).holds).toBe(true)
    }
  }

  /** So many calls are included all along, and two gigabytes until noon, and then one. */
  const tell = (after: Shop, calls: Decimal | null) =>
    told(
      after,
      remote(agreement, {
        included: [
          { dimension: 'api_calls', quantity: calls, from: at('00:00'), until: null },
          { dimension: 'storage_gb', quantity: '2', from: at('00:00'), until: at('12:20') },
          { dimension: 'storage_gb', quantity: '1', from: at('12:20'), until: null },
        ],
        changedAt: after.world.deps.now(),
      }),
    )
  const at = (time: string): Instant => `2027-03-10T${time}:00.000Z`

  function feel(mood: Mood) {
    const { market } = shop
    const trouble = () => new Problem('unavailable', 'no answer')
    market.fault = mood === 'down' ? trouble : undefined
    market.lostReply = mood === 'deaf' ? trouble : undefined
    market.decide = (report) => {
      const { id, hour } = report
      // What it took under a lost reply it does not refuse when it comes again.
      const isTaken = market.ledger.get(keyOf(report))?.id === id
      return mood === 'busy' && Number(hour.slice(12, 13)) % 2
        ? { id, is: 'later', reason: 'busy' }
        : mood === 'strict' && !isTaken && Number(hour.slice(12, 13)) % 3 === 0
          ? { id, is: 'refused', reason: 'no', tooLate: hour.endsWith('3:00Z') }
          : undefined
    }
  }

  /** The marketplace is well again and time goes on until nothing is left to do. */
  async function settle(after: Shop) {
    feel('fine')
    for (let hour = 0; hour < 4; hour++) await pass(after, 65 * 60_000)
  }

  async function check(after: Shop) {
    const { market } = after
    const periods = await allowances(after, `&agreement=${agreement}`)
    const { holds, data } = await proof(shop)
    expect(holds).toBe(true)
    const told = await records(shop)
    expect(told.filter(({ state }) => ['open', 'due', 'sending'].includes(state.is))).toEqual([])
    const byKey = Map.groupBy(market.calls.flat(), keyOf)
    for (const reports of byKey.values()) {
      expect(new Set(reports.map(({ id }) => id)).size).toBe(1)
      expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1)
    }
    for (const row of data) {
      const taken = [...market.ledger].filter(
        ([key]) => key.includes(` ${row.dimension} `) && !foreign.has(key),
      )
      expect(total(taken.map(([, { quantity }]) => quantity))).toBe(row.accepted)
      expect(compare(row.carried, '1')).toBe(-1)
      const never = total([row.refused, row.lost, row.carried, row.included])
      expect(minus(row.events, never)).toBe(row.accepted)
      const own = periods.filter(({ dimension }) => dimension === row.dimension)
      expect(total(own.map(({ used }) => used))).toBe(row.included)
      if (row.dimension === 'storage_gb')
        for (const { used, quantity } of own) expect(compare(used, quantity)).toBeLessThan(1)
    }
  }
})
