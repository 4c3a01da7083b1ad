import { z } from 'zod'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { endpoint, endpoints, endpointsOf } from './endpoints.ts'

export { credentials } from './credentials.ts'

const word = z.string().min(1).max(200)
const project = z
  .string()
  .regex(/^[A-Za-z0-9.:-]{4,100}$/, 'must be a project’s id, such as acme-public')
const location = z.string().regex(/^[a-z0-9-]{1,63}$/, 'must be a location, such as global')
const email = z.email('must be a service account’s e-mail address')

const plan = z.strictObject({
  id: word.describe('Service level, as in Producer Portal'),
  name: word,
  months: z.array(z.int().min(1).max(84)).optional().describe('Lengths of term it is sold for'),
})

const metric = z.strictObject({
  plan: word.nullable().describe('Plan it is reported for; null: every plan'),
  dimension: word.describe('What it is called here, and in usage events'),
  metric: word.describe('Metric id, as in the service’s configuration'),
  unit: word.optional(),
  sku: word.optional().describe('SKU id in reports, where no API tells it'),
  listRate: z
    .string()
    .refine((text) => isDecimal(text, 12, 9), 'must be a decimal such as "0.05"')
    .optional()
    .describe('What one unit costs without an offer, in USD'),
})

const product = z.strictObject({
  service: word.describe('Service name, analytics.endpoints.acme-public.cloud.goog'),
  name: word,
  plans: z.array(plan).max(50).default([]),
  metrics: z.array(metric).max(200).default([]),
})

const notices = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('push'),
      audience: word.describe('Audience of the push subscription’s token'),
      serviceAccountEmail: email.describe('Service account that the token is made out for'),
    }),
    z.strictObject({
      kind: z.literal('pull'),
      subscription: z
        .string()
        .regex(/^projects\/[^/]+\/subscriptions\/[^/]+$/, 'must be projects/…/subscriptions/…'),
    }),
    z.strictObject({ kind: z.literal('none') }),
  ])
  .default({ kind: 'none' })
  .describe('How Pub/Sub’s messages come here')

const metering = z.strictObject({
  lateHours: z.number().min(1).max(720).default(1).describe('How late usage may be reported'),
  values: z.enum(['int64', 'double']).default('int64').describe('Value type of the metrics'),
  operationsPerRequest: z.int().min(1).max(100).default(50),
  checkSeconds: z.int().min(0).max(3600).default(60).describe('How long a check is good for'),
  callsPerSecond: z.number().positive().max(1000).default(5),
})

const reports = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }),
    z.strictObject({ kind: z.literal('folder'), path: z.string().min(1).max(1000) }),
    z.strictObject({
      kind: z.literal('bucket'),
      bucket: word,
      prefix: z.string().max(500).optional(),
    }),
  ])
  .default({ kind: 'none' })
  .describe('Where Google puts its report files')

/** What an operator tells us about one seller in Google Cloud Marketplace. */
export const settings = z
  .strictObject({
    projectId: project.describe('Project that holds the listings'),
    providerId: project.optional().describe('Partner id, if not the project’s id'),
    location: location.default('global').describe('Location of the Commerce Producer API'),
    offers: z
      .enum(['api', 'handoff'])
      .describe(
        'Private offers by the Commerce Producer API (in preview), or typed in by a person',
      ),
    products: z
      .array(product)
      .max(100)
      .default([])
      .describe('What no API tells: under which metric a plan’s dimension is reported'),
    audiences: z
      .array(word)
      .min(1, 'must name at least one')
      .max(100)
      .describe('Audiences of sign-up tokens: host of the sign-up URL, or a service name'),
    notices,
    approval: z
      .enum(['on_registration', 'on_request'])
      .default('on_registration')
      .describe('When an order is approved: as its buyer signs up, or when asked'),
    planChanges: z
      .enum(['accept', 'refuse', 'ask'])
      .default('ask')
      .describe('What becomes of a plan change that a buyer makes'),
    metering: metering.prefault({}),
    reports,
    offerListLagSeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(60)
      .describe('How long a new offer may be missing from lists'),
    consoleUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .default('https://console.cloud.google.com'),
    offerUrl: z
      .string()
      .regex(
        /^(https?:|\{console\}).*\{offer\}/,
        'must hold {offer}, and may {console} and {project}',
      )
      .optional()
      .describe(
        'Where a buyer accepts an offer, with {offer} for its id: no document tells the form of the address that Producer Portal shows; absent: not told',
      ),
    endpoint: endpoint.optional(),
    endpoints: endpoints.prefault({}),
  })
  .transform((told) => ({
    ...told,
    providerId: told.providerId ?? told.projectId,
    endpoints: endpointsOf(told.endpoints, told.endpoint),
  }))
export type GcpSettings = z.output<typeof settings>
