import { describe, expect, it } from 'vitest'
import { failing, guid, link, microsoft, order, type Reply, type Routes } from './offers-fake.ts'

const post = 'POST /ingestion/configure'
const status = 'GET /ingestion/configure/job-1/status'
const detail = 'GET /ingestion/configure/job-1'
const read = `GET /ingestion/private-offer/${guid}`
const query = 'GET /ingestion/private-offer/query'

const pending = { jobId: 'job-1', jobStatus: 'notStarted', jobResult: 'pending', errors: [] }
const job = (jobResult: string, errors: object[] = []): Reply => ({
  json: { ...pending, jobStatus: 'Completed', jobResult, errors },
})
const accepted202: Reply = { status: 202, json: pending }
const offer = (change: object = {}) => ({
  $schema: 'https://schema.mp.microsoft.com/schema/private-offer/2023-07-15',
  id: `private-offer/${guid}`,
  name: 'Acme 2027',
  privateOfferType: 'customerPromotion',
  offerPricingType: 'editExistingOfferPricingOnly',
  state: 'live',
  subState: 'pendingAcceptance',
  end: '2027-12-31',
  acceptBy: '2026-12-15',
  eTag: '"e1"',
  beneficiaries: [{ id: 'b', description: 'Acme 2027 (offer_1)', beneficiaryRecipients: null }],
  pricing: [{ discountType: 'percentage', discountPercentage: 12.5 }],
  acceptanceLinks: [{ beneficiaryId: 'b', link }],
  somethingNew: { keep: 1.1 },
  ...change,
})
const made: Reply = { json: { resources: [{ id: 'price-x/1' }, offer()] } }
const live = { is: 'live', offerRef: guid, buyUrl: link }
const text = (value: object): Reply => ({ text: JSON.stringify(value) })

/** A world in which the order's job has been started. */
async function started(routes: Routes, own = {}) {
  const world = microsoft({ [post]: accepted202, ...routes }, own)
  const first: any = await world.offers.submit(order(), 'offer_1', null)
  return { ...world, operation: first.operation as string, at: Date.parse('2026-11-01T10:00:00Z') }
}

