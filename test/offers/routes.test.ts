import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setTheStage } from './market.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setTheStage()
})
afterAll(() => stage.world.close())

const desk = () => stage.world.as('deal_desk')
const paths = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path)
const preview = async (id: string) => (await desk().post(`/v1/offers/${id}/preview`)).body

describe('a draft', () => {
  it('keeps the body it was made with, and what it is worth', async () => {
    const body = stage.body({ crm: { opportunity: '006Dn00000ExAmPlE1' }, native: { a: [1] } })
    const { status, body: made, headers } = await desk().post('/v1/offers', body)
    expect(status).toBe(201)
    expect(made).toMatchObject({
      ...body,
      start: 'acceptance',
      legal: { kind: 'standard', documents: [] },
      contacts: [],
      state: { is: 'draft' },
      expiresAt: '2027-02-01T00:00:00.000Z',
      value: { currency: 'USD', amount: '120000.00' },
      fee: { is: 'known', rate: '0.03', amount: { currency: 'USD', amount: '3600.00' } },
      net: { currency: 'USD', amount: '116400.00' },
    })
    expect(headers.get('etag')).toBe('"1"')
    expect((await desk().get(`/v1/offers/${made.id}`)).body).toEqual(made)
    expect(made.state).toEqual({ is: 'draft' })
  })

  it('is refused, with every fault, when its shape is wrong', async () => {
    const { status, body } = await desk().post('/v1/offers', {
      ...stage.body({
        term: { months: 12.5 },
        start: 'soon',
        currency: 'US',
        pricing: { contract: [{ dimension: 'seats', quantity: 100, price: '-1' }], discount: '5' },
        payments: [{ on: '2027-02-30', amount: '1e3' }],
        colour: 'red',
      }),
    })
    expect(status).toBe(422)
    expect(paths(body).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'colour',
      'currency',
      'payments.0.amount',
      'payments.0.on',
      'pricing.contract.0.price',
      'pricing.contract.0.quantity',
      'pricing.discount',
      'start',
      'term.months',
    ])
  })

  it.each(['12345678901234567890', '12345678901234567890.12', '99999999999999999999999999'])(
    'is refused for an amount of %s',
    async (amount) => {
      const answer = await desk().post(
        '/v1/offers',
        stage.body({ payments: [{ on: 'acceptance', amount }] }),
      )
      expect([answer.status, paths(answer.body)]).toEqual([422, ['payments.0.amount']])
    },
  )

  it('is refused when what only the marketplace knows is nested without end', async () => {
    const native = { a: JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) }
    const answer = await desk().post('/v1/offers', stage.body({ native }))
    expect([answer.status, paths(answer.body)]).toEqual([422, ['native']])
  })

  it('is told of sums too large to post, without a fault of ours', async () => {
    const id = await stage.draft({
      pricing: {
        contract: [
          { dimension: 'seats', quantity: '99999999999999999999', price: '99999999999999999.99' },
        ],
      },
      payments: [{ on: 'acceptance', amount: '999999999999999999.99' }],
    })
    const seen = await preview(id)
    expect(seen.violations).toEqual([
      { path: 'pricing.contract.0', message: 'is too large' },
      { path: 'payments.0.amount', message: 'is too large' },
    ])
    expect([seen.schedule, seen.value, seen.requests]).toEqual([null, null, []])
  })

  it('names only what exists and belongs together, or every fault is told', async () => {
    const none = { connection: 'conn_none', listing: 'lst_none', buyer: 'buyer_none' }
    const { status, body } = await desk().post('/v1/offers', stage.body(none))
    expect([status, paths(body)]).toEqual([422, ['connection', 'listing', 'buyer']])
    const { body: connections } = await desk().get('/v1/connections')
    const crm = connections.data.find((c: { provider: string }) => c.provider === 'crm').id
    const other = await desk().post('/v1/offers', stage.body({ connection: crm, plan: 'plan_x' }))
    expect([other.status, paths(other.body)]).toEqual([422, ['connection', 'listing', 'plan']])
    expect(other.body.errors[0].message).toBe('A CRM has no offers here')
  })

  it('may name a plan of its listing', async () => {
    const { body: listing } = await desk().get(`/v1/listings/${stage.listing}`)
    const id = await stage.draft({ plan: listing.plans[0].id })
    expect((await stage.shown(id)).plan).toBe(listing.plans[0].id)
  })

  it('changes in part; null takes a part away', async () => {
    const id = await stage.draft({ note: 'hello', plan: undefined })
    const path = `/v1/offers/${id}`
    const changed = await desk().patch(
      path,
      { name: 'Second', note: null, payments: null },
      { 'if-match': '"1"' },
    )
    expect(changed.body).toMatchObject({ name: 'Second', revision: 2, term: { months: 12 } })
    expect(changed.body).not.toHaveProperty('note')
    expect(changed.body).not.toHaveProperty('payments')
    expect(changed.headers.get('etag')).toBe('"2"')
    expect((await desk().patch(path, { name: null })).status).toBe(422)
  })

  it('is not changed by whoever read an older revision', async () => {
    const id = await stage.draft()
    await desk().patch(`/v1/offers/${id}`, { name: 'Theirs' })
    const late = await desk().patch(`/v1/offers/${id}`, { name: 'Ours' }, { 'if-match': '"1"' })
    expect([late.status, late.body.code]).toEqual([412, 'stale'])
    const sent = await desk().post(`/v1/offers/${id}/submit`, {}, { 'if-match': '"1"' })
    expect(sent.status).toBe(412)
    expect((await stage.shown(id)).name).toBe('Theirs')
  })

  it('is changed by one of those who change it at once', async () => {
    const id = await stage.draft()
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) =>
        desk().patch(`/v1/offers/${id}`, { name }, { 'if-match': '"1"' }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.every((status) => [200, 409, 412].includes(status))).toBe(true)
  })
})

