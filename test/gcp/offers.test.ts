import { describe, expect, it } from 'vitest'
import { failing, google, order, parent, refusal, started, withContract } from './offers-fake.ts'

const name = `${parent}/privateOffers/offer-1`
const publishing = { is: 'publishing', operation: 'offer-1' }
const live = {
  is: 'live',
  offerRef: 'offer-1',
  buyUrl: null,
}

describe('submit', () => {
  it('makes the calls that requests shows, in their turn', async () => {
    const { port, calls } = google()
    expect(await port.submit(order(), 'offer_1', null)).toEqual(publishing)
    const shown = JSON.parse(JSON.stringify(port.requests(order(), 'offer_1')))
    expect(
      calls.map(({ at, body, query }) => ({ at, body, query: Object.fromEntries(query) })),
    ).toEqual(
      shown.map((one: any) => ({
        at: `${one.method} ${one.path.replace('{privateOffer}', 'offer-1')}`,
        body: one.body,
        query: one.query ?? {},
      })),
    )
  })

  it('sends a contract of one’s own as bytes', async () => {
    const { port, documents } = google()
    await port.submit(withContract(), 'offer_1', null)
    expect(documents.get(name)).toEqual([
      {
        documentType: 'CUSTOM_END_USER_LICENSE_AGREEMENT',
        mimeType: 'application/pdf',
        inlineContent: Buffer.from('%PDF-1.7 terms').toString('base64'),
      },
    ])
  })

  it.each([
    ['is not there', null],
    ['is no PDF', '<html>sign in</html>'],
    ['is too large', `%PDF-${'x'.repeat(4 * 1024 * 1024)}`],
  ])('begins nothing with a contract that %s', async (_, pdf) => {
    const { port, state, stored } = google()
    state.pdf = pdf
    const problem = await failing(port.submit(withContract(), 'offer_1', null))
    expect(problem).toMatchObject({
      code: 'rejected',
      details: { reasons: [{ part: 'legal.documents.0', code: 'document' }] },
    })
    expect(stored.size).toBe(0)
  })

  const plain = order()
  const custom = withContract()
  const cases = [plain, custom].flatMap((wanted) =>
    [1, 2, 3, 4, 5].flatMap((at) =>
      [true, false].flatMap((does) =>
        [true, false].map((restarts) => ({
          wanted,
          at,
          does,
          restarts,
          kind: wanted.terms.legal.kind,
        })),
      ),
    ),
  )
  it.each(cases)(
    'makes one offer when all breaks off at call $at, done $does, restarted $restarts, $kind contract',
    async ({ wanted, at, does, restarts }) => {
      const world = google()
      world.state.lagMs = 45_000
      world.breakAt(at, does)
      const problem = await failing(world.port.submit(wanted, 'offer_1', null))
      expect(problem.code).toBe('unavailable')
      world.heal()
      const end = await world.insist(restarts ? world.open() : world.port, wanted, 'offer_1')
      expect(end).toEqual(publishing)
      expect(world.stored.size).toBe(1)
      expect(world.documents.get(name)).toHaveLength(1)
      expect(world.stored.get(name)?.state).toBe('PUBLISHING')
    },
  )

  it('makes no second offer when it breaks off again and again', async () => {
    const world = google()
    world.state.lagMs = 45_000
    for (let round = 0; round < 6; round += 1) {
      world.breakAt(1 + (round % 4), round % 2 === 0)
      await world
        .open()
        .submit(order(), 'offer_1', started)
        .catch(() => undefined)
      world.heal()
      world.clock.nowMs += 70_000
    }
    expect(await world.insist(world.open(), order(), 'offer_1')).toEqual(publishing)
    expect(world.stored.size).toBe(1)
  })

  it('waits while a lost offer may still be missing from the list, and says how long', async () => {
    const { port, open, state, breakAt, heal, clock, stored, times } = google()
    state.lagMs = 45_000
    breakAt(2, true)
    await failing(port.submit(order(), 'offer_1', null))
    heal()
    clock.nowMs += 20_000
    const problem = await failing(open().submit(order(), 'offer_1', started))
    expect(problem).toMatchObject({ code: 'unavailable', details: { retryAfterMs: 40_000 } })
    clock.nowMs += 40_000
    expect(await open().submit(order(), 'offer_1', started)).toEqual(publishing)
    expect(stored.size).toBe(1)
    expect(times('POST')).toBe(4)
  })

  it('waits for the lag of the list before it sends again, and then sends', async () => {
    const world = google()
    const problem = await failing(world.open().submit(order(), 'offer_1', started))
    expect(problem).toMatchObject({ code: 'unavailable', details: { retryAfterMs: 60_000 } })
    world.clock.nowMs += 60_000
    expect(await world.open().submit(order(), 'offer_1', started)).toEqual(publishing)
  })

  it('does not wait for what Google turned away', async () => {
    const { port, told } = google()
    const at = `POST /v1beta/${parent}/privateOffers`
    told[at] = refusal(429, 'RESOURCE_EXHAUSTED')
    expect((await failing(port.submit(order(), 'offer_1', null))).code).toBe('throttled')
    delete told[at]
    expect(await port.submit(order(), 'offer_1', started)).toEqual(publishing)
  })

  it('finds its offer among others of the same name, also where lists show the note', async () => {
    for (const isBrief of [true, false]) {
      const world = google()
      world.state.isBrief = isBrief
      await world.port.submit(order(), 'offer_12', null)
      await world.port.submit(order(), 'offer_1', null)
      await world.port.submit(order({ native: { internalNote: 'a\nb' } }), 'offer_2', null)
      const found = (mine: string) => world.open().submit(order(), mine, started)
      expect(await found('offer_1')).toEqual({ is: 'publishing', operation: 'offer-2' })
      expect(await found('offer_2')).toEqual({ is: 'publishing', operation: 'offer-3' })
      expect(world.stored.size).toBe(3)
    }
  })

  it.each([
    ['PUBLISHED', live],
    ['ACCEPTED', live],
    ['EXPIRED', live],
    ['ENDED', live],
    ['PUBLISHING', publishing],
    ['CANCELLED', { is: 'refused', reasons: [{ part: 'private offer', code: 'cancelled' }] }],
  ])('goes on from an offer that is %s', async (state, progress) => {
    const world = google()
    await world.port.submit(order(), 'offer_1', null)
    Object.assign(world.stored.get(name)!, { state })
    expect(await world.open().submit(order(), 'offer_1', started)).toMatchObject(progress)
    expect(world.times('POST')).toBe(4)
  })

  it('tells every violation that the trial finds, and leaves no draft', async () => {
    const { port, told, stored } = google()
    told['POST :publish'] = refusal(400, 'INVALID_ARGUMENT', [
      { field: 'customer.target_billing_account', description: 'is in a free trial' },
      { field: 'term.duration_months', description: 'is too long' },
    ])
    const problem = await failing(port.submit(order(), 'offer_1', null))
    expect(problem.code).toBe('rejected')
    expect(problem.details.reasons).toEqual([
      {
        part: 'customer.target_billing_account',
        code: 'INVALID_ARGUMENT',
        message: 'is in a free trial',
      },
      { part: 'term.duration_months', code: 'INVALID_ARGUMENT', message: 'is too long' },
    ])
    expect(stored.size).toBe(0)
  })

  it('says so where a refused draft cannot be deleted, and finds it again by its key', async () => {
    const { open, told, stored, times } = google()
    told['POST :publish'] = refusal(400, 'INVALID_ARGUMENT', [
      { field: 'title', description: 'no' },
    ])
    told['DELETE '] = refusal(403, 'PERMISSION_DENIED')
    const { details } = await failing(open().submit(order(), 'offer_1', null))
    expect(details.reasons).toMatchObject([
      { part: 'title' },
      { part: 'private offer', code: 'draft' },
    ])
    delete told['POST :publish']
    expect(await open().submit(order(), 'offer_1', started)).toEqual(publishing)
    expect(stored.size).toBe(1)
    expect(times('/documents')).toBe(2)
  })

  it('throws what Google cannot do now, and goes on from the draft', async () => {
    const { open, told, stored } = google()
    told['POST :publish'] = refusal(503, 'UNAVAILABLE')
    expect((await failing(open().submit(order(), 'offer_1', null))).code).toBe('unavailable')
    delete told['POST :publish']
    expect(await open().submit(order(), 'offer_1', started)).toEqual(publishing)
    expect(stored.size).toBe(1)
  })
})

