import { describe, expect, it } from 'vitest'
import { failing, google, order, parent } from './offers-fake.ts'

const name = `${parent}/privateOffers/offer-1`

async function published(own: object = {}) {
  const world = google(own)
  await world.port.submit(order(), 'offer_1', null)
  const be = (state: string, more: object = {}) => {
    world.clock.nowMs += 1_000
    const updateTime = new Date(world.clock.nowMs).toISOString()
    Object.assign(world.stored.get(name)!, { state, updateTime, ...more })
  }
  be('PUBLISHED')
  const calls = world.calls.length
  return { ...world, be, since: () => world.calls.slice(calls).map(({ at }) => at.split(' ')[0]) }
}

describe('a withdrawal', () => {
  it('cancels the offer with a note, and a repeat starts nothing', async () => {
    const { port, stored, since } = await published()
    expect(await port.withdraw('offer-1', '2026-11-02', 'offer_1-2')).toEqual({ is: 'done' })
    expect(stored.get(name)).toMatchObject({
      state: 'CANCELLED',
      cancellationNote: expect.stringContaining('offer_1-2'),
    })
    expect(await port.withdraw('offer-1', '2026-11-02', 'offer_1-2')).toEqual({ is: 'done' })
    expect(since()).toEqual(['GET', 'POST', 'GET'])
  })

  it('is done when its reply was lost', async () => {
    const { port, open, breakAt, heal, since } = await published()
    breakAt(2, true)
    const lost = failing(port.withdraw('offer-1', '2026-11-02', 'offer_1-2'))
    expect((await lost).code).toBe('unavailable')
    heal()
    expect(await open().withdraw('offer-1', '2026-11-02', 'offer_1-2')).toEqual({ is: 'done' })
    expect(since()).toEqual(['GET', 'POST', 'GET'])
  })

  it.each(['ACCEPTED', 'ENDED'])('is refused of an offer that is %s', async (state) => {
    const { port, be, since } = await published()
    be(state)
    expect(await port.withdraw('offer-1', '2026-11-02', 'k')).toMatchObject({
      is: 'refused',
      reasons: [{ code: 'accepted' }],
    })
    expect(since()).toEqual(['GET'])
  })

  it('is refused where the buyer was faster by a moment', async () => {
    const { port, be, told } = await published()
    const reply = { status: 400, json: { error: { code: 400, status: 'FAILED_PRECONDITION' } } }
    Object.defineProperty(told, 'POST :cancel', {
      get: () => {
        be('ACCEPTED')
        return reply
      },
    })
    expect(await port.withdraw('offer-1', '2026-11-02', 'k')).toMatchObject({ is: 'refused' })
  })

  it('deletes what is a draft again', async () => {
    const { port, be, stored } = await published()
    be('DRAFT')
    expect(await port.withdraw('offer-1', '2026-11-02', 'k')).toEqual({ is: 'done' })
    expect(stored.size).toBe(0)
  })

  it('does not find an offer of nobody', async () => {
    const { port } = await published()
    expect((await failing(port.withdraw('nobodys', '2026-11-02', 'k'))).code).toBe('not_found')
  })
})

describe('an extension', () => {
  it('sets the deadline alone, and a repeat starts nothing', async () => {
    const { port, stored, calls, since } = await published()
    expect(await port.extend('offer-1', '2027-01-20', 'k')).toEqual({ is: 'done' })
    const patch = calls.find(({ at }) => at.startsWith('PATCH'))
    expect(patch?.query.get('updateMask')).toBe('acceptDeadlineTime')
    expect(Object.keys(patch?.body)).toEqual(['name', 'acceptDeadlineTime'])
    expect(stored.get(name)?.acceptDeadlineTime).toMatchObject({ year: 2027, month: 1, day: 21 })
    expect(await port.extend('offer-1', '2027-01-20', 'k')).toEqual({ is: 'done' })
    expect(since()).toEqual(['GET', 'PATCH', 'GET'])
  })

  it('knows its day again when zeros are left out of the answer', async () => {
    const { port, be, since } = await published()
    const timeZone = { id: 'America/Los_Angeles' }
    be('PUBLISHED', { acceptDeadlineTime: { year: 2027, month: 1, day: 21, timeZone } })
    expect(await port.extend('offer-1', '2027-01-20', 'k')).toEqual({ is: 'done' })
    expect(since()).toEqual(['GET'])
  })

  it.each([
    ['ACCEPTED', { is: 'refused', reasons: [{ code: 'accepted' }] }],
    ['EXPIRED', { is: 'refused', reasons: [{ code: 'expired' }] }],
    ['CANCELLED', { is: 'withdrawn', reasons: [{ code: 'cancelled' }] }],
  ])('of an offer that is %s is told as it is', async (state, progress) => {
    const { port, be } = await published()
    be(state)
    expect(await port.extend('offer-1', '2027-01-20', 'k')).toMatchObject(progress)
  })

  it('says why Google refuses it', async () => {
    const { port, told } = await published()
    told['PATCH '] = {
      status: 400,
      json: {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'no',
          details: [{ fieldViolations: [{ field: 'accept_deadline_time', description: 'late' }] }],
        },
      },
    }
    expect(await failing(port.extend('offer-1', '2027-06-01', 'k'))).toMatchObject({
      code: 'rejected',
      details: { reasons: [{ part: 'accept_deadline_time', message: 'late' }] },
    })
  })
})

