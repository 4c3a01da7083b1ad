import type { Aws } from './context.ts'
import { AwsFailure } from './failure.ts'
import { accountOf, type Caller } from './identity.ts'
import { batchMeterUsage } from './metering/batch.ts'
import { tokens } from './metering/tokens.ts'
import type { Service } from './service.ts'
import { loadModel } from './shapes.ts'

const REGIONS =
  'af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ca-central-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2'.split(
    ' ',
  )

/** AWS Marketplace Metering Service, 2016-01-14: JSON 1.1. What SaaS products use of it. */
export const metering: Service = {
  name: 'metering',
  protocol: 'json',
  contentType: 'application/x-amz-json-1.1',
  targetPrefix: 'AWSMPMeteringService',
  model: loadModel('meteringmarketplace'),
  signingName: 'aws-marketplace',
  regions: REGIONS,
  patterns: true,
  throttle: 'ThrottlingException',
  internal: 'InternalServiceErrorException',
  invalid: (found) => {
    const said = found.map(
      (one) => `Value at '${one.path}' failed to satisfy constraint: ${one.message}`,
    )
    const message = `${said.length} validation error detected: ${said.join('; ')}`
    if (found.every((one) => /Tags/.test(one.path))) {
      return new AwsFailure('InvalidTagException', message)
    }
    if (found.every((one) => /UsageAllocations/.test(one.path))) {
      return new AwsFailure('InvalidUsageAllocationsException', message)
    }
    return new AwsFailure('ValidationException', message)
  },
  operations: {
    BatchMeterUsage: { perSecond: 10, handle: batchMeterUsage },
    ResolveCustomer: { handle: resolveCustomer },
  },
}

/** ResolveCustomer: only the seller of the product may, as often as he likes until the token expires. */
function resolveCustomer(aws: Aws, input: any, caller: Caller) {
  if (aws.settings().metering.disabled) {
    throw new AwsFailure('DisabledApiException', 'The API is disabled.')
  }
  const token = tokens(aws).get(input.RegistrationToken)
  const agreement = token && aws.agreements.get(token.agreementId)
  const product = agreement && aws.entities.get(agreement.productId)
  if (!token || !agreement || product?.owner !== caller.account) {
    throw new AwsFailure('InvalidTokenException', 'Registration token is invalid.')
  }
  if (token.expiresAt <= aws.now()) {
    throw new AwsFailure('ExpiredTokenException', 'The submitted registration token has expired.')
  }
  const legacy = product.facts.mode === 'legacy'
  const { customerIdentifier } = accountOf(aws, agreement.acceptor)
  return {
    ...(legacy ? { CustomerIdentifier: customerIdentifier } : {}),
    ProductCode: product.details.Description.ProductCode,
    CustomerAWSAccountId: agreement.acceptor,
    LicenseArn: agreement.licenseArn,
  }
}
