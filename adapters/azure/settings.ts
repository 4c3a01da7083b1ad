import { z } from 'zod'
import { offerSettings } from './offer-settings.ts'
import { reportSettings } from './revenue-settings.ts'

export { credentials } from './credentials.ts'

const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
/** In lower case, as tokens have it. */
const guid = z.guid('must be a GUID').toLowerCase()
const version = (value: string, what: string) =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d(-preview\d*)?$/, 'must be a version such as 2022-07-01')
    .default(value)
    .describe(what)
const choice = (what: string) => z.enum(['accept', 'refuse']).default('accept').describe(what)

/** Where each API is. Everything is Microsoft itself unless it is replaced. */
const endpoints = z.strictObject({
  login: url.default('https://login.microsoftonline.com').describe('Token endpoint and key set'),
  fulfilment: url
    .default('https://marketplaceapi.microsoft.com/api')
    .describe('SaaS fulfilment API, before /saas/subscriptions'),
  metering: url
    .default('https://marketplaceapi.microsoft.com/api')
    .describe('Metering service API, before /usageEvent'),
  ingestion: url
    .default('https://graph.microsoft.com/rp/product-ingestion')
    .describe('Product ingestion API'),
  partner: url
    .default('https://api.partner.microsoft.com/v1.0')
    .describe('Partner API, before /payouts'),
  insights: url
    .default('https://api.partnercenter.microsoft.com/insights/v1/cmp')
    .describe('Programmatic analytics'),
  schemas: url
    .default('https://schema.mp.microsoft.com/schema')
    .describe('What every $schema begins with; an identifier, never called'),
})

const followUpHosts = z
  .array(z.string().regex(/^[a-z0-9.-]+(:\d+)?$/, 'must be a host name in lower case'))
  .default(['main.prod.marketplaceapi.azure.com'])
  .describe('Hosts besides each base URL’s own to which links in answers may lead')

const audiences = z.strictObject({
  fulfilment: z.string().min(1).default('20e940b3-4c77-4b0b-9a53-9e16a1b010a7'),
  metering: z.string().min(1).default('20e940b3-4c77-4b0b-9a53-9e16a1b010a7'),
  ingestion: z.string().min(1).default('https://graph.microsoft.com'),
  partner: z.string().min(1).default('https://api.partner.microsoft.com'),
  insights: z
    .array(z.string().min(1))
    .min(1)
    .default([
      'https://graph.windows.net',
      'https://api.partnercenter.microsoft.com',
      'https://api.partner.microsoft.com',
    ])
    .describe('Tried in order, since no document settles it; the first that works is kept'),
})

/** API and schema versions: Microsoft retires them with short notice, so each can be moved here. */
const versions = z.strictObject({
  fulfilment: version('2018-08-31', 'api-version of fulfilment and metering'),
  configure: version('2022-07-01', '$version of configure jobs'),
  privateOffers: version('2023-07-15', '$version of private offer reads'),
  products: version('2022-07-01', '$version of product, plan and price reads: an upper bound'),
  privateOfferSchema: version('2023-07-15', 'Schema of private-offer that we send'),
  priceSchema: version('2023-07-15', 'Schema of a private offer plan’s price that we send'),
  flexiblePriceSchema: version('2025-06-01', 'Schema of a price with dated payments'),
})

/** What an operator tells us about one publisher account in Microsoft's commercial marketplace. */
export const settings = z.strictObject({
  publisherId: z
    .string()
    .min(1)
    .max(50)
    .describe('Publisher ID, as in Partner Center’s account settings'),
  tenantId: guid.describe('Tenant of the app registration, as in the technical configuration'),
  clientId: guid.describe('Application (client) ID, as in the technical configuration'),
  webhookAudience: guid
    .optional()
    .describe('Application ID that webhook tokens are made out to, if not clientId'),
  endpoints: endpoints.prefault({}),
  followUpHosts,
  audiences: audiences.prefault({}),
  tokenVersion: z
    .enum(['v1', 'v2'])
    .default('v2')
    .describe('Which token endpoint is asked; Microsoft documents both for these APIs'),
  versions: versions.prefault({}),
  activation: z
    .enum(['on_registration', 'on_request'])
    .default('on_registration')
    .describe('When a bought subscription is activated: as its buyer registers, or when asked'),
  buyerChanges: z
    .strictObject({
      plan: choice('What becomes of a plan change that a buyer makes'),
      quantity: choice('What becomes of a seat change that a buyer makes'),
    })
    .prefault({}),
  seatsDimension: z
    .string()
    .min(1)
    .max(50)
    .default('seats')
    .describe('What the units of a plan’s recurring price are called as a dimension'),
  longTerms: z
    .enum(['paid_at_once', 'unknown'])
    .default('unknown')
    .describe(
      'How a term of years is paid where the API does not say: paid_at_once only if no plan has a payment option by the month or year',
    ),
  marketplaceAppId: guid
    .default('20e940b3-4c77-4b0b-9a53-9e16a1b010a7')
    .describe('Application ID that Microsoft’s webhook calls are made by'),
  offers: offerSettings.prefault({}),
  reports: reportSettings.prefault({}),
})
export type Settings = z.infer<typeof settings>
