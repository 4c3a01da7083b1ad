import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs, type Instant } from '../../src/kernel/time.ts'
import { accepted } from '../../src/offers/service.ts'
import { type Market, type Stage, setTheStage } from './market.ts'

const minuteMs = 60_000
let stage: Stage
let market: Market
beforeAll(async () => {
  stage = await setTheStage({ looks: true, traits: { lookEveryMinutes: 30 } })
  market = stage.market
})
afterAll(() => stage.world.close())
beforeEach(() => {
  market.trouble.length = 0
})

const desk = () => stage.world.as('deal_desk')
const state = async (id: string) => (await stage.shown(id)).state
const kinds = async (id: string) => (await stage.told(id)).map(({ kind }) => kind)
const newest = async (id: string) => (await stage.told(id)).at(-1)
const looksAt = (ref: string) => market.calls.filter((call) => call === `look ${ref}`).length
const cameOf = (id: Id<'agr'>) => ({ id, acceptedAt: stage.world.deps.now() })
/** A live offer that ends so many days from now. */
const live = (days: number) =>
  stage.live({
    acceptBy: stage.world.deps
      .now()
      .slice(0, 10)
      .replace(/.*/, (day) => later(day, days)),
    payments: undefined,
  })
const later = (day: string, days: number) =>
  new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10)
const untilEndOf = async (id: string) =>
  Date.parse((await stage.shown(id)).expiresAt) - Date.parse(stage.world.deps.now())
const lastChange = (id: string) => {
  const key = [...market.begun.keys()].filter((one) => one.startsWith(id)).at(-1) ?? ''
  return market.begun.get(key)?.operation ?? ''
}
const inTrouble = (ref: string, ...problems: Problem[]) =>
  market.trouble.push(
    ...problems.map((problem) => ({ call: 'look' as const, done: false, problem, ref })),
  )

describe('a live offer whose marketplace does not tell', () => {
  it('is looked at as often as the marketplace wants, and shows when that was', async () => {
    const { id, ref } = await live(30)
    expect((await stage.shown(id)).looked).toBeNull()
    for (let minutes = 0; minutes < 120; minutes += 10) await stage.pass(10 * minuteMs)
    expect(looksAt(ref)).toBe(4)
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'live' },
      looked: { at: stage.world.deps.now(), is: 'open' },
    })
  })

  it('is accepted without an agreement when a look sees it, and subscribed when that comes', async () => {
    const { id, ref } = await live(30)
    const at: Instant = '2026-11-22T10:05:00.000Z'
    market.standings.set(ref, { is: 'accepted', at })
    await stage.pass(30 * minuteMs)
    expect(await state(id)).toEqual({
      is: 'accepted',
      offerRef: ref,
      acceptedAt: at,
      agreement: null,
      reminders: 0,
    })
    expect(await newest(id)).toMatchObject({
      kind: 'offer.accepted',
      data: { offerRef: ref, agreement: null, was: 'live' },
    })
    await accepted(stage.world.deps, id, cameOf('agr_came'))
    await accepted(stage.world.deps, id, cameOf('agr_came'))
    expect(await state(id)).toMatchObject({ acceptedAt: at, agreement: 'agr_came' })
    expect((await kinds(id)).slice(-2)).toEqual(['offer.accepted', 'offer.subscribed'])
    await stage.pass(30 * dayMs)
    expect((await kinds(id)).at(-1)).toBe('offer.subscribed')
    expect(looksAt(ref)).toBe(1)
  })

  it('is accepted with its agreement when that is told first', async () => {
    const { id, ref } = await live(30)
    await accepted(stage.world.deps, id, cameOf('agr_first'))
    await stage.pass(30 * minuteMs)
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: 'agr_first' })
    expect((await kinds(id)).filter((kind) => kind === 'offer.accepted')).toHaveLength(1)
    expect(looksAt(ref)).toBe(0)
  })

  it('reminds of an acceptance that nobody subscribed to, after 7 and 21 days and no more', async () => {
    const { id, ref } = await live(30)
    market.standings.set(ref, { is: 'accepted', at: null })
    await stage.pass(30 * minuteMs)
    const said = []
    for (let day = 1; day <= 40; day += 1) {
      const before = (await kinds(id)).length
      await stage.pass(dayMs)
      if ((await kinds(id)).length > before) said.push([day, (await newest(id))?.data.days])
    }
    expect(said).toEqual([
      [7, 7],
      [21, 21],
    ])
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: null, reminders: 2 })
    expect((await newest(id))?.kind).toBe('offer.not_subscribed')
  })

  it('reminds once of an acceptance that was seen long after', async () => {
    const { id, ref } = await live(30)
    const at = new Date(Date.parse(stage.world.deps.now()) - 25 * dayMs).toISOString() as Instant
    market.standings.set(ref, { is: 'accepted', at })
    await stage.pass(30 * minuteMs)
    await stage.pass(dayMs)
    const told = (await stage.told(id)).filter(({ kind }) => kind === 'offer.not_subscribed')
    expect(told.map(({ data }) => data.days)).toEqual([21])
  })

  it('is withdrawn when somebody took it back at the marketplace', async () => {
    const { id, ref } = await live(30)
    market.standings.set(ref, { is: 'withdrawn' })
    await stage.pass(30 * minuteMs)
    expect(await state(id)).toEqual({ is: 'withdrawn', offerRef: ref })
    expect((await newest(id))?.kind).toBe('offer.withdrawn')
  })

  it('notes a word we do not know, once, and goes on to its end', async () => {
    const { id, ref } = await live(2)
    market.standings.set(ref, { is: 'unknown', word: 'pondering' })
    await stage.pass(30 * minuteMs)
    await stage.pass(30 * minuteMs)
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'live' },
      looked: { is: 'unknown', word: 'pondering' },
    })
    const told = (await stage.told(id)).filter(({ kind }) => kind === 'offer.standing_unknown')
    expect(told).toMatchObject([{ data: { word: 'pondering' } }])
    await stage.pass(await untilEndOf(id))
    expect((await state(id)).is).toBe('expired')
  })

  it('takes an offer that the marketplace does not find for one it has no word for', async () => {
    const { id, ref } = await live(2)
    inTrouble(ref, new Problem('not_found', 'no such offer'))
    await stage.pass(30 * minuteMs)
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'live' },
      looked: { is: 'unknown', word: 'not found' },
    })
  })
})

