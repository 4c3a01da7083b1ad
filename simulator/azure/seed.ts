import type { MeterPrice, Plan, Pricing, TechnicalConfiguration } from './catalog-model.ts'
import { consent, refreshTokens } from './identity/refresh.ts'
import type { Buyer } from './parties.ts'
import type { AzureState } from './state.ts'

/** One publisher with his application and his SaaS offer. */
export type SeededPublisher = {
  readonly publisherId: string
  readonly name: string
  readonly tenantId: string
  readonly sellerId: string
  readonly clientId: string
  readonly objectId: string
  readonly secret: string
  readonly refreshToken: string
  readonly user: string
  readonly product: string
  readonly offerId: string
  readonly title: string
  /** Guids of the plans `team`, `enterprise`, `per-seat`. */
  readonly plans: readonly [string, string, string]
}

export const ACMESOFT: SeededPublisher = {
  publisherId: 'acmesoft',
  name: 'Acme Software',
  tenantId: '8f5d0f3a-2a7e-4c3f-9d10-1f0d0a6b7c01',
  sellerId: '40918273',
  clientId: '5c2d7f10-93f1-4a5e-8a0e-6f1b3f6d2a11',
  objectId: '0d5e8c1b-7f42-4b6a-9c3d-2e1f0a9b8c71',
  secret: 'simulated-acmesoft-secret',
  refreshToken: 'simulated-acmesoft-refresh-token',
  user: 'finance@acme.example',
  product: '7ba807c8-386a-4efe-80f1-b97bf8a554f8',
  offerId: 'acme-analytics',
  title: 'Acme Analytics',
  plans: [
    '1bed11cb-98e3-4429-942f-2561eb6e2121',
    '1bed11cb-98e3-4429-942f-2561eb6e2122',
    '1bed11cb-98e3-4429-942f-2561eb6e2123',
  ],
}

export const UMBRELLA: SeededPublisher = {
  publisherId: 'umbrella',
  name: 'Umbrella Apps',
  tenantId: '2b7e1f64-5c0d-4a8b-b3e9-7d1a4c6f8e02',
  sellerId: '51827364',
  clientId: '9d4b6a23-1e7f-4c58-8f0a-3c5e7b9d1f04',
  objectId: '6a1c9f3e-4d28-4e7b-8b5a-9f0e1d2c3b42',
  secret: 'simulated-umbrella-secret',
  refreshToken: 'simulated-umbrella-refresh-token',
  user: 'finance@umbrella.example',
  product: '4e9c2d71-6b3a-4f58-9a0d-8c7b6a5f4e31',
  offerId: 'umbrella-feeds',
  title: 'Umbrella Feeds',
  plans: [
    '3f8d2c6a-5b1e-4d97-a8c0-7e6f5d4c3b21',
    '3f8d2c6a-5b1e-4d97-a8c0-7e6f5d4c3b22',
    '3f8d2c6a-5b1e-4d97-a8c0-7e6f5d4c3b23',
  ],
}

/** Billing account ids of the buyers: two Microsoft Customer Agreements, one enterprise enrolment. */
export const INITECH =
  'ac357579-e860-54a6-80b3-66958aea67fe:7471d04e-f696-4d20-af34-fa78d51e419c_2019-05-31'
export const GLOBEX =
  'b8d1e6f4-2a97-5c3b-91e0-45c7d8a3f162:5f0b9c3d-1e84-4a76-b2d5-9c8e7f6a5b43_2019-05-31'
export const HOOLI = '81234567'

/** The demo accounts, one line each, for whoever starts the simulator by hand. */
export const azureAccounts: readonly string[] = [
  ...[ACMESOFT, UMBRELLA].map(
    (one) =>
      `publisher ${one.publisherId}: tenant ${one.tenantId}, app ${one.clientId} / ${one.secret}, offer ${one.offerId}`,
  ),
  `buyers: Initech ${INITECH}, Globex ${GLOBEX}, Hooli ${HOOLI}`,
]

/** Fills an empty world with two publishers, their offers, and buyers. */
export function seed(state: AzureState): void {
  if (state.publishers.size > 0) return
  for (const buyer of BUYERS) state.buyers.put(buyer.billingAccountId, buyer)
  for (const publisher of [ACMESOFT, UMBRELLA]) {
    account(state, publisher)
    offer(state, publisher)
  }
}

