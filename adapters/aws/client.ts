import { MarketplaceAgreementClient } from '@aws-sdk/client-marketplace-agreement'
import { MarketplaceCatalogClient } from '@aws-sdk/client-marketplace-catalog'
import { MarketplaceEntitlementServiceClient } from '@aws-sdk/client-marketplace-entitlement-service'
import { MarketplaceMeteringClient } from '@aws-sdk/client-marketplace-metering'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'
import type { World } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { within } from '../../src/platform/http.ts'
import { classify } from './failures.ts'
import { openSession, type Session } from './session.ts'
import type { Credentials, Settings } from './settings.ts'

/** The only catalogue that sellers have. */
export const catalogName = 'AWSMarketplace'

/** AWS's own clients for one seller account. `once` are for writes: they try once, so that a lost reply is told. */
export type AwsClient = {
  readonly settings: Settings
  readonly credentials: Credentials
  readonly session: Session
  readonly nowMs: () => number
  readonly catalog: MarketplaceCatalogClient
  readonly agreement: MarketplaceAgreementClient
  readonly metering: MarketplaceMeteringClient
  readonly entitlement: MarketplaceEntitlementServiceClient
  readonly sts: STSClient
  readonly s3: S3Client
  readonly once: {
    readonly catalog: MarketplaceCatalogClient
    readonly metering: MarketplaceMeteringClient
  }
  /** Product codes by product id, as they become known; a code never changes. */
  readonly productCodes: Map<string, string>
  /** Quantities that AWS took, by what it keys usage by; the latest ones, and only while this process lives. */
  readonly heldUsage: Map<string, string>
  readonly call: Call
}

type CallOptions = { readonly abortSignal: AbortSignal }
/** Makes one call under a time limit; what it throws is a Problem. `own` reads what only this operation means. */
type Call = <T>(
  operation: string,
  act: (options: CallOptions) => Promise<T>,
  own?: (error: Error) => Problem | undefined,
) => Promise<T>

const connectionTimeoutMs = 5_000
const requestTimeoutMs = 20_000
/** How long a report file may stop coming. */
const silenceMaxMs = 60_000
/** A call with all its tries. */
const callTimeoutMs = 45_000
const readAttemptsMax = 3

/** Opens the clients. Calls nobody yet. */
export function client(
  account: { settings: Settings; credentials: Credentials },
  world: World,
): AwsClient {
  const { settings, credentials } = account
  const { region, endpoint, endpoints = {} } = settings
  const network = {
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      socketTimeout: silenceMaxMs,
      throwOnRequestTimeout: true,
    },
    maxAttempts: readAttemptsMax,
  }
  const at = (url: string | undefined) => (url === undefined ? {} : { endpoint: url })
  const stsConfig = { ...network, region, ...at(endpoints.sts ?? endpoint) }
  const session = openSession(credentials, stsConfig, world.nowMs)
  const signed = { ...network, region, credentials: session.keys }
  const catalog = { ...signed, ...at(endpoints.catalog ?? endpoint) }
  const metering = {
    ...signed,
    region: settings.meteringRegion ?? region,
    ...at(endpoints.metering ?? endpoint),
  }
  return {
    settings,
    credentials,
    session,
    nowMs: world.nowMs,
    catalog: new MarketplaceCatalogClient(catalog),
    agreement: new MarketplaceAgreementClient({
      ...signed,
      ...at(endpoints.agreement ?? endpoint),
    }),
    metering: new MarketplaceMeteringClient(metering),
    entitlement: new MarketplaceEntitlementServiceClient({
      ...signed,
      ...at(endpoints.entitlement ?? endpoint),
    }),
    sts: new STSClient({ ...stsConfig, credentials: session.keys }),
    s3: openS3(settings, signed),
    once: {
      catalog: new MarketplaceCatalogClient({ ...catalog, maxAttempts: 1 }),
      metering: new MarketplaceMeteringClient({ ...metering, maxAttempts: 1 }),
    },
    productCodes: new Map(),
    heldUsage: new Map(),
    call: (operation, act, own) => attempt(session, operation, act, own),
  }
}

function openS3(
  { feeds, endpoint, endpoints }: Settings,
  signed: ConstructorParameters<typeof S3Client>[0],
): S3Client {
  const url = endpoints?.s3 ?? (endpoint === undefined ? undefined : `${endpoint}/s3`)
  return new S3Client({
    ...signed,
    region: (feeds?.kind === 's3' ? feeds.region : undefined) ?? 'us-east-1',
    followRegionRedirects: true,
    ...(url === undefined ? {} : { endpoint: url, forcePathStyle: true }),
  })
}

async function attempt<T>(
  session: Session,
  operation: string,
  act: (options: CallOptions) => Promise<T>,
  own: ((error: Error) => Problem | undefined) | undefined,
): Promise<T> {
  const once = () =>
    within(callTimeoutMs, `AWS ${operation}`, (abortSignal) => act({ abortSignal })).catch(
      (error: unknown) => {
        throw (error instanceof Error && own?.(error)) || classify(operation, error)
      },
    )
  try {
    return await once()
  } catch (error) {
    // An expired session was turned away at the door: nothing happened, and a new one may enter.
    if (!(error instanceof Problem) || !isExpired(error) || !session.forget()) throw error
    return once()
  }
}

const isExpired = ({ code, details }: Problem): boolean =>
  code === 'unauthenticated' && String(details.awsCode).startsWith('ExpiredToken')
