import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as connections from '../../src/connections/service.ts'
import { transact } from '../../src/deps.ts'
import { compare, type Decimal, floor, minus, plus, total } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { claim } from '../../src/metering/freeze.ts'
import { apportion, freeze } from '../../src/metering/quantities.ts'
import {
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
  traits,
} from '../metering/market.ts'

const quantity = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 999 }))
  .map(([whole, places]) => `${whole}.${String(places).padStart(3, '0')}`)

describe('carrying', () => {
  it('sends the floor of the running total, whatever the parts', () => {
    fc.assert(
      fc.property(fc.array(quantity, { maxLength: 60 }), (quantities) => {
        let carry: Decimal = '0'
        let sent: Decimal = '0'
        for (const one of quantities) {
          const split = freeze(carry, one, traits)
          expect(plus(split.carriedIn, one)).toBe(plus(split.sent, split.carriedOut))
          carry = split.carriedOut
          sent = plus(sent, split.sent)
          expect(compare(carry, '1')).toBe(-1)
        }
        expect(sent).toBe(floor(total(quantities)))
      }),
    )
  })

  it('splits what is sent over tags without a unit gained, lost or moved by more than one', () => {
    fc.assert(
      fc.property(
        fc.array(quantity, { minLength: 1, maxLength: 20 }),
        quantity,
        (quantities, carry) => {
          const { sent } = freeze(carry, total(quantities), traits)
          const parts = quantities.map((one, n) => ({ quantity: one, tags: { n: String(n) } }))
          const split = apportion(sent, parts, traits)
          if (compare(total(quantities), '0') > 0)
            expect(total(split.map((part) => part.quantity))).toBe(sent)
        },
      ),
    )
  })
})

/** What may happen to a seller's usage, in any order. */
type Step =
  | { readonly is: 'events'; readonly events: readonly Happening[] }
  | { readonly is: 'again' }
  | { readonly is: 'time'; readonly minutes: number }
  | { readonly is: 'market'; readonly mood: Mood }
  | { readonly is: 'killed'; readonly before: 'call' | 'settling' }
  | { readonly is: 'held'; readonly hoursAgo: number }
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
  { weight: 1, arbitrary: fc.constant({ is: 'end' as const }) },
)

describe('usage, whatever happens', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await openShop([])
  })
  afterAll(() => shop.world.close())

  it('is billed once or accounted for: nothing twice, nothing lost in silence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        await live(shop, steps)
        await settle(shop)
        await check(shop)
      }),
      { numRuns: Number(process.env.METERING_RUNS ?? 12), endOnFailure: true },
    )
  })

  let agreement = ''
  const sent: unknown[] = []
  const foreign = new Set<string>()

  async function live({ market, world, connection }: Shop, steps: readonly Step[]) {
    ;[agreement] = await shop.fresh()
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
      } else
        market.agreements.push(
          remote(agreement, {
            state: { is: 'ended', how: 'cancelled' },
            changedAt: world.deps.now(),
          }),
        )
      expect((await proof(shop)).holds).toBe(true)
    }
  }

  function feel(mood: Mood) {
    const { market } = shop
    const trouble = () => new Problem('unavailable', 'no answer')
    market.fault = mood === 'down' ? trouble : undefined
    market.lostReply = mood === 'deaf' ? trouble : undefined
    market.decide = ({ id, hour }) =>
      mood === 'busy' && Number(hour.slice(12, 13)) % 2
        ? { id, is: 'later', reason: 'busy' }
        : mood === 'strict' && Number(hour.slice(12, 13)) % 3 === 0
          ? { id, is: 'refused', reason: 'no', tooLate: hour.endsWith('3:00Z') }
          : undefined
  }

  /** The marketplace is well again and time goes on until nothing is left to do. */
  async function settle(after: Shop) {
    feel('fine')
    for (let hour = 0; hour < 4; hour++) await pass(after, 65 * 60_000)
  }

  async function check({ market }: Shop) {
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
      const never = total([row.refused, row.lost, row.carried])
      expect(minus(row.events, never)).toBe(row.accepted)
    }
  }
})
