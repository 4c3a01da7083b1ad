import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dealsOf } from './deals.ts'
import { flatOffer, midnight, priced, usd } from './offers.ts'
import { ACME, GLOBEX, INITECH, openGcp, type SimulatedGcp, UMBRELLA } from './open.ts'

let gcp: SimulatedGcp
let count = 0
const parent = `/v1beta/projects/${ACME.id}/locations/global`
const CHARGES = 'Charges and Usage'

beforeEach(async () => {
  gcp = await openGcp()
  await gcp.set({ tokens: { lifeSeconds: 10_000_000 } })
})
afterEach(() => gcp.stop())

/** Publishes and accepts an offer; the order is active a minute later. */
async function sold(body: object, billingAccount = INITECH): Promise<{ id: string; name: string }> {
  const name = await dealsOf(gcp).published(body)
  return { id: await dealsOf(gcp).ordered(name, billingAccount), name }
}

/** Reports a whole number of a metric for the last minute. */
async function use(id: string, metric: string, quantity: string) {
  const now = gcp.simulator.clock.now()
  count += 1
  const operation = {
    operationId: `report-${count}`,
    operationName: 'usage',
    consumerId: (await gcp.read(id)).usageReportingId,
    startTime: new Date(now - 1_000).toISOString(),
    endTime: new Date(now).toISOString(),
    metricValueSets: [
      { metricName: `${ACME.service}/${metric}`, metricValues: [{ int64Value: quantity }] },
    ],
  }
  const path = `/v1/services/${ACME.service}:report`
  const { body } = await gcp.call('POST', path, { operations: [operation] })
  if (body.reportErrors) throw new Error(JSON.stringify(body))
}

const make = (month: string) => gcp.post('/control/reports', { month, provider: ACME.id })

/** Rows of a report of a month, by a part of its name. */
async function rows(kind: string, month: string): Promise<Record<string, string>[]> {
  await make(month)
  return parse(await file(kind, month), { columns: true })
}

async function file(kind: string, month: string): Promise<string> {
  const list = await gcp.call('GET', `/storage/v1/b/${ACME.reportBucket}/o`)
  const prefix = [`${month}-01`, `${month.replace('-', '')}01`]
  const object = list.body.items.find(
    (one: any) => one.name.includes(kind) && prefix.some((start) => one.name.startsWith(start)),
  )
  const path = `/storage/v1/b/${ACME.reportBucket}/o/${encodeURIComponent(object.name)}?alt=media`
  return (await gcp.call('GET', path)).body
}

it('bills a fee at the start of its interval and usage at list price, less the share of Google', async () => {
  const { id } = await gcp.active()
  await use(id, 'pro_api_calls', '333')
  await use(id, 'pro_storage_gb', '1')
  const charges = await rows(CHARGES, '2027-01')
  expect(charges.map((one) => [one.Usage, one.Charges, one['Due Vendor']])).toEqual([
    ['1', '10800.00', '10476.00'],
    ['333', '16.65', '16.15'],
    ['1', '0.02', '0.02'],
  ])
  expect(await rows('Disbursements.csv', '2027-01')).toEqual([
    {
      Entity: 'Google LLC',
      Currency: 'USD',
      Amount: '10492.17',
      'Customer Refund': '0.00',
      Total: '10492.17',
      Notes: '',
      'Payment Type': 'new',
    },
  ])
  expect(await rows(CHARGES, '2027-01')).toEqual(charges)
})

it('bills a private offer by its instalments, at the share it was published with', async () => {
  const fee = (units: string) => ({ flatFee: { flatFeeOverride: usd(units) } })
  const installments = [
    { priceModel: fee('1000000') },
    { startTime: midnight('2027-03-01'), priceModel: fee('250000') },
  ]
  const { name } = await sold(priced({ customIntervalPrice: { installments } }))
  await gcp.advance('P60D')
  const [first] = await rows(CHARGES, '2027-01')
  expect(first).toMatchObject({
    Charges: '1000000.00',
    'Due Vendor': '980000.00',
    Quote_id: name.split('/').at(-1),
    Quote_creator: 'jane@acme.example',
    'Payment Schedule': 'Prepay',
  })
  expect((await make('2027-02')).body.files[ACME.id]).toEqual([])
  const march = await rows('Detailed', '2027-03')
  expect(march).toMatchObject([
    {
      private_offer_id: name.split('/').at(-1),
      solution_id: ACME.service,
      charges: '250000.00',
      due_vendor: '245000.00',
      payout_status: 'paid',
    },
  ])
})

