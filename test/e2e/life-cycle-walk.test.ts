import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  dayMs,
  expectedOf,
  GLOBEX,
  HOOLI,
  heldOf,
  hourMs,
  INITECH,
  type Microsoft,
  minuteMs,
  openMicrosoft,
  secondMs,
} from './microsoft.ts'

/** `WALK_SEEDS=20` walks twenty more, and all longer; each is from a seed that is new and in its name. */
const walks = Number(process.env.WALK_SEEDS ?? 0)
const fixed = [1, 300]
const seeds = [...fixed, ...Array.from({ length: walks }, () => randomInt(1_000_000_000))]
const steps = walks > 0 ? 30 : 15
const aliveMax = 3

/** Webhooks of every kind of trouble: doubled, out of order, a day late, or never. */
const rough = {
  subscribeEvents: true,
  duplicateRate: 0.4,
  disorderRate: 0.5,
  disorderMs: 90 * secondMs,
  dropRate: 0.2,
  dayLateRate: 0.15,
}

/** Small pages, so that the list has several. */
const pageSizes = [2, 1]

/** Where Microsoft's documents contradict each other, the other choice. */
const otherwise = {
  fulfilment: {
    pageSizes,
    activateAgain: 'refuse',
    unknownOperation: '400',
    finishedOperation: 'missing',
    emptyOperations: 'nothing',
    patchOwnOperation: '500',
    sameChange: 'Conflict',
    extraKeys: true,
  },
  webhooks: { claims: 'v1', subscribeEvents: false },
}

/** The buyers, the seller and the clock at random, and after each step the one thing that must always hold. */
describe('a walk through the life of subscriptions', () => {
  it.each(seeds)(
    'stays with Microsoft, seed %i',
    async (seed) => {
      const microsoft = await openMicrosoft({ webhooks: rough, without: ['usage-read-back'] })
      try {
        const luck = luckOf(seed)
        await microsoft.set({ fulfilment: { pageSizes } })
        if (seed % 2 === 0) await microsoft.set(otherwise)
        for (const sold of [{ planId: 'team' }, { planId: 'per-seat', quantity: 12 }])
          await microsoft.subscribe({ ...sold, termUnit: 'P1M', billingAccountId: INITECH })
        const done: string[] = []
        for (let step = 0; step < steps; step++) {
          done.push(await takeStep(microsoft, luck))
          await expectSame(microsoft, `seed ${seed}: ${done.join(', ')}`)
        }
        await microsoft.pass(35 * dayMs, longStepMs)
        await expectSame(microsoft, `seed ${seed}: ${done.join(', ')}, 35 days`)
        await expectSaneVersions(microsoft)
        if (fixed.includes(seed)) await expectLively(microsoft)
        await microsoft.expectNothingStopped()
        expect(await microsoft.everything('/v1/notices?state=received')).toEqual([])
      } finally {
        await microsoft.close()
      }
    },
    240_000,
  )
})

/** A walk on which little happens would prove little. */
async function expectLively(microsoft: Microsoft): Promise<void> {
  const { operations } = await microsoft.cloud('GET', '/azure/control/operations')
  const kinds = operations.map((one: any) => `${one.action} of ${one.source}: ${one.status}`)
  expect(new Set(kinds).size, kinds.join('\n')).toBeGreaterThan(walks > 0 ? 5 : 3)
  const answers = new Set((await microsoft.deliveries()).map(({ state }) => state))
  expect(answers).toEqual(new Set(['delivered', 'dropped']))
}

type Luck = { below(n: number): number; of<T>(choices: readonly T[]): T }

/** Numbers that repeat with their seed: a linear congruential generator, its upper bits. */
function luckOf(seed: number): Luck {
  let state = BigInt(seed)
  const below = (n: number) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn
    return Number((state >> 33n) % BigInt(n))
  }
  return { below, of: (choices) => choices[below(choices.length)]! }
}

const waits = [3 * secondMs, 15 * secondMs, minuteMs, 7 * minuteMs, hourMs, 9 * hourMs, dayMs]
const longWaits = [5 * dayMs, 31 * dayMs]
/** Timers of the cloud and jobs of ours are kept whatever the step; only polls are fewer. */
const longStepMs = 5 * dayMs

async function takeStep(microsoft: Microsoft, luck: Luck): Promise<string> {
  const all = await microsoft.subscriptions()
  const alive = all.filter(({ status }) => status !== 'Unsubscribed')
  if (alive.length === 0 || (alive.length < aliveMax && luck.below(4) === 0))
    return buy(microsoft, luck)
  const { id } = luck.of(luck.below(8) === 0 ? all : alive)
  const name = await luck.of(moves)(microsoft, id, luck)
  if (luck.below(3) > 0) return name
  const ms = luck.below(10) === 0 ? luck.of(longWaits) : luck.of(waits)
  await microsoft.pass(ms, longStepMs)
  return `${name}, ${ms / secondMs} s`
}

