import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RemoteAgreement } from '../../src/agreements/model.ts'
import type { ReportedRow } from '../../src/revenue/model.ts'
import type { RevenuePort } from '../../src/revenue/port.ts'
import { line } from '../revenue/fake.ts'
import { createTestWorld, type World } from '../world.ts'
import { marketAdapter, remote } from './market.ts'
import { connect, SalesSystem, salesAdapter } from './sales-system.ts'

let world: World
let sales: SalesSystem
let ids: { market: string; sales: string; listing: string; buyer: string }
const agreements: RemoteAgreement[] = []
const reported: ReportedRow[] = []
const revenue: RevenuePort = {
  files: async () => [{ name: 'billing', fingerprint: `${reported.length}`, sizeBytes: 1 }],
  async *read() {
    yield { rows: reported, broken: [] }
  },
}
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const opportunity = '006000000000001AAA'

beforeAll(async () => {
  sales = new SalesSystem()
  world = await createTestWorld({
    adapters: [marketAdapter(agreements, revenue), salesAdapter(() => sales)],
  })
  const body = { provider: 'aws', name: 'Market', settings: {}, credentials: {} }
  const market = (await world.as('admin').post('/v1/connections', body)).body.id
  await world.drain()
  const { data } = (await world.as('viewer').get('/v1/listings')).body
  const buyer = await world.as('deal_desk').post('/v1/buyers', {
    name: 'Initech',
    accounts: [{ provider: 'aws', ref: '012345678901' }],
    crm: { account: '001000000000001AAA' },
  })
  const connection = await connect(world)
  ids = { market, sales: connection, listing: data[0].id, buyer: buyer.body.id }
  await soon()
})
afterAll(() => world.close())

/** Lets syncs and jobs run until nothing is due, after a while. */
async function later(ms: number) {
  world.advance(ms)
  await world.drain()
}
/** Long enough for a job that asks twice, and for the mirror after it. */
async function soon() {
  for (let i = 0; i < 3; i++) await later(minuteMs)
}

const makeOffer = async (name: string, more: object = {}) => {
  const answer = await world.as('deal_desk').post('/v1/offers', {
    connection: ids.market,
    listing: ids.listing,
    buyer: ids.buyer,
    name,
    acceptBy: '2027-03-31',
    term: { months: 12 },
    currency: 'USD',
    pricing: { contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }] },
    crm: { opportunity },
    ...more,
  })
  if (answer.status !== 201) throw new Error(answer.text)
  return answer.body.id as string
}
const submit = (id: string) => world.as('deal_desk').post(`/v1/offers/${id}/submit`)
const record = (key: string) => sales.records.get(key)

describe('an offer', () => {
  it('is kept in every state, with what it is worth and whose it is', async () => {
    const id = await makeOffer('Acme 2027')
    await soon()
    expect(record(id)).toMatchObject({
      fields: {
        provider: 'aws',
        name: 'Acme 2027',
        offerRef: null,
        listingRef: 'prod-1',
        listingName: 'Widgets',
        status: 'draft',
        type: 'new',
        acceptBy: '2027-03-31',
        startsOn: null,
        endsOn: null,
        termMonths: '12',
        currency: 'USD',
        value: '120000.00',
        buyerRefs: '012345678901',
        payments: 'upfront',
      },
      links: { account: '001000000000001AAA', opportunity },
    })
    const { feePercent, netValue } = record(id)?.fields ?? {}
    expect([feePercent, netValue]).toEqual(['3', '116400.00'])
    expect((await submit(id)).status).toBe(202)
    await soon()
    expect(record(id)?.fields).toMatchObject({ status: 'live', offerRef: 'offer-1' })
    expect(record(id)?.fields.buyUrl).toContain('https://')
  })

  it('is shown on its opportunity, the newest of several, also when an older one changes last', async () => {
    const newer = await makeOffer('Acme 2027, again')
    await soon()
    expect(record(opportunity)).toMatchObject({
      fields: { status: 'draft', netValue: '116400.00' },
      links: { offer: newer },
    })
    const [older] = [...sales.records.keys()].filter((key) => key.startsWith('offer_'))
    await world.as('deal_desk').post(`/v1/offers/${older}/withdraw`)
    await soon()
    expect(record(older ?? '')?.fields.status).toBe('withdrawn')
    expect(record(opportunity)?.links).toEqual({ offer: newer })
  })

  it('costs no call while nothing changes, day and night', async () => {
    await later(hourMs)
    const calls = sales.calls.length
    for (let i = 0; i < 6; i++) await later(5 * hourMs)
    expect(sales.calls.length).toBe(calls)
    expect((await world.as('viewer').get('/v1/syncs')).body.data).toContainEqual(
      expect.objectContaining({ name: 'crm', connection: ids.sales, problem: null }),
    )
  })

  it('moves to another account when its buyer does', async () => {
    const path = `/v1/buyers/${ids.buyer}`
    await world.as('deal_desk').patch(path, { crm: { account: '001000000000002AAA' } })
    await later(hourMs + minuteMs)
    const linked = [...sales.records].filter(([key]) => key.startsWith('offer_'))
    expect(linked.map(([, { links }]) => links.account)).toEqual([
      '001000000000002AAA',
      '001000000000002AAA',
    ])
  })
})