describe('what an offer amends', () => {
  const first = `${parent}/privateOffers/11111111-1111-4111-8111-111111111111`
  const amended = (stored: Map<string, any>) => stored.get(name)?.singleProductOffer

  it('is what Google requires', async () => {
    const { port, state, stored } = google()
    state.target = { requiredPrivateOffer: first }
    await port.submit(order(), 'offer_1', null)
    expect(amended(stored).amendedPrivateOffer).toBe(first)
  })

  it('may be a standard offer', async () => {
    const { port, state, stored } = google()
    state.target = { requiredStandardOffer: 'projects/p/x' }
    await port.submit(order(), 'offer_1', null)
    expect(amended(stored).amendedStandardOffer).toBe('projects/p/x')
  })

  it('has to be said where there is a choice; nothing is begun until it is', async () => {
    const { port, state, stored } = google()
    state.target = { optionalOffers: { privateOffers: [first] } }
    const { code, details } = await failing(port.submit(order(), 'offer_1', null))
    expect(code).toBe('rejected')
    expect(details.reasons).toMatchObject([
      { part: 'native.amends', message: expect.stringContaining('11111111-1111') },
    ])
    expect(stored.size).toBe(0)
    await port.submit(order({ native: { amends: 'none' } }), 'offer_2', null)
    expect(amended(stored)).not.toHaveProperty('amendedPrivateOffer')
    const id = first.split('/').at(-1)!
    await port.submit(order({ native: { amends: id } }), 'offer_3', null)
    expect([...stored.values()].at(-1)?.singleProductOffer.amendedPrivateOffer).toBe(first)
  })

  it.each([
    [{ requiredPrivateOffer: first }, 'none'],
    [{ requiredPrivateOffer: first }, 'other'],
    [{ optionalOffers: { privateOffers: [first] } }, 'other'],
    [{}, 'other'],
  ])('is refused where Google says %j and the order %s', async (target, amends) => {
    const { port, state, stored } = google()
    state.target = target
    const problem = await failing(port.submit(order({ native: { amends } }), 'offer_1', null))
    expect(problem.code).toBe('rejected')
    expect(stored.size).toBe(0)
  })
})

