import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runNow } from '../../src/connections/service.ts'
import { event as anEvent, hourMs, openShop, pass, type Shop, send } from '../metering/market.ts'
import { figuresOf, opens, tableOf } from './follow.ts'

describe('a statement', { timeout: 60_000 }, () => {
  let shop: Shop
  let one: string
  let id: string
  beforeAll(async () => {
    shop = await openShop([], {}, { tellsBack: true })
  })
  beforeEach(async () => {
    ;[one] = await shop.fresh()
    const { body } = await shop.world.as('viewer').get('/v1/agreements?limit=200')
    id = body.data.find((row: any) => row.agreementRef === one).id
  })
  afterAll(() => shop.world.close())

  const get = (path: string) => shop.world.as('finance').get(path)
  const statement = async (month = '2027-03', more = '') => {
    const { status, body } = await get(`/v1/agreements/${id}/statement?month=${month}${more}`)
    expect(body).toMatchObject({ agreement: id })
    expect(status).toBe(200)
    return body
  }
  const use = (quantity: string, changes = {}) =>
    send(shop, anEvent({ agreement: one, quantity, ...changes }))

  it('tells what was told, what became of it, what it is worth, and that it adds up', async () => {
    await use('3.25')
    await use('2.5', { at: '2027-03-10T08:10:00.000Z' })
    await use('4', { at: '2027-03-08T08:10:00.000Z' })
    shop.market.decide = ({ id: report, hour, quantity }) =>
      hour === '2027-03-10T08:00Z'
        ? { id: report, is: 'refused', reason: `no to ${quantity}`, tooLate: false }
        : undefined
    await pass(shop, 40 * 60_000)
    shop.market.tell = (day) =>
      day === '2027-03-10'
        ? [
            {
              agreementRef: one,
              dimension: 'api_calls',
              day,
              planRef: null,
              submitted: '4',
              processed: null,
              verdict: 'agreed',
              nativeStatus: 'Taken',
            },
          ]
        : []
    shop.world.advance(40 * hourMs)
    await runNow(shop.world.deps, 'usage-read-back')
    await shop.world.drain()
    await use('1', { at: shop.world.deps.now() })
    const told = await statement()
    expect(told).toMatchObject({ month: '2027-03', holds: true, lines: [] })
    const [calls, ...others] = told.dimensions
    expect(others).toEqual([])
    const value = (figure: any) => figure.value
    expect(value(calls.parts.event)).toBe('6.75')
    expect(calls.parts.event.count).toBe(3)
    expect([calls.states.refused, calls.states.accepted, calls.states.open].map(value)).toEqual([
      '2',
      '3',
      '1',
    ])
    expect(calls.late.lost).toMatchObject({ value: '4', count: 1 })
    expect(calls.late.lostValue).toMatchObject({ value: '2.00', currency: 'USD' })
    expect(calls.taken).toMatchObject([{ source: 'api', held: { value: '4' } }])
    expect(calls.acceptedValue).toEqual({ currency: 'USD', amount: '1.50' })
    expect(calls.rates).toEqual([
      { from: '2027-03-01T00:00:00.000Z', price: '0.5', currency: 'USD' },
    ])
    const named = told.differences.map((row: any) => [row.level, row.verdict, row.quantity])
    expect(named).toEqual([
      ['sent', 'unsettled', '-1'],
      ['sent', 'refused', '-2'],
      ['sent', 'lost', '-4'],
      ['taken', 'differs', '1'],
      ['billed', 'not_billed_yet', null],
    ])
    expect(told.differences.find((row: any) => row.verdict === 'differs').value.amount).toBe('0.50')
    await opens(get, told)
  })

  it('says the same as a table', async () => {
    await use('3.25')
    await pass(shop, 40 * 60_000)
    const told = await statement()
    const table = tableOf(
      (await get(`/v1/agreements/${id}/statement?month=2027-03&format=csv`)).text,
    )
    for (const { value, rows } of figuresOf(told))
      expect(table.some((row) => row.rows === rows && row.value === value)).toBe(true)
    const figures = table.filter((row) => row.rows !== '' && row.section !== 'differences')
    expect(figures).toHaveLength(figuresOf(told).length)
    expect(table.filter((row) => row.section === 'differences')).toHaveLength(
      told.differences.length,
    )
    expect(table.filter((row) => row.section === 'adds_up')).toHaveLength(told.addsUp.length * 3)
  })

  it('of a month before the start, or without use, is empty and true', async () => {
    for (const month of ['2020-01', '2027-02', '2031-12']) {
      const told = await statement(month)
      expect(told).toMatchObject({ dimensions: [], lines: [], differences: [], holds: true })
    }
  })

  it('is refused for no agreement and for no month', async () => {
    const path = `/v1/agreements/${id}/statement`
    for (const month of ['2027-13', '2027', '27-01', '2027-01-01', ''])
      expect((await get(`${path}?month=${month}`)).status, month).toBe(422)
    expect((await get(path)).status).toBe(422)
    expect((await get('/v1/agreements/agr_unknown0000/statement?month=2027-03')).status).toBe(404)
    expect((await get(`${path}?month=2027-03&format=pdf`)).status).toBe(422)
    expect((await shop.world.as('meter').get(`${path}?month=2027-03`)).status).toBe(403)
  })

  it('tells what came too late in the month it was reported in', async () => {
    await use('5')
    await pass(shop, 40 * 60_000)
    const before = await statement()
    shop.world.advance(30 * 24 * hourMs)
    await use('7')
    const after = await statement()
    expect({ ...after, differences: 0, asOf: 0, known: 0 }).toEqual({
      ...before,
      differences: 0,
      asOf: 0,
      known: 0,
    })
    const april = await statement('2027-04')
    expect(april.dimensions).toMatchObject([
      {
        parts: { event: { value: '0', count: 0 } },
        late: {
          parts: { event: { value: '7' } },
          lost: { value: '7' },
          lostValue: { value: '3.50' },
        },
      },
    ])
    await opens(get, april)
  })

  it('values what was accepted at the rates of its hours', async () => {
    await use('3', { at: '2027-03-10T07:00:00.000Z' })
    await use('3', { at: '2027-03-10T09:00:00.000Z' })
    const at = shop.market.agreements.findIndex(({ agreementRef }) => agreementRef === one)
    const known = shop.market.agreements[at]!
    shop.market.agreements.push({
      ...known,
      changedAt: '2027-03-10T08:00:00.000Z',
      usageRates: [{ dimension: 'api_calls', rate: '0.125', currency: 'USD' }],
    })
    await runNow(shop.world.deps, 'agreements')
    await pass(shop, 40 * 60_000)
    const [calls] = (await statement()).dimensions
    expect(calls.rates.map(({ price }: any) => price)).toEqual(['0.5', '0.125'])
    // 3 × 0.5 + 3 × 0.125, each rounded once.
    expect(calls.acceptedValue).toEqual({ currency: 'USD', amount: '1.88' })
  })

  it('is listed with others’ as a report, a page at a time, and as a table', async () => {
    await use('3')
    await send(shop, anEvent({ agreement: `${one.slice(0, -1)}b`, quantity: '7' }))
    await pass(shop, 40 * 60_000)
    const report = '/v1/reports/reconciliation?month=2027-03'
    const { body } = await get(report)
    const told = (rows: any[]) => rows.map((row) => [row.agreementRef, row.level, row.verdict])
    expect(told(body.data).toSorted()).toEqual(
      [one, `${one.slice(0, -1)}b`].flatMap((ref) => [
        [ref, 'billed', 'not_billed_yet'],
        [ref, 'taken', 'not_told'],
      ]),
    )
    const paged: any[] = []
    for (let cursor = ''; cursor !== null; ) {
      const page = await get(`${report}&limit=1${cursor && `&cursor=${cursor}`}`)
      expect(page.body.data.length).toBeLessThanOrEqual(1)
      paged.push(...page.body.data)
      cursor = page.body.next
    }
    expect(paged).toEqual(body.data)
    const only = (await get(`${report}&verdict=not_told&agreement=${one}`)).body.data
    expect(told(only)).toEqual([[one, 'taken', 'not_told']])
    expect((await get('/v1/reports/reconciliation?month=2020-01')).body.data).toEqual([])
    expect((await get(`${report}&agreement=nobody`)).body.data).toEqual([])
    const table = tableOf((await get(`${report}&format=csv`)).text)
    expect(table.map((row) => [row.agreementRef, row.level, row.verdict])).toEqual(told(body.data))
    for (const bad of [
      'month=2027-13',
      'month=2027-03&verdict=maybe',
      'month=2027-03&cursor=WyJ4IiwiMSJd',
    ])
      expect((await get(`/v1/reports/reconciliation?${bad}`)).status, bad).toBe(422)
    expect((await shop.world.as('meter').get(report)).status).toBe(403)
  })
})
