import { ResolveCustomerCommand } from '@aws-sdk/client-marketplace-metering'
import type { Registration } from '../../src/agreements/model.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { AwsClient } from './client.ts'

const tokenField = 'x-amzn-marketplace-token'

/** The field of the form that AWS's console posts to the fulfilment URL: "SaaS customer onboarding". */
export function readToken(fields: Readonly<Record<string, string>>): string | undefined {
  // A form decoder turns a plus that was not escaped into a space, and tokens hold pluses but no spaces.
  const token = fields[tokenField]?.trim().replaceAll(' ', '+')
  return token === '' ? undefined : token
}

/** Who the token stands for: Metering API, ResolveCustomer, called by the account that published the product. */
export async function resolve(aws: AwsClient, token: string): Promise<Registration> {
  const command = new ResolveCustomerCommand({ RegistrationToken: token })
  const answer = await aws.call(
    'ResolveCustomer',
    (options) => aws.metering.send(command, options),
    tokenProblem,
  )
  const { CustomerAWSAccountId, LicenseArn, CustomerIdentifier, ProductCode } = answer
  const buyerRef = CustomerAWSAccountId ?? CustomerIdentifier
  if (!buyerRef) throw new Problem('internal', 'AWS ResolveCustomer answered without a customer')
  return {
    agreementRef: null,
    buyerRef,
    licenseRef: LicenseArn ?? null,
    customerRef: CustomerIdentifier ?? null,
    meteringRef: ProductCode ?? null,
    native: { CustomerAWSAccountId, LicenseArn, CustomerIdentifier, ProductCode },
  }
}

/** `ExpiredTokenException` is also what AWS calls an expired session of ours, "the security token". */
export function tokenProblem(error: Error): Problem | undefined {
  const isOurs = /security token/i.test(error.message)
  if (error.name === 'ExpiredTokenException' && !isOurs)
    return new Problem(
      'rejected',
      'the registration token has expired: go to AWS Marketplace and choose “Set up your account” again',
      { token: 'expired', awsCode: error.name },
      { cause: error },
    )
  if (error.name === 'InvalidTokenException')
    return new Problem(
      'rejected',
      'this is not a registration token that AWS Marketplace made for this seller',
      { token: 'invalid', awsCode: error.name },
      { cause: error },
    )
  return undefined
}