const BUYERS: readonly Buyer[] = [
  {
    billingAccountId: INITECH,
    name: 'Initech',
    tenantId: 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22',
    azureSubscriptionId: '2e45137b-702b-4f53-afa6-cf7e10e46d00',
    kind: 'MCA',
    country: 'US',
    currency: 'USD',
    state: 'TX',
    city: 'Austin',
    postalCode: '73301',
    emailId: 'cloud@initech.example',
    objectId: '0bc7e2f1-3d9a-4a52-9f60-2b8b3b7c1d10',
    puid: '1003200012345678',
  },
  {
    billingAccountId: GLOBEX,
    name: 'Globex',
    tenantId: 'd0c7b3aa-6f7e-4b55-8f21-5d2f5b9f7a33',
    azureSubscriptionId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    kind: 'MCA',
    country: 'DE',
    currency: 'EUR',
    state: '',
    city: 'Berlin',
    postalCode: '10115',
    emailId: 'einkauf@globex.example',
    objectId: '93d1f7a2-5c8e-4b06-a4d9-6e2f1c0b8a57',
    puid: '1003200087654321',
  },
  {
    billingAccountId: HOOLI,
    name: 'Hooli',
    tenantId: '65a2c8d4-9e1b-4f73-8c06-3b7d5e9f1a24',
    azureSubscriptionId: '16fd2706-8baf-433b-82eb-8c7fada847da',
    kind: 'EA',
    country: 'US',
    currency: 'USD',
    state: 'CA',
    city: 'Palo Alto',
    postalCode: '94301',
    emailId: 'cloud@hooli.example',
    objectId: '4f7a1e8c-2b6d-4093-9d5e-8c1a0f3b7e62',
    puid: '1003200011223344',
  },
]

function account(state: AzureState, one: SeededPublisher): void {
  state.publishers.put(one.publisherId, {
    id: one.publisherId,
    name: one.name,
    tenantId: one.tenantId,
    sellerId: one.sellerId,
    country: 'US',
    payoutCurrency: 'USD',
  })
  state.apps.put(one.clientId, {
    clientId: one.clientId,
    tenantId: one.tenantId,
    publisherId: one.publisherId,
    name: 'Tradepost',
    objectId: one.objectId,
    secrets: [{ value: one.secret, expiresAt: null, isRevoked: false }],
    certificates: [],
    isManager: true,
    denied: [],
    revokedBefore: 0,
    isDisabled: false,
  })
  if (!refreshTokens(state).has(one.refreshToken)) {
    consent(state, one.clientId, one.user, one.refreshToken)
  }
}

function offer(state: AzureState, one: SeededPublisher): void {
  const configuration: TechnicalConfiguration = {
    landingPageUrl: `https://${one.publisherId}.example/azure/landing`,
    connectionWebhook: '',
    tenantId: one.tenantId,
    appId: one.clientId,
  }
  state.products.put(one.product, {
    guid: one.product,
    publisherId: one.publisherId,
    offerId: one.offerId,
    type: 'softwareAsAService',
    alias: one.title,
    createdAt: state.now(),
    isMade: false,
    live: { ...configuration },
    preview: { ...configuration },
    meters: {
      api_calls: { displayName: 'API calls', unitOfMeasure: '1000 calls' },
      storage_gb: { displayName: 'Storage', unitOfMeasure: 'GB hour' },
    },
    listing: {
      title: one.title,
      summary: `${one.title}, as a service`,
      description: `${one.title}, as a service`,
      categories: ['analytics'],
    },
  })
  const [team, enterprise, perSeat] = one.plans
  plan(state, one, team, 'team', 'Team', TEAM)
  plan(state, one, enterprise, 'enterprise', 'Enterprise', ENTERPRISE)
  plan(state, one, perSeat, 'per-seat', 'Per seat', PER_SEAT)
}

const meter = (pricePerUnit: string, included: MeterPrice['included'] = []): MeterPrice => ({
  pricePerUnit,
  included,
})

const TEAM: Pricing = {
  mode: 'flatRate',
  userLimits: null,
  hasFreeTrial: false,
  prices: [
    { termUnit: 'P1M', paymentUnit: 'P1M', price: '500' },
    { termUnit: 'P1Y', paymentUnit: 'P1Y', price: '5400' },
  ],
  meters: {
    api_calls: meter('0.5', [
      { termUnit: 'P1M', quantity: '100' },
      { termUnit: 'P1Y', quantity: '1200' },
    ]),
    storage_gb: meter('0.02'),
  },
}

const ENTERPRISE: Pricing = {
  mode: 'flatRate',
  userLimits: null,
  hasFreeTrial: false,
  prices: [
    { termUnit: 'P1Y', paymentUnit: 'P1Y', price: '24000' },
    { termUnit: 'P3Y', paymentUnit: 'P1Y', price: '22000' },
  ],
  meters: {
    api_calls: meter('0.4'),
    storage_gb: meter('0.02', [{ termUnit: 'P1Y', quantity: null }]),
  },
}

const PER_SEAT: Pricing = {
  mode: 'perUser',
  userLimits: { min: 1, max: 500 },
  hasFreeTrial: false,
  prices: [
    { termUnit: 'P1M', paymentUnit: 'P1M', price: '20' },
    { termUnit: 'P1Y', paymentUnit: 'P1Y', price: '200' },
  ],
  meters: {},
}

function plan(
  state: AzureState,
  one: SeededPublisher,
  guid: string,
  planId: string,
  name: string,
  pricing: Pricing,
): void {
  const made: Plan = {
    guid,
    product: one.product,
    planId,
    name,
    description: `${one.title}, plan ${name}`,
    isPrivate: false,
    isStopSell: false,
    isMade: false,
    privateOffer: null,
    basePlan: null,
    pricing: structuredClone(pricing),
  }
  state.plans.put(guid, made)
}
