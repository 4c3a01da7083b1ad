import { type Aws, epoch } from './context.ts'
import { AwsFailure } from './failure.ts'
import { accountOf, type Caller } from './identity.ts'
import { page } from './pages.ts'
import type { Service } from './service.ts'
import { loadModel } from './shapes.ts'

const PAGE_MAX = 25

/** AWS Marketplace Entitlement Service, 2017-01-11. Clients speak JSON 1.1 to it. */
export const entitlement: Service = {
  name: 'entitlement',
  protocol: 'json',
  contentType: 'application/x-amz-json-1.1',
  targetPrefix: 'AWSMPEntitlementService',
  model: loadModel('marketplace-entitlement'),
  signingName: 'aws-marketplace',
  regions: ['us-east-1'],
  patterns: true,
  throttle: 'ThrottlingException',
  internal: 'InternalServiceErrorException',
  invalid: (found) => bad(found.map((one) => `${one.path} ${one.message}`).join('; ')),
  operations: { GetEntitlements: { perSecond: 20, handle: getEntitlements } },
}

/** GetEntitlements: contract quantities of provisioned licences. Nothing found is `{}`. */
function getEntitlements(aws: Aws, input: any, caller: Caller) {
  const product = aws.entities
    .values()
    .find((one) => one.details.Description?.ProductCode === input.ProductCode)
  if (product?.owner !== caller.account) throw bad('ProductCode is not valid.')
  const filter: Record<string, string[]> = input.Filter ?? {}
  if (filter.CUSTOMER_IDENTIFIER && filter.CUSTOMER_AWS_ACCOUNT_ID) {
    throw bad('Filter by CUSTOMER_IDENTIFIER or CUSTOMER_AWS_ACCOUNT_ID, not both.')
  }
  const all = aws.licenses.values().flatMap((license) => {
    const agreement = aws.agreements.get(license.agreementId)
    const usable = license.provisionedAt !== null && license.deprovisionedAt === null
    if (license.productId !== product.id || !agreement || !usable) return []
    const { customerIdentifier } = accountOf(aws, license.account)
    return Object.entries(agreement.quantities).map(([Dimension, quantity]) => ({
      ProductCode: license.productCode,
      Dimension,
      ...(product.facts.mode === 'legacy' ? { CustomerIdentifier: customerIdentifier } : {}),
      CustomerAWSAccountId: license.account,
      // A grant without a quantity is unlimited, which only a yes can say.
      Value: quantity === null ? { BooleanValue: true } : { IntegerValue: quantity },
      ...(agreement.end === null ? {} : { ExpirationDate: epoch(agreement.end) }),
      LicenseArn: license.arn,
    }))
  })
  const fits = (values: string[] | undefined, value: string | undefined) =>
    !values || (value !== undefined && values.includes(value))
  const found = all.filter(
    (one) =>
      fits(filter.CUSTOMER_IDENTIFIER, one.CustomerIdentifier) &&
      fits(filter.CUSTOMER_AWS_ACCOUNT_ID, one.CustomerAWSAccountId) &&
      fits(filter.DIMENSION, one.Dimension) &&
      fits(filter.LICENSE_ARN, one.LicenseArn),
  )
  if (found.length === 0) return {}
  const { items, NextToken } = pageOf(found, input)
  return { Entitlements: items, ...(NextToken === undefined ? {} : { NextToken }) }
}

function pageOf<T>(found: readonly T[], input: any) {
  try {
    return page(found, input, { max: PAGE_MAX, usual: PAGE_MAX })
  } catch {
    throw bad('NextToken is not valid.')
  }
}

function bad(message: string): AwsFailure {
  return new AwsFailure('InvalidParameterException', message)
}
