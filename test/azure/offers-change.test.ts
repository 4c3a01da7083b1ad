import { describe, expect, it } from 'vitest'
import { failing, guid, link, microsoft, type Reply } from './offers-fake.ts'

const post = 'POST /ingestion/configure'
const status = (n: number) => `GET /ingestion/configure/job-${n}/status`
const read = `GET /ingestion/private-offer/${guid}`

const job = (jobResult: string, errors: object[] = []): Reply => ({
  json: { jobId: 'x', jobStatus: 'completed', jobResult, errors },
})
const begun = (n: number): Reply => ({
  status: 202,
  json: { jobID: `job-${n}`, jobStatus: 'notStarted', jobResult: 'pending' },
})
const text = (change: object = {}): Reply => ({
  text: `{"price":{"rate":0.10000000000000000001},${JSON.stringify({ ...whole, ...change }).slice(1)}`,
})
const whole = {
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
  beneficiaries: [{ id: 'b', description: 'Acme 2027 (offer_1)' }],
  acceptanceLinks: [{ beneficiaryId: 'b', link }],
  somethingNew: { keep: 'me' },
}
const withdrawn = { state: 'withdrawn', subState: null, acceptanceLinks: [] }
const accepted = { subState: 'accepted' }
const extended = { acceptBy: '2027-01-31', acceptanceLinks: [{ link: `${link}&v=2` }] }
const conflict = job('failed', [{ code: 'Conflict', message: 'The offer was accepted.' }])
const operationOf = (progress: any): string => progress.operation

describe('withdraw', () => {
  it('sends the state alone, and is done when its job is', async () => {
    const { offers, sent } = microsoft({
      [read]: text(),
      [post]: begun(1),
      [status(1)]: job('succeeded'),
    })
    const running = await offers.withdraw(guid, '2026-11-01', 'offer_1-2')
    expect(sent.at(-1)?.body.resources).toEqual([
      {
        $schema: whole.$schema,
        id: `private-offer/${guid}`,
        name: 'Acme 2027',
        privateOfferType: 'customerPromotion',
        state: 'withdrawn',
      },
    ])
    expect(await offers.changeProgress(operationOf(running))).toEqual({ is: 'done' })
  })

  it('starts nothing the second time a key is used', async () => {
    const { offers, times } = microsoft({ [read]: text(), [post]: begun(1) })
    const first = await offers.withdraw(guid, '2026-11-01', 'offer_1-2')
    expect(await offers.withdraw(guid, '2026-11-01', 'offer_1-2')).toEqual(first)
    expect(times(post)).toBe(1)
  })

  it('of what is withdrawn is done, of what is accepted refused, of what is not there not found', async () => {
    const ask = (reply: Reply) =>
      microsoft({ [read]: reply }).offers.withdraw(guid, '2026-11-01', 'k')
    expect(await ask(text(withdrawn))).toEqual({ is: 'done' })
    expect(await ask(text(accepted))).toMatchObject({
      is: 'refused',
      reasons: [{ code: 'accepted' }],
    })
    expect(await failing(ask({ status: 404, json: {} }))).toMatchObject({ code: 'not_found' })
  })

  it.each([
    [
      'the buyer was faster',
      accepted,
      { is: 'refused', reasons: [{ code: 'accepted' }, { code: 'Conflict' }] },
    ],
    ['somebody else was faster', withdrawn, { is: 'done' }],
    ['Microsoft would not', {}, { is: 'refused', reasons: [{ code: 'Conflict' }] }],
  ])('whose job failed tells what counts when %s', async (_, change, outcome) => {
    const { offers } = microsoft({
      [read]: [text(), text(change)],
      [post]: begun(1),
      [status(1)]: conflict,
    })
    const running = await offers.withdraw(guid, '2026-11-01', 'k')
    expect(await offers.changeProgress(operationOf(running))).toMatchObject(outcome)
  })
})

