import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exchange, login } from './open.ts'
import {
  ACMESOFT,
  customised,
  GLOBEX,
  HOOLI,
  INITECH,
  offer,
  openSeller,
  PARTNER,
  percent,
  SCHEMA,
  type Seller,
  term,
} from './seller.ts'

let seller: Seller

beforeEach(async () => {
  seller = await openSeller()
})
afterEach(() => seller.stop())

const billing = async () => (await seller.get('/control/billing')).body
const lines = async (kind: string) =>
  (await billing()).orderLines.filter((one: any) => one.kind === kind)
const day = (at: number) => new Date(at).toISOString().slice(0, 10)

/** Posts usage of Team for the hour before now. */
async function use(resourceId: string, quantity: number, dimension = 'api_calls') {
  const effectiveStartTime = new Date(seller.now() - 3_600_000).toISOString()
  const event = { resourceId, quantity, dimension, effectiveStartTime, planId: 'team' }
  const answer = await seller.call('POST', '/usageEvent', event)
  expect(answer.status).toBe(200)
}

async function session(): Promise<{ authorization: string }> {
  const answer = await login(seller.base, ACMESOFT.tenantId, {
    grant_type: 'refresh_token',
    client_id: ACMESOFT.clientId,
    client_secret: ACMESOFT.secret,
    refresh_token: ACMESOFT.refreshToken,
    scope: 'https://api.partner.microsoft.com/.default',
  })
  return { authorization: `Bearer ${answer.body.access_token}` }
}

/** Queues an export, waits for it and reads its file. */
async function exported(kind: string, filter = '', format = 'csv') {
  const headers = await session()
  const base = `${seller.base}/partner/v1.0/payouts/${kind}`
  const query = new URLSearchParams({ $filter: filter, fileformat: format })
  const queued = await exchange('POST', `${base}?${query}`, { headers })
  expect(queued.status).toBe(202)
  const [{ requestId }] = queued.body.value
  await seller.advance('PT15M')
  const [done] = (await exchange('GET', `${base}/${requestId}`, { headers })).body.value
  expect(done.status).toBe('Completed')
  const text = (await exchange('GET', done.blobLocation)).body
  const delimiter = format === 'csv' ? ',' : '\t'
  return parse<any>(text, { columns: true, delimiter })
}

it('bills a flat plan, collects, and pays out on schedule, all in step', async () => {
  await seller.subscribed()
  expect((await billing()).invoices).toEqual([])
  await seller.advance('P4D')
  const [invoice] = (await billing()).invoices
  expect(invoice).toMatchObject({ total: '500.00', tax: '40.00', issuedOn: '2027-01-13' })
  const earning = async () => (await billing()).earnings[0]
  expect(await earning()).toMatchObject({
    amountCC: '500.00',
    earningPercent: '97',
    earningCC: '485.0000',
    storeFeeCC: '15.0000',
    status: 'Uncollected',
    payableOn: null,
  })
  expect(await exported('transactionhistory')).toEqual([])
  await seller.advance('P30D')
  expect(await earning()).toMatchObject({ status: 'Unprocessed', payableOn: '2027-04-15' })
  await seller.advance('P50D')
  expect(await earning()).toMatchObject({ status: 'Upcoming' })
  await seller.advance('P13D')
  const { payment, sentOn } = await earning()
  expect([await earning(), sentOn]).toMatchObject([{ status: 'Sent' }, '2027-04-15'])
  const [paid] = await exported('payments', `paymentId eq '${payment}'`)
  expect(paid).toMatchObject({ earned: '485.00', totalPayment: '485.00', currencyCode: 'USD' })
  const rows = await exported('transactionhistory', `payoutStatus eq 'SENT'`, 'tsv')
  expect(rows).toMatchObject([
    { paymentId: payment, earningRate: '97', taxRemitted: '40.00', customerId: INITECH },
  ])
})

it('charges every month of a term and renews', async () => {
  await seller.subscribed()
  await seller.advance('P70D')
  const found = await lines('recurring')
  expect(found.map((one: any) => [day(one.dueAt), one.amountUsd, one.action])).toEqual([
    ['2027-01-10', '500', 'Purchase'],
    ['2027-02-10', '500', 'Renewed'],
    ['2027-03-10', '500', 'Renewed'],
  ])
  expect(new Set(found.map((one: any) => one.purchaseRecordId)).size).toBe(3)
})

it('charges nothing for a purchase cancelled within 72 hours but its usage', async () => {
  const subscriptionId = await seller.subscribed()
  await seller.advance('PT2H')
  await use(subscriptionId, 10)
  await seller.post('/buyer/cancel', { subscriptionId })
  await seller.advance('P30D')
  expect((await billing()).invoices.map((one: any) => one.total)).toEqual(['5.00'])
})

