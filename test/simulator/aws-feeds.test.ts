import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchMeterUsageCommand } from '@aws-sdk/client-marketplace-metering'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import Big from 'big.js'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startSimulator } from '../../simulator/index.ts'
import { GLOBEX, INITECH, openAws, PUBLIC_OFFER, type SimulatedAws } from './aws-clients.ts'
import { agreed } from './aws-offers.ts'

type Row = Record<string, string>

let aws: SimulatedAws

beforeEach(async () => {
  aws = await openAws()
})
afterEach(() => aws.stop())

const Bucket = 'seller-data-feeds'
const feed = async (name: string): Promise<Row[]> => {
  const { Contents = [] } = await aws.s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: `${name}_v1/` }),
  )
  const rows: Row[] = []
  for (const { Key } of Contents) {
    const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket, Key }))
    const text = (await Body?.transformToString()) ?? ''
    rows.push(...parse<Row>(text, { columns: true }))
  }
  return rows
}
const billing = async (action: string) =>
  (await feed('billingeventfeed')).filter((row) => row.action === action)
const amounts = (rows: Row[]) => rows.map((row) => `${row.transaction_type} ${row.amount}`)

it('invoices instalments on their days, with fee and tax', async () => {
  const { agreementId } = await agreed(aws)
  await aws.advance('P1D')
  const first = await billing('INVOICED')
  expect(amounts(first)).toEqual([
    'SELLER_REV_SHARE 700.00',
    'AWS_TAX_SHARE 56.00',
    'AWS_REV_SHARE -21.00',
  ])
  expect(first[0]).toMatchObject({
    agreement_id: agreementId,
    invoice_date: '2027-01-10T00:00:00Z',
    payment_due_date: '2027-02-09T00:00:00Z',
    balance_impacting: '1',
    invoice_variant: 'PURCHASE',
    charge_side: 'SELLING',
    insert_date: '2027-01-11T00:00:00Z',
    valid_from: '2027-01-10T09:30:05Z',
    delete_date: '',
  })
  expect(first[2]).toMatchObject({ invoice_variant: 'LISTING_FEE', charge_variant: 'LISTING_FEE' })
  await aws.advance('P60D')
  const later = (await billing('INVOICED')).filter(
    (row) => row.transaction_type === 'SELLER_REV_SHARE',
  )
  expect(later.map((row) => row.invoice_date)).toEqual([
    '2027-01-10T00:00:00Z',
    '2027-03-01T00:00:00Z',
  ])
})

it('pays out what the buyer has paid, less the fee, and every row adds up', async () => {
  await agreed(aws)
  const { invoices } = await aws.get(`/aws/buyer/invoices?account=${INITECH}`)
  await aws.advance('P3D')
  await aws.post('/aws/buyer/pay', { invoiceId: invoices[0].id })
  await aws.advance('P4D')
  const out = await billing('DISBURSED')
  expect(amounts(out)).toEqual([
    'SELLER_REV_SHARE -700.00',
    'AWS_REV_SHARE 21.00',
    'DISBURSEMENT 679.00',
  ])
  const payout = out.at(-1)
  expect(payout?.bank_trace_id).toMatch(/^TRACE\d+$/)
  expect(out.slice(0, 2).map((row) => row.disbursement_billing_event_id)).toEqual([
    payout?.billing_event_id,
    payout?.billing_event_id,
  ])
  const invoiced = await billing('INVOICED')
  const parents = out.slice(0, 2).map((row) => row.parent_billing_event_id)
  expect(parents).toEqual([invoiced[0]?.billing_event_id, invoiced[2]?.billing_event_id])
  const sum = out.reduce((total, row) => total.plus(row.amount ?? '0'), Big(0))
  expect(sum.toFixed(2)).toBe('0.00')
})

