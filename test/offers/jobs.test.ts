import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { accepted, findByRef, get, poke } from '../../src/offers/service.ts'
import { type Market, type Stage, setTheStage } from './market.ts'

let stage: Stage
let market: Market
beforeAll(async () => {
  stage = await setTheStage()
  market = stage.market
})
afterAll(() => stage.world.close())
beforeEach(() => {
  // What an earlier test left open ends, so that its questions are not counted here.
  for (const { operation } of market.begun.values()) {
    if (!market.offers.has(operation)) market.offers.set(operation, { is: 'refused', reasons: [] })
    if (!market.changes.has(operation)) market.changes.set(operation, { is: 'done' })
  }
  market.trouble.length = 0
  market.calls.length = 0
})

const kinds = async (id: string) => (await stage.told(id)).map(({ kind }) => kind)
const desk = () => stage.world.as('deal_desk')
const cameOf = (id: Id<'agr'>) => ({ id, acceptedAt: stage.world.deps.now() })
const begunFor = (id: string) => [...market.begun.keys()].filter((key) => key.startsWith(id))
const answer = (id: string, progress: Parameters<Market['offers']['set']>[1]) => {
  const keys = begunFor(id)
  market.offers.set(market.begun.get(keys.at(-1)!)!.operation, progress)
}