describe('a preview', () => {
  it('shows what would be sent, charged, kept and broken, and changes nothing', async () => {
    const id = await stage.draft()
    const before = await stage.shown(id)
    const seen = await preview(id)
    expect(seen).toMatchObject({
      key: id,
      requests: [{ Token: id, Name: 'Acme 2027' }],
      violations: [],
      schedule: {
        rows: [
          { when: 'acceptance', on: '2026-11-22', amount: { amount: '60000.00' } },
          { when: '2027-07-01', on: '2027-07-01', amount: { amount: '60000.00' } },
        ],
        total: { currency: 'USD', amount: '120000.00' },
        matches: true,
      },
      value: { amount: '120000.00' },
      annualValue: { amount: '120000.00' },
      net: { amount: '116400.00' },
    })
    expect(await stage.shown(id)).toEqual(before)
    expect(stage.market.calls).toEqual([])
  })

  it('answers 200 with every rule that is broken, the marketplace’s own among them', async () => {
    const id = await stage.draft({
      name: 'Ugly',
      pricing: { contract: [{ dimension: 'sofas', quantity: '1', price: '10.00' }] },
      payments: [{ on: 'acceptance', amount: '9.99' }],
      legal: { kind: 'custom', documents: ['doc_none'] },
    })
    stage.market.refusesName = 'Ugly'
    const { status, body } = await desk().post(`/v1/offers/${id}/preview`)
    expect(status).toBe(200)
    expect(body.violations).toEqual([
      {
        path: 'pricing.contract.0.dimension',
        message: 'the listing has no contract dimension sofas',
      },
      {
        path: 'payments',
        message: 'come to USD 9.99, which is 0.01 less than the total of 10.00',
      },
      { path: 'legal.documents.0', message: 'no document doc_none' },
      { path: 'name', message: 'is not to our taste' },
    ])
    expect([body.schedule.matches, body.requests]).toEqual([false, []])
    const sent = await desk().post(`/v1/offers/${id}/submit`)
    expect([sent.status, sent.body.errors]).toEqual([422, body.violations])
    expect((await stage.shown(id)).state.is).toBe('draft')
  })

  it('shows the request even when only the marketplace’s own rules are broken', async () => {
    stage.market.refusesName = 'Odd'
    const seen = await preview(await stage.draft({ name: 'Odd' }))
    expect([seen.violations.length, seen.requests.length]).toEqual([1, 1])
  })

  it('of a live offer shows what was sent', async () => {
    const { id } = await stage.live()
    const draft = await stage.draft()
    await stage.pass(86_400_000)
    const seen = await preview(id)
    expect(seen).toMatchObject({ key: id, violations: [] })
    expect(seen.schedule.rows[0].on < (await preview(draft)).schedule.rows[0].on).toBe(true)
  })

  it('can be read by whoever may read offers', async () => {
    const id = await stage.draft()
    for (const role of ['finance', 'sales', 'viewer'] as const)
      expect((await stage.world.as(role).post(`/v1/offers/${id}/preview`)).status).toBe(200)
    expect((await stage.world.as('meter').post(`/v1/offers/${id}/preview`)).status).toBe(403)
  })
})