describe('submit', () => {
  it('posts exactly what requests shows, and names its job', async () => {
    const { sent, offers, operation } = await started({})
    expect(sent[0]).toMatchObject({ at: post, auth: 'Bearer token' })
    expect(sent[0]?.url.searchParams.get('$version')).toBe('2022-07-01')
    const [shown] = offers.requests(order(), 'offer_1')
    expect(sent[0]?.body).toEqual(JSON.parse(JSON.stringify(shown)))
    expect(JSON.parse(operation)).toMatchObject({ step: 'create', job: 'job-1', key: 'offer_1' })
  })

  it('starts nothing the second time a key is used', async () => {
    const { offers, times, operation } = await started({ [query]: { json: { value: [] } } })
    const again = await offers.submit(order(), 'offer_1', '2026-11-01T10:00:00.000Z')
    expect(again).toEqual({ is: 'publishing', operation })
    expect(times(post)).toBe(1)
  })

  it.each([
    ['an envelope', { value: [offer()] }],
    ['capitals', { Value: [offer()] }],
    ['a bare list', [offer({ state: 'withdrawn' }), offer()]],
  ])('finds the offer of a lost reply by its key, in %s', async (_, answer) => {
    const { offers, times } = microsoft({ [query]: text(answer), [read]: text(offer()) })
    expect(await offers.submit(order(), 'offer_1', '2026-11-01T09:00:00.000Z')).toEqual(live)
    expect(times(post)).toBe(0)
  })

  it('looks through every page, and into entries that show little', async () => {
    const next = 'http://ms.example/ingestion/private-offer/query?continuationToken=t'
    const { id, name, state } = offer()
    const { offers, sent } = microsoft({
      [query]: [
        {
          json: {
            value: [offer({ beneficiaries: [{ description: 'x (offer_12)' }] })],
            '@nextLink': next,
          },
        },
        { json: { value: [{ id, name, state }] } },
      ],
      [read]: text(offer()),
    })
    expect(await offers.submit(order(), 'offer_1', '2026-11-01T09:00:00.000Z')).toEqual(live)
    expect(sent[1]?.url.href).toBe(next)
  })

  it('sends nothing while a lost request may still show up, then sends it again', async () => {
    const { offers, again, later, times } = microsoft({
      [post]: [{ lost: true }, accepted202],
      [query]: { json: { value: [] } },
    })
    expect(await failing(offers.submit(order(), 'offer_1', null))).toMatchObject({
      code: 'unavailable',
    })
    later(29)
    for (const port of [offers, again()]) {
      const problem = await failing(port.submit(order(), 'offer_1', '2026-11-01T10:00:00.000Z'))
      expect(problem).toMatchObject({ code: 'unavailable', details: { retryAfterMs: 60_000 } })
    }
    expect(times(post)).toBe(1)
    later(1)
    expect(await offers.submit(order(), 'offer_1', '2026-11-01T10:00:00.000Z')).toMatchObject({
      is: 'publishing',
    })
    expect(times(post)).toBe(2)
  })

  it('does not wait for what Microsoft turned away', async () => {
    const { offers } = microsoft({
      [post]: [{ status: 429, headers: { 'retry-after': '7' } }, accepted202],
      [query]: { json: { value: [] } },
    })
    expect(await failing(offers.submit(order(), 'offer_1', null))).toMatchObject({
      code: 'throttled',
      details: { retryAfterMs: 7000 },
    })
    expect(await offers.submit(order(), 'offer_1', '2026-11-01T10:00:00.000Z')).toMatchObject({
      is: 'publishing',
    })
  })

  it('fills the draft that a lost request left, instead of a second offer', async () => {
    const draft = offer({ state: 'draft', subState: null })
    const { offers, later, sent } = microsoft({
      [post]: accepted202,
      [query]: text([draft]),
    })
    later(60)
    await offers.submit(order(), 'offer_1', '2026-11-01T10:00:00.000Z')
    expect(sent.at(-1)?.body.resources[1]).toMatchObject({
      id: `private-offer/${guid}`,
      state: 'live',
    })
  })

  it.each([
    [
      400,
      {
        error: {
          code: 'badRequest',
          message: 'no',
          details: [{ code: 'x', message: 'bad end', target: 'end' }],
        },
      },
      'rejected',
    ],
    [
      404,
      { error: { code: 'notFound', message: 'The requested resource was not found.' } },
      'rejected',
    ],
    [403, {}, 'forbidden'],
    [503, {}, 'unavailable'],
  ])('tells HTTP %i at once', async (status, json, code) => {
    const { offers } = microsoft({ [post]: { status, json } })
    const problem = await failing(offers.submit(order(), 'offer_1', null))
    expect(problem.code).toBe(code)
    if (code === 'rejected') expect(problem.details.reasons[0].message).toMatch(/bad end|not found/)
  })
})