describe('at its end', () => {
  it('the last look decides: accepted', async () => {
    const { id, ref } = await live(2)
    await stage.pass((await untilEndOf(id)) - 1)
    market.standings.set(ref, { is: 'accepted', at: null })
    await stage.pass(1)
    expect(await kinds(id)).not.toContain('offer.expired')
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: null })
  })

  it('the last look decides: expired, and an acceptance seen a day later still wins', async () => {
    const { id, ref } = await live(2)
    await stage.pass(await untilEndOf(id))
    expect((await state(id)).is).toBe('expired')
    market.standings.set(ref, { is: 'accepted', at: null })
    await stage.pass(dayMs)
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: null })
    expect((await newest(id))?.data.was).toBe('expired')
  })

  it('is looked at once more after its end, and then left alone', async () => {
    const { id, ref } = await live(2)
    await stage.pass(await untilEndOf(id))
    const before = looksAt(ref)
    for (let day = 0; day < 5; day += 1) await stage.pass(dayMs)
    expect(looksAt(ref) - before).toBe(1)
    expect((await state(id)).is).toBe('expired')
  })

  it('does not expire while nobody can look', async () => {
    const { id, ref } = await live(2)
    const left = await untilEndOf(id)
    inTrouble(ref, ...Array.from({ length: 3 }, () => new Problem('unavailable', 'no answer')))
    await stage.pass(left)
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'live' },
      problem: { code: 'unavailable' },
    })
    market.standings.set(ref, { is: 'accepted', at: null })
    for (let i = 0; i < 3; i += 1) await stage.pass(5 * minuteMs)
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'accepted' }, problem: null })
  })

  it('expires unseen when its connection is gone', async () => {
    const gone = await setTheStage({ looks: true, traits: { lookEveryMinutes: 30 } })
    const { id } = await gone.live({ acceptBy: '2026-11-24', payments: undefined })
    await gone.world.as('admin').delete(`/v1/connections/${gone.connection}`)
    await gone.pass(30 * minuteMs)
    expect(await gone.shown(id)).toMatchObject({ state: { is: 'live' }, looked: null })
    await gone.pass(3 * dayMs)
    expect((await gone.shown(id)).state.is).toBe('expired')
    await gone.world.close()
  })
})

