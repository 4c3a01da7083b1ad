import type { Agreement, License } from '../agreements/model.ts'
import { usagePrice } from '../agreements/model.ts'
import type { Entity } from '../catalog/model.ts'
import { dimensionsOf } from '../catalog/products.ts'
import type { Aws } from '../context.ts'
import { AwsFailure } from '../failure.ts'
import { type Account, accountOf, type Caller } from '../identity.ts'
import { allocationFault } from './allocations.ts'
import { type Usage, usageTable } from './store.ts'

const HOUR_MS = 3_600_000
const BYTES_MAX = 1_048_576
const MONTH_CLOSES_HOURS = 6

type Target = {
  readonly product: Entity
  readonly account: Account
  readonly agreement: Agreement | null
  readonly license: License | null
  /** One key is one accepted record; two mean the usage is counted twice. */
  readonly keys: readonly string[]
}

type Result = { UsageRecord: any; MeteringRecordId?: string; Status: string }

/**
 * BatchMeterUsage ("AWS Marketplace Metering Service API reference"): one bad record fails the whole
 * call; what is accepted is accepted for good, and the first quantity of an hour wins.
 */
export function batchMeterUsage(aws: Aws, input: any, caller: Caller) {
  const settings = aws.settings().metering
  if (settings.disabled) throw new AwsFailure('DisabledApiException', 'The API is disabled.')
  if (JSON.stringify(input).length > BYTES_MAX) {
    throw new AwsFailure('ValidationException', 'The request is larger than 1 MB.')
  }
  const records: any[] = input.UsageRecords
  for (const record of records) checkTimestamp(aws, record)
  const targets = records.map((record) => target(aws, input.ProductCode, record, caller))
  records.forEach((record, at) => {
    checkRecord(aws, record, targets[at] as Target)
  })
  const Results: Result[] = []
  const UnprocessedRecords: any[] = []
  records.forEach((record, at) => {
    if (aws.world.random() < settings.unprocessedRate) UnprocessedRecords.push(record)
    else Results.push(accept(aws, record, targets[at] as Target))
  })
  if (settings.shuffleResults) Results.sort(() => aws.world.random() - 0.5)
  return { Results, UnprocessedRecords }
}

function checkTimestamp(aws: Aws, record: any): void {
  const { lateWindowHours, futureToleranceMs } = aws.settings().metering
  const now = aws.now()
  const at = record.Timestamp * 1000
  const date = new Date(now)
  const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  const closed = now >= month + MONTH_CLOSES_HOURS * HOUR_MS && at < month
  if (at > now + futureToleranceMs || now - at > lateWindowHours * HOUR_MS || closed) {
    throw new AwsFailure(
      'TimestampOutOfBoundsException',
      'The timestamp value passed in the UsageRecord is out of allowed range.',
    )
  }
}

function target(aws: Aws, productCode: string | undefined, record: any, caller: Caller): Target {
  if (record.CustomerIdentifier && record.CustomerAWSAccountId) {
    throw new AwsFailure(
      'InvalidCustomerIdentifierException',
      'Provide either CustomerIdentifier or CustomerAWSAccountId.',
    )
  }
  return productCode ? byProduct(aws, productCode, record, caller) : byLicense(aws, record, caller)
}

/** Concurrent agreements: licence and account say whose usage it is, the product code stays away. */
function byLicense(aws: Aws, record: any, caller: Caller): Target {
  if (!record.LicenseArn) {
    throw new AwsFailure('InvalidProductCodeException', 'Provide a ProductCode or a LicenseArn.')
  }
  const license = aws.licenses.get(record.LicenseArn)
  const product = license && aws.entities.get(license.productId)
  const agreement = license && aws.agreements.get(license.agreementId)
  if (!license || !agreement || product?.owner !== caller.account) {
    throw new AwsFailure('InvalidLicenseException', 'The LicenseArn is not valid.')
  }
  if (product.facts.mode === 'legacy') {
    throw new AwsFailure('InvalidProductCodeException', 'The product needs a ProductCode.')
  }
  if (!record.CustomerAWSAccountId || license.account !== record.CustomerAWSAccountId) {
    throw new AwsFailure('InvalidLicenseException', 'The LicenseArn is not of that customer.')
  }
  const account = accountOf(aws, license.account)
  return { product, account, agreement, license, keys: [licenseKey(license, record)] }
}

