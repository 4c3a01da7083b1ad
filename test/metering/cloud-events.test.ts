import { CloudEvent, HTTP } from 'cloudevents'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openShop, event as ours, proof, records, type Shop, send } from './market.ts'

let shop: Shop
let one: string
beforeAll(async () => {
  shop = await openShop([])
})
beforeEach(async () => {
  ;[one] = await shop.fresh()
})
afterEach(async () => {
  expect((await proof(shop)).holds).toBe(true)
})
afterAll(() => shop.world.close())

let count = 0
const cloudEvent = (changes: Record<string, unknown> = {}) => ({
  specversion: '1.0',
  id: `ce-${++count}`,
  source: '/billing/worker',
  type: 'tradepost.usage',
  subject: one,
  time: '2027-03-10T09:00:00Z',
  data: { dimension: 'api_calls', quantity: '1.5' },
  ...changes,
})
const single = 'application/cloudevents+json'
const batch = 'application/cloudevents-batch+json'
const post = async (
  body: unknown,
  type: string,
  headers: Record<string, string> = {},
  query = '',
) =>
  shop.world
    .as('meter')
    .post(`/v1/usage-events${query}`, body, { ...headers, 'content-type': type })
const faults = (answer: any) => answer.body.refused.map((it: any) => [it.index, it.path, it.code])
const stored = async (id: string, source = '/billing/worker') =>
  (
    await shop.world
      .as('viewer')
      .get(`/v1/usage-events/by-id?source=${encodeURIComponent(source)}&id=${id}`)
  ).body