describe('progress', () => {
  it('asks about a job at most once a minute, also when asked more often', async () => {
    const running = { json: { ...pending, jobStatus: 'running' } }
    const { offers, operation, later, times } = await started({
      [status]: [running, running, job('succeeded')],
      [detail]: made,
      [read]: text(offer()),
    })
    const ask = () => offers.progress(operation)
    for (const _ of [1, 2, 3]) expect(await ask()).toEqual({ is: 'publishing', operation })
    expect(times(status)).toBe(1)
    later(1)
    await ask()
    expect(times(status)).toBe(2)
    later(1)
    expect(await ask()).toEqual(live)
  })

  it('goes on after a restart', async () => {
    const { again, operation } = await started({
      [status]: job('succeeded'),
      [detail]: made,
      [read]: text(offer()),
    })
    expect(await again().progress(operation)).toEqual(live)
  })

  it('waits for the details and for the link', async () => {
    const { offers, operation } = await started({
      [status]: job('succeeded'),
      [detail]: [{ status: 404, json: {} }, made],
      [read]: [{ status: 404, json: {} }, text(offer({ acceptanceLinks: [] })), text(offer())],
    })
    for (const _ of [1, 2, 3])
      expect(await offers.progress(operation)).toEqual({ is: 'publishing', operation })
    expect(await offers.progress(operation)).toEqual(live)
  })

  it('shows what takes too long, and goes on', async () => {
    const { offers, operation, later } = await started({
      [status]: [{ json: pending }, job('succeeded')],
      [detail]: made,
      [read]: text(offer()),
    })
    later(21)
    expect(await failing(offers.progress(operation))).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/21 minutes/),
    })
    later(1)
    expect(await offers.progress(operation)).toEqual(live)
  })

  it('refuses with every error of the job', async () => {
    const errors = [
      { code: 'Conflict', message: 'The start date should be defined' },
      { resourceId: 'price', code: 'invalidResource', message: 'Invalid pricing.' },
    ]
    const { offers, operation } = await started({
      [status]: job('failed', errors),
      [query]: { json: { value: [] } },
    })
    expect(await offers.progress(operation)).toEqual({
      is: 'refused',
      reasons: [
        { part: 'configure job', code: 'Conflict', message: 'The start date should be defined' },
        { part: 'price', code: 'invalidResource', message: 'Invalid pricing.' },
      ],
    })
  })

  it('takes back what a failed job left for sale', async () => {
    const gone = offer({ state: 'withdrawn', subState: null })
    const { offers, operation, sent } = await started({
      [post]: [accepted202, { json: { ...pending, jobId: 'job-2' } }],
      [status]: job('failed', [{ code: 'x', message: 'half done' }]),
      [detail]: made,
      [read]: [text(offer()), text(gone)],
      'GET /ingestion/configure/job-2/status': job('succeeded'),
    })
    const undoing: any = await offers.progress(operation)
    expect(JSON.parse(undoing.operation)).toMatchObject({ step: 'undo', job: 'job-2' })
    expect(sent.at(-1)?.body.resources).toEqual([
      {
        $schema: offer().$schema,
        id: `private-offer/${guid}`,
        name: 'Acme 2027',
        privateOfferType: 'customerPromotion',
        state: 'withdrawn',
      },
    ])
    expect(await offers.progress(undoing.operation)).toMatchObject({
      is: 'refused',
      reasons: [{ message: 'half done' }, { message: expect.stringMatching(/taken back/) }],
    })
  })

  it('tells as live what a failed job left and the buyer has accepted', async () => {
    const { offers, operation, times } = await started({
      [status]: job('failed', [{ code: 'x', message: 'half done' }]),
      [query]: text([offer({ subState: 'accepted' })]),
      [read]: text(offer({ subState: 'accepted' })),
    })
    expect(await offers.progress(operation)).toEqual(live)
    expect(times(post)).toBe(1)
  })

  it('may be tried again when Microsoft failed by itself; a cancelled job is refused', async () => {
    const nothing = { [query]: { json: { value: [] } } }
    const own = await started({
      ...nothing,
      [status]: job('failed', [{ code: 'internalServerError', message: 'sorry' }]),
    })
    expect(await own.offers.progress(own.operation)).toEqual({ is: 'failed', detail: 'sorry' })
    const stopped = await started({ ...nothing, [status]: job('cancelled') })
    expect(await stopped.offers.progress(stopped.operation)).toMatchObject({ is: 'refused' })
  })

  it('of an operation nobody knows is not found', async () => {
    const { offers } = microsoft({})
    const unknown = JSON.stringify({ step: 'create', job: 'job-9', key: 'k', atMs: 0 })
    for (const operation of ['cs-1', '{}', unknown])
      expect(await failing(offers.progress(operation))).toMatchObject({ code: 'not_found' })
    expect(await failing(offers.changeProgress(unknown))).toMatchObject({ code: 'not_found' })
  })

  it('sends the partner of a multiparty offer to Partner Center', async () => {
    const own = offer({
      privateOfferType: 'multiPartyPromotionOriginator',
      subState: 'pendingPartnerAction',
      acceptanceLinks: undefined,
    })
    const { offers, operation } = await started({
      [status]: job('succeeded'),
      [detail]: made,
      [read]: text(own),
    })
    expect(await offers.progress(operation)).toMatchObject({
      is: 'live',
      buyUrl: 'https://partner.microsoft.com/dashboard',
    })
  })
})

describe('look', () => {
  it.each([
    [{}, { is: 'open' }],
    [{ subState: 'pendingPartnerAction' }, { is: 'open' }],
    [{ subState: 'Accepted' }, { is: 'accepted', at: null }],
    [{ state: 'withdrawn', subState: null }, { is: 'withdrawn' }],
    [{ state: 'deleted' }, { is: 'withdrawn' }],
    [{ state: 'frozen' }, { is: 'unknown', word: 'frozen' }],
    [{ subState: 'pondering' }, { is: 'unknown', word: 'live, pondering' }],
  ])('%j', async (change, standing) => {
    const { offers } = microsoft({ [read]: text(offer(change)) })
    expect(await offers.look?.(guid)).toEqual(standing)
  })

  it('does not find an offer that is not shown', async () => {
    const looked = microsoft({}).offers.look?.(guid) ?? Promise.resolve()
    expect((await failing(looked)).code).toBe('not_found')
  })
})
