import { MarketplaceAgreementClient } from '@aws-sdk/client-marketplace-agreement'
import { MarketplaceCatalogClient } from '@aws-sdk/client-marketplace-catalog'
import { MarketplaceEntitlementServiceClient } from '@aws-sdk/client-marketplace-entitlement-service'
import { MarketplaceMeteringClient } from '@aws-sdk/client-marketplace-metering'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import { startSimulator } from '../../simulator/index.ts'

export const PRODUCT = 'prod-demo5aas00001'
export const PRODUCT_CODE = 'acmeanalyticsproductcode1'
export const LEGACY_CODE = 'acmereportsproductcode001'
export const LEGACY_PUBLIC_OFFER = 'offer-demopub1ic002'
export const PUBLIC_OFFER = 'offer-demopub1ic001'
export const INITECH = '111122223333'
export const GLOBEX = '444455556666'
export const ROLE = 'arn:aws:iam::777788889999:role/tradepost'

type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export const sellerKey: Credentials = {
  accessKeyId: 'AKIASIMSELLER0000001',
  secretAccessKey: 'simulated-seller-secret',
}

/** Unmodified SDK clients of one principal, pointed at the simulator. They do not retry. */
export function clientsOf(origin: string, credentials: Credentials = sellerKey) {
  const usual = { region: 'us-east-1', endpoint: `${origin}/aws`, credentials, maxAttempts: 1 }
  return {
    catalog: new MarketplaceCatalogClient(usual),
    agreement: new MarketplaceAgreementClient(usual),
    metering: new MarketplaceMeteringClient(usual),
    entitlement: new MarketplaceEntitlementServiceClient(usual),
    sts: new STSClient(usual),
    s3: new S3Client({ ...usual, endpoint: `${origin}/aws/s3`, forcePathStyle: true }),
  }
}

export type SimulatedAws = Awaited<ReturnType<typeof openAws>>

/** A simulator with a clock that stands still, its rate limits off, and the seller's clients. */
export async function openAws(
  options: { readonly startAt?: string; readonly file?: string; readonly quotas?: boolean } = {},
) {
  const simulator = await startSimulator({
    port: 0,
    frozen: true,
    startAt: Date.parse(options.startAt ?? '2027-01-10T09:30:00Z'),
    ...(options.file === undefined ? {} : { file: options.file }),
  })
  const call = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await fetch(simulator.origin + path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, ...(text === '' ? {} : JSON.parse(text)) }
  }
  const aws = {
    ...clientsOf(simulator.origin),
    simulator,
    origin: simulator.origin,
    get: (path: string) => call('GET', path),
    post: (path: string, body: unknown = {}) => call('POST', path, body),
    remove: (path: string) => call('DELETE', path),
    advance: (duration: string) => call('POST', '/clock', { advance: duration }),
    set: (settings: object) => call('POST', '/aws/control/settings', settings),
    stop: () => simulator.stop(),
  }
  if (!options.quotas) await aws.set({ quotas: { enforced: false } })
  await aws.set({ events: { duplicateRate: 0, disorderRate: 0 } })
  return aws
}

/** The name of the exception a call ends with, and what else the SDK made of it. */
export async function refusal(call: Promise<unknown>): Promise<any> {
  const failed = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failed === undefined) throw new Error('the call was not refused')
  return failed
}
