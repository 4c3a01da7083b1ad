import { expect } from 'vitest'
import { ACMESOFT, INITECH } from '../../simulator/azure/seed.ts'
import { ACME, INITECH as GOOGLE_INITECH, seedKey } from '../../simulator/gcp/seed.ts'

/** What it takes to publish one offer at a simulated marketplace. */
export type Marketplace = {
  readonly provider: string
  readonly listingRef: string
  readonly plan?: string
  readonly buyerRef: string
  readonly pricing: object
  /** What the marketplace calls an offer. */
  readonly offerRef: unknown
  account(origin: string): { readonly settings: object; readonly credentials: object }
  /** Makes its operations end within seconds: these tests run in real time. */
  hasten?(origin: string): Promise<unknown>
}

const aws: Marketplace = {
  provider: 'aws',
  listingRef: 'prod-demo5aas00001',
  buyerRef: '111122223333',
  pricing: { contract: [{ dimension: 'seats', quantity: '10', price: '1200.00' }] },
  offerRef: expect.stringMatching(/^offer-/),
  account: (origin) => ({
    settings: { endpoint: `${origin}/aws` },
    credentials: {
      kind: 'keys',
      accessKeyId: 'AKIASIMSELLER0000001',
      secretAccessKey: 'simulated-seller-secret',
    },
  }),
}

const { offerId, publisherId, tenantId, clientId, secret } = ACMESOFT

const azure: Marketplace = {
  provider: 'azure',
  listingRef: offerId,
  plan: 'team',
  buyerRef: INITECH,
  pricing: { flat: '4800.00' },
  offerRef: expect.stringMatching(/^[0-9a-f]{8}-/),
  account: (origin) => ({
    settings: {
      publisherId,
      tenantId,
      clientId,
      endpoints: {
        login: `${origin}/azure/login`,
        fulfilment: `${origin}/azure/marketplaceapi/api`,
        metering: `${origin}/azure/marketplaceapi/api`,
        ingestion: `${origin}/azure/graph/rp/product-ingestion`,
        partner: `${origin}/azure/partner/v1.0`,
        insights: `${origin}/azure/partnercenter/insights/v1/cmp`,
      },
      offers: { pollSeconds: 1 },
    },
    credentials: { clientSecret: secret },
  }),
  hasten: (origin) =>
    fetch(`${origin}/azure/control/settings`, {
      method: 'POST',
      body: JSON.stringify({
        ingestion: { jobStartMs: 200, offerJobMinMs: 1_000, offerJobMaxMs: 3_000 },
      }),
    }),
}

const gcp: Marketplace = {
  provider: 'gcp',
  listingRef: ACME.service,
  plan: 'pro',
  buyerRef: GOOGLE_INITECH,
  pricing: { flat: '4800.00' },
  offerRef: expect.stringMatching(/^[0-9a-f]{8}-/),
  account(origin) {
    const { client_email: clientEmail, private_key: privateKey } = seedKey(ACME)
    return {
      settings: {
        projectId: ACME.id,
        offers: 'api',
        audiences: ['tradepost.test'],
        endpoint: origin,
      },
      credentials: { kind: 'key', clientEmail, privateKey },
    }
  },
}

export function marketplaceOf(name: string): Marketplace {
  const found = [aws, azure, gcp].find(({ provider }) => provider === name)
  if (!found) throw new Error(`no marketplace ${name}`)
  return found
}