describe('a look', () => {
  it.each([
    ['PUBLISHED', { is: 'open' }],
    ['ACCEPTED', { is: 'accepted', at: '2026-11-03T10:00:00.123Z' }],
    ['ENDED', { is: 'accepted', at: '2026-11-03T10:00:00.123Z' }],
    ['CANCELLED', { is: 'withdrawn' }],
    ['EXPIRED', { is: 'expired' }],
    ['PUBLISHING', { is: 'unknown', word: 'PUBLISHING' }],
    ['HELD', { is: 'unknown', word: 'HELD' }],
  ])('sees what is %s by one call', async (state, standing) => {
    const { port, be, since } = await published()
    be(state, { acceptTime: '2026-11-03T10:00:00.123456Z' })
    expect(await port.look?.('offer-1')).toEqual(standing)
    expect(since()).toEqual(['GET'])
  })
})

describe('changedSince', () => {
  const changed = (world: { port: any }, cursor: string | null) => world.port.changedSince(cursor)

  it('tells what becomes of every offer, and of nothing new by one call', async () => {
    const world = await published({ offerListLagSeconds: 0 })
    const first = await changed(world, null)
    expect(first).toMatchObject({
      standings: [{ offerRef: 'offer-1', standing: { is: 'open' } }],
      more: false,
    })
    world.be('CANCELLED')
    const second = await changed(world, first.cursor)
    expect(second.standings.at(-1)).toEqual({ offerRef: 'offer-1', standing: { is: 'withdrawn' } })
    const calls = world.calls.length
    const third = await changed(world, second.cursor)
    expect([third.cursor, third.more]).toEqual([second.cursor, false])
    expect(world.calls.length).toBe(calls + 1)
  })

  it('loses none of many that changed in one moment, and repeats the page of a cursor', async () => {
    const world = await published({ offerListLagSeconds: 0 })
    const updateTime = new Date(world.clock.nowMs).toISOString()
    for (let i = 2; i <= 1_200; i += 1) {
      const other = `${parent}/privateOffers/offer-${i}`
      const state = 'PUBLISHED'
      world.stored.set(other, { name: other, state, createTime: updateTime, updateTime })
    }
    const seen = new Set<string>()
    let cursor: string | null = null
    for (let page = 0; page < 3; page += 1) {
      const answer = await changed(world, cursor)
      expect(await changed(world, cursor)).toEqual(answer)
      expect(answer.more).toBe(page < 2)
      for (const { offerRef } of answer.standings) seen.add(offerRef)
      cursor = answer.cursor
    }
    expect(seen.size).toBe(1_200)
  })

  it('sees an offer that the list showed late', async () => {
    const world = await published()
    world.clock.nowMs += 3_600_000
    const at = (ms: number) => new Date(world.clock.nowMs + ms).toISOString()
    const put = (id: string, ms: number) => {
      const other = `${parent}/privateOffers/${id}`
      const [createTime, updateTime] = [at(-10_000_000), at(ms)]
      world.stored.set(other, { name: other, state: 'PUBLISHED', createTime, updateTime })
    }
    put('newer', 0)
    const { cursor } = await changed(world, null)
    put('late', -50_000)
    const next = await changed(world, cursor)
    expect(next.standings.map((one: any) => one.offerRef)).toContain('late')
  })

  it('starts the list anew where Google no longer knows a page', async () => {
    const world = await published()
    const at = `GET /v1beta/${parent}/privateOffers`
    let turns = 0
    Object.defineProperty(world.told, at, {
      get: () => {
        turns += 1
        return turns === 1
          ? { status: 400, json: { error: { code: 400, status: 'INVALID_ARGUMENT' } } }
          : undefined
      },
    })
    const answer = await changed(world, '- - 500')
    expect(answer.standings).toHaveLength(1)
  })

  it('begins at the beginning where there is nothing at all', async () => {
    const world = google()
    const { cursor } = await changed(world, null)
    await world.port.submit(order(), 'offer_1', null)
    expect((await changed(world, cursor)).standings).toHaveLength(1)
  })
})
