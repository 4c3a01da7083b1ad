import {
  BatchMeterUsageCommand,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  clientsOf,
  INITECH,
  LEGACY_CODE,
  LEGACY_PUBLIC_OFFER,
  openAws,
  PRODUCT_CODE,
  refusal,
  type SimulatedAws,
} from './aws-clients.ts'
import { agreed } from './aws-offers.ts'

let aws: SimulatedAws
let licenseArn = ''
let agreementId = ''
let registrationToken = ''

beforeEach(async () => {
  aws = await openAws()
  const made = await agreed(aws)
  licenseArn = made.licenseArn
  agreementId = made.agreementId
  registrationToken = made.registrationToken
})
afterEach(() => aws.stop())

const hour = (text: string) => new Date(`${text}Z`)
const at = '2027-01-10T09:00:00'
const record = (more: Record<string, unknown> = {}): any => ({
  Timestamp: hour(at),
  CustomerAWSAccountId: INITECH,
  LicenseArn: licenseArn,
  Dimension: 'api_calls',
  Quantity: 10,
  ...more,
})
const send = async (records: any[], ProductCode?: string) =>
  aws.metering.send(
    new BatchMeterUsageCommand({
      UsageRecords: records,
      ...(ProductCode === undefined ? {} : { ProductCode }),
    }),
  )
const statuses = async (records: any[], ProductCode?: string) =>
  (await send(records, ProductCode)).Results?.map((one) => one.Status)
const ledger = async () => (await aws.get('/aws/control/ledger')).totals

it('takes the first quantity of an hour and no other', async () => {
  const first = (await send([record()])).Results?.[0]
  expect(first?.Status).toBe('Success')
  const again = (await send([record()])).Results?.[0]
  expect([again?.Status, again?.MeteringRecordId]).toEqual(['Success', first?.MeteringRecordId])
  expect(await statuses([record({ Quantity: 25 })])).toEqual(['DuplicateRecord'])
  expect(await statuses([record({ Timestamp: hour('2027-01-10T09:29:00') })])).toEqual(['Success'])
  expect(await ledger()).toEqual([{ licenseArn, dimension: 'api_calls', quantity: 10 }])
  await aws.set({ metering: { duplicateSameQuantity: 'DuplicateRecord' } })
  expect(await statuses([record()])).toEqual(['DuplicateRecord'])
})

it('answers in its own order, with every record said once', async () => {
  await aws.advance('PT20H')
  const records = Array.from({ length: 20 }, (_, count) =>
    record({ Timestamp: new Date(hour(at).getTime() + count * 3_600_000), Quantity: count }),
  )
  const { Results = [] } = await send(records)
  const order = Results.map((one) => one.UsageRecord?.Quantity)
  expect(order).not.toEqual(records.map((one) => one.Quantity))
  expect(order.toSorted((a = 0, b = 0) => a - b)).toEqual(records.map((one) => one.Quantity))
})

it.each<[string, Record<string, unknown>, string]>([
  ['a future hour', { Timestamp: hour('2027-01-10T10:00:00') }, 'TimestampOutOfBoundsException'],
  [
    'more than a day ago',
    { Timestamp: hour('2027-01-09T09:00:00') },
    'TimestampOutOfBoundsException',
  ],
  ['an unknown dimension', { Dimension: 'desks' }, 'InvalidUsageDimensionException'],
  ['an entitled dimension', { Dimension: 'seats' }, 'InvalidUsageDimensionException'],
  [
    'a licence nobody has',
    { LicenseArn: 'arn:aws:license-manager::294406891311:license:l-0' },
    'InvalidLicenseException',
  ],
  [
    'a licence of somebody else',
    { CustomerAWSAccountId: '444455556666' },
    'InvalidLicenseException',
  ],
  [
    'a time before the licence',
    { Timestamp: hour('2027-01-10T08:00:00') },
    'InvalidLicenseException',
  ],
  ['neither licence nor product', { LicenseArn: undefined }, 'InvalidProductCodeException'],
  [
    'two names of the customer',
    { CustomerIdentifier: 'X01INITECHX' },
    'InvalidCustomerIdentifierException',
  ],
  [
    'allocations that do not add up',
    { UsageAllocations: [{ AllocatedUsageQuantity: 3 }] },
    'InvalidUsageAllocationsException',
  ],
  [
    'the same tags twice',
    { UsageAllocations: [5, 5].map((AllocatedUsageQuantity) => ({ AllocatedUsageQuantity })) },
    'InvalidUsageAllocationsException',
  ],
  [
    'a tag with a strange key',
    { UsageAllocations: [{ AllocatedUsageQuantity: 10, Tags: [{ Key: 'a{b', Value: 'x' }] }] },
    'InvalidTagException',
  ],
  ['a fraction', { Quantity: 1.5 }, 'ValidationException'],
  ['a negative quantity', { Quantity: -1 }, 'ValidationException'],
  ['more than fits', { Quantity: 2_147_483_648 }, 'ValidationException'],
])('fails the whole batch for %s', async (_, change, name) => {
  const good = record({ Dimension: 'storage_gb' })
  expect((await refusal(send([good, record(change)]))).name).toBe(name)
  expect(await ledger()).toEqual([])
})

it('takes 25 records at most', async () => {
  const failed = await refusal(send(Array.from({ length: 26 }, () => record())))
  expect(failed.name).toBe('ValidationException')
})

