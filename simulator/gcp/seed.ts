import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { BillingAccount, Metric, Plan } from './parties.ts'
import { subscribe } from './pubsub/subscriptions.ts'
import type { GcpContext } from './state.ts'

export type SeededProvider = {
  readonly id: string
  readonly title: string
  readonly projectNumber: string
  readonly service: string
  readonly serviceTitle: string
  readonly serviceAccount: string
  readonly pushIdentity: string
  readonly subscription: string
  readonly topic: string
  readonly reportBucket: string
  readonly workloadIdentityAudience: string
  readonly keyFile: string
}

export const ACME = provider('acme', 'Acme Software', '528009937268', 'Acme Analytics', 'analytics')
export const UMBRELLA = provider(
  'umbrella',
  'Umbrella Data',
  '731840265519',
  'Umbrella Feeds',
  'feeds',
)
/** Billing account ids of the buyers. */
export const INITECH = '012345-6789AB-CDEF01'
export const GLOBEX = '0A1B2C-3D4E5F-607182'
export const HOOLI = '01F00D-CAFE00-BEEF11'

/** What the log says at start. */
export const gcpAccounts = [ACME, UMBRELLA].map(
  ({ id, service, serviceAccount, keyFile }) =>
    `${id}: ${service}, ${serviceAccount} (simulator/gcp/${keyFile})`,
)

/** The service-account key file of a seeded provider, in Google's shape. */
export function seedKey(one: SeededProvider): Record<string, string> {
  return JSON.parse(readFileSync(new URL(`./${one.keyFile}`, import.meta.url), 'utf8'))
}

/** Two sellers with a product each and three buyers; a world that was seeded before stays as it is. */
export function seed(context: GcpContext): void {
  if (context.providers.size > 0) return
  for (const one of [ACME, UMBRELLA]) seedProvider(context, one)
  for (const [id, name, domain, country] of [
    [INITECH, 'Initech', 'initech.example', 'US'],
    [GLOBEX, 'Globex', 'globex.example', 'DE'],
    [HOOLI, 'Hooli', 'hooli.example', 'US'],
  ] as const) {
    context.billingAccounts.put(id, { ...NEW_BUYER, id, name, domain, country })
  }
}

export const NEW_BUYER: Omit<BillingAccount, 'id' | 'name' | 'domain' | 'country'> = {
  isDisabled: false,
  isClosed: false,
  resellerParent: null,
  testOf: null,
}

function provider(
  word: string,
  title: string,
  projectNumber: string,
  serviceTitle: string,
  product: string,
): SeededProvider {
  const id = `${word}-public`
  return {
    id,
    title,
    projectNumber,
    service: `${word}-${product}.endpoints.${id}.cloud.goog`,
    serviceTitle,
    serviceAccount: `tradepost@${id}.iam.gserviceaccount.com`,
    pushIdentity: `pubsub-push@${id}.iam.gserviceaccount.com`,
    subscription: `projects/${id}/subscriptions/marketplace`,
    topic: `projects/cloudcommerceproc-prod/topics/${id}`,
    reportBucket: `${word}-marketplace-reports`,
    workloadIdentityAudience: `//iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/simulator/providers/tradepost`,
    keyFile: word === 'acme' ? 'seed-key.json' : `seed-key-${word}.json`,
  }
}

function seedProvider(context: GcpContext, one: SeededProvider): void {
  const { id, title, projectNumber, topic, reportBucket, workloadIdentityAudience } = one
  context.providers.put(id, {
    id,
    title,
    projectNumber,
    topic,
    reportBucket,
    workloadIdentityAudience,
  })
  context.services.put(one.service, {
    name: one.service,
    title: one.serviceTitle,
    provider: id,
    signUpUrl: '',
    loginUrl: '',
    singleSignOn: true,
    audience: null,
    automaticApproval: false,
    multipleOrders: false,
    accountNotifications: true,
    isResellable: false,
    serviceConfigId: '2027-01-01r0',
    plans: PLANS,
    metrics: ['pro', 'payg'].flatMap(metrics),
  })
  const key = seedKey(one)
  const publicPem = createPublicKey(String(key.private_key)).export({ type: 'spki', format: 'pem' })
  context.serviceAccounts.put(one.serviceAccount, {
    email: one.serviceAccount,
    provider: id,
    uniqueId: String(key.client_id),
    keys: [{ id: String(key.private_key_id), publicPem: String(publicPem) }],
    linked: {
      procurement: true,
      producer: true,
      serviceControl: true,
      pubsub: true,
      storage: true,
    },
    isDisabled: false,
  })
  subscribe(context, one.subscription, { topic })
}

const PLANS: readonly Plan[] = [
  {
    id: 'pro',
    title: 'Pro',
    kind: 'subscription',
    hasUsage: true,
    standardOffers: [
      { id: 'pro-P1Y', months: 12, fee: '10800' },
      { id: 'pro', months: 1, fee: '1000' },
    ],
  },
  {
    id: 'payg',
    title: 'Pay as you go',
    kind: 'usage',
    hasUsage: true,
    standardOffers: [{ id: 'payg', months: null, fee: null }],
  },
]

function metrics(plan: string): Metric[] {
  return [
    metric(plan, 'api_calls', 'API calls', '0.05', 'call'),
    metric(plan, 'storage_gb', 'Storage', '0.02', 'GiBy'),
  ]
}

function metric(
  plan: string,
  dimension: string,
  title: string,
  listRate: string,
  unit: string,
): Metric {
  const skuId = `${plan}-${dimension}`
    .toUpperCase()
    .replaceAll(/[^A-Z]/g, '')
    .slice(0, 12)
  return { id: `${plan}_${dimension}`, plan, title, type: 'INT64', unit, listRate, skuId }
}