/** Legacy: product code and customer say whose usage it is. */
function byProduct(aws: Aws, code: string, record: any, caller: Caller): Target {
  const product = aws.entities
    .values()
    .find((one) => one.type === 'SaaSProduct' && one.details.Description.ProductCode === code)
  if (product?.owner !== caller.account) {
    throw new AwsFailure('InvalidProductCodeException', 'The ProductCode is not valid.')
  }
  const account = customer(aws, record)
  const rights = rightsOf(aws, product, account, record.LicenseArn)
  const plain = [product.id, account.id, record.Dimension, hourOf(record)].join('/')
  const own = { product, account, ...rights }
  if (product.facts.mode === 'legacy' && !record.LicenseArn) return { ...own, keys: [plain] }
  const { mixedOnConcurrent, mixedOnLegacy } = aws.settings().metering
  const how = product.facts.mode === 'legacy' ? mixedOnLegacy : mixedOnConcurrent
  if (how === 'reject' || !record.LicenseArn) {
    throw new AwsFailure(
      'InvalidProductCodeException',
      'ProductCode is not allowed for products with concurrent agreements.',
    )
  }
  if (!rights.license)
    throw new AwsFailure('InvalidLicenseException', 'The LicenseArn is not valid.')
  const key = licenseKey(rights.license, record)
  return { ...own, keys: how === 'doubleCount' ? [plain, key] : [key] }
}

function customer(aws: Aws, record: any): Account {
  const account = record.CustomerIdentifier
    ? aws.accounts.values().find((one) => one.customerIdentifier === record.CustomerIdentifier)
    : aws.accounts.get(record.CustomerAWSAccountId ?? '')
  if (account) return account
  throw new AwsFailure('InvalidCustomerIdentifierException', 'The customer does not exist.')
}

function rightsOf(aws: Aws, product: Entity, account: Account, arn: string | undefined) {
  const mine = aws.licenses
    .values()
    .filter((one) => one.productId === product.id && one.account === account.id)
  const license =
    (arn === undefined
      ? mine.toSorted(
          (a, b) => Number(b.deprovisionedAt === null) - Number(a.deprovisionedAt === null),
        )[0]
      : mine.find((one) => one.arn === arn)) ?? null
  return { license, agreement: aws.agreements.get(license?.agreementId ?? '') ?? null }
}

function checkRecord(aws: Aws, record: any, { product, agreement, license }: Target): void {
  const dimension = dimensionsOf(product).find((one) => one.Key === record.Dimension)
  if (!dimension?.Types.includes('ExternallyMetered')) {
    throw new AwsFailure(
      'InvalidUsageDimensionException',
      'The usage dimension does not match one of the UsageDimensions associated with products.',
    )
  }
  const refuses = aws.settings().metering.unpricedDimension === 'refuse'
  if (agreement && refuses && usagePrice(agreement, record.Dimension) === null) {
    throw new AwsFailure(
      'InvalidUsageDimensionException',
      'The agreement has no price for the usage dimension.',
    )
  }
  const wrong = allocationFault(record)
  if (wrong) throw wrong
  if (!license) return
  const from = license.provisionedAt
  if (from === null || hourOf(record) < floor(from)) {
    throw new AwsFailure(
      'InvalidLicenseException',
      'The timestamp is outside the activation period of the license.',
    )
  }
}

function accept(aws: Aws, record: any, target: Target): Result {
  const { account, agreement, license, product } = target
  const late = license?.deprovisionedAt ?? null
  const over =
    late !== null &&
    (aws.now() > late + aws.settings().timers.finalWindowMs || hourOf(record) > floor(late))
  if (!agreement || !license || over || account.suspended) {
    return { UsageRecord: record, Status: 'CustomerNotSubscribed' }
  }
  const table = usageTable(aws)
  const quantity = record.Quantity ?? 0
  const results = target.keys.map((key): Result => {
    const known = table.get(key)
    if (!known) {
      const recordId = aws.ids.uuid()
      table.put(key, {
        key,
        agreementId: agreement.id,
        licenseArn: license.arn,
        account: account.id,
        customerIdentifier: account.customerIdentifier,
        productId: product.id,
        dimension: record.Dimension,
        hour: hourOf(record),
        quantity,
        recordId,
        acceptedAt: aws.now(),
        allocations: record.UsageAllocations ?? [],
      } satisfies Usage)
      return { UsageRecord: record, MeteringRecordId: recordId, Status: 'Success' }
    }
    const { duplicateSameQuantity } = aws.settings().metering
    if (known.quantity === quantity && duplicateSameQuantity === 'Success') {
      return { UsageRecord: record, MeteringRecordId: known.recordId, Status: 'Success' }
    }
    return { UsageRecord: record, Status: 'DuplicateRecord' }
  })
  return results.at(-1) as Result
}

function licenseKey(license: License, record: any): string {
  return [license.account, license.arn, record.Dimension, hourOf(record)].join('/')
}

function hourOf(record: any): number {
  return floor(record.Timestamp * 1000)
}

function floor(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS
}
