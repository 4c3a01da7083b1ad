import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hour, type Instant, later, millis } from '../../src/kernel/time.ts'
import { deadlineOf, flushEnd } from '../../src/metering/hours.ts'
import type { MeteringTraits } from '../../src/metering/model.ts'
import {
  event,
  hourMs,
  openShop,
  pass,
  proof,
  records,
  remote,
  type Shop,
  send,
  traits as usualTraits,
} from './market.ts'

const minuteMs = 60_000
const runs = Number(process.env.WINDOW_RUNS ?? 4)

/** How long three kinds of marketplaces take usage: a day and until six on the first; a day; an hour and until one in California. */
const kinds: readonly (readonly [string, Partial<MeteringTraits>])[] = [
  [
    'a day, and a month until six',
    { lateHoursMax: 24, monthClose: { day: 1, hour: 6 }, flushMinutes: 60 },
  ],
  ['a day', { lateHoursMax: 24, monthClose: null, flushMinutes: 1_440 }],
  [
    'an hour, and a month until one in California',
    {
      lateHoursMax: 1,
      monthClose: { day: 1, hour: 1, timeZone: 'America/Los_Angeles' },
      flushMinutes: 60,
    },
  ],
]

/** Seconds before a cancellation; and after it, in an hour that began after it. */
const offset = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -5_400, max: -1 }) },
  fc.integer({ min: 3_600, max: 5_400 }),
)

/** Late in the evening before a month closes, in every zone. */
const monthEnd: Instant = '2027-03-31T20:30:00.000Z'

describe.each(kinds)('a marketplace that takes usage for %s', (_, changed) => {
  const traits = { ...usualTraits, ...changed }
  let shop: Shop
  let agreement: string
  /** What was told after the marketplace had closed its hour. */
  const late: string[] = []
  beforeAll(async () => {
    shop = await openShop([], changed, { at: monthEnd })
  })
  afterAll(() => shop.world.close())

  const now = () => shop.world.deps.now()
  async function begin() {
    ;[agreement] = await shop.fresh()
    late.length = 0
    let endedAt: Instant | null = null
    shop.market.decide = ({ hour, id }) => {
      if (deadlineOf(traits, hour, endedAt) <= now()) late.push(`${id} ${hour} at ${now()}`)
      return undefined
    }
    return (at: Instant) => {
      endedAt = at
    }
  }
  const use = (at: Instant, quantity = '1') => send(shop, event({ agreement, at, quantity }))
  /** Every record was accepted, or is lost by name and value after its deadline. */
  async function settled() {
    expect((await proof(shop)).holds).toBe(true)
    const all = await records(shop)
    for (const { state, deadline, kind, quantity } of all) {
      if (state.is === 'accepted') continue
      expect(state).toMatchObject({ is: 'lost', quantity, value: { currency: 'USD' } })
      if (kind === 'usage') expect(state.at >= deadline).toBe(true)
    }
    expect(late).toEqual([])
    return all
  }
  /** So many hours of usage from the hour of now on, as time goes on by steps. */
  async function useHourly(hours: number, stepMs = 30 * minuteMs) {
    for (let hour = 0; hour < hours; hour++) {
      await use(now(), String(hour + 1))
      for (let ms = 0; ms < hourMs; ms += stepMs) await pass(shop, stepMs)
    }
  }

  it('catches up by itself when nobody worked for two days', async () => {
    await begin()
    // Events are taken all the time; only nobody sends.
    for (let hour = 0; hour < 48; hour++) {
      await use(now(), String(hour + 1))
      shop.world.advance(hourMs)
    }
    await pass(shop, 10 * minuteMs)
    const all = await records(shop)
    expect(all).toHaveLength(48)
    for (const { state, hour, quantity } of all) {
      const isTaken = deadlineOf(traits, hour as Hour, null) > now()
      expect(state, `${hour} of ${quantity}`).toMatchObject({ is: isTaken ? 'accepted' : 'lost' })
    }
    expect((await proof(shop)).holds).toBe(true)
    expect([late, all.some(({ state }) => state.is === 'accepted')]).toEqual([[], true])
  })

  it('gets all that it still takes after an outage of 23 hours over a month’s end', async () => {
    await begin()
    await useHourly(2)
    // It says so itself, so that nothing can have been taken.
    const decide = shop.market.decide
    shop.market.decide = ({ id }) => ({ id, is: 'later', reason: 'closed for repair' })
    await useHourly(23)
    shop.market.decide = decide
    await pass(shop, 5 * minuteMs)
    const back = now()
    for (let n = 0; n < 4; n++) await pass(shop, 30 * minuteMs)
    const all = await settled()
    expect(all).toHaveLength(25)
    const lost = all.filter(({ state }) => state.is === 'lost')
    expect(lost.every(({ deadline }) => deadline <= back)).toBe(true)
    const inTime = all.filter(({ deadline }) => deadline > back)
    expect(inTime.every(({ state }) => state.is === 'accepted')).toBe(true)
  })

  it('gets all usage of before a cancellation at any second, in its last window, and none of after it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 2 * 3_600 - 1 }),
        fc.array(offset, { minLength: 1, maxLength: 6 }),
        async (second, offsets) => {
          const ends = await begin()
          const end = later(now(), second * 1_000)
          const told = offsets.map((offset) => later(end, offset * 1_000)).toSorted()
          await live(end, told, ends)
          const all = await settled()
          const before = told.filter((at) => at < end && at > later(monthEnd, -hourMs)).length
          const accepted = all.filter(({ state }) => state.is === 'accepted')
          expect(Number(shop.market.total())).toBe(
            accepted.reduce((sum, { sent }) => sum + Number(sent), 0),
          )
          expect(Number(shop.market.total())).toBe(before)
        },
      ),
      { numRuns: runs },
    )
  })

  /** Usage comes when it happens, the cancellation when it happens; both are known a little later. */
  async function live(end: Instant, told: readonly Instant[], ends: (at: Instant) => void) {
    const done = later(flushEnd(traits, end), 5 * minuteMs)
    const steps = [...told.filter((at) => at > now()), end, done].toSorted()
    for (const at of told.filter((one) => one <= now() && one > later(monthEnd, -hourMs)))
      await use(at)
    for (const at of steps) {
      const stepMs = Math.max(minuteMs, (millis(at) - millis(now())) / 6)
      while (millis(at) - millis(now()) > stepMs) await pass(shop, stepMs)
      await pass(shop, Math.max(0, millis(at) - millis(now())))
      if (at === end) {
        ends(end)
        shop.market.agreements.push(
          remote(agreement, { state: { is: 'ended', how: 'cancelled' }, changedAt: end }),
        )
      } else if (told.includes(at)) await use(at)
    }
  }
})
