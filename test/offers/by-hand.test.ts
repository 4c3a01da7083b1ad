import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../src/kernel/time.ts'
import { type Stage, setTheStage } from './market.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setTheStage({ traits: { byHand: true, timeZone: 'America/Los_Angeles' } })
})
afterAll(() => stage.world.close())

const desk = () => stage.world.as('deal_desk')
const act = (id: string, verb: string, body: object = {}, headers = {}) =>
  desk().post(`/v1/offers/${id}/${verb}`, body, headers)
const state = async (id: string) => (await stage.shown(id)).state
const kinds = async (id: string) => (await stage.told(id)).map(({ kind }) => kind)
const newest = async (id: string) => (await stage.told(id)).at(-1)
const handedOff = async (more: object = {}) => {
  const id = await stage.submitted({ payments: undefined, ...more })
  await stage.world.drain()
  return id
}
const live = async (more: object = {}) => {
  const id = await handedOff(more)
  const offerRef = `ref-${id}`
  expect((await act(id, 'published', { offerRef })).status).toBe(200)
  await stage.world.drain()
  return { id, offerRef }
}
const day = (days: number) =>
  new Date(Date.parse(stage.world.deps.now()) + days * dayMs).toISOString().slice(0, 10)
const page = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await stage.world.fetch(
    new Request(`http://tradepost.test${path}`, {
      headers: { authorization: 'Bearer tp_test_deal_desk_0123456789abcdef', ...headers },
    }),
  )
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