it('keeps an offer that was amended billed to the day it was left', async () => {
  const fee = (units: string) => ({
    standardInterval: 'MONTHLY_NOT_PRORATED',
    priceModel: { flatFee: { flatFeeOverride: usd(units) } },
  })
  const old = await sold(priced({ standardIntervalPrice: fee('100') }, 'pro'))
  await gcp.advance('P40D')
  const acceptDeadlineTime = midnight('2027-03-15')
  const single = { standardIntervalPrice: fee('500'), amendedPrivateOffer: old.name }
  const offer = priced(single, 'pro', { acceptDeadlineTime })
  const name = await dealsOf(gcp).published(offer)
  await dealsOf(gcp).accept(name)
  const pendingPlanName = (await gcp.read(old.id)).newPendingPlan
  await gcp.call('POST', gcp.entitlement(old.id, ':approvePlanChange'), { pendingPlanName })
  await gcp.advance('P40D')
  const fees = async (month: string) =>
    (await rows('Detailed', month)).map((one) => [one.private_offer_id, one.charges])
  const [was, is] = [old.name.split('/').at(-1), name.split('/').at(-1)]
  expect(await fees('2027-02')).toEqual([
    [was, '100.00'],
    [is, '500.00'],
  ])
  expect(await fees('2027-03')).toEqual([[is, '500.00']])
})

it('discounts usage by SKU and uses up the credit of a commitment first', async () => {
  const skus = (await gcp.call('GET', `${parent}/services/${ACME.service}/skus`)).body.skus
  const calls = skus.find(
    (one: any) => one.description.endsWith('API calls') && /PAYG/.test(one.name),
  )
  const usage = {
    defaultDiscountPercent: { value: '50' },
    skuDiscounts: [{ sku: calls.name, discountPercent: { value: '20' } }],
  }
  const priceModel = { commitment: { commitmentAmount: usd('100') }, usage }
  const standardInterval = 'QUARTERLY_NOT_PRORATED'
  const { id } = await sold(
    priced({ standardIntervalPrice: { standardInterval, priceModel } }, 'payg'),
  )
  await use(id, 'payg_api_calls', '2000')
  await use(id, 'payg_storage_gb', '3000')
  const cells = async (month: string) =>
    (await rows(CHARGES, month)).map((one) => [one.Usage, one.Charges, one['Prepay Credits']])
  expect(await cells('2027-01')).toEqual([
    ['1', '100.00', '0.00'],
    ['2000', '0.00', '80.00'],
    ['3000', '10.00', '20.00'],
  ])
  await gcp.advance('P30D')
  await use(id, 'payg_api_calls', '100')
  expect(await cells('2027-02')).toEqual([['100', '4.00', '0.00']])
})

it('invoices usage in its Pacific month until 01:00 on the 1st, and later in the next', async () => {
  const { id } = await gcp.active({ plan: 'payg' })
  await gcp.advance('P21DT22H28M')
  expect((await gcp.get('/control/usage')).body.operations).toEqual([])
  const at = (iso: string) => Date.parse(iso) - gcp.simulator.clock.now()
  const seconds = (ms: number) => gcp.advance(`PT${Math.floor(ms / 1000)}S`)
  await seconds(at('2027-02-01T08:00:00Z'))
  await use(id, 'payg_api_calls', '1')
  await seconds(at('2027-02-01T08:59:00Z'))
  const late = async (quantity: string) => {
    count += 1
    const metricValueSets = [
      { metricName: `${ACME.service}/payg_api_calls`, metricValues: [{ int64Value: quantity }] },
    ]
    const { usageReportingId: consumerId } = await gcp.read(id)
    const [startTime, endTime] = ['2027-02-01T07:00:00Z', '2027-02-01T07:30:00Z']
    const window = { consumerId, startTime, endTime, metricValueSets }
    const operation = { operationId: `late-${count}`, operationName: 'usage', ...window }
    await gcp.call('POST', `/v1/services/${ACME.service}:report`, { operations: [operation] })
  }
  await late('10')
  await seconds(at('2027-02-01T09:00:01Z'))
  await late('100')
  const { operations } = (await gcp.get('/control/usage')).body
  expect(operations.map((one: any) => [one.nanos.slice(0, -9), one.month])).toEqual([
    ['1', '2027-01'],
    ['10', '2027-01'],
    ['100', '2027-02'],
  ])
})