describe('a CloudEvent', () => {
  it('of our own type is a quantity of a dimension, one by one and in batches', async () => {
    const first = cloudEvent()
    expect((await post(first, `${single}; charset=utf-8`)).body).toMatchObject({ accepted: 1 })
    const answer = await post([first, cloudEvent(), cloudEvent({ subject: 'nobody' })], batch)
    expect(answer.body).toMatchObject({ accepted: 1, duplicates: 1 })
    expect(faults(answer)).toEqual([[2, 'subject', 'unknown_agreement']])
    expect((await records(shop)).map(({ quantity }) => quantity)).toEqual(['3'])
    expect(await send(shop, { ...ours(), id: first.id, source: first.source })).toMatchObject({
      conflicts: [{ id: first.id }],
    })
  })

  it('of any other type is a named event, with its data as properties', async () => {
    const told = cloudEvent({ type: 'com.example.request', data: { bytes: 12, tags: ['a'] } })
    expect((await post(told, single)).body).toMatchObject({ accepted: 1, unmetered: 1 })
    expect(await stored(told.id)).toMatchObject({
      event: 'com.example.request',
      properties: { bytes: 12, tags: ['a'] },
      agreement: expect.stringMatching(/^agr_/),
      quantity: null,
      parts: [],
    })
  })

  it('takes back another', async () => {
    const [first, undo] = [cloudEvent(), cloudEvent({ type: 'tradepost.reversal' })]
    const { subject: _, ...rest } = undo
    const body = [first, { ...rest, data: { reverses: first.id } }]
    expect((await post(body, batch)).body).toMatchObject({ accepted: 2 })
    expect((await proof(shop)).data[0]).toMatchObject({ events: '0', eventCount: 2 })
    const again = { ...cloudEvent({ type: 'tradepost.reversal' }), data: { reverses: first.id } }
    expect(faults(await post(again, single))).toEqual([[0, 'data.reverses', 'reversed_already']])
  })

  it('as the official client writes it is read in every mode', async () => {
    const event = new CloudEvent({
      id: 'sdk-1',
      source: '/billing/w%C3%B6rker',
      type: 'tradepost.usage',
      subject: one,
      time: '2027-03-10T09:00:00.000Z',
      datacontenttype: 'application/json',
      data: { dimension: 'api_calls', quantity: '2' },
      region: 'eu',
    })
    const structured = HTTP.structured(event)
    const type = (message: { headers: Record<string, unknown> }) =>
      String(message.headers['content-type'])
    expect((await post(structured.body, type(structured))).body).toMatchObject({ accepted: 1 })
    const binary = HTTP.binary(event.cloneWith({ source: '/plain' }))
    const headers = binary.headers as Record<string, string>
    expect((await post(binary.body, type(binary), headers)).body).toMatchObject({ accepted: 1 })
    expect((await post(binary.body, type(binary), headers)).body).toMatchObject({ duplicates: 1 })
    expect((await proof(shop)).data[0]).toMatchObject({ events: '4' })
  })

  it('in binary mode has its headers decoded', async () => {
    const headers = (changes: Record<string, string>) => ({
      'ce-specversion': '1.0',
      'ce-id': 'bin-1',
      'ce-type': 'com.example.request',
      'ce-source': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
      'ce-subject': one,
      'ce-time': '2027-03-10T09:00:00Z',
      ...changes,
    })
    const json = 'application/json'
    expect((await post({ a: 1 }, json, headers({}))).body).toMatchObject({ accepted: 1 })
    expect(await stored('bin-1', 'Euro € 😀')).toMatchObject({ properties: { a: 1 } })
    const quoted = headers({ 'ce-source': '"a \\"b\\" c"' })
    expect((await post('', json, quoted)).body).toMatchObject({ accepted: 1 })
    expect(await stored('bin-1', 'a "b" c')).toMatchObject({ properties: {} })
    for (const [name, value] of [
      ['source', '%C0%A0'],
      ['source', '50%'],
      ['subject', '%00'],
      ['time', '2027-03-10'],
      ['specversion', '0.3'],
    ] as const)
      expect(faults(await post({}, json, headers({ [`ce-${name}`]: value })))).toEqual([
        [0, name, 'invalid'],
      ])
  })

  it.each([
    ['another specversion', { specversion: '0.3' }, ['specversion']],
    ['no specversion', { specversion: null }, ['specversion']],
    ['no subject', { subject: null }, ['subject']],
    ['no time', { time: undefined }, ['time']],
    ['no type', { type: undefined }, ['type']],
    ['no id and source', { id: '', source: null }, ['id', 'source']],
    [
      'a quantity that is a number',
      { data: { dimension: 'api_calls', quantity: 1 } },
      ['data.quantity'],
    ],
    ['no data', { data: undefined }, ['data.dimension', 'data.quantity']],
    ['data that is text', { type: 'x', data: 'text' }, ['data']],
    [
      'data that hides an id',
      { data: { dimension: 'api_calls', quantity: '1', id: 'x' } },
      ['data.id'],
    ],
    ['binary data', { type: 'x', data: undefined, data_base64: 'AA==' }, ['data_base64']],
    ['data that is no JSON', { type: 'x', datacontenttype: 'text/xml' }, ['datacontenttype']],
    ['a dimension nobody has', { data: { dimension: 'nope', quantity: '1' } }, ['data.dimension']],
    ['a time ahead', { time: '2027-03-10T12:00:00Z' }, ['time']],
    ['a deep fault in its data', { type: 'x', data: { a: { b: '\0' } } }, ['data.a.b']],
  ])('with %s is refused by its attributes, and the others are kept', async (_, changes, paths) => {
    const answer = await post([cloudEvent(changes), cloudEvent()], batch)
    expect(answer.body.accepted).toBe(1)
    expect(answer.body.refused).toHaveLength(1)
    expect(answer.body.refused[0].errors.map(({ path }: any) => path)).toEqual(paths)
    expect(answer.body.refused[0].path).toBe(paths[0])
  })

  it('comes in batches of at most 500, and in none at all', async () => {
    expect((await post([], batch)).body).toMatchObject({ accepted: 0, refused: [] })
    const many = Array.from({ length: 501 }, () => cloudEvent())
    expect((await post(many, batch)).status).toBe(422)
    expect((await post(many.slice(1), batch)).body.accepted).toBe(500)
    expect((await post({ events: [] }, batch)).status).toBe(422)
    expect((await post(7, single)).body.refused).toMatchObject([{ path: '', index: 0 }])
    expect((await post('{', single)).status).toBe(422)
    expect((await post('{"a":1}', 'text/plain')).status).toBe(422)
  })

  it('in binary mode is repeated by what its headers say, under an idempotency key too', async () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'key-1',
      'ce-type': 'tradepost.usage',
      'ce-source': 'app',
      'ce-subject': one,
      'ce-time': '2027-03-10T09:00:00Z',
      'idempotency-key': `ce-${one}`,
    }
    const data = { dimension: 'api_calls', quantity: '1' }
    expect((await post(data, 'application/json', headers)).body).toMatchObject({ accepted: 1 })
    const again = await post(data, 'application/json', headers)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    const other = await post(data, 'application/json', { ...headers, 'ce-id': 'key-2' })
    expect(other.status).toBe(409)
  })
})

