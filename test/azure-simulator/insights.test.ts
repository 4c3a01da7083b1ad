import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseQuery } from '../../simulator/azure/insights-query.ts'
import { periodOf, select } from '../../simulator/azure/insights-select.ts'
import { exchange } from './open.ts'
import { ACMESOFT, GLOBEX, INITECH, offer, openSeller, type Seller } from './seller.ts'

const ORDERS = 'bd1b0cc1-ce45-4578-beba-6fe5a69fd421'
const REVENUE = 'bf54dde4-7dc4-492f-a69a-f45de049bfcb'
const USAGE = 'f0c4927f-1f23-4c99-be4a-1371a5a9a086'

let seller: Seller

beforeEach(async () => {
  seller = await openSeller()
})
afterEach(() => seller.stop())

const once = (QueryId: string, more: object = {}) =>
  seller.analytics('POST', 'ScheduledReport', {
    ReportName: 'once',
    QueryId,
    ExecuteNow: true,
    Format: 'csv',
    ...more,
  })
const runs = async (reportId: string, query = '') =>
  seller.analytics('GET', `ScheduledReport/execution/${reportId}${query}`)

/** Runs a report once and answers its rows by column. */
async function rows(QueryId: string, more: object = {}): Promise<any[]> {
  const { reportId } = (await once(QueryId, more)).body.Value[0]
  await seller.advance('PT8M')
  const [run] = (await runs(reportId)).body.value
  return parse((await exchange('GET', run.reportAccessSecureLink)).body, { columns: true })
}

async function queryId(Query: string): Promise<string> {
  const { status, body } = await seller.analytics('POST', 'ScheduledQueries', { Name: 'q', Query })
  if (status !== 200) throw new Error(body.message)
  return body.value[0].queryId
}

it('describes the datasets and lists system queries on request', async () => {
  const { body } = await seller.analytics('GET', 'ScheduledDataset?datasetName=isvorder')
  expect(body).toMatchObject({ totalCount: 1, message: 'Dataset fetched successfully' })
  expect(body.value[0]).toMatchObject({
    datasetName: 'ISVOrder',
    availableMetrics: [],
    availableDateRanges: ['LAST_MONTH', 'LAST_3_MONTHS', 'LAST_6_MONTHS', 'LIFETIME'],
  })
  expect((await seller.analytics('GET', 'ScheduledDataset?datasetName=x')).status).toBe(400)
  const list = async (query: string) =>
    (await seller.analytics('GET', `ScheduledQueries${query}`)).body.value
  expect(await list('')).toEqual([])
  expect(await list('?includeOnlySystemQueries=true')).toHaveLength(10)
  const id = await queryId('SELECT OrderId FROM ISVOrderV2 TIMESPAN LAST_6_MONTHS')
  expect(await list(`?queryId=${id}`)).toMatchObject([{ type: 'userDefined', user: '40918273' }])
  expect((await seller.analytics('DELETE', `ScheduledQueries/${id}`)).status).toBe(200)
  expect(await list('')).toEqual([])
})

it.each([
  ['SELECT OrderId FROM Orders', /Invalid table name/],
  ['SELECT Colour FROM ISVOrder', /Incorrect column name: Colour/],
  ['SELECT FROM ISVOrder', /Null or missing value/],
  ['SELECT OrderId FROM ISVOrder WHERE Colour = 1', /Incorrect column name/],
  ['SELECT OrderId FROM ISVOrder WHERE OrderId = 5', /single quotes/],
  ["SELECT OrderId FROM ISVOrder WHERE OrderId = '5' OR Sku = 'a'", /only AND/],
  ['SELECT OrderId FROM ISVOrder TIMESPAN FOREVER', /TIMESPAN/],
  ['SELECT OrderId FROM ISVQualityOfService TIMESPAN LIFETIME', /Incorrect column|TIMESPAN/],
  ['SELECT OrderId FROM ISVOrder LIMIT many', /whole number/],
  ['DELETE FROM ISVOrder', /SELECT is expected/],
])('refuses the query %s', async (Query, message) => {
  const answer = await seller.analytics('POST', 'ScheduledQueries', { Name: 'q', Query })
  expect(answer.status).toBe(400)
  expect(answer.body.message).toMatch(message)
})

it('really selects, filters, groups, orders and limits', () => {
  const now = Date.parse('2027-06-15T10:00:00Z')
  const row = (UsageDate: string, SKU: string, MeteredUsage: string) => ({
    UsageDate,
    SKU,
    MeteredUsage,
  })
  const usage = [
    row('2027-06-01', 'team', '1.5'),
    row('2027-06-02', 'team', '2'),
    row('2027-06-03', 'Gold', '10'),
    row('2026-10-01', 'team', '7'),
  ]
  const run = (text: string) => {
    const query = parseQuery(text)
    return select(query, usage, periodOf(query.timespan, now))
  }
  expect(run('select sku, MeteredUsage from isvusage order by sku asc')).toEqual([
    ['SKU', 'MeteredUsage'],
    ['Gold', '10'],
    ['team', '3.5'],
  ])
  expect(
    run("SELECT UsageDate FROM ISVUsage WHERE SKU = 'TEAM' AND UsageDate >= '2027-06-02'"),
  ).toEqual([['UsageDate'], ['2027-06-02']])
  expect(
    run("SELECT DISTINCT SKU FROM ISVUsage WHERE SKU NOT LIKE 'g%' TIMESPAN LIFETIME"),
  ).toEqual([['SKU'], ['team']])
  expect(
    run('SELECT UsageDate FROM ISVUsage ORDER BY UsageDate LIMIT 1 TIMESPAN LAST_MONTH'),
  ).toEqual([['UsageDate'], ['2027-06-03']])
  expect(
    run("SELECT SKU FROM ISVUsage WHERE SKU NOT IN ('team', 'x') TIMESPAN LAST_30_DAYS"),
  ).toEqual([['SKU'], ['Gold']])
})