it('withholds what a delinquent buyer owes, and later releases or abandons it', async () => {
  await gcp.active()
  await sold(
    flatOffer({
      customer: { ...flatOffer().customer, targetBillingAccount: `billingAccounts/${GLOBEX}` },
    }),
    GLOBEX,
  )
  await gcp.set({ reports: { withheld: [INITECH, GLOBEX] } })
  const [paid] = await rows('Disbursements.csv', '2027-01')
  expect(paid).toMatchObject({ Entity: 'Google LLC', Amount: '0.00' })
  const january = await rows(CHARGES, '2027-01')
  expect(january.map((one) => one.Withheld)).toEqual(['10476.00', '116400.00'])
  const withheldThen = { [INITECH]: 'released', [GLOBEX]: 'abandoned' }
  await gcp.set({ reports: { withheld: [], withheldThen } })
  const february = await rows('Disbursements.csv', '2027-02')
  expect(february.map((one) => [one.Entity, one.Total])).toEqual([
    ['Google LLC', '0.00'],
    ['Released Payout', '10476.00'],
    ['Abandoned Payout', '-116400.00'],
  ])
  expect((await rows('Insights', '2027-02')).map((one) => [one.company, one.released])).toEqual([
    ['Initech', '10476.00'],
    ['Globex', '0.00'],
  ])
  await gcp.set({ reports: { abandonedSign: 'positive' } })
  expect((await rows('Disbursements.csv', '2027-02'))[2]?.Total).toBe('116400.00')
})

it('takes refunds off the payout of the month they are given in', async () => {
  const { id } = await gcp.active()
  const refund = { entitlement: id, amount: '100.00', reason: 'goodwill', month: '2027-01' }
  expect((await gcp.post('/control/refunds', refund)).status).toBe(201)
  const charges = await rows(CHARGES, '2027-01')
  expect(charges[1]).toMatchObject({
    Charges: '-100.00',
    'Due Vendor': '-97.00',
    'Refund Reason': 'goodwill',
    'Refund Balance Deducted This Month': '97.00',
  })
  expect(await rows('Disbursements.csv', '2027-01')).toMatchObject([
    { Amount: '10476.00', 'Customer Refund': '-97.00', Total: '10379.00' },
  ])
  expect((await gcp.post('/control/refunds', { ...refund, entitlement: 'none' })).status).toBe(404)
})

it('joins charges and insights by an account id that is neither the buyer nor the other one', async () => {
  await gcp.active()
  const [charge] = await rows(CHARGES, '2027-01')
  const [insight] = await rows('Insights', '2027-01')
  expect(charge?.['Insights Account ID']).toBe(insight?.external_account_id)
  expect(charge?.['Account ID']).not.toBe(charge?.['Insights Account ID'])
  expect(insight).toMatchObject({ company: 'Initech', domain: 'initech.example', country: 'US' })
  expect((await rows('Detailed', '2027-01'))[0]?.account_id).toBe(charge?.['Account ID'])
  await gcp.set({ reports: { accountIds: 'procurement', detailed: 'confirmed' } })
  const { account } = (await gcp.get('/control/entitlements')).body.entitlements[0]
  const [detail] = await rows('Detailed', '2027-01')
  expect(detail?.account_id).toBe(account)
  expect(detail).not.toHaveProperty('charges')
})