it('invoices the usage of a month on the third of the next, to the cent', async () => {
  const { licenseArn } = await agreed(aws)
  const send = (Dimension: string, Quantity: number) =>
    aws.metering.send(
      new BatchMeterUsageCommand({
        UsageRecords: [
          {
            Timestamp: new Date(aws.simulator.clock.now()),
            CustomerAWSAccountId: INITECH,
            LicenseArn: licenseArn,
            Dimension,
            Quantity,
          },
        ],
      }),
    )
  for (let hour = 0; hour < 3; hour += 1) {
    await send('api_calls', 333)
    await send('storage_gb', 1)
    await aws.advance('PT1H')
  }
  await aws.advance('P24D')
  const lines = (await billing('INVOICED')).filter(
    (row) => row.usage_period_end_date === '2027-01-31T23:59:59Z',
  )
  // 999 x 0.01 and 3 x 0.0025, each rounded once.
  expect(amounts(lines.filter((row) => row.transaction_type === 'SELLER_REV_SHARE'))).toEqual([
    'SELLER_REV_SHARE 9.99',
    'SELLER_REV_SHARE 0.01',
  ])
  expect(lines[0]?.invoice_date).toBe('2027-02-03T00:00:00Z')
})

it('tells the day after what was used, by dimension, and again when more of that day is taken', async () => {
  const { licenseArn, agreementId } = await agreed(aws)
  const send = (Quantity: number, at = aws.simulator.clock.now()) =>
    aws.metering.send(
      new BatchMeterUsageCommand({
        UsageRecords: [
          {
            Timestamp: new Date(at),
            CustomerAWSAccountId: INITECH,
            LicenseArn: licenseArn,
            Dimension: 'storage_gb',
            Quantity,
          },
        ],
      }),
    )
  await send(3)
  await aws.advance('PT1H')
  await send(4)
  const at = aws.simulator.clock.now()
  await aws.post('/aws/control/feeds/write')
  expect(await feed('dailyusagefeed')).toEqual([])
  await aws.advance('PT15H')
  const [row, ...others] = await feed('dailyusagefeed')
  expect(others).toEqual([])
  expect(row).toMatchObject({
    usage_date: '2027-01-10',
    agreement_id: agreementId,
    dimension_key: 'storage_gb',
    usage_quantity: '7',
    pricing_currency: 'USD',
    usage_rate_per_unit_in_pricing_currency: '0.00250000',
    estimated_revenue_in_pricing_currency: '0.0175',
    insert_date: '2027-01-11T00:00:00Z',
    valid_from: '2027-01-10T00:00:00Z',
  })
  await send(5, at + 3_600_000)
  await aws.advance('P1D')
  expect(
    (await feed('dailyusagefeed')).map((one) => [
      one.usage_feed_id === row?.usage_feed_id,
      one.usage_quantity,
      one.update_date,
    ]),
  ).toEqual([
    [true, '7', '2027-01-11T00:00:00Z'],
    [true, '12', '2027-01-12T00:00:00Z'],
  ])
})

it('takes the fee by tier, and tells of refunds as rows of their own', async () => {
  await aws.set({ billing: { taxRate: null, payAfterDays: null } })
  const schedule = (ChargeAmount: string) => ({
    UpdatePaymentScheduleTerms: {
      Terms: [
        {
          Type: 'PaymentScheduleTerm',
          CurrencyCode: 'USD',
          Schedule: [{ ChargeDate: '2027-01-10', ChargeAmount }],
        },
      ],
    },
  })
  await agreed(aws, schedule('1000000.00'))
  await agreed(aws, schedule('10000000.00'))
  const { invoices } = await aws.get('/aws/buyer/invoices')
  await aws.post('/aws/control/refunds', { invoiceId: invoices[0].id, amount: '100.01' })
  expect(
    (await aws.post('/aws/control/refunds', { invoiceId: invoices[0].id, amount: '999999.99' }))
      .status,
  ).toBe(409)
  await aws.post('/aws/control/feeds/write')
  expect(amounts(await billing('INVOICED'))).toEqual([
    'SELLER_REV_SHARE 1000000.00',
    'AWS_REV_SHARE -20000.00',
    'SELLER_REV_SHARE 10000000.00',
    'AWS_REV_SHARE -150000.00',
    'SELLER_REV_SHARE_REFUND -100.01',
    'AWS_REV_SHARE_REFUND 2.00',
  ])
})

