import type { AgreementViewSummary } from '@aws-sdk/client-marketplace-agreement'
import {
  GetEntitlementsCommand,
  type Entitlement as NativeEntitlement,
} from '@aws-sdk/client-marketplace-entitlement-service'
import type { Entitlement } from '../../src/agreements/model.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { AwsClient } from './client.ts'
import { productCode } from './listings.ts'
import { readEnd, readQuantity } from './native-values.ts'
import type { Terms } from './terms.ts'

const pageMax = 25
const pagesMax = 40

type Found = { readonly entitlements: readonly Entitlement[]; readonly native: unknown }

/**
 * What the buyer may use, by licence: Entitlement API, GetEntitlements. Usage alone entitles to nothing. AWS provides
 * entitlements a minute or so after the acceptance and does not count that as a change of the agreement, so until then
 * what the accepted terms grant is told.
 */
export async function entitlementsOf(
  aws: AwsClient,
  { entitlements, proposalSummary, status, endTime }: AgreementViewSummary,
  { granted }: Terms,
): Promise<Found> {
  const licenses = licensesOf(entitlements)
  const native = await provided(aws, licenses, proposalSummary?.resources?.[0]?.id, granted)
  if (native.length > 0) return { entitlements: native.map(readEntitlement), native }
  if (status !== 'ACTIVE') return { entitlements: [], native: null }
  const whose = { licenseRef: licenses[0] ?? null, expiresAt: readEnd(endTime) }
  return { entitlements: granted.map((grant) => ({ ...grant, ...whose })), native: null }
}

async function provided(
  aws: AwsClient,
  licenses: readonly string[],
  product: string | undefined,
  granted: Terms['granted'],
): Promise<readonly NativeEntitlement[]> {
  if (granted.length === 0 || licenses.length === 0 || !product) return []
  const code = await productCode(aws, product)
  if (code === null) return []
  return list(aws, code, licenses).catch((error: unknown) => {
    // One product whose entitlements AWS refuses to tell must not stop the agreements of all others.
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    return []
  })
}

/** The licences of a summary, each once. */
export const licensesOf = (
  entitlements: readonly { licenseArn?: string | undefined }[] | undefined,
): readonly string[] => [
  ...new Set((entitlements ?? []).flatMap(({ licenseArn }) => licenseArn ?? [])),
]

async function list(aws: AwsClient, ProductCode: string, licenses: readonly string[]) {
  const found: NativeEntitlement[] = []
  let NextToken: string | undefined
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const command = new GetEntitlementsCommand({
      ProductCode,
      Filter: { LICENSE_ARN: [...licenses] },
      MaxResults: pageMax,
      NextToken,
    })
    const answer = await aws.call('GetEntitlements', (options) =>
      aws.entitlement.send(command, options),
    )
    // No entitlements come back as `{}`, and an empty page may still lead to another.
    found.push(...(answer.Entitlements ?? []))
    if (answer.NextToken === undefined) return found
    NextToken = answer.NextToken
  }
  throw new Problem('internal', `AWS has more entitlements of ${licenses.join()} than can be read`)
}

function readEntitlement(native: NativeEntitlement): Entitlement {
  const { IntegerValue, DoubleValue, BooleanValue } = native.Value ?? {}
  return {
    dimension: native.Dimension ?? '',
    // A yes is a right that is not counted.
    quantity: BooleanValue === false ? '0' : readQuantity(IntegerValue ?? DoubleValue),
    licenseRef: native.LicenseArn ?? null,
    expiresAt: readEnd(native.ExpirationDate),
  }
}