describe('extend', () => {
  const world = (reads: readonly Reply[], more: object = {}) =>
    microsoft({
      [read]: reads,
      [post]: [begun(1), begun(2)],
      [status(1)]: job('succeeded'),
      [status(2)]: job('succeeded'),
      ...more,
    })
  const extend = (offers: ReturnType<typeof world>['offers']) =>
    offers.extend(guid, '2027-01-31', 'offer_1-2')

  it('withdraws, then submits the same resource with the new day, and tells the new link', async () => {
    const { offers, sent, again } = world([text(), text(withdrawn), text(extended)])
    const closing = await extend(offers)
    const reopening = await again().changeProgress(operationOf(closing))
    const { state, subState: _, acceptanceLinks: __, ...kept } = whole
    expect(sent.at(-1)?.body.resources[0]).toMatchObject({ ...kept, state, acceptBy: '2027-01-31' })
    expect(sent.at(-1)?.body.resources[0]).not.toHaveProperty('acceptanceLinks')
    expect(await again().changeProgress(operationOf(reopening))).toEqual({
      is: 'done',
      buyUrl: `${link}&v=2`,
    })
  })

  it('sends back every number as it was written', async () => {
    const bodies: string[] = []
    const { offers, azure } = world([text(), text(withdrawn)])
    const fetch = azure.fetch
    Object.assign(azure, {
      fetch: async (request: Request) => {
        bodies.push(await request.clone().text())
        return fetch(request)
      },
    })
    await offers.changeProgress(operationOf(await extend(offers)))
    expect(bodies.at(-1)).toContain('"rate":0.10000000000000000001')
  })

  it('waits where reads lag behind, and for the link', async () => {
    const lagging = [
      text(),
      text(),
      text(withdrawn),
      text(withdrawn),
      text({ ...extended, acceptanceLinks: [] }),
      text(extended),
    ]
    const { offers } = world(lagging)
    const closing = operationOf(await extend(offers))
    expect(operationOf(await offers.changeProgress(closing))).toBe(closing)
    const reopening = operationOf(await offers.changeProgress(closing))
    for (const _ of [1, 2])
      expect(operationOf(await offers.changeProgress(reopening))).toBe(reopening)
    expect(await offers.changeProgress(reopening)).toMatchObject({ is: 'done' })
  })

  it('is refused when the buyer accepts in between', async () => {
    const { offers } = world([text(), text(accepted)], { [status(1)]: conflict })
    const closing = await extend(offers)
    expect(await offers.changeProgress(operationOf(closing))).toMatchObject({
      is: 'refused',
      reasons: [{ code: 'accepted' }, { code: 'Conflict' }],
    })
  })

  it('that cannot be finished leaves the offer withdrawn, and says why', async () => {
    const no = { status: 400, json: { error: { code: 'badRequest', message: 'end is past' } } }
    const atOnce = world([text(), text(withdrawn)], { [post]: [begun(1), no] })
    const closing = await extend(atOnce.offers)
    expect(await atOnce.offers.changeProgress(operationOf(closing))).toMatchObject({
      is: 'withdrawn',
      reasons: [{ message: expect.stringMatching(/end is past/) }, { code: 'badRequest' }],
    })
    const later = world([text(), text(withdrawn)], { [status(2)]: conflict })
    const reopening = await later.offers.changeProgress(operationOf(await extend(later.offers)))
    expect(await later.offers.changeProgress(operationOf(reopening))).toMatchObject({
      is: 'withdrawn',
      reasons: [{ code: 'not_reopened' }, { code: 'Conflict' }],
    })
  })

  it('tries the second half again when Microsoft could not take it', async () => {
    const { offers } = world([text(), text(withdrawn), text(withdrawn)], {
      [post]: [begun(1), { status: 503 }, begun(2)],
    })
    const closing = operationOf(await extend(offers))
    expect(await failing(offers.changeProgress(closing))).toMatchObject({ code: 'unavailable' })
    expect(JSON.parse(operationOf(await offers.changeProgress(closing)))).toMatchObject({
      step: 'reopen',
      job: 'job-2',
    })
  })

  it('knows the second half again whose reply was lost', async () => {
    const { offers, times } = world([text(), text(withdrawn), text(extended)], {
      [post]: [begun(1), { lost: true }],
    })
    const closing = operationOf(await extend(offers))
    expect(await failing(offers.changeProgress(closing))).toMatchObject({ code: 'unavailable' })
    expect(await offers.changeProgress(closing)).toEqual({ is: 'done', buyUrl: `${link}&v=2` })
    expect(times(post)).toBe(2)
  })

  it('goes on with the first half of a try whose reply was lost, and does nothing twice', async () => {
    const lost = world([text(withdrawn)])
    expect(JSON.parse(operationOf(await extend(lost.offers)))).toMatchObject({ step: 'reopen' })
    const done = world([text(extended)])
    expect(await extend(done.offers)).toEqual({ is: 'done', buyUrl: `${link}&v=2` })
    expect(done.times(post)).toBe(0)
  })

  it('beyond the end of the price touches nothing', async () => {
    const { offers, times } = world([text({ end: '2026-12-31' })])
    expect(await extend(offers)).toMatchObject({ is: 'refused', reasons: [{ code: 'end' }] })
    expect(times(post)).toBe(0)
  })
})