describe('an offer that people type in', () => {
  it('is handed off with its sheet, and shows who can accept since when', async () => {
    const id = await handedOff()
    const shown = await stage.shown(id)
    expect(shown.state).toEqual({ is: 'handed_off', since: stage.world.deps.now(), byHand: true })
    expect(shown).toMatchObject({
      timeZone: 'America/Los_Angeles',
      expiresAt: '2027-02-01T08:00:00.000Z',
      openSince: stage.world.deps.now(),
      mayBe: [],
    })
    expect(await kinds(id)).toEqual(['offer.created', 'offer.submitted', 'offer.handed_off'])
    expect((await page(`/v1/offers/${id}/sheet`)).text).toContain('"for":"publish"')
  })

  it('breaks the same rules as anywhere before it is handed off', async () => {
    const id = await stage.draft({ acceptBy: '2026-11-22' })
    const answer = await act(id, 'submit')
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'acceptBy'])
    expect((await act(id, 'published', { offerRef: 'x' })).status).toBe(409)
  })

  it('has the days of the marketplace, not ours', async () => {
    const sinceMidnight = Date.parse(stage.world.deps.now()) % dayMs
    await stage.pass(dayMs - sinceMidnight + 3 * hourMs)
    const id = await handedOff({ acceptBy: day(0) })
    expect(await stage.shown(id)).toMatchObject({
      state: { is: 'handed_off' },
      submittedOn: day(-1),
      expiresAt: `${day(1)}T08:00:00.000Z`,
    })
    const late = await act(await stage.draft({ acceptBy: day(-1), payments: undefined }), 'submit')
    expect([late.status, late.body.errors[0].path]).toEqual([422, 'acceptBy'])
  })

  it('is live once somebody says what it is called', async () => {
    const id = await handedOff()
    const sent = { offerRef: '  typed-1 ', buyUrl: 'https://market.example/buy/typed-1' }
    const { status, body, headers } = await act(id, 'published', sent, { 'if-match': '"3"' })
    expect([status, headers.get('etag')]).toEqual([200, '"4"'])
    expect(body.state).toEqual({ is: 'live', offerRef: 'typed-1', buyUrl: sent.buyUrl })
    expect(await newest(id)).toMatchObject({ kind: 'offer.live', data: { offerRef: 'typed-1' } })
    const again = await handedOff()
    const taken = await act(again, 'published', { offerRef: 'typed-1' })
    expect([taken.status, taken.body.errors]).toEqual([
      422,
      [{ path: 'offerRef', message: `is the reference of ${id}` }],
    ])
    expect((await act(again, 'published', { offerRef: 'typed-2' })).body.state.buyUrl).toBeNull()
  })

  it('is published once when the request is repeated, and not by who read an older revision', async () => {
    const id = await handedOff()
    const headers = { 'idempotency-key': `published-${id}` }
    const first = await act(id, 'published', { offerRef: `once-${id}` }, headers)
    const second = await act(id, 'published', { offerRef: `once-${id}` }, headers)
    expect([first.status, second.status, second.body]).toEqual([200, 200, first.body])
    expect((await act(id, 'withdraw', {}, { 'if-match': '"1"' })).status).toBe(412)
    const url = await act(id, 'published', { offerRef: 'x', buyUrl: 'javascript:alert(1)' })
    expect([url.status, url.body.errors[0].path]).toEqual([422, 'buyUrl'])
  })

  it('is withdrawn at once while nothing is known of it there', async () => {
    const id = await handedOff()
    expect((await act(id, 'withdraw')).body.state).toEqual({ is: 'withdrawn', offerRef: null })
    await stage.pass(2 * dayMs)
    expect(await newest(id)).toMatchObject({
      kind: 'offer.withdrawn',
      data: { was: 'handed_off' },
    })
  })

  it('expires when its last day has ended where the marketplace is', async () => {
    const id = await handedOff({ acceptBy: day(2) })
    const end = Date.parse((await stage.shown(id)).expiresAt)
    expect(new Date(end).toISOString()).toBe(`${day(3)}T08:00:00.000Z`)
    await stage.pass(end - Date.parse(stage.world.deps.now()) - 1)
    expect((await state(id)).is).toBe('handed_off')
    await stage.pass(1)
    expect(await state(id)).toEqual({ is: 'expired', offerRef: null })
    expect((await newest(id))?.kind).toBe('offer.expired')
  })

  it('is handed off once when we die between the sheet and our writing it down', async () => {
    stage.market.trouble.push({ call: 'submit', done: true, problem: new Error('killed') })
    const id = await stage.submitted({ payments: undefined })
    await stage.world.drain()
    expect((await state(id)).is).toBe('submitting')
    await stage.world.as('admin').post('/v1/jobs/restart', {})
    await stage.pass(dayMs)
    expect((await state(id)).is).toBe('handed_off')
    const begun = [...stage.market.begun.keys()].filter((key) => key.startsWith(id))
    expect(begun).toEqual([id])
    expect((await kinds(id)).filter((kind) => kind === 'offer.handed_off')).toHaveLength(1)
  })
})