it('takes half the fee of an attested renewal and the discount of its offer', async () => {
  const { id } = await seller.publish([offer({ customerContractRenewal: true })])
  await seller.accept(id)
  await seller.subscribed()
  await seller.advance('P4D')
  expect((await billing()).earnings).toMatchObject([
    { amountCC: '400.00', earningPercent: '98.5', earningCC: '394.0000', storeFeeCC: '6.0000' },
  ])
})

it('lets absolute beat percentage and the highest percentage win', async () => {
  for (const discount of [10, 30]) {
    const { id } = await seller.publish([offer({ pricing: [percent(discount)] })])
    await seller.accept(id)
  }
  await seller.subscribed()
  expect((await lines('recurring'))[0]).toMatchObject({ priceUsd: '350', listPriceUsd: '500' })
})

it('bills in the customer currency and tells three currencies that agree', async () => {
  await seller.subscribed({ billingAccountId: GLOBEX })
  await seller.advance('P4D')
  const [earning] = (await billing()).earnings
  expect(earning).toMatchObject({ currencyCC: 'EUR', currencyPC: 'USD', rateOn: '2027-01-01' })
  const [cc, usd] = [earning.amountCC, earning.rateUSD].map(Number)
  expect(Number(earning.amountUSD)).toBeCloseTo(cc! * usd!, 3)
  expect(Number(earning.amountUSD)).toBeCloseTo(500, 1)
  expect(Number(earning.earningPC)).toBeCloseTo(Number(earning.amountPC) * 0.97, 3)
})

it('rates a month of usage on day 4 of the next, and cuts prices to cents', async () => {
  const id = await seller.subscribed()
  await seller.advance('PT2H')
  await use(id, 12.5)
  await use(id, 100, 'storage_gb')
  await seller.advance('PT1H')
  await use(id, 0.25)
  await seller.advance('P24D')
  expect(await lines('usage')).toEqual([])
  await seller.advance('PT12H')
  const found = await lines('usage')
  const figures = found.map((one: any) => [one.dimension, one.quantity, one.amountUsd])
  expect(figures).toEqual([
    ['api_calls', '12.75', '6.375'],
    ['storage_gb', '100', '2'],
  ])
  const earned = (await billing()).earnings.filter((one: any) => one.billingModel === 'UsageBased')
  expect(earned.map((one: any) => [one.amountCC, one.transactionOn])).toEqual([
    ['6.38', '2027-01-01'],
    ['2.00', '2027-01-01'],
  ])
})

it('gives the margin of a CSP offer to the partner it names and nobody else', async () => {
  const csp = (id: string, discount: number) =>
    offer({
      privateOfferType: 'cspPromotion',
      acceptBy: undefined,
      beneficiaries: [{ id, description: 'A provider' }],
      pricing: [percent(discount)],
    })
  await seller.publish([csp('c1d2e3f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f', 15)])
  await seller.publish([csp('0f7a9d7e-0a32-4b44-b904-39dd964dd790', 40)])
  await seller.subscribed({ csp: true })
  await seller.subscribed()
  expect((await lines('recurring')).map((one: any) => one.priceUsd)).toEqual(['425', '500'])
})

it('charges seats added in between for the rest of the period', async () => {
  const order = { planId: 'per-seat', quantity: 10, termUnit: 'P1Y' }
  const subscriptionId = await seller.bought(order)
  await seller.call('POST', `/saas/subscriptions/${subscriptionId}/activate`, { quantity: 10 })
  await seller.advance('P146D')
  await seller.call('PATCH', `/saas/subscriptions/${subscriptionId}`, { quantity: 15 })
  await seller.advance('PT5S')
  const [operation] = (await seller.get('/control/operations')).body.operations
  const at = `/saas/subscriptions/${subscriptionId}/operations/${operation.id}`
  expect((await seller.call('PATCH', at, { status: 'Success' })).status).toBe(200)
  await seller.advance('PT5S')
  const [proration] = await lines('proration')
  // Five seats at 200 a year, on the 147th day of 365.
  expect(proration).toMatchObject({ amountUsd: '600', quantity: '15', action: 'QuantityChanged' })
  expect((await lines('recurring')).map((one: any) => one.amountUsd)).toEqual(['2000'])
})