describe('a dry run', () => {
  const at = (time: string) => ({ time: `2027-03-${time}:00Z` })

  it('says where each event would go and stores nothing', async () => {
    const known = cloudEvent()
    await post(known, single)
    const before = await proof(shop)
    const body = [
      known,
      cloudEvent(),
      cloudEvent(at('08T09:00')),
      cloudEvent({ type: 'tradepost.reversal', data: { reverses: known.id } }),
      cloudEvent({ type: 'unheard', data: {} }),
      cloudEvent({ subject: 'nobody' }),
    ]
    const { body: answer } = await post(body, batch, {}, '?dryRun=true')
    expect(answer).toMatchObject({ accepted: 4, duplicates: 1, lost: 1, unmetered: 1 })
    expect(answer.refused).toMatchObject([{ index: 5, path: 'subject' }])
    expect(answer.events.map((it: any) => [it.index, it.unmetered])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ])
    const goes = answer.events.flatMap((it: any) => it.goes)
    expect(goes).toMatchObject([
      { is: 'kept', dimension: 'api_calls', quantity: '1.5', hour: '2027-03-10T09:00Z' },
      {
        is: 'lost',
        hour: '2027-03-08T09:00Z',
        reason: expect.stringContaining('deadline'),
        value: { currency: 'USD', amount: '0.75' },
      },
      { is: 'kept', quantity: '-1.5', hour: '2027-03-10T09:00Z' },
    ])
    expect(await proof(shop)).toEqual(before)
    const { body: listed } = await shop.world.as('viewer').get('/v1/usage-events')
    expect(listed.data.map(({ id }: any) => id)).toEqual([known.id])
    expect((await shop.world.deps.db.selectFrom('events').selectAll().execute()).length).toBe(0)
    expect((await post(body, batch)).body).toEqual({ ...answer, events: undefined })
  })

  it('is a request like any other under an idempotency key', async () => {
    const headers = { 'idempotency-key': `dry-${one}` }
    const body = { events: [ours({ agreement: one })] }
    const run = () => shop.world.as('meter').post('/v1/usage-events?dryRun=true', body, headers)
    expect((await run()).body).toMatchObject({ accepted: 1, events: [{ goes: [{ is: 'kept' }] }] })
    expect((await run()).headers.get('idempotent-replayed')).toBe('true')
    expect(await records(shop)).toEqual([])
    const really = await shop.world.as('meter').post('/v1/usage-events', body, headers)
    expect(really.status).toBe(409)
  })
})

describe('events', () => {
  const list = async (query: string) =>
    (await shop.world.as('viewer').get(`/v1/usage-events?${query}`)).body

  it('are listed as they were told, paged and by what they are of', async () => {
    const [first, named] = [cloudEvent(), cloudEvent({ type: 'unheard', data: { a: 1 } })]
    const undo = cloudEvent({ type: 'tradepost.reversal', data: { reverses: first.id } })
    await post([first, named, undo, cloudEvent({ source: 'b' })], batch)
    const ids = async (query: string) => (await list(query)).data.map(({ id }: any) => id)
    expect(await ids(`agreement=${one}&source=${encodeURIComponent('/billing/worker')}`)).toEqual([
      first.id,
      named.id,
      undo.id,
    ])
    expect(await ids(`agreement=${one}&name=unheard`)).toEqual([named.id])
    expect(await ids(`agreement=${one}&dimension=api_calls`)).toHaveLength(3)
    expect(await ids(`agreement=${one}&from=2027-03-10T10:00:00Z`)).toEqual([])
    expect(await ids('agreement=nobody')).toEqual([])
    const [record] = await records(shop)
    expect(await ids(`record=${record.id}`)).toEqual([first.id, undo.id, `ce-${count}`])
    const seen: string[] = []
    let cursor = ''
    do {
      const body = await list(`limit=1${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.data.map(({ id }: any) => id))
      cursor = body.next
    } while (cursor)
    expect(seen).toEqual([first.id, named.id, undo.id, `ce-${count}`])
    expect((await list('limit=4')).data[0]).toMatchObject({ reversedBy: undo.id, quantity: '1.5' })
    expect((await list('limit=4')).data[2]).toMatchObject({ reverses: first.id, quantity: '-1.5' })
    expect((await list('name=x&from=2027-01-01T00:00:00Z')).errors).toHaveLength(2)
  })

  it('are shown one by one with what became of them, and records with what they sum up', async () => {
    const first = cloudEvent()
    const undo = cloudEvent({ type: 'tradepost.reversal', data: { reverses: first.id } })
    await post([first, undo], batch)
    const [record] = await records(shop)
    expect(await stored(undo.id)).toMatchObject({
      reverses: first.id,
      parts: [{ dimension: 'api_calls', quantity: '-1.5', record: record.id, meter: null }],
    })
    const { body } = await shop.world
      .as('viewer')
      .get(`/v1/usage-records/${record.id}/events?limit=1`)
    expect(body.data).toMatchObject([{ kind: 'event', id: first.id, quantity: '1.5' }])
    const next = await shop.world
      .as('viewer')
      .get(`/v1/usage-records/${record.id}/events?limit=1&cursor=${body.next}`)
    expect(next.body.data).toMatchObject([{ kind: 'event', id: undo.id, reverses: first.id }])
    expect(next.body.next).toBeNull()
    const unknown = await shop.world.as('viewer').get('/v1/usage-events/by-id?source=x&id=y')
    expect(unknown.status).toBe(404)
    expect((await shop.world.as('meter').get('/v1/usage-events')).status).toBe(403)
  })
})