describe('publishing', () => {
  it('goes live and tells where the buyer accepts', async () => {
    const { id, ref } = await stage.live()
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'live', offerRef: ref, buyUrl: `https://buy/${ref}` },
      submittedOn: '2026-11-22',
      problem: null,
    })
    expect(await kinds(id)).toEqual([
      'offer.created',
      'offer.submitted',
      'offer.publishing',
      'offer.live',
    ])
    expect((await findByRef(stage.world.deps, stage.connection, ref))?.id).toBe(id)
  })

  it('asks after 5 s, then less and less often, but every minute', async () => {
    const id = await stage.submitted()
    await stage.world.drain()
    const asked = []
    for (let second = 5; second <= 210; second += 5) {
      market.calls.length = 0
      await stage.pass(5_000)
      if (market.calls.length > 0) asked.push(second)
    }
    expect(asked).toEqual([5, 10, 20, 40, 80, 140, 200])
    expect((await stage.shown(id)).state.is).toBe('publishing')
  })

  it('makes one offer when the reply is lost', async () => {
    market.trouble.push({
      call: 'submit',
      done: true,
      problem: new Problem('unavailable', 'no reply'),
    })
    const id = await stage.submitted()
    await stage.world.drain()
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'submitting' },
      problem: { code: 'unavailable', message: 'no reply' },
    })
    await stage.pass(10_000)
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'publishing' }, problem: null })
    expect(market.calls.slice(0, 2)).toEqual([`submit ${id}`, `submit ${id}`])
    expect(begunFor(id)).toEqual([id])
  })

  it('makes one offer when we die between their answer and our writing it down', async () => {
    market.trouble.push({ call: 'submit', done: true, problem: new Error('killed') })
    const id = await stage.submitted()
    await stage.world.drain()
    const stopped = (await stage.world.as('admin').get('/v1/jobs')).body.data
    const job = stopped.find((j: { subject: string }) => j.subject === id)
    expect(job).toBeDefined()
    expect((await stage.shown(id)).problem.code).toBe('internal')
    await stage.world.as('admin').post('/v1/jobs/restart', { id: job.id })
    // The next day the repeat is still the identical order.
    await stage.pass(86_400_000)
    expect((await stage.shown(id)).state.is).toBe('publishing')
    expect(begunFor(id)).toEqual([id])
  })

  it('waits out a lock with the same key, however long it is held', async () => {
    for (let i = 0; i < 20; i++)
      market.trouble.push({
        call: 'submit',
        done: false,
        problem: new Problem('conflict', 'the product is locked'),
      })
    const id = await stage.submitted()
    await stage.world.drain()
    expect((await stage.shown(id)).problem).toMatchObject({
      code: 'conflict',
      message: 'the product is locked',
    })
    for (let i = 0; i < 20; i++) await stage.pass(300_000)
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'publishing' }, problem: null })
    expect(new Set(market.calls.filter((c) => c.startsWith('submit')))).toEqual(
      new Set([`submit ${id}`]),
    )
  })

  it('waits as long as it is told to when there are too many calls', async () => {
    market.trouble.push({
      call: 'submit',
      done: false,
      problem: new Problem('throttled', 'slow down', { retryAfterMs: 120_000 }),
    })
    await stage.submitted()
    await stage.world.drain()
    await stage.pass(119_000)
    const sent = () => market.calls.filter((call) => call.startsWith('submit'))
    expect(sent()).toHaveLength(1)
    await stage.pass(1_000)
    expect(sent()).toHaveLength(2)
  })

  it('keeps every reason of a late refusal, and can be amended and sent anew', async () => {
    const id = await stage.submitted()
    await stage.world.drain()
    const reasons = [
      { part: 'UpdateLegalTerms', code: 'INVALID_LEGAL_DOCUMENTS', message: 'unreadable' },
      { part: 'ReleaseOffer', code: 'INCOMPATIBLE_PRODUCT', message: 'no public offer' },
    ]
    answer(id, { is: 'refused', reasons })
    await stage.pass(5_000)
    expect((await stage.shown(id)).state).toEqual({ is: 'refused', reasons })
    expect((await stage.told(id)).at(-1)).toMatchObject({
      kind: 'offer.refused',
      data: { reasons },
    })

    const amended = await desk().patch(`/v1/offers/${id}`, { name: 'Acme, again' })
    expect(amended.body).toMatchObject({ state: { is: 'draft' }, submittedOn: null })
    expect((await desk().post(`/v1/offers/${id}/submit`)).status).toBe(202)
    await stage.world.drain()
    expect(begunFor(id)).toEqual([id, `${id}-2`])
  })

  it('keeps every reason of a refusal at once', async () => {
    const reasons = [{ part: 'request', code: 'ValidationException', message: 'no' }]
    market.trouble.push({
      call: 'submit',
      done: false,
      problem: new Problem('rejected', 'no', { reasons }),
    })
    const id = await stage.submitted()
    await stage.world.drain()
    expect((await stage.shown(id)).state).toEqual({ is: 'refused', reasons })
  })

  it('sends the order again under a new key when the marketplace failed, five times at most', async () => {
    const id = await stage.submitted()
    await stage.world.drain()
    for (let i = 0; i < 5; i++) {
      answer(id, { is: 'failed', detail: 'SERVER_FAULT' })
      await stage.pass(5_000)
      await stage.pass(30_000)
    }
    expect(begunFor(id)).toEqual([id, ...[2, 3, 4, 5].map((n) => `${id}-${n}`)])
    expect((await stage.shown(id)).state).toMatchObject({
      is: 'refused',
      reasons: [{ message: expect.stringContaining('SERVER_FAULT') }],
    })
  })

  it('freezes the order anew, with a new day, after a fault of theirs', async () => {
    const id = await stage.submitted()
    await stage.world.drain()
    const before = (await stage.shown(id)).submittedOn
    answer(id, { is: 'failed', detail: 'SERVER_FAULT' })
    await stage.pass(86_400_000)
    await stage.pass(30_000)
    expect((await stage.shown(id)).submittedOn > before).toBe(true)
    expect((await get(stage.world.deps, id)).sentKey).toBe(`${id}-2`)
  })

  it('looks at once when a notice names its operation, and ignores what it does not know', async () => {
    const id = await stage.submitted()
    await stage.world.drain()
    const { operation } = market.begun.get(id)!
    answer(id, { is: 'live', offerRef: `ref-${id}`, buyUrl: 'https://buy' })
    await poke(stage.world.deps, stage.connection, { offerRef: null, operation: 'op-unknown' })
    await stage.world.drain()
    expect((await stage.shown(id)).state.is).toBe('publishing')
    await poke(stage.world.deps, stage.connection, { offerRef: null, operation })
    await stage.world.drain()
    expect((await stage.shown(id)).state.is).toBe('live')
  })

  it('stops on wrong credentials, says so on the offer, and goes on when restarted', async () => {
    market.trouble.push({
      call: 'submit',
      done: false,
      problem: new Problem('forbidden', 'StartChangeSet is not allowed', { whose: 'ours' }),
    })
    const id = await stage.submitted()
    await stage.world.drain()
    expect((await stage.shown(id)).problem).toMatchObject({ code: 'forbidden' })
    const admin = stage.world.as('admin')
    const { data } = (await admin.get('/v1/jobs')).body
    const job = data.find((j: { subject: string }) => j.subject === id)
    await admin.post('/v1/jobs/restart', { id: job.id })
    await stage.world.drain()
    expect(await stage.shown(id)).toMatchObject({ state: { is: 'publishing' }, problem: null })
  })
})

