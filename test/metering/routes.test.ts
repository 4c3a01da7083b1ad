import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { event, inOrder, openShop, pass, proof, records, type Shop, send } from './market.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop(['agmt-1', 'agmt-2'])
})
afterAll(() => shop.world.close())

describe('usage events', () => {
  it('are counted once for ever, whatever they are sent with', async () => {
    const once = event({ agreement: 'agmt-2', quantity: '1.50' })
    expect(await send(shop, once)).toMatchObject({ accepted: 1, duplicates: 0 })
    expect(await send(shop, once)).toMatchObject({ accepted: 0, duplicates: 1 })
    const [record] = await records(shop, '&agreement=agmt-2')
    const other = {
      ...once,
      agreement: record.agreement,
      quantity: '1.5',
      at: '2027-03-10T10:00:00+01:00',
    }
    expect(await send(shop, event({ agreement: 'agmt-2' }), other, other)).toMatchObject({
      accepted: 1,
      duplicates: 2,
      conflicts: [],
    })
    expect((await records(shop, '&agreement=agmt-2')).map((one) => one.quantity)).toEqual(['2.5'])
  })

  it('are in conflict when an id comes again with other content, which changes nothing', async () => {
    const first = event({
      dimension: 'storage_gb',
      allocations: [{ quantity: '1', tags: { b: '1', a: '2' } }],
    })
    const inBatch = event()
    await send(shop, first)
    const answer = await send(
      shop,
      { ...first, quantity: '2', allocations: undefined },
      { ...first, allocations: [{ quantity: '1.0', tags: { a: '2', b: '1' } }] },
      inBatch,
      { ...inBatch, at: '2027-03-10T08:59:00.000Z' },
    )
    expect(answer).toMatchObject({ accepted: 1, duplicates: 1, refused: [] })
    expect(answer.conflicts.map((one: any) => [one.index, one.id, one.source])).toEqual([
      [0, first.id, 'test'],
      [3, inBatch.id, 'test'],
    ])
  })

  it.each([
    ['a number', { quantity: 1 }, 'quantity', /not a number/],
    ['a float with an exponent', { quantity: '1e3' }, 'quantity', /decimal string/],
    ['not a number at all', { quantity: 'NaN' }, 'quantity', /decimal string/],
    ['a quantity beyond all measure', { quantity: '1e30' }, 'quantity', /decimal string/],
    ['sixteen digits', { quantity: '1000000000000000' }, 'quantity', /15 digits/],
    ['a comma for a point', { quantity: '1,5' }, 'quantity', /decimal string/],
    ['the beginning of time', { at: '1970-01-01T00:00:00Z' }, 'at', /90 days/],
    ['no agreement', { agreement: undefined }, 'agreement', /missing/],
    ['thirteen decimals', { quantity: '0.0000000000001' }, 'quantity', /12 after/],
    [
      'a negative quantity',
      { quantity: '-1' },
      'quantity',
      /names the event that it takes back in `reverses`/,
    ],
    ['no quantity', { quantity: undefined }, 'quantity', /missing/],
    ['an unknown field', { quantitiy: '1' }, 'quantitiy', /not a field/],
    ['an empty id', { id: '' }, 'id', /must not be empty/],
    ['a numeric id', { id: 7 }, 'id', /must be text/],
    ['an id too long', { id: 'x'.repeat(201) }, 'id', /at most 200/],
    ['a source too long', { source: 'x'.repeat(101) }, 'source', /at most 100/],
    ['a line break', { source: 'a\nb' }, 'source', /line breaks/],
    ['a NUL character', { source: 'a\0b' }, 'source', /control characters/],
    ['half a surrogate pair', { id: 'a\ud800b' }, 'id', /control characters/],
    [
      'a tag no database can hold',
      { allocations: [{ quantity: '1', tags: { '\udc00': 'x' } }] },
      'allocations.0.tags',
      /tag's name/,
    ],
    ['a day for a time', { at: '2027-03-10' }, 'at', /RFC 3339/],
    ['a day that does not exist', { at: '2027-02-30T00:00:00Z' }, 'at', /RFC 3339/],
    ['a time without offset', { at: '2027-03-10T09:00:00' }, 'at', /offset/],
    ['the future', { at: '2027-03-10T09:36:00Z' }, 'at', /future/],
    ['the distant past', { at: '2017-03-10T09:00:00Z' }, 'at', /90 days/],
    ['a time before the agreement', { at: '2026-12-31T22:59:00Z' }, 'at', /before the agreement/],
    ['an unknown agreement', { agreement: 'agr_none' }, 'agreement', /no agreement/],
    ['an unknown dimension', { dimension: 'nope' }, 'dimension', /no dimension nope/],
    ['a dimension sold up front', { dimension: 'seats' }, 'dimension', /not metered/],
    [
      'allocations that do not add up',
      { quantity: '3', allocations: [{ quantity: '2', tags: {} }] },
      'allocations',
      /add up/,
    ],
    [
      'an allocation without quantity',
      { allocations: [{ tags: {} }] },
      'allocations.0.quantity',
      /missing/,
    ],
    [
      'a tag that is no text',
      { allocations: [{ quantity: '1', tags: { a: 1 } }] },
      'allocations.0.tags.a',
      /text/,
    ],
    [
      'too many tags',
      {
        allocations: [
          { quantity: '1', tags: Object.fromEntries('abcdef'.split('').map((t) => [t, t])) },
        ],
      },
      'allocations.0.tags',
      /at most 5/,
    ],
  ])('refuse %s by name and keep the others', async (_, changes, path, message) => {
    const answer = await send(shop, event(), event(changes), event())
    expect(answer).toMatchObject({ accepted: 2, duplicates: 0, conflicts: [] })
    expect(answer.refused).toHaveLength(1)
    expect(answer.refused[0]).toMatchObject({
      index: 1,
      path,
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['null', null],
    ['a list', []],
    ['text', 'x'],
  ])('refuse %s', async (_, value) => {
    expect(await send(shop, value, event())).toMatchObject({
      accepted: 1,
      refused: [{ index: 0, id: null, code: 'invalid', message: 'must be an object' }],
    })
  })

  it('name every fault of a bad event', async () => {
    const { refused } = await send(shop, { id: 'x', quantity: -1, extra: 1 })
    expect(refused[0].errors.map((one: any) => one.path)).toEqual([
      'extra',
      'source',
      'agreement',
      'dimension',
      'quantity',
      'at',
    ])
  })

  it('keep the other 499 of 500', async () => {
    const batch = Array.from({ length: 500 }, (_, n) => event(n === 250 ? { quantity: 5 } : {}))
    expect(await send(shop, ...batch)).toMatchObject({ accepted: 499, refused: [{ index: 250 }] })
    expect(await send(shop, ...batch)).toMatchObject({ accepted: 0, duplicates: 499 })
  })

  it('come 1 to 500 at a time', async () => {
    const post = (body: unknown) => shop.world.as('meter').post('/v1/usage-events', body)
    const many = Array.from({ length: 501 }, () => event())
    for (const body of [
      { events: [] },
      { events: many },
      { events: 'x' },
      {},
      { events: [event()], a: 1 },
      `{"events":[{"quantity":NaN}]}`,
      'NaN',
      'null',
    ])
      expect((await post(body)).status).toBe(422)
  })

  it('are for meters and admins to send', async () => {
    const post = (role: 'viewer' | 'finance' | 'admin') =>
      shop.world.as(role).post('/v1/usage-events', { events: [event()] })
    expect((await post('viewer')).status).toBe(403)
    expect((await post('finance')).status).toBe(403)
    expect((await post('admin')).status).toBe(200)
    expect((await shop.world.as('meter').get('/v1/usage-records')).status).toBe(403)
  })

  it('replay their answer under an idempotency key, also of late and lost ones', async () => {
    const body = { events: [event(), event({ at: '2027-03-08T09:00:00Z' })] }
    const post = () =>
      shop.world.as('meter').post('/v1/usage-events', body, { 'idempotency-key': 'batch-1' })
    const [first, second] = [await post(), await post()]
    expect(first.body).toMatchObject({ accepted: 2, lost: 1 })
    expect(second.body).toEqual(first.body)
  })

  it('are a duplicate even when they would be refused today', async () => {
    const old = event()
    await send(shop, old)
    const ahead = 91 * 24 * 3_600_000
    shop.world.advance(ahead)
    expect(await send(shop, old, event())).toMatchObject({
      accepted: 0,
      duplicates: 1,
      refused: [{ index: 1, code: 'too_old' }],
    })
    shop.world.advance(-ahead)
  })

  it('do not block each other, whatever order many batches bring the same keys in', async () => {
    const all = Array.from({ length: 120 }, (_, n) =>
      event({
        agreement: n % 2 ? 'agmt-1' : 'agmt-2',
        dimension: n % 3 ? 'api_calls' : 'storage_gb',
        at: `2027-03-10T0${n % 9}:10:00Z`,
      }),
    )
    const before = (await proof(shop)).data.reduce(
      (sum: number, row: any) => sum + row.eventCount,
      0,
    )
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => send(shop, ...all.toSorted(() => ((n % 2) - 0.5) * 2))),
    )
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(120)
    expect(answers.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(840)
    const { holds, data } = await proof(shop)
    expect(data.reduce((sum: number, row: any) => sum + row.eventCount, 0)).toBe(before + 120)
    expect(holds).toBe(true)
  })
})

describe('usage records', () => {
  it('can be listed, paged, filtered and looked into', async () => {
    const all = await records(shop)
    expect(all.map((one) => one.hour)).toEqual(inOrder(all.map((one) => one.hour)))
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await shop.world
        .as('viewer')
        .get(`/v1/usage-records?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...body.data.map((one: any) => one.id))
      cursor = body.next
    } while (cursor)
    expect(seen).toEqual(all.map((one) => one.id))
    const some = await records(
      shop,
      '&agreement=agmt-1&dimension=api_calls&state=open&from=2027-03-10T09:00:00Z&to=2027-03-10T10:00:00Z',
    )
    expect(some.map((one) => [one.dimension, one.hour])).toEqual([
      ['api_calls', '2027-03-10T09:00Z'],
    ])
    expect(await records(shop, '&agreement=nobody')).toEqual([])
    const detail = await shop.world.as('viewer').get(`/v1/usage-records/${some[0].id}`)
    expect(detail.body).toMatchObject({ id: some[0].id, state: { is: 'open' }, report: null })
    const first = await shop.world
      .as('viewer')
      .get(`/v1/usage-records/${some[0].id}/events?limit=200`)
    expect(first.body.next).not.toBeNull()
    expect(first.body.data[0]).toMatchObject({ source: 'test', dimension: 'api_calls' })
    expect((await shop.world.as('viewer').get('/v1/usage-records/rec_none')).status).toBe(404)
    expect(
      (await shop.world.as('viewer').get('/v1/usage-records?cursor=WyJ4IiwieSJd')).status,
    ).toBe(422)
  })

  it('are proved as JSON and for a spreadsheet, also by month', async () => {
    await pass(shop, 2 * 3_600_000)
    const { holds, data } = await proof(shop)
    expect(holds).toBe(true)
    expect(data.length).toBe(4)
    const { text } = await shop.world
      .as('finance')
      .get('/v1/reports/metering?format=csv&month=2027-03')
    expect(text.split('\n')[0]).toBe(
      'agreement,dimension,eventCount,events,records,accepted,carried,included,rated,due,refused,lost,holds',
    )
    expect(text.trim().split('\n')).toHaveLength(5)
    expect((await proof(shop, '?month=2027-02')).data).toEqual([])
    expect((await proof(shop, '?month=2027-13')).status).toBe(422)
  })

  it('show it when a row of theirs was tampered with', async () => {
    const [record] = await records(shop, '&state=accepted')
    await shop.world.deps.db.deleteFrom('usage_records').where('id', '=', record.id).execute()
    const { holds, data } = await proof(shop)
    expect(holds).toBe(false)
    expect(data.filter((row: any) => !row.holds)).toHaveLength(1)
  })
})
