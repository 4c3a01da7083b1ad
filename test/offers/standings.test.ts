import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs } from '../../src/kernel/time.ts'
import type { OfferStanding } from '../../src/offers/model.ts'
import { put } from './holdings.ts'
import { type Stage, setTheStage } from './market.ts'

const minuteMs = 60_000
let stage: Stage
beforeAll(async () => {
  stage = await setTheStage({ tells: true, looks: true, holds: true })
})
afterAll(() => stage.world.close())
beforeEach(() => {
  stage.market.calls.length = 0
})

const day = (days: number) =>
  new Date(Date.parse(stage.world.deps.now()) + days * dayMs).toISOString().slice(0, 10)
const live = (days = 60) => stage.live({ payments: undefined, acceptBy: day(days) })
const tell = (offerRef: string, standing: OfferStanding) =>
  stage.market.told.push({ offerRef, standing })
const state = async (id: string) => (await stage.shown(id)).state
const kinds = async (id: string) => (await stage.told(id)).map(({ kind }) => kind)
const looks = () => stage.market.calls.filter((call) => call.startsWith('look ')).length
const turn = () => stage.pass(5 * minuteMs)

describe('where one list tells what becomes of offers', () => {
  it('takes what it tells of ours, page after page, and leaves others alone', async () => {
    const [a, b, c, d] = [await live(), await live(), await live(), await live()]
    tell('somebody-else’s', { is: 'accepted', at: null })
    tell(a.ref, { is: 'accepted', at: '2026-11-22T10:00:30.000Z' })
    tell(b.ref, { is: 'withdrawn' })
    tell(c.ref, { is: 'expired' })
    tell(d.ref, { is: 'open' })
    await turn()
    expect(await state(a.id)).toMatchObject({
      is: 'accepted',
      acceptedAt: '2026-11-22T10:00:30.000Z',
      agreement: null,
    })
    expect(await state(b.id)).toEqual({ is: 'withdrawn', offerRef: b.ref })
    expect(await state(c.id)).toEqual({ is: 'expired', offerRef: c.ref })
    expect(await stage.shown(d.id)).toMatchObject({
      state: { is: 'live' },
      looked: { is: 'open', at: stage.world.deps.now() },
    })
    expect([(await kinds(c.id)).at(-1), looks()]).toEqual(['offer.expired', 0])
  })

  it('asks from where it was, one call when nothing is new', async () => {
    await turn()
    stage.market.calls.length = 0
    await turn()
    const asked = stage.market.calls.filter((call) => call.startsWith('changedSince'))
    expect(asked).toEqual([`changedSince ${stage.market.told.length}`])
  })

  it('takes a page again that it was told before a crash, with no more events', async () => {
    const { id, ref } = await live()
    tell(ref, { is: 'unknown', word: 'PONDERING' })
    tell(ref, { is: 'accepted', at: null })
    await turn()
    const before = await kinds(id)
    expect(before.slice(-2)).toEqual(['offer.standing_unknown', 'offer.accepted'])
    await stage.world.deps.db
      .updateTable('syncs')
      .set({ cursor: null })
      .where('name', '=', 'offers')
      .execute()
    await turn()
    expect(await kinds(id)).toEqual(before)
  })

  it('reminds of an acceptance it was told, on the day', async () => {
    const { id, ref } = await live(200)
    tell(ref, { is: 'accepted', at: null })
    await turn()
    await stage.pass(7 * dayMs + minuteMs)
    expect((await kinds(id)).at(-1)).toBe('offer.not_subscribed')
  })

  it('looks at an offer only at its end', async () => {
    const { id, ref } = await live(2)
    await stage.pass(dayMs)
    expect(looks()).toBe(0)
    stage.market.standings.set(ref, { is: 'accepted', at: null })
    await stage.pass(3 * dayMs)
    expect([(await state(id)).is, looks()]).toEqual(['accepted', 1])
  })

  it('lets an acceptance win over what we thought of the offer', async () => {
    const { id, ref } = await live()
    await stage.world.as('deal_desk').post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    tell(ref, { is: 'accepted', at: null })
    await turn()
    expect((await state(id)).is).toBe('accepted')
  })

  it('ties the agreement of an offer that it told accepted, whatever the agreement calls it', async () => {
    const accounts = [{ provider: 'aws', ref: 'acct-told' }]
    const desk = stage.world.as('deal_desk')
    const { body: buyer } = await desk.post('/v1/buyers', { name: 'Told', accounts })
    const terms = { payments: undefined, acceptBy: day(60), buyer: buyer.id }
    const { id, ref } = await stage.live(terms)
    tell(ref, { is: 'accepted', at: null })
    const acceptedAt = stage.world.deps.now()
    put(stage.market.holdings, 'e-told', { offerRef: 'called-otherwise', acceptedAt }, 'acct-told')
    await turn()
    await turn()
    const { body } = await desk.get('/v1/agreements')
    const agreement = body.data.find(
      (one: { agreementRef: string }) => one.agreementRef === 'e-told',
    )
    expect(agreement).toMatchObject({ offer: id, buyer: buyer.id })
    expect(await state(id)).toMatchObject({ is: 'accepted', agreement: agreement.id })
    expect((await kinds(id)).slice(-2)).toEqual(['offer.accepted', 'offer.subscribed'])
  })

  it('does not tie an agreement to an offer that the list shows open', async () => {
    const { id } = await live()
    put(stage.market.holdings, 'e-foreign', {
      offerRef: 'made-elsewhere',
      acceptedAt: stage.world.deps.now(),
    })
    for (let i = 0; i < 4; i += 1) await turn()
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'live' }, mayBe: [] })
  })

  it('shows trouble on the sync and goes on where it was', async () => {
    const { id, ref } = await live()
    tell(ref, { is: 'withdrawn' })
    stage.market.trouble.push({
      call: 'changedSince',
      done: false,
      problem: new Problem('throttled', 'slow down'),
    })
    await turn()
    expect((await state(id)).is).toBe('live')
    await turn()
    expect((await state(id)).is).toBe('withdrawn')
  })
})

describe('where nobody needs to be asked', () => {
  it('keeps up with no list of offers', async () => {
    const plain = await setTheStage()
    const { body } = await plain.world.as('admin').get('/v1/syncs')
    expect(body.data.map(({ name }: { name: string }) => name)).not.toContain('offers')
    await plain.world.close()
  })
})