describe('a change that people make', () => {
  it('is shown with its sheet until they say that it is done', async () => {
    const { id, offerRef } = await live()
    const acceptBy = '2027-03-15'
    expect((await act(id, 'extend', { acceptBy })).status).toBe(202)
    await stage.world.drain()
    expect(await state(id)).toMatchObject({ is: 'extending', byHand: true, acceptBy, offerRef })
    expect(JSON.parse((await page(`/v1/offers/${id}/sheet`)).text)).toMatchObject({
      offer: id,
      for: 'extend',
      title: 'Extend',
    })
    const { body } = await act(id, 'done', { buyUrl: 'https://market.example/new' })
    expect(body.state).toEqual({ is: 'live', offerRef, buyUrl: 'https://market.example/new' })
    expect([body.acceptBy, body.expiresAt]).toEqual([acceptBy, '2027-03-16T07:00:00.000Z'])
    expect((await kinds(id)).slice(-3)).toEqual([
      'offer.extending',
      'offer.extension_handed_off',
      'offer.extended',
    ])
    expect((await page(`/v1/offers/${id}/sheet`)).status).toBe(404)
  })

  it('takes the offer back when it is done, and leaves it live with the reason when not', async () => {
    const { id, offerRef } = await live()
    await act(id, 'withdraw')
    await stage.world.drain()
    const refused = await act(id, 'not-done', { reason: 'the portal is down' })
    expect(refused.body.state).toMatchObject({
      is: 'live',
      changeRefused: { change: 'withdraw', reasons: [{ message: 'the portal is down' }] },
    })
    expect((await act(id, 'done')).status).toBe(409)
    await act(id, 'withdraw')
    await stage.world.drain()
    expect((await act(id, 'done')).body.state).toEqual({ is: 'withdrawn', offerRef })
    expect((await kinds(id)).slice(-3)).toEqual([
      'offer.withdrawing',
      'offer.withdrawal_handed_off',
      'offer.withdrawn',
    ])
  })

  it('that nobody tells of ends with the offer', async () => {
    const { id, offerRef } = await live({ acceptBy: day(2) })
    await act(id, 'extend', { acceptBy: day(5) })
    await stage.world.drain()
    await stage.pass(4 * dayMs)
    expect((await state(id)).is).toBe('extending')
    await stage.pass(3 * dayMs)
    expect(await state(id)).toEqual({ is: 'expired', offerRef })
  })

  it('is not for those who only read', async () => {
    const { id } = await live()
    const answer = await stage.world.as('viewer').post(`/v1/offers/${id}/done`, {})
    expect(answer.status).toBe(403)
  })
})

describe('a sheet', () => {
  it('is a page for browsers, escaped, that asks nobody for anything', async () => {
    const id = await handedOff({ name: 'Acme <script>alert(1)</script> & Co' })
    const shown = await page(`/v1/offers/${id}/sheet`, { accept: 'text/html,*/*;q=0.8' })
    expect(shown.headers.get('content-type')).toContain('text/html')
    expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(shown.text).not.toContain('<script')
    expect(shown.text).toContain('Acme &lt;script&gt;alert(1)&lt;/script&gt; &amp; Co')
    expect(shown.text).toContain('as the &lt;buyer&gt; sees it')
    expect(shown.text).not.toMatch(/src=|@import|url\(/)
    const asked = await page(`/v1/offers/${id}/sheet?format=html`, { accept: 'application/json' })
    expect(asked.headers.get('content-type')).toContain('text/html')
  })

  it('is data for programs, whatever they accept, and not there for a draft', async () => {
    const id = await handedOff()
    const { text, headers } = await page(`/v1/offers/${id}/sheet?format=json`, {
      accept: 'text/html',
    })
    expect(headers.get('content-type')).toContain('application/json')
    expect(JSON.parse(text)).toEqual({
      offer: id,
      for: 'publish',
      title: 'New offer',
      url: 'https://market.example/offers',
      sections: [
        {
          title: 'Customer',
          rows: [{ field: 'Name', value: 'Acme 2027', note: 'as the <buyer> sees it' }],
        },
      ],
    })
    const missing = await page(`/v1/offers/${await stage.draft()}/sheet`)
    expect([missing.status, missing.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json',
    ])
  })
})

describe('the report', () => {
  it('counts offers that are handed off, and those whose value is not known', async () => {
    await handedOff()
    await stage.draft({
      currency: 'EUR',
      payments: undefined,
      pricing: { flat: '5.00' },
      term: undefined,
    })
    const { body } = await desk().get('/v1/reports/offers?limit=1')
    const total = (is: string, currency: string) =>
      body.totals.find(
        (t: { state: string; currency: string }) => t.state === is && t.currency === currency,
      )
    expect(total('handed_off', 'USD').offers).toBeGreaterThan(0)
    expect(total('draft', 'EUR')).toMatchObject({
      offers: 1,
      unknownValues: 1,
      feesUnknown: 1,
      value: { amount: '0.00' },
    })
    expect((await desk().get('/v1/offers?state=handed_off')).body.data.length).toBeGreaterThan(0)
  })
})
