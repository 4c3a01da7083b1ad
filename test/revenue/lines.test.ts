import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caseOf } from '../worked-examples/cases.ts'
import { createTestWorld, type World } from '../world.ts'
import { account, line, marketplace, put, type Reports, reports } from './fake.ts'

let world: World
let state: Reports
let connection: string
let buyer: string

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({
    adapters: [marketplace(state)],
    startAt: '2026-11-22T12:00:00.000Z',
  })
  const body = { provider: 'aws', name: 'seller', settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  const accounts = [{ provider: 'aws', ref: '111122223333' }]
  buyer = (await world.as('deal_desk').post('/v1/buyers', { name: 'Example Buyer', accounts })).body
    .id
  put(state, 'account.csv', [account('acct-0001', '111122223333')])
  put(state, 'billing.csv', billing)
  await world.as('finance').post('/v1/revenue-imports', { connection })
  await world.drain()
})
afterAll(() => world.close())

const invoice = { validFrom: '2026-08-31T00:00:00Z', knownFrom: '2026-09-01T00:00:00Z' }
const payout = { validFrom: '2026-10-02T00:00:00Z', knownFrom: '2026-10-03T00:00:00Z' }
const paid = { ...payout, action: 'disbursed', invoicedOn: '2026-08-31' } as const

/** The marketplace's documented example, and what happens to a few lines later. */
const billing = [
  line('a0', '100.000000', { ...invoice, dueOn: '2026-09-30' }),
  line('a1', '20.60', { ...invoice, kind: 'marketplace_tax' }),
  line('a3', '-3.00', { ...invoice, kind: 'fee' }),
  line('b0', '-100.00', { ...paid, parentRef: 'a0', payoutRef: 'b4' }),
  line('b3', '3.00', { ...paid, kind: 'fee', parentRef: 'a3', payoutRef: 'b4' }),
  line('b4', '97.00', {
    ...paid,
    kind: 'payout',
    payoutRef: 'b4',
    invoicedOn: '2026-10-02',
    agreementRef: null,
    payerRef: null,
    listingRef: null,
  }),
  // Another agreement: half is refunded in the next month.
  line('c0', '0.335', { ...invoice, agreementRef: 'agmt-2' }),
  line('c1', '0.335', { ...invoice, agreementRef: 'agmt-2' }),
  line('c2', '-0.335', {
    validFrom: '2026-09-10T00:00:00Z',
    agreementRef: 'agmt-2',
    kind: 'gross_refund',
    parentRef: 'c1',
  }),
  // Corrected a month later, and one that was withdrawn.
  line('d0', '40.00', { ...invoice, agreementRef: 'agmt-3' }),
  line('d0', '44.00', { ...invoice, agreementRef: 'agmt-3', knownFrom: '2026-10-05T00:00:00Z' }),
  line('e0', '7.00', { ...invoice, agreementRef: 'agmt-4' }),
  line('e0', '7.00', {
    ...invoice,
    agreementRef: 'agmt-4',
    knownFrom: '2026-09-20T00:00:00Z',
    deletedAt: '2026-09-20T00:00:00Z',
  }),
  line('f0', '1200', { ...invoice, agreementRef: 'agmt-5', currency: 'JPY' }),
  line('f1', '9.99', {
    ...invoice,
    agreementRef: 'agmt-5',
    kind: 'unknown',
    nativeKind: 'NEW THING',
  }),
]

const get = async (path: string) => (await world.as('viewer').get(path)).body
const refs = async (query: string) =>
  (await get(`/v1/revenue-lines?limit=200&${query}`)).data.map((l: any) => l.lineRef)

describe('revenue lines', () => {
  it('know their buyer by the account that paid', async () => {
    const { data } = await get(`/v1/revenue-lines?buyer=${buyer}&agreement=agmt-1&action=invoiced`)
    expect(data[0]).toMatchObject({
      lineRef: 'a0',
      buyer,
      account: '111122223333',
      amount: { currency: 'USD', amount: '100.00' },
      paymentTerm: 'Net 30 days',
      age: '31-60',
      validFrom: '2026-08-31T00:00:00.000Z',
      knownFrom: '2026-09-01T00:00:00.000Z',
      recordedAt: '2026-11-22T12:00:00.000Z',
      file: 'billing.csv',
      fileRow: 2,
    })
    expect(data.map((l: any) => l.lineRef)).toEqual(['a0', 'a1', 'a3'])
  })

  it('are what was true and known on a day', async () => {
    const d0 = async (query: string) => {
      const { data } = await get(`/v1/revenue-lines?agreement=agmt-3&${query}`)
      return data.map((l: any) => l.amount.amount)
    }
    expect(await d0('asOf=2026-08-31')).toEqual([])
    expect(await d0('asOf=2026-09-30')).toEqual(['40.00'])
    expect(await d0('asOf=2026-09-30&known=2026-10-05')).toEqual(['44.00'])
    expect(await d0('')).toEqual(['44.00'])
    expect(await refs('agreement=agmt-4&asOf=2026-09-19')).toEqual(['e0'])
    expect(await refs('agreement=agmt-4&asOf=2026-09-20')).toEqual([])
  })

  it('come out as before they were written down here', async () => {
    expect(await refs('recordedBy=2026-11-22T11:59:59Z')).toEqual([])
    expect(await refs('recordedBy=2026-11-22T13:00:00%2B01:00')).toHaveLength(12)
  })

  it('filter by month of the invoice, page by page', async () => {
    expect(await refs('month=2026-09')).toEqual(['c2'])
    const seen: string[] = []
    let next = ''
    do {
      const page = await get(`/v1/revenue-lines?limit=4${next && `&cursor=${next}`}`)
      seen.push(...page.data.map((l: any) => l.lineRef))
      next = page.next
    } while (next)
    expect(seen).toEqual(await refs(''))
  })

  it.each([
    'month=2026-13',
    'asOf=2026-02-30',
    'known=x',
    'recordedBy=2026-01-01',
    'action=paid',
    'cursor=e30',
  ])('refuse %s', async (query) => {
    expect((await world.as('viewer').get(`/v1/revenue-lines?${query}`)).status).toBe(422)
  })

  it('answer the worked example of two times', async () => {
    const { input, expected } = caseOf('PL-13')
    const rows = input.rows.map((r: any) =>
      line('pl13', r.amount, {
        validFrom: r.validFrom,
        knownFrom: r.recordedAt,
        agreementRef: 'agmt-pl13',
        invoicedOn: '2026-01-01',
      }),
    )
    put(state, 'pl13.csv', rows)
    await world.as('finance').post('/v1/revenue-imports', { connection })
    await world.drain()
    const answers = []
    for (const { valid, known } of input.queries) {
      const { data } = await get(
        `/v1/revenue-lines?agreement=agmt-pl13&asOf=${valid}&known=${known}`,
      )
      answers.push(data[0].amount.amount)
    }
    expect(answers).toEqual(expected)
  })
})

