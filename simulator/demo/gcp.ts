import { readFileSync } from 'node:fs'
import type { Client } from './client.ts'
import type { Market } from './market.ts'

const project = 'umbrella-public'
const service = 'umbrella-feeds.endpoints.umbrella-public.cloud.goog'
const billingAccount = '012345-6789AB-CDEF01'
const subscription = `projects/${project}/subscriptions/marketplace`
const pushIdentity = `pubsub-push@${project}.iam.gserviceaccount.com`
const pushAudience = 'umbrella-notices'
const keyFile = new URL('../gcp/seed-key-umbrella.json', import.meta.url)

/** Umbrella Apps sells to Initech on Google Cloud Marketplace. */
export const gcp: Market = {
  name: 'Google',
  provider: 'gcp',
  account: (simulator) => ({
    provider: 'gcp',
    settings: {
      projectId: project,
      offers: 'api',
      // The host of the sign-up page, which is ours.
      audiences: ['127.0.0.1'],
      notices: { kind: 'push', audience: pushAudience, serviceAccountEmail: pushIdentity },
      products: [{ service, name: 'Umbrella Feeds', metrics }],
      reports: { kind: 'bucket', bucket: 'umbrella-marketplace-reports' },
      offerUrl: '{console}/marketplace/offers/{offer}?project={project}',
      endpoint: simulator,
    },
    credentials: credentials(),
  }),
  listingRef: service,
  planRef: 'pro',
  facts: { deployedOnCloud: true, 'product.type': 'saas', 'product.ownedByBuyer': false },
  buyerRefs: [billingAccount],
  // No report tells by which channel it was sold.
  commitment: { instrument: 'Minimum Commitment', facts: { 'line.channel': 'direct' } },
  promise: 'all of it may be spent on the marketplace',
  async tell(clouds, { register, notices }) {
    await clouds.post(`/gcp/control/products/${service}`, { signUpUrl: register })
    await clouds.post('/gcp/control/push', {
      subscription,
      endpoint: notices,
      audience: pushAudience,
      serviceAccountEmail: pushIdentity,
    })
  },
  async accept(clouds, offerRef) {
    if (await entitlementOf(clouds, offerRef)) return
    await clouds.post('/gcp/buyer/accept', { offer: offerRef, billingAccount })
  },
  // Accepting is buying here.
  subscribe: async (clouds, offerRef) => (await entitlementOf(clouds, offerRef)) ?? '',
  register: (clouds, agreementRef) =>
    clouds.post('/gcp/buyer/sign-up', { entitlement: agreementRef }),
  // Google reports a month in the next one; nobody waits for that here.
  async report(clouds, months) {
    for (const month of months)
      await clouds.post('/gcp/control/reports', { month, provider: project })
  },
}

/** Which metric a dimension is reported under, on the plan that is sold. */
const metrics = ['api_calls', 'storage_gb'].map((dimension) => ({
  plan: 'pro',
  dimension,
  metric: `pro_${dimension}`,
}))

function credentials() {
  const { client_email: clientEmail, private_key: privateKey } = JSON.parse(
    readFileSync(keyFile, 'utf8'),
  )
  return { kind: 'key', clientEmail, privateKey }
}

async function entitlementOf(clouds: Client, offerRef: string): Promise<string | undefined> {
  const { entitlements } = await clouds.get(
    `/gcp/buyer/entitlements?billingAccount=${billingAccount}`,
  )
  return entitlements.find(({ entitlement }: any) => entitlement.offer.endsWith(`/${offerRef}`))?.id
}