it('keeps every version of an agreement, and joins accounts by ids of its own', async () => {
  const { agreementId } = await agreed(aws)
  await aws.advance('P1D')
  await aws.post('/aws/buyer/cancel', { agreementId })
  await aws.advance('P1D')
  const versions = (await feed('agreementfeed')).filter((row) => row.agreement_id === agreementId)
  expect(versions.map((row) => [row.status, row.valid_from, row.update_date])).toEqual([
    ['ACTIVE', '2027-01-10T09:30:05Z', '2027-01-11T00:00:00Z'],
    ['CANCELLED', '2027-01-11T09:32:05Z', '2027-01-12T00:00:00Z'],
  ])
  expect(JSON.parse(versions[0]?.license_ids ?? '')).toEqual([
    expect.stringMatching(/^l-[0-9a-f]{32}$/),
  ])
  const accounts = await feed('accountfeed')
  const buyer = accounts.find((row) => row.account_id === versions[0]?.acceptor_account_id)
  expect(buyer).toMatchObject({ aws_account_id: INITECH, encrypted_account_id: 'X01INITECHX' })
  const addresses = await feed('addressfeed')
  expect(addresses.find((row) => row.address_id === buyer?.mailing_address_id)?.company_name).toBe(
    'Initech',
  )
  const offers = await feed('offerfeed')
  const offer = offers.find((row) => row.offer_id === versions[0]?.offer_id)
  expect(offer?.expiration_date).toBe('2027-01-31T23:59:59Z')
  expect(await feed('offertargetfeed')).toMatchObject([
    { target_type: 'BuyerAccounts', value: INITECH },
  ])
  expect(await feed('offerproductfeed')).toHaveLength(3)
  expect((await feed('productfeed')).map((row) => row.title)).toEqual([
    'Acme Analytics',
    'Acme Reports',
  ])
})

it('has the columns of the published feeds', async () => {
  await agreed(aws)
  await aws.advance('P1D')
  const key = 'billingeventfeed_v1/year=2027/month=01/data.csv'
  const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket, Key: key }))
  const [header] = ((await Body?.transformToString()) ?? '').split('\r\n')
  expect(header).toBe(
    'billing_event_id,from_account_id,to_account_id,end_user_account_id,product_id,action,transaction_type,parent_billing_event_id,disbursement_billing_event_id,amount,currency,disbursement_amount,disbursement_currency,balance_impacting,invoice_date,payment_due_date,usage_period_start_date,usage_period_end_date,invoice_id,billing_address_id,transaction_reference_id,buyer_transaction_reference_id,bank_trace_id,broker_id,agreement_id,offer_id,disbursement_reference_number,catalog,buyer_invoice_id,buyer_invoice_date,invoice_variant,action_date,line_item_id,buyer_line_item_id,charge_variant,charge_side,recipient_account_id,valid_from,insert_date,update_date,delete_date',
  )
})

it('charges added units for the time that is left', async () => {
  await aws.post('/aws/buyer/accept', {
    offerId: PUBLIC_OFFER,
    account: GLOBEX,
    quantities: { seats: 1 },
  })
  await aws.advance('P73D')
  const { agreements } = await aws.get(`/aws/buyer/agreements?account=${GLOBEX}`)
  await aws.post('/aws/buyer/amend', { agreementId: agreements[0].id, quantities: { seats: 11 } })
  const { invoices } = await aws.get(`/aws/buyer/invoices?account=${GLOBEX}`)
  // Ten seats at 120.00 for 292 of 365 days.
  expect(invoices.map((one: any) => one.amount)).toEqual(['120.00', '960.00'])
})

it('copies the feeds into a folder', async () => {
  const feedsDir = mkdtempSync(join(tmpdir(), 'feeds-'))
  const simulator = await startSimulator({
    port: 0,
    frozen: true,
    startAt: Date.parse('2027-01-10T12:00:00Z'),
    feedsDir,
  })
  await fetch(`${simulator.origin}/clock`, { method: 'POST', body: '{"advance":"P1D"}' })
  await simulator.stop()
  const file = join(feedsDir, 'seller-data-feeds/productfeed_v1/year=2027/month=01/data.csv')
  expect(readFileSync(file, 'utf8')).toContain('Acme Analytics')
})