async function buy(microsoft: Microsoft, luck: Luck): Promise<string> {
  const planId = luck.of(['team', 'team', 'per-seat', 'enterprise'])
  const { subscriptionId } = await microsoft.buyer('buy', {
    offerId: 'acme-analytics',
    planId,
    billingAccountId: luck.of([INITECH, GLOBEX, HOOLI]),
    termUnit: planId === 'enterprise' ? 'P1Y' : 'P1M',
    ...(planId === 'per-seat' ? { quantity: 10 + luck.below(5) } : {}),
  })
  if (luck.below(3) === 0) return `buy ${planId}`
  await microsoft.buyer('configure', { subscriptionId })
  await microsoft.pass(luck.of(waits))
  return `buy and configure ${planId}`
}

type Move = (microsoft: Microsoft, id: string, luck: Luck) => Promise<string>

/** What buyers try; what cannot be at the moment is a 409, and no harm. */
const bought =
  (path: string, more: (luck: Luck) => object = () => ({})): Move =>
  async (microsoft, subscriptionId, luck) => {
    const status = await microsoft.tries(path, { subscriptionId, ...more(luck) })
    expect([200, 409, 422]).toContain(status)
    return `${path} ${status}`
  }

/** What the seller asks; what cannot be is told, and never our fault. */
const asked =
  (path: string, body: (luck: Luck) => object = () => ({})): Move =>
  async (microsoft, id, luck) => {
    const agreement = await microsoft.agreementOf(id)
    if (!agreement) return `${path} of nothing`
    const answer = await microsoft
      .as('admin')
      .post(`/v1/agreements/${agreement.id}/${path}`, body(luck))
    expect([202, 409, 422], answer.text).toContain(answer.status)
    await microsoft.drain()
    return `ask to ${path} ${answer.status}`
  }

const plans = ['team', 'enterprise', 'per-seat']
const failsNext: Move = async (microsoft) => {
  await microsoft.cloud('POST', '/azure/control/activations/fail', { times: 1 })
  return 'the next activation fails'
}
const anyPlan = (luck: Luck) => luck.of(plans)
const anySeats = (luck: Luck) => 1 + luck.below(40)
const weighed: readonly (readonly [number, Move])[] = [
  [3, bought('configure')],
  [3, bought('change-plan', (luck) => ({ planId: anyPlan(luck) }))],
  [3, bought('change-seats', (luck) => ({ quantity: anySeats(luck) }))],
  [2, bought('pay-fails')],
  [4, bought('pay')],
  [1, bought('turn-off-renewal')],
  [2, bought('turn-on-renewal')],
  [1, bought('cancel')],
  [1, asked('activate')],
  [3, asked('change', (luck) => ({ plan: anyPlan(luck) }))],
  [3, asked('change', (luck) => ({ quantity: String(anySeats(luck)) }))],
  [1, asked('cancel')],
  [1, failsNext],
]
const moves = weighed.flatMap(([weight, move]) => Array<Move>(weight).fill(move))

/** After a poll each agreement is its subscription, and another poll reads each page of the list once and nothing else. */
async function expectSame(microsoft: Microsoft, story: string): Promise<void> {
  await microsoft.poll()
  const theirs = await microsoft.subscriptions()
  const ours = await microsoft.everything(`/v1/agreements?connection=${microsoft.connection}`)
  const held = new Map(ours.map((one) => [one.agreementRef, heldOf(one)]))
  const wanted = new Map(theirs.map((one) => [one.id, expectedOf(one)]))
  expect(held, story).toEqual(wanted)
  const before = await microsoft.calls()
  await microsoft.poll()
  const after = await microsoft.calls()
  expect(more(before, after), story).toEqual({ ListSubscriptions: pagesOf(theirs.length) })
}

/** Pages of a list of so many. */
function pagesOf(length: number): number {
  let pages = 0
  for (let shown = 0; shown < Math.max(1, length); pages++)
    shown += pageSizes[pages % pageSizes.length]!
  return pages
}

const more = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )

/** Versions follow each other without gap, none was known before it was true, and the newest is what is held. */
async function expectSaneVersions(microsoft: Microsoft): Promise<void> {
  for (const one of await microsoft.everything(
    `/v1/agreements?connection=${microsoft.connection}`,
  )) {
    const versions = await microsoft.everything(`/v1/agreements/${one.id}/versions`)
    expect(versions.length).toBeGreaterThan(0)
    versions.forEach((version, i) => {
      expect(version.validTo).toBe(versions[i + 1]?.validFrom ?? null)
      expect(version.recordedAt >= version.validFrom).toBe(true)
      if (i > 0) expect(version.validFrom >= versions[i - 1].validFrom).toBe(true)
    })
    expect(versions.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
      versions.map((_, i) => i + 1),
    )
    const newest = versions.at(-1)
    expect(heldOf(newest)).toEqual(heldOf(one))
    const states = versions.map(({ state }) => state.is)
    // What ended stays so: no subscription comes back.
    expect(states.slice(states.indexOf('ended') + 1).filter((is) => is !== 'ended')).toEqual(
      states.includes('ended') ? [] : states.slice(0).filter((is) => is !== 'ended'),
    )
    for (const moment of versions.map(({ recordedAt }) => recordedAt)) {
      const known = await microsoft.everything(`/v1/agreements/${one.id}/versions?asOf=${moment}`)
      expect(known).toHaveLength(versions.filter(({ recordedAt }) => recordedAt <= moment).length)
    }
  }
}