it('runs a report once: no execution is a 404, then pending, running, completed', async () => {
  const { body } = await once(ORDERS)
  expect(body).toMatchObject({ TotalCount: 1, Message: 'Report created successfully' })
  const [{ reportId }] = body.Value
  expect((await runs(reportId)).status).toBe(404)
  await seller.advance('PT1M')
  const all = '?executionStatus=Pending;Running;Completed'
  const state = async () => (await runs(reportId, all)).body.value[0]
  expect(await state()).toMatchObject({ executionStatus: 'Pending', reportAccessSecureLink: null })
  await seller.advance('PT2M')
  expect((await state()).executionStatus).toBe('Running')
  expect((await runs(reportId)).status).toBe(404)
  await seller.advance('PT5M')
  const done = await state()
  expect(done).toMatchObject({ executionStatus: 'Completed', format: 'csv' })
  const link = new URL(done.reportAccessSecureLink)
  expect((await exchange('GET', link.href)).status).toBe(200)
  link.searchParams.set('sig', 'other')
  expect((await exchange('GET', link.href)).status).toBe(403)
  await seller.advance('P2D')
  expect((await exchange('GET', done.reportAccessSecureLink)).status).toBe(403)
  const [report] = (await seller.analytics('GET', `ScheduledReport?reportId=${reportId}`)).body
    .Value
  expect(report.reportStatus).toBe('Inactive')
})

it('writes every system query with its documented columns', async () => {
  await seller.subscribed()
  const { body } = await seller.analytics('GET', 'ScheduledQueries?includeOnlySystemQueries=true')
  await seller.set({ analytics: { executeNowMax: 20 } })
  for (const { queryId: id, query } of body.value) {
    const [, columns = ''] = /^SELECT (.*?) FROM/.exec(query) ?? []
    const { reportId } = (await once(id, { Format: 'tsv' })).body.Value[0]
    await seller.advance('PT8M')
    const [run] = (await runs(reportId)).body.value
    const text = (await exchange('GET', run.reportAccessSecureLink)).body
    expect(text.split('\r\n')[0]).toBe(columns.replaceAll(',', '\t'))
  }
})

it('joins subscriptions, orders, usage, revenue and private offers', async () => {
  const { id: privateOffer } = await seller.publish([offer()])
  await seller.accept(privateOffer)
  const subscription = await seller.subscribed()
  await seller.subscribed({ billingAccountId: GLOBEX })
  await seller.advance('PT2H')
  await seller.call('POST', '/usageEvent', {
    resourceId: subscription,
    quantity: 3.25,
    dimension: 'api_calls',
    effectiveStartTime: new Date(seller.now() - 3_600_000).toISOString(),
    planId: 'team',
  })
  await seller.advance('P5D')
  const orders = await rows(ORDERS)
  const [order] = orders.filter((one) => one.OrderId === subscription)
  expect(order).toMatchObject({
    MarketplaceSubscriptionId: '00000000-0000-0000-0000-000000000000',
    OfferType: 'SaaS',
    Sku: 'team',
    OrderStatus: 'Active',
    CustomerCompanyName: 'Initech',
    BillingAccountId: INITECH,
    TermStartDate: '2027-01-10',
    TermEndDate: '2027-02-09',
    estimatedcharges: '400.00',
  })
  const [revenue] = (await rows(REVENUE)).filter((one) => one.AssetId === subscription)
  expect(revenue).toMatchObject({
    PurchaseRecordId: order.PurchaseRecordId,
    LineItemId: order.PurchaseRecordLineItemId,
    BillingAccountId: INITECH,
    IncentiveRate: '97',
    PayoutStatus: 'Uncollected',
    TransactionAmountCC: '400.00',
    EarningAmountPC: '388.0000',
    BillingModel: 'SubscriptionBased',
  })
  const mine = await queryId(
    "SELECT OrderId, PrivateOfferId, IsPrivateOffer FROM ISVOrderV2 WHERE IsPrivateOffer = 'true'",
  )
  expect(await rows(mine)).toEqual([
    {
      OrderId: subscription,
      PrivateOfferId: privateOffer.replace('private-offer/', ''),
      IsPrivateOffer: 'True',
    },
  ])
  const usage = await rows(USAGE)
  expect(usage).toMatchObject([
    { MeteredUsage: '3.25', PriceCC: '0.4000', EstimatedExtendedChargeCC: '1.30', SKU: 'team' },
  ])
  const german = (await rows(REVENUE)).find((one) => one.AssetId !== subscription)
  expect(german.EarningCurrencyCode).toBe('EUR')
  const [cc, usd, rate] = ['TransactionAmountCC', 'TransactionAmountUSD', 'ExchangeRateUSD'].map(
    (name) => Number(german[name]),
  )
  expect(usd).toBeCloseTo(cc! * rate!, 3)
})