describe('trouble while looking', () => {
  it.each(['forbidden', 'internal', 'throttled'] as const)(
    'is shown and stops nothing: %s',
    async (code) => {
      const { id, ref } = await live(30)
      inTrouble(ref, new Problem(code, 'could not look'))
      await stage.pass(30 * minuteMs)
      expect(await stage.shown(id)).toMatchObject({
        state: { is: 'live' },
        problem: { code, message: 'could not look' },
      })
      const stopped = (await stage.world.as('admin').get('/v1/jobs')).body.data
      expect(stopped.filter(({ subject }: { subject: string }) => subject === id)).toEqual([])
      await stage.pass(5 * minuteMs)
      expect([looksAt(ref), (await stage.shown(id)).problem]).toEqual([2, null])
    },
  )

  it('waits as long as it is told to', async () => {
    const { ref } = await live(30)
    inTrouble(ref, new Problem('throttled', 'slow down', { retryAfterMs: 20 * minuteMs }))
    await stage.pass(30 * minuteMs)
    await stage.pass(19 * minuteMs)
    expect(looksAt(ref)).toBe(1)
    await stage.pass(minuteMs)
    expect(looksAt(ref)).toBe(2)
  })
})

describe('a change under way', () => {
  it('yields to an acceptance that a look sees', async () => {
    const { id, ref } = await live(30)
    await desk().post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    for (let minutes = 0; minutes < 29; minutes += 1) await stage.pass(minuteMs)
    market.standings.set(ref, { is: 'accepted', at: null })
    expect([looksAt(ref), (await state(id)).is]).toEqual([0, 'withdrawing'])
    for (let minutes = 0; minutes < 3; minutes += 1) await stage.pass(minuteMs)
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: null })
    expect(looksAt(ref)).toBe(1)
  })

  it('is looked past when it cannot be looked at', async () => {
    const { id, ref } = await live(30)
    await desk().post(`/v1/offers/${id}/extend`, { acceptBy: later('2027-03-01', 60) })
    await stage.world.drain()
    inTrouble(ref, new Problem('forbidden', 'could not look'))
    await stage.pass(40 * minuteMs)
    expect((await stage.shown(id)).problem).toMatchObject({ code: 'forbidden' })
    market.changes.set(lastChange(id), { is: 'done' })
    await stage.pass(minuteMs)
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'live' }, problem: null })
  })

  it('that was refused is followed by a look: the buyer may have been faster', async () => {
    const { id, ref } = await live(30)
    await desk().post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    market.standings.set(ref, { is: 'accepted', at: null })
    const reasons = [{ part: 'state', code: 'conflict', message: 'was accepted' }]
    market.changes.set(lastChange(id), { is: 'refused', reasons })
    await stage.pass(5_000)
    expect((await kinds(id)).slice(-2)).toEqual(['offer.withdrawal_refused', 'offer.accepted'])
  })

  it('that took the offer down for good leaves it withdrawn, with the reasons', async () => {
    const { id, ref } = await live(30)
    await desk().post(`/v1/offers/${id}/extend`, { acceptBy: later('2027-03-01', 90) })
    await stage.world.drain()
    const reasons = [{ part: 'job', code: 'Conflict', message: 'could not be put back' }]
    market.changes.set(lastChange(id), { is: 'withdrawn', reasons })
    await stage.pass(5_000)
    expect(await state(id)).toEqual({ is: 'withdrawn', offerRef: ref, reasons })
    expect(await newest(id)).toMatchObject({ kind: 'offer.withdrawn', data: { reasons } })
  })

  it('may lead to another link for the buyer', async () => {
    const { id } = await live(30)
    await desk().post(`/v1/offers/${id}/extend`, { acceptBy: later('2027-03-01', 120) })
    await stage.world.drain()
    market.changes.set(lastChange(id), { is: 'done', buyUrl: 'https://buy/again' })
    await stage.pass(5_000)
    expect(await state(id)).toMatchObject({ is: 'live', buyUrl: 'https://buy/again' })
  })
})

describe('the report', () => {
  it('tells an acceptance apart from a subscription', async () => {
    const { id, ref } = await live(30)
    market.standings.set(ref, { is: 'accepted', at: '2026-12-01T08:00:00.000Z' })
    await stage.pass(30 * minuteMs)
    const row = async () => {
      const { body } = await desk().get('/v1/reports/offers?state=accepted&limit=200')
      return body.data.find(({ offer }: { offer: string }) => offer === id)
    }
    expect(await row()).toMatchObject({ acceptedAt: '2026-12-01T08:00:00.000Z', agreement: '' })
    await accepted(stage.world.deps, id, cameOf('agr_reported'))
    expect(await row()).toMatchObject({ agreement: 'agr_reported' })
  })
})