describe('progress', () => {
  async function submitted() {
    const world = google()
    await world.port.submit(order(), 'offer_1', null)
    const be = (state: string) => Object.assign(world.stored.get(name)!, { state })
    return { ...world, be }
  }

  it('is publishing until Google is done, then live', async () => {
    const { port, be } = await submitted()
    expect(await port.progress('offer-1')).toEqual(publishing)
    be('PUBLISHED')
    expect(await port.progress('offer-1')).toEqual(live)
  })

  it('tells where the buyer accepts once the settings know', async () => {
    const offerUrl = '{console}/offer/{offer}?project={project}'
    const world = google({ offerUrl })
    await world.port.submit(order(), 'offer_1', null)
    Object.assign(world.stored.get(name)!, { state: 'PUBLISHED' })
    const buyUrl = 'https://console.cloud.google.com/offer/offer-1?project=acme-public'
    expect(await world.port.progress('offer-1')).toEqual({ ...live, buyUrl })
  })

  it('is refused once somebody cancelled it', async () => {
    const { port, be } = await submitted()
    be('CANCELLED')
    expect(await port.progress('offer-1')).toMatchObject({ is: 'refused' })
  })

  it('is Google’s own fault when it is a draft again, of which nothing is left', async () => {
    const { port, be, stored } = await submitted()
    be('DRAFT')
    expect(await port.progress('offer-1')).toMatchObject({ is: 'failed' })
    expect(stored.size).toBe(0)
  })

  it('stops at a state that is not known', async () => {
    const { port, be } = await submitted()
    be('HELD')
    expect((await failing(port.progress('offer-1'))).code).toBe('internal')
  })

  it.each(['offer-2', '../operations', ''])('does not find operation “%s”', async (operation) => {
    const { port } = await submitted()
    expect((await failing(port.progress(operation))).code).toBe('not_found')
    expect((await failing(port.changeProgress(operation))).code).toBe('not_found')
  })
})