describe('a live offer', () => {
  it('expires when its last day has ended, not before', async () => {
    const { id } = await stage.live({ acceptBy: '2026-12-01', payments: undefined })
    const untilEnd = Date.parse('2026-12-02T00:00:00Z') - Date.parse(stage.world.deps.now())
    await stage.pass(untilEnd - 1)
    expect((await stage.shown(id)).state.is).toBe('live')
    await stage.pass(1)
    expect((await stage.shown(id)).state).toEqual({ is: 'expired', offerRef: `ref-${id}` })
  })

  it('is accepted even when we thought it had expired, once', async () => {
    const { id } = await stage.live({ acceptBy: '2026-12-10', payments: undefined })
    await stage.pass(10 * 86_400_000)
    expect((await stage.shown(id)).state.is).toBe('expired')
    await accepted(stage.world.deps, id, cameOf('agr_one'))
    await accepted(stage.world.deps, id, cameOf('agr_one'))
    expect((await stage.shown(id)).state).toMatchObject({ is: 'accepted', agreement: 'agr_one' })
    expect((await kinds(id)).filter((kind) => kind === 'offer.accepted')).toHaveLength(1)
  })

  it('is withdrawn under a key of its own', async () => {
    const { id } = await stage.live()
    const { status, body } = await desk().post(`/v1/offers/${id}/withdraw`)
    expect([status, body.state.is]).toEqual([202, 'withdrawing'])
    await stage.world.drain()
    const [, key] = begunFor(id)
    expect(key).toBe(`${id}-2`)
    market.changes.set(market.begun.get(key!)!.operation, { is: 'done' })
    await stage.pass(5_000)
    expect((await stage.shown(id)).state.is).toBe('withdrawn')
  })

  it('withdraws once when the reply is lost and the day turns', async () => {
    const { id } = await stage.live()
    market.trouble.push({
      call: 'withdraw',
      done: true,
      problem: new Problem('unavailable', 'no reply', { retryAfterMs: 86_400_000 }),
    })
    await desk().post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    await stage.pass(86_400_000)
    expect(begunFor(id)).toEqual([id, `${id}-2`])
    expect((await stage.shown(id)).state.operation).toMatch(/^op-/)
  })

  it('is accepted when the buyer was faster than its withdrawal', async () => {
    const { id, ref } = await stage.live()
    await desk().post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    await accepted(stage.world.deps, id, cameOf('agr_two'))
    const [, key] = begunFor(id)
    market.changes.set(market.begun.get(key!)!.operation, { is: 'done' })
    await stage.pass(60_000)
    expect((await stage.shown(id)).state).toMatchObject({
      is: 'accepted',
      offerRef: ref,
      agreement: 'agr_two',
    })
  })

  it('stays live, with the reasons, when its extension is refused', async () => {
    const { id } = await stage.live()
    await desk().post(`/v1/offers/${id}/extend`, { acceptBy: '2027-02-15' })
    await stage.world.drain()
    const reasons = [{ part: 'UpdateAvailability', code: 'NO', message: 'too late' }]
    const key = begunFor(id).at(-1)!
    market.changes.set(market.begun.get(key)!.operation, { is: 'refused', reasons })
    await stage.pass(5_000)
    expect(await stage.shown(id)).toMatchObject({
      acceptBy: '2027-01-31',
      state: { is: 'live', changeRefused: { change: 'extend', reasons } },
    })
  })

  it('is extended: it expires on the new day', async () => {
    const { id } = await stage.live({ acceptBy: '2026-12-24', payments: undefined })
    await desk().post(`/v1/offers/${id}/extend`, { acceptBy: '2027-01-05' })
    await stage.world.drain()
    const key = begunFor(id).at(-1)!
    market.changes.set(market.begun.get(key)!.operation, { is: 'done' })
    await stage.pass(5_000)
    expect(await stage.shown(id)).toMatchObject({ acceptBy: '2027-01-05', state: { is: 'live' } })
    const until = Date.parse('2027-01-06T00:00:00Z') - Date.parse(stage.world.deps.now())
    await stage.pass(until - 1)
    expect((await stage.shown(id)).state.is).toBe('live')
    await stage.pass(1)
    expect((await stage.shown(id)).state.is).toBe('expired')
  })

  it('tries a change again under a new key when the marketplace failed, then leaves it be', async () => {
    const { id } = await stage.live({ acceptBy: '2027-06-30', payments: undefined })
    await desk().post(`/v1/offers/${id}/withdraw`)
    await stage.world.drain()
    for (let i = 0; i < 5; i++) {
      const key = begunFor(id).at(-1)!
      market.changes.set(market.begun.get(key)!.operation, { is: 'failed', detail: 'FAULT' })
      await stage.pass(5_000)
      await stage.pass(30_000)
    }
    expect(begunFor(id)).toHaveLength(6)
    expect((await stage.shown(id)).state).toMatchObject({
      is: 'live',
      changeRefused: { change: 'withdraw' },
    })
  })
})