describe('an agreement', () => {
  const key = 'aws:agreement:agmt-1'

  it('is kept with its offer and opportunity, and what is billed is unknown at first', async () => {
    const id = await makeOffer('Sold')
    await submit(id)
    await soon()
    const offerRef = record(id)?.fields.offerRef
    agreements.push(remote('agmt-1', { offerRef }))
    await later(6 * minuteMs)
    await soon()
    expect(record(key)).toMatchObject({
      fields: {
        agreementRef: 'agmt-1',
        buyerRef: '012345678901',
        status: 'active',
        currency: 'USD',
        value: '120000.00',
        drawn: null,
        remaining: null,
      },
      links: { account: '001000000000002AAA', opportunity, offer: id },
    })
    expect(record(id)?.fields.status).toBe('accepted')
    expect(record(opportunity)?.fields.status).toBe('accepted')
  })

  it('says what was billed and what remains, once the marketplace has reported', async () => {
    const rows = [
      line('l1', '40000.10', { validFrom: '2027-01-02T00:00:00Z' }),
      line('l2', '-100.10', { validFrom: '2027-01-02T00:00:00Z', kind: 'gross_refund' }),
      line('l3', '-1200', { validFrom: '2027-01-02T00:00:00Z', kind: 'fee' }),
      line('l4', '40000.10', { validFrom: '2027-01-02T00:00:00Z', action: 'disbursed' }),
    ]
    reported.push(...rows.map((row, i) => ({ ...row, row: i + 2 })))
    await world.as('finance').post('/v1/revenue-imports', { connection: ids.market })
    await world.drain()
    await later(hourMs + minuteMs)
    expect(record(key)?.fields).toMatchObject({ drawn: '39900', remaining: '80100' })
  })

  it('keeps what was billed when only its state changes, and says how it ended', async () => {
    const changedAt = world.deps.now()
    const state = { is: 'ended', how: 'cancelled' } as const
    agreements.push(remote('agmt-1', { state, changedAt, nativeStatus: 'CANCELLED' }))
    await later(6 * minuteMs)
    await soon()
    expect(record(key)?.fields).toMatchObject({
      status: 'cancelled',
      nativeStatus: 'CANCELLED',
      drawn: '39900',
    })
  })
})

describe('the status', () => {
  it('is of sales systems only', async () => {
    const { body } = await world.as('viewer').get('/v1/crm/status')
    expect(body.data.map((s: any) => s.connection)).toEqual([ids.sales])
    const market = await world.as('viewer').get(`/v1/crm/status?connection=${ids.market}`)
    expect(market.body.data).toEqual([])
    const resumed = await world.as('admin').post(`/v1/crm/status/${ids.market}/resume`)
    expect(resumed.status).toBe(404)
  })

  it('pages through rows and narrows them', async () => {
    const first = (await world.as('viewer').get('/v1/crm/rows?limit=2')).body
    expect(first.data).toHaveLength(2)
    const second = (await world.as('viewer').get(`/v1/crm/rows?limit=2&cursor=${first.next}`)).body
    const seen = [...first.data, ...second.data].map((row: any) => row.id)
    expect(new Set(seen).size).toBe(4)
    const only = (await world.as('viewer').get('/v1/crm/rows?kind=agreement&state=clean')).body
    expect(only.data.map((row: any) => row.key)).toEqual(['aws:agreement:agmt-1'])
    expect((await world.as('meter').get('/v1/crm/rows')).status).toBe(403)
    expect((await world.as('viewer').get('/v1/crm/rows?kind=car')).status).toBe(422)
  })
})

describe('a commitment', () => {
  it('is kept as one row that says what is drawn through us', async () => {
    const answer = await world.as('finance').post('/v1/commitments', {
      buyer: ids.buyer,
      provider: 'aws',
      instrument: 'PPA',
      currency: 'USD',
      signedAt: '2026-12-15',
      tranches: [{ start: '2027-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
      claim: {
        source: 'buyer_told_us',
        statedAt: '2027-01-01',
        statedBy: 'their CFO',
        confidence: 'medium',
      },
    })
    expect(answer.status).toBe(201)
    await later(hourMs + minuteMs)
    const row = record(answer.body.id)
    expect(row?.links).toEqual({ account: '001000000000002AAA' })
    expect(row?.fields).toMatchObject({
      instrument: 'PPA',
      committed: '1000000.00',
      startsOn: '2027-01-01',
      endsOn: '2027-12-31',
      drawn: null,
      remaining: null,
      confidence: 'medium',
    })
    const calls = sales.calls.length
    await later(hourMs)
    expect(sales.calls.length).toBe(calls)
  })
})
