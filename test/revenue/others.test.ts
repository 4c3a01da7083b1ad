import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OtherAmount } from '../../src/revenue/model.ts'
import { createTestWorld, type World } from '../world.ts'
import { line, marketplace, put, type Reports, reports } from './fake.ts'

let world: World
let state: Reports
let connection: string

const euros = (amount: string): OtherAmount => ({
  role: 'payout',
  amount,
  currency: 'EUR',
  rate: '0.92345678',
  rateOn: '2026-08-31',
})
const dollars = (amount: string): OtherAmount => ({
  role: 'usd',
  amount,
  currency: 'USD',
  rate: null,
  rateOn: null,
})
const pounds = { currency: 'GBP', agreementRef: 'agmt-1' }
const paid = { ...pounds, action: 'disbursed', invoicedOn: '2026-08-31' } as const

/** Sold in pounds, paid out in euros, compared in dollars; one line is in pounds alone. */
const told = [
  line('a0', '1000.00', { ...pounds, others: [euros('1151.2345'), dollars('1270.00')] }),
  line('a1', '-30.00', { ...pounds, kind: 'fee', others: [euros('-34.5370'), dollars('-38.10')] }),
  line('a2', '500.00', pounds),
  line('b0', '-1000.00', {
    ...paid,
    payoutRef: 'b9',
    others: [euros('-1151.2345'), dollars('-1270.00')],
  }),
  line('b9', '1151.23', {
    ...paid,
    kind: 'payout',
    currency: 'EUR',
    agreementRef: null,
    payoutRef: 'b9',
    invoicedOn: '2026-10-02',
  }),
  line('c0', '8.00', { agreementRef: 'agmt-2', others: [euros('7.00')] }),
  line('c1', '9.00', { agreementRef: 'agmt-2', others: [{ ...euros('1200'), currency: 'JPY' }] }),
]

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({ adapters: [marketplace(state)] })
  const body = { provider: 'aws', name: 'seller', settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  put(state, 'a.csv', told)
  await world.as('finance').post('/v1/revenue-imports', { connection })
  await world.drain()
})
afterAll(() => world.close())

const get = async (path: string) => (await world.as('viewer').get(path)).body
const row = async (agreement: string) =>
  (await get(`/v1/reports/revenue?agreement=${agreement}`)).data[0]

describe('amounts in other currencies', () => {
  it('stay with their line, to the digit, with rate and day', async () => {
    const { data } = await get('/v1/revenue-lines?agreement=agmt-1')
    expect(data[0]).toMatchObject({
      lineRef: 'a0',
      amount: { currency: 'GBP', amount: '1000.00' },
      others: [
        {
          role: 'payout',
          currency: 'EUR',
          amount: '1151.2345',
          rate: '0.92345678',
          rateOn: '2026-08-31',
        },
        { role: 'usd', currency: 'USD', amount: '1270.00', rate: null, rateOn: null },
      ],
    })
    expect(data.find((l: any) => l.lineRef === 'a2').others).toEqual([])
  })

  it('add up by themselves, rounded once, and say how many lines they miss', async () => {
    const { billed, others } = await row('agmt-1')
    expect(billed.net).toEqual({ currency: 'GBP', amount: '1470.00' })
    const eur = (amount: string) => ({ currency: 'EUR', amount })
    const usd = (amount: string) => ({ currency: 'USD', amount })
    expect(others).toEqual([
      {
        role: 'payout',
        gross: eur('1151.23'),
        net: eur('1116.70'),
        disbursed: eur('1151.23'),
        lines: 3,
        linesOf: 4,
      },
      {
        role: 'usd',
        gross: usd('1270.00'),
        net: usd('1231.90'),
        disbursed: usd('1270.00'),
        lines: 3,
        linesOf: 4,
      },
    ])
  })

  it('explain what is paid out in one of them', async () => {
    const eur = (amount: string) => ({ currency: 'EUR', amount })
    expect((await get('/v1/disbursements')).data).toMatchObject([
      {
        payoutRef: 'b9',
        amount: eur('1151.23'),
        explained: eur('1151.23'),
        unexplained: eur('0.00'),
        lines: 1,
      },
    ])
  })

  it('break a row that has one that is none', async () => {
    put(state, 'b.csv', [line('x0', '1.00', { others: [euros('1,5')] })])
    const { body } = await world.as('finance').post('/v1/revenue-imports', { connection })
    await world.drain()
    expect((await get(`/v1/revenue-imports/${body.id}/faults`)).data).toMatchObject([
      { row: 2, column: 'payout', message: 'cannot be read: 1,5' },
    ])
  })

  it('are never mixed, not in the totals and not in a table', async () => {
    const { others } = await row('agmt-2')
    expect(others.map(({ net, lines }: any) => [net.currency, net.amount, lines])).toEqual([
      ['EUR', '7.00', 1],
      ['JPY', '1200', 1],
    ])
    const { totals } = await get(`/v1/reports/revenue?connection=${connection}`)
    const ofTotals = totals.map((t: any) => [
      t.currency,
      t.billed.net.amount,
      t.others.map((o: any) => `${o.role} ${o.net.currency} ${o.net.amount}`),
    ])
    expect(ofTotals).toEqual([
      ['GBP', '1470.00', ['payout EUR 1116.70', 'usd USD 1231.90']],
      ['USD', '17.00', ['payout EUR 7.00', 'payout JPY 1200']],
    ])
    const { text } = await world.as('finance').get('/v1/reports/revenue?format=csv')
    const [head = '', ...rows] = text.trim().split('\n')
    const at = head.split(',').indexOf('payout_currency')
    expect(rows.map((cells) => cells.split(',').slice(at, at + 6))).toEqual([
      ['EUR', '1116.70', '1151.23', '3 of 4', '1231.90', '1270.00'],
      ['EUR | JPY', '7.00 | 1200', '0.00 | 0', '1 of 2 | 1 of 2', '', ''],
    ])
  })
})