it('closes a month at six on its first day', async () => {
  await aws.advance('P21DT20H')
  const late = record({ Timestamp: hour('2027-01-31T23:00:00') })
  expect(aws.simulator.clock.now()).toBeLessThan(Date.parse('2027-02-01T06:00:00Z'))
  expect(await statuses([late])).toEqual(['Success'])
  await aws.advance('PT1H')
  const other = record({ Timestamp: hour('2027-01-31T22:00:00') })
  expect((await refusal(send([other]))).name).toBe('TimestampOutOfBoundsException')
})

it('takes usage for one more hour after the licence is taken back', async () => {
  await aws.post('/aws/buyer/cancel', { agreementId })
  await aws.advance('PT1H')
  expect(await statuses([record()])).toEqual(['Success'])
  const after = record({ Timestamp: hour('2027-01-10T10:00:00') })
  expect(await statuses([after])).toEqual(['CustomerNotSubscribed'])
  await aws.advance('PT1M')
  expect(await statuses([record({ Dimension: 'storage_gb' })])).toEqual(['CustomerNotSubscribed'])
})

it('keeps the product code away from products with concurrent agreements', async () => {
  const failed = await refusal(send([record()], PRODUCT_CODE))
  expect(failed.name).toBe('InvalidProductCodeException')
  await aws.set({ metering: { mixedOnConcurrent: 'doubleCount' } })
  expect(await statuses([record()], PRODUCT_CODE)).toEqual(['Success'])
  expect((await ledger())[0].quantity).toBe(20)
})

it('meters legacy products by product code and customer', async () => {
  const offer = { offerId: LEGACY_PUBLIC_OFFER, account: INITECH, quantities: { seats: 1 } }
  const bought = await aws.post('/aws/buyer/accept', offer)
  await aws.advance('PT2M')
  const legacy = record({
    LicenseArn: undefined,
    CustomerAWSAccountId: undefined,
    CustomerIdentifier: 'X01INITECHX',
  })
  expect(await statuses([legacy], LEGACY_CODE)).toEqual(['Success'])
  const byAccount = record({ LicenseArn: undefined, Quantity: 11 })
  expect(await statuses([byAccount], LEGACY_CODE)).toEqual(['DuplicateRecord'])
  const stranger = { ...legacy, CustomerIdentifier: 'X01GLOBEX0X' }
  expect(await statuses([stranger], LEGACY_CODE)).toEqual(['CustomerNotSubscribed'])
  const nobody = { ...legacy, CustomerIdentifier: 'X01NOBODYXX' }
  expect((await refusal(send([nobody], LEGACY_CODE))).name).toBe(
    'InvalidCustomerIdentifierException',
  )
  expect((await refusal(send([legacy], 'nosuchproduct'))).name).toBe('InvalidProductCodeException')
  const mixed = record({ LicenseArn: bought.licenseArn, Dimension: 'storage_gb' })
  expect(await statuses([mixed], LEGACY_CODE)).toEqual(['Success'])
  const storage = (await ledger()).find((one: any) => one.dimension === 'storage_gb')
  expect(storage.quantity).toBe(20)
})

it('has no price for what the agreement does not sell', async () => {
  const { licenseArn: other } = await agreed(aws, {
    UpdatePricingTerms: {
      PricingModel: 'Contract',
      Terms: [
        {
          Type: 'FixedUpfrontPricingTerm',
          CurrencyCode: 'USD',
          Price: '0.0',
          Grants: [{ DimensionKey: 'seats' }],
        },
      ],
    },
  })
  const unpriced = record({ LicenseArn: other })
  expect((await refusal(send([unpriced]))).name).toBe('InvalidUsageDimensionException')
  await aws.set({ metering: { unpricedDimension: 'accept' } })
  expect(await statuses([unpriced])).toEqual(['Success'])
})

it('leaves some records unprocessed and takes them the next time', async () => {
  await aws.set({ metering: { unprocessedRate: 1 } })
  const { Results, UnprocessedRecords } = await send([record()])
  expect([Results, UnprocessedRecords?.length]).toEqual([[], 1])
  expect(await ledger()).toEqual([])
  await aws.set({ metering: { unprocessedRate: 0 } })
  expect(await statuses([UnprocessedRecords?.[0]])).toEqual(['Success'])
})

it('takes no usage from suspended accounts, and none at all when disabled', async () => {
  await aws.post('/aws/control/accounts', { id: INITECH, suspended: true })
  expect(await statuses([record()])).toEqual(['CustomerNotSubscribed'])
  await aws.set({ metering: { disabled: true } })
  expect((await refusal(send([record()]))).name).toBe('DisabledApiException')
})

it('resolves a registration token as often as asked until it expires', async () => {
  const resolve = (RegistrationToken: string, client = aws.metering) =>
    client.send(new ResolveCustomerCommand({ RegistrationToken }))
  for (let count = 0; count < 2; count += 1) {
    const answer = await resolve(registrationToken)
    expect(answer).toMatchObject({ CustomerAWSAccountId: INITECH, LicenseArn: licenseArn })
    expect(answer.ProductCode).toBe(PRODUCT_CODE)
    expect(answer.CustomerIdentifier).toBeUndefined()
  }
  expect((await refusal(resolve('forged'))).name).toBe('InvalidTokenException')
  const other = clientsOf(aws.origin, {
    accessKeyId: 'AKIASIMSELLER0000002',
    secretAccessKey: 'simulated-other-secret',
  })
  expect((await refusal(resolve(registrationToken, other.metering))).name).toBe(
    'InvalidTokenException',
  )
  await aws.advance('PT4H')
  expect((await refusal(resolve(registrationToken))).name).toBe('ExpiredTokenException')
})

it('counts the calls that did something', async () => {
  await send([record()])
  await refusal(send([record({ Quantity: -1 })]))
  expect((await aws.get('/aws/control/calls')).BatchMeterUsage).toBe(1)
})