it('charges a flexible schedule on its dates', async () => {
  const schedule = (chargeDate: string, price: number) => ({
    chargeDate,
    pricePerPaymentInUsd: price,
  })
  const pricing = {
    recurrentPrice: {
      recurrentPriceMode: 'flatRate',
      priceInputOption: 'usd',
      prices: [
        {
          contractDuration: term('year', 3),
          flexibleSchedule: {
            price: 300000,
            initialCharge: { pricePerPaymentInUsd: 60000 },
            billingSchedule: [schedule('2027-07-01', 120000.5), schedule('2028-07-01', 119999.5)],
          },
        },
      ],
    },
  }
  const $schema = `${SCHEMA}/price-and-availability-private-offer-plan/2025-06-01`
  const { id } = await seller.publish(customised(pricing, { $schema }))
  await seller.accept(id)
  const offers = await seller.get(`/buyer/private-offers?billingAccountId=${INITECH}`)
  const { planId } = offers.body.privateOffers[0].items[0]
  await seller.subscribed({ planId })
  await seller.advance('P400D')
  await seller.advance('P400D')
  expect((await billing()).invoices.map((one: any) => [one.issuedOn, one.total])).toEqual([
    ['2027-01-13', '60000.00'],
    ['2027-07-01', '120000.50'],
    ['2028-07-01', '119999.50'],
  ])
  const rows = await exported('transactionhistory', 'transactionAmount gt 100000')
  expect(rows.map((one) => one.isPrivateOffer)).toEqual(['true', 'true'])
})

it('charges the customer the markup of a partner, the publisher earns on its own price', async () => {
  const shared = { privateOfferType: 'multipartyPromotionOriginator', partners: [PARTNER] }
  const { id } = await seller.publish([offer(shared)])
  await seller.post('/control/partner/publish', { offerId: id, markupPercentage: 10 })
  await seller.accept(id)
  await seller.subscribed()
  await seller.advance('P4D')
  const { invoices, earnings } = await billing()
  expect(invoices[0].total).toBe('440.00')
  expect(earnings.map((one: any) => [one.publisherId, one.amountCC, one.earningCC])).toEqual([
    ['acmesoft', '400.00', '388.0000'],
    ['umbrella', '40', '40.0000'],
  ])
})

it('pays an enterprise purchase before it is collected, and takes it back when nobody pays', async () => {
  await seller.subscribed({ billingAccountId: HOOLI, autoRenew: false })
  await seller.advance('P4D')
  const [invoice] = (await billing()).invoices
  await seller.post('/control/nonpayment', { invoiceId: invoice.id })
  expect((await billing()).earnings[0]).toMatchObject({
    status: 'Unprocessed',
    payableOn: '2027-02-15',
  })
  await seller.advance('P40D')
  expect((await billing()).earnings[0].status).toBe('Sent')
  await seller.advance('P90D')
  const { earnings } = await billing()
  expect(earnings).toMatchObject([
    { transactionType: 'purchase', amountCC: '500.00' },
    { transactionType: 'chargeback', amountCC: '-500', earningCC: '-485.0000' },
  ])
})

it('gives refunds as negative rows, never more than was billed', async () => {
  await seller.subscribed()
  await seller.advance('P4D')
  const [line] = await lines('recurring')
  const refund = (amount?: string) =>
    seller.post('/control/refunds', { orderLine: line.id, ...(amount ? { amount } : {}) })
  expect((await refund('120.50')).body).toMatchObject({
    transactionType: 'refund',
    amountCC: '-120.5',
    earningCC: '-116.8850',
  })
  expect((await refund('400')).status).toBe(409)
  expect((await refund()).body.amountCC).toBe('-379.5')
  expect((await refund('x')).status).toBe(422)
})

it('answers the export calls only to an application with a user, and in their words', async () => {
  const base = `${seller.base}/partner/v1.0/payouts/transactionhistory`
  const app = await seller.token(ACMESOFT, 'https://api.partner.microsoft.com')
  const alone = await exchange('POST', base, { headers: { authorization: `Bearer ${app}` } })
  expect(alone.status).toBe(403)
  const headers = await session()
  const bad = await exchange('POST', `${base}?$filter=colour eq 'red'`, { headers })
  expect(bad).toMatchObject({ status: 400, body: { error: { code: 'invalidRequest' } } })
  const queued = (await exchange('POST', `${base}?$filter=`, { headers })).body
  expect(queued).toMatchObject({
    value: [
      { requestPath: '/v1.0/payouts/transactionhistory', blobLocation: '', status: 'Queued' },
    ],
    nextLink: null,
    totalCount: 1,
  })
  const { requestId } = queued.value[0]
  await seller.advance('PT2M')
  const working = await exchange('GET', `${base}/${requestId}`, { headers })
  expect(working.body.value[0].status).toBe('Processing')
  expect((await exchange('DELETE', `${base}/${requestId}`, { headers })).status).toBe(204)
  expect((await exchange('GET', `${base}/${requestId}`, { headers })).status).toBe(404)
})