describe('disbursements', () => {
  it('are explained by their lines to the cent', async () => {
    expect((await get('/v1/disbursements?asOf=2026-10-02')).data).toEqual([])
    const { data } = await get('/v1/disbursements')
    expect(data).toEqual([
      {
        payoutRef: 'b4',
        connection,
        paidOn: '2026-10-02',
        amount: { currency: 'USD', amount: '97.00' },
        explained: { currency: 'USD', amount: '97.00' },
        unexplained: { currency: 'USD', amount: '0.00' },
        lines: 2,
        failed: false,
      },
    ])
    expect(await refs('payout=b4')).toEqual(['b0', 'b3', 'b4'])
  })
})

describe('the revenue report', () => {
  const amounts = (row: any) => [
    row.billed.gross.amount,
    row.billed.fee.amount,
    row.billed.net.amount,
    row.disbursed.amount,
    row.undisbursed.amount,
    row.status,
  ]
  const rowOf = async (agreement: string, query = '') =>
    (await get(`/v1/reports/revenue?agreement=${agreement}&${query}`)).data[0]

  it('follows an invoice until it is paid out', async () => {
    const before = await rowOf('agmt-1', 'asOf=2026-09-30')
    expect(amounts(before)).toEqual(['100.00', '-3.00', '97.00', '0.00', '97.00', 'Not disbursed'])
    const after = await rowOf('agmt-1')
    expect(amounts(after)).toEqual(['100.00', '-3.00', '97.00', '97.00', '0.00', 'Disbursed'])
    expect(after).toMatchObject({
      month: '2026-08',
      buyer,
      agreementRef: 'agmt-1',
      marketplaceTax: { currency: 'USD', amount: '20.60' },
    })
  })

  it('adds exactly and rounds once', async () => {
    const { data } = await get('/v1/reports/revenue?agreement=agmt-2')
    expect(
      data.map((r: any) => [
        r.month,
        r.billed.gross.amount,
        r.billed.refund.amount,
        r.billed.net.amount,
      ]),
    ).toEqual([
      ['2026-08', '0.67', '0.00', '0.67'],
      ['2026-09', '0.00', '-0.34', '-0.34'],
    ])
  })

  it('keeps currencies and what it cannot classify apart', async () => {
    const { data, totals } = await get('/v1/reports/revenue?agreement=agmt-5')
    expect(data.map((r: any) => [r.currency, r.billed.net.amount, r.unclassified.amount])).toEqual([
      ['JPY', '1200', '0'],
      ['USD', '0.00', '9.99'],
    ])
    expect(totals).toHaveLength(2)
  })

  it('says the same of a past day whatever is imported later', async () => {
    const then = await get('/v1/reports/revenue?asOf=2026-09-15&recordedBy=2026-11-22T12:00:00Z')
    world.advance(60_000)
    put(state, 'late.csv', [line('z9', '5.00', { ...invoice, agreementRef: 'agmt-1' })])
    await world.as('finance').post('/v1/revenue-imports', { connection })
    await world.drain()
    expect(
      await get('/v1/reports/revenue?asOf=2026-09-15&recordedBy=2026-11-22T12:00:00Z'),
    ).toEqual(then)
    expect((await rowOf('agmt-1', 'asOf=2026-09-15')).billed.gross.amount).toBe('105.00')
  })

  it('is a table for a spreadsheet too', async () => {
    const { status, headers, text } = await world
      .as('finance')
      .get('/v1/reports/revenue?format=csv&agreement=agmt-3')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
    const [head, row] = text.trim().split('\n')
    expect(head).toMatch(/^month,connection,agreement,agreement_ref,buyer,currency,billed_gross/)
    expect(row).toBe(
      `2026-08,${connection},,agmt-3,${buyer},USD,44.00,0.00,0.00,0.00,0.00,0.00,44.00,0.00,0.00,0.00,44.00,,,Not disbursed,0.00,0.00,,,,,,,`,
    )
  })

  it('is not for machines that only meter', async () => {
    expect((await world.as('meter').get('/v1/reports/revenue')).status).toBe(403)
  })
})