it('changes its columns as the switches say', async () => {
  await gcp.active()
  await make('2027-01')
  const header = async (reports: object) => {
    await gcp.set({ reports: { columns: 'usual', column: 'Due Vendor', ...reports } })
    await make('2027-01')
    return (await file(CHARGES, '2027-01')).split('\n')[0]?.split(',') ?? []
  }
  const usual = await header({})
  expect(usual).not.toContain('Location')
  expect(await header({ columns: 'extra' })).toEqual([...usual, 'Column Nobody Knows'])
  expect(await header({ columns: 'reordered' })).toEqual([...usual].reverse())
  expect(await header({ columns: 'renamed' })).toContain('due_vendor')
  expect(await header({ columns: 'dropped' })).not.toContain('Due Vendor')
  expect(await header({ breakdown: 'location' })).toContain('Location')
  expect(await header({ breakdown: 'resource' })).not.toContain('Account ID')
  expect((await rows(CHARGES, '2027-01'))[0]).toMatchObject({ 'Payment Type': 'new' })
  await gcp.set({ reports: { breakdown: 'location', paymentType: 'old' } })
  expect((await rows(CHARGES, '2027-01'))[0]).toMatchObject({
    Location: 'US/CA',
    'Payment Type': 'old',
  })
})

it('makes the reports of the last month on the tenth business day, also into a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'reports-'))
  await gcp.set({ reports: { folder } })
  await gcp.active()
  const made = async () => (await gcp.get('/control/reports')).body.objects.length
  await gcp.advance('P31D')
  expect(await made()).toBe(0)
  // 12 February 2027, 09:00 in Los Angeles, is the tenth business day; the world began at 09:30 UTC on 10 January.
  await gcp.advance('P2DT7H')
  expect(await made()).toBe(0)
  await gcp.advance('PT1H')
  expect(await made()).toBe(4)
  expect(await readdir(join(folder, ACME.reportBucket))).toHaveLength(4)
  await gcp.set({ reports: { auto: false } })
  await gcp.advance('P380D')
  expect(await made()).toBe(4)
})

it('shows a bucket to its owner only, with folders, ranges and rewrites', async () => {
  await gcp.active()
  await make('2027-01')
  const bucket = `/storage/v1/b/${ACME.reportBucket}`
  const umbrella = await gcp.token(UMBRELLA)
  const refused = await gcp.call('GET', `${bucket}/o`, undefined, umbrella)
  expect([refused.status, refused.body.error.errors[0].reason]).toEqual([403, 'forbidden'])
  expect((await gcp.call('GET', `${bucket}/o`, undefined, 'nobody')).status).toBe(401)
  expect((await gcp.call('GET', '/storage/v1/b/none/o')).body.error).toMatchObject({ code: 404 })
  expect((await gcp.call('GET', bucket)).body.name).toBe(ACME.reportBucket)
  const folders = await gcp.call('GET', `${bucket}/o?delimiter=%20`)
  expect(folders.body).toMatchObject({ prefixes: ['2027-01-01 ', '20270101 '] })
  const [item] = (await gcp.call('GET', `${bucket}/o?prefix=20270101`)).body.items
  const media = `/download${bucket}/o/${encodeURIComponent(item.name)}?alt=media`
  const range = await fetch(gcp.origin + media, {
    headers: { authorization: `Bearer ${gcp.bearer}`, range: 'bytes=0-2' },
  })
  expect([range.status, await range.text()]).toEqual([206, 'SKU'])
  expect(range.headers.get('content-range')).toBe(`bytes 0-2/${item.size}`)
  const beyond = await fetch(gcp.origin + media, {
    headers: { authorization: `Bearer ${gcp.bearer}`, range: 'bytes=99999-' },
  })
  expect(beyond.status).toBe(416)
  await make('2027-01')
  const again = (await gcp.call('GET', `${bucket}/o/${encodeURIComponent(item.name)}`)).body
  expect(BigInt(again.generation) > BigInt(item.generation)).toBe(true)
  const before = `${bucket}/o/${encodeURIComponent(item.name)}?generation=${item.generation}`
  expect((await gcp.call('GET', before)).status).toBe(404)
})