describe('submitting', () => {
  it('freezes the order: what changes later does not reach it', async () => {
    const id = await stage.submitted()
    expect((await stage.shown(id)).state).toMatchObject({ is: 'submitting' })
    const late = await desk().patch(`/v1/offers/${id}`, { name: 'Late' })
    expect([late.status, late.body.code]).toEqual([409, 'conflict'])
    expect((await desk().post(`/v1/offers/${id}/submit`)).status).toBe(409)
    await stage.world.drain()
    expect(stage.market.begun.get(id)?.what).toMatchObject({
      listingRef: 'prod-1',
      planRef: null,
      buyerRefs: ['111122223333'],
      terms: { name: 'Acme 2027', native: {} },
    })
  })

  it('happens once when the request is repeated under one key', async () => {
    const id = await stage.draft()
    const key = { 'idempotency-key': `submit-${id}` }
    const first = await desk().post(`/v1/offers/${id}/submit`, {}, key)
    const again = await desk().post(`/v1/offers/${id}/submit`, {}, key)
    expect([first.status, again.status]).toEqual([202, 202])
    expect(again.body).toEqual(first.body)
    await stage.world.drain()
    expect([...stage.market.begun.keys()].filter((k) => k.startsWith(id))).toEqual([id])
  })

  it('drafts once when the request is repeated under one key', async () => {
    const key = { 'idempotency-key': 'draft-once' }
    const first = await desk().post('/v1/offers', stage.body(), key)
    const again = await desk().post('/v1/offers', stage.body(), key)
    expect(again.body.id).toBe(first.body.id)
    expect((await desk().post('/v1/offers', stage.body({ name: 'B' }), key)).status).toBe(409)
  })

  it('sends the addresses of its documents in order', async () => {
    const enter = async (name: string, url: string) =>
      (await desk().post('/v1/documents', { name, url })).body.id
    const documents = [
      await enter('terms', 'https://s3.amazonaws.com/acme/terms.pdf'),
      await enter('addendum', 's3://acme/addendum.pdf'),
    ]
    const id = await stage.submitted({ legal: { kind: 'custom', documents } })
    await stage.world.drain()
    expect(stage.market.begun.get(id)?.what).toMatchObject({
      documents: ['https://s3.amazonaws.com/acme/terms.pdf', 's3://acme/addendum.pdf'],
    })
  })
})

describe('withdrawing and extending', () => {
  it('are for live offers only', async () => {
    const id = await stage.draft()
    expect((await desk().post(`/v1/offers/${id}/withdraw`)).status).toBe(409)
    expect((await desk().post(`/v1/offers/${id}/extend`, { acceptBy: '2027-03-01' })).status).toBe(
      409,
    )
  })

  it('are refused for a day that is no extension', async () => {
    const { id } = await stage.live()
    const answer = await desk().post(`/v1/offers/${id}/extend`, { acceptBy: '2027-01-31' })
    expect([answer.status, paths(answer.body)]).toEqual([422, ['acceptBy']])
  })

  it('are not both begun', async () => {
    const { id } = await stage.live()
    const [a, b] = await Promise.all([
      desk().post(`/v1/offers/${id}/withdraw`),
      desk().post(`/v1/offers/${id}/extend`, { acceptBy: '2027-03-01' }),
    ])
    expect([a.status, b.status].toSorted((x, y) => x - y)).toEqual([202, 409])
  })
})

describe('a clone', () => {
  it('is a draft with the same terms', async () => {
    const { id } = await stage.live({ note: 'as agreed' })
    const { status, body } = await desk().post(`/v1/offers/${id}/clone`)
    expect(status).toBe(201)
    expect(body).toMatchObject({ ...stage.body({ note: 'as agreed' }), state: { is: 'draft' } })
    expect(body.id).not.toBe(id)
  })
})