it('shows nothing outside the period asked for', async () => {
  await seller.subscribed()
  await seller.advance('P5D')
  const id = await queryId('SELECT UsageDate, DateAcquired FROM ISVCustomer').catch(
    (error: Error) => error.message,
  )
  expect(id).toMatch(/Incorrect column name: UsageDate/)
  const customers = await queryId('SELECT DateAcquired FROM ISVCustomer TIMESPAN TODAY')
  expect(await rows(customers)).toEqual([])
  const QueryStartTime = '2027-01-10T00:00:00Z'
  const QueryEndTime = '2027-01-11T00:00:00Z'
  expect(await rows(customers, { QueryStartTime, QueryEndTime })).toHaveLength(1)
  await seller.set({ analytics: { refreshMs: 10 * 86_400_000 } })
  expect(await rows(customers, { QueryStartTime, QueryEndTime })).toEqual([])
})

it('keeps a schedule, pauses, resumes, and tells a callback', async () => {
  const told: string[] = []
  const server = createServer((request, response) => {
    told.push(`${request.method} ${request.url}`)
    response.end()
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const created = await seller.analytics('POST', 'ScheduledReport', {
    ReportName: 'daily',
    QueryId: ORDERS,
    StartTime: '2027-01-10T14:00:00Z',
    RecurrenceInterval: 24,
    RecurrenceCount: 4,
    CallbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/done`,
  })
  const [{ reportId }] = created.body.Value
  const count = async () => {
    const answer = await runs(reportId, '?getLatestExecution=false')
    return answer.status === 404 ? 0 : answer.body.value.length
  }
  await seller.advance('PT4H')
  expect(await count()).toBe(0)
  await seller.advance('PT1H')
  expect(await count()).toBe(1)
  expect(told).toEqual([`GET /done?reportId=${reportId}`])
  await seller.analytics('PUT', `ScheduledReport/pause/${reportId}`)
  await seller.advance('P1D')
  expect(await count()).toBe(1)
  const resumed = await seller.analytics('PUT', `ScheduledReport/resume/${reportId}`)
  expect(resumed.body.Value[0].reportStatus).toBe('Active')
  await seller.advance('P9D')
  expect(await count()).toBe(3)
  server.close()
})

it.each([
  [{ QueryId: 'none' }, /Invalid QueryId/],
  [{ ReportName: '' }, /Null or missing value/],
  [{ ReportName: 'a;b' }, /name is not valid/],
  [{ StartTime: '2027-01-11' }, /should follow the format/],
  [{ StartTime: '2027-01-10T12:00:00Z' }, /at least 4 hours/],
  [{ RecurrenceInterval: 3 }, /between 4 and 2160/],
  [{ Format: 'xml' }, /'xml' was not found/],
])('refuses a report with %o', async (changes, message) => {
  const answer = await seller.analytics('POST', 'ScheduledReport', {
    ReportName: 'daily',
    QueryId: ORDERS,
    StartTime: '2027-01-11T00:00:00Z',
    RecurrenceInterval: 24,
    ...changes,
  })
  expect(answer.status).toBe(400)
  expect(answer.body.message).toMatch(message)
})

it('keeps the quotas and the spelling the setting asks for', async () => {
  for (let count = 0; count < 5; count += 1) expect((await once(ORDERS)).status).toBe(200)
  expect((await once(ORDERS)).body.message).toMatch(/quota of 5/)
  await seller.advance('PT61M')
  await seller.set({ analytics: { envelope: 'upper' } })
  const { body } = await once(ORDERS)
  expect(body.Value[0]).toHaveProperty('ReportId')
  await seller.set({ analytics: { envelope: 'lower', reportsMax: 0 } })
  expect((await once(ORDERS)).body.message).toMatch(/quota of 0 active/)
})

it('tests a query at once, and refuses whoever has no token or no role', async () => {
  await seller.subscribed()
  const test = (query: string) =>
    seller.analytics('GET', `ScheduledQueries/testQueryResult?exportQuery=${query}`)
  expect((await test('SELECT Sku FROM ISVOrder')).body.value).toEqual([{ Sku: 'team' }])
  const url = `${seller.base}/partnercenter/insights/v1/cmp/ScheduledDataset`
  expect(await exchange('GET', url)).toMatchObject({
    status: 401,
    body: { message: 'Unauthorized', statusCode: 401 },
  })
  await seller.post('/control/apps', { clientId: ACMESOFT.clientId, isManager: false })
  expect((await test('SELECT Sku FROM ISVOrder')).status).toBe(403)
})