describe('documents', () => {
  it.each(['http://example.com/a.pdf', 'ftp://example.com/a', 'javascript:alert(1)', 'a.pdf'])(
    'refuse the address %s',
    async (url) => {
      const { status, body } = await desk().post('/v1/documents', { name: 'x', url })
      expect([status, paths(body)[0]]).toEqual([422, 'url'])
    },
  )

  it('are entered, listed and read', async () => {
    const made = await desk().post('/v1/documents', { name: 'msa', url: 'https://example.com/m' })
    expect(made.status).toBe(201)
    const read = await stage.world.as('viewer').get(`/v1/documents/${made.body.id}`)
    expect(read.body).toEqual(made.body)
    expect((await desk().get('/v1/documents?limit=200')).body.data).toContainEqual(made.body)
    expect((await desk().get('/v1/documents/doc_none')).status).toBe(404)
  })
})

describe('roles', () => {
  it('let only the deal desk change offers', async () => {
    const id = await stage.draft()
    for (const role of ['finance', 'sales', 'viewer', 'meter'] as const) {
      const caller = stage.world.as(role)
      expect((await caller.post('/v1/offers', stage.body())).status).toBe(403)
      expect((await caller.patch(`/v1/offers/${id}`, {})).status).toBe(403)
      for (const act of ['submit', 'withdraw', 'extend', 'clone'])
        expect((await caller.post(`/v1/offers/${id}/${act}`)).status).toBe(403)
    }
  })
})

describe('the list and the report', () => {
  it('filter by connection, buyer and state, page by page', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await desk().get(
        `/v1/offers?limit=3&state=draft${cursor && `&cursor=${cursor}`}`,
      )
      expect(body.data.every((o: { state: { is: string } }) => o.state.is === 'draft')).toBe(true)
      seen.push(...body.data.map((o: { id: string }) => o.id))
      cursor = body.next
    } while (cursor)
    expect(new Set(seen).size).toBe(seen.length)
    expect((await desk().get('/v1/offers?buyer=buyer_none')).body.data).toEqual([])
    expect(
      (await desk().get(`/v1/offers?connection=${stage.connection}&limit=1`)).body.data,
    ).toHaveLength(1)
    expect((await desk().get('/v1/offers?state=lively')).status).toBe(422)
  })

  it('add up by state and currency, exactly', async () => {
    await stage.draft({
      currency: 'EUR',
      name: '=cmd()',
      pricing: { contract: [{ dimension: 'seats', quantity: '1', price: '0.01' }] },
      payments: undefined,
    })
    const { body } = await stage.world.as('finance').get('/v1/reports/offers?state=draft&limit=1')
    const euros = body.totals.find((t: { currency: string }) => t.currency === 'EUR')
    expect(euros).toMatchObject({
      offers: 1,
      feesUnknown: 1,
      value: { currency: 'EUR', amount: '0.01' },
      net: { amount: '0.00' },
    })
    const dollars = body.totals.find((t: { currency: string }) => t.currency === 'USD')
    expect(Number(dollars.value.amount)).toBeGreaterThan(0)
    expect(body.data).toHaveLength(1)
    expect(body.data[0]).toMatchObject({ buyerName: 'Acme', state: 'draft' })
    expect(body.next).toEqual(expect.any(String))
  })

  it('come as CSV that no spreadsheet runs', async () => {
    const { text, headers } = await stage.world.as('finance').get('/v1/reports/offers?format=csv')
    expect(headers.get('content-type')).toContain('text/csv')
    const [head, ...rows] = text.trim().split('\n')
    expect(head).toContain('offer,name,connection,buyer,buyerName,state,currency,value,feeRate')
    expect(rows.some((row) => row.includes("'=cmd()"))).toBe(true)
    const { body } = await desk().get('/v1/offers?limit=200')
    expect(rows).toHaveLength(body.data.length)
  })
})

describe('the example in the OpenAPI document', () => {
  it('works as a request', async () => {
    const { body } = await stage.world.nobody.get('/openapi.json')
    const schema = body.paths['/v1/offers'].post.requestBody.content['application/json'].schema
    const { connection, listing, buyer } = stage
    const answer = await desk().post('/v1/offers', {
      ...schema.example,
      connection,
      listing,
      buyer,
    })
    expect(answer.status).toBe(201)
    expect((await preview(answer.body.id)).violations).toEqual([])
  })
})
