import * as z from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import type { RemoteAgreement } from '../../src/agreements/model.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { OffersPort } from '../../src/offers/port.ts'
import type { RevenuePort } from '../../src/revenue/port.ts'

export const listing: RemoteListing = {
  listingRef: 'prod-1',
  name: 'Widgets',
  kind: 'saas',
  visibility: 'Public',
  meteringRef: null,
  dimensions: [
    { key: 'seats', name: 'Seats', types: ['contract'] },
    { key: 'api_calls', name: 'Calls', types: ['usage'] },
  ],
  plans: [],
  modifiedAt: '2027-01-01T00:00:00.000Z',
  native: {},
}

let published = 0
/** Publishes at the first question. */
const offers: OffersPort = {
  traits: {
    currencies: ['USD'],
    monthsMax: 60,
    paymentsMax: 60,
    rateDecimalsMax: 8,
    acceptWithinDaysMax: null,
    pricing: ['contract', 'flat', 'usage'],
    contractQuantity: 'whole',
  },
  violations: () => [],
  requests: () => [],
  submit: async () => ({ is: 'publishing', operation: `operation-${++published}` }),
  progress: async (operation) => ({
    is: 'live',
    offerRef: operation.replace('operation', 'offer'),
    buyUrl: `https://market.example/${operation}`,
  }),
  withdraw: async () => ({ is: 'running', operation: 'withdrawal' }),
  extend: async () => ({ is: 'running', operation: 'extension' }),
  changeProgress: async () => ({ is: 'done' }),
}

/** A marketplace with one product, whose agreements and reports a test puts there. */
export const marketAdapter = (agreements: RemoteAgreement[], revenue: RevenuePort): Adapter =>
  adapter({
    provider: 'aws',
    title: 'Market',
    settings: z.strictObject({}),
    credentials: z.strictObject({}),
    example: { settings: {}, credentials: {} },
    client: () => undefined,
    ports: {
      listings: () => ({
        changedSince: async (cursor) => ({
          listings: cursor === null ? [listing] : [],
          cursor: '1',
          more: false,
        }),
      }),
      offers: () => offers,
      agreements: () => ({
        traits: {
          operations: [],
          activation: 'none',
          buyerChanges: { plan: 'accept', quantity: 'accept' },
        },
        changedSince: async (cursor) => {
          const from = Number(cursor ?? 0)
          const page = agreements.slice(from)
          return { agreements: page, cursor: String(from + page.length), more: false }
        },
        get: async (ref) => {
          const found = agreements.findLast((a) => a.agreementRef === ref)
          if (!found) throw new Error(ref)
          return found
        },
        readToken: () => undefined,
        resolve: async () => {
          throw new Error('no tokens here')
        },
      }),
      revenue: () => revenue,
    },
  })

export const remote = (
  agreementRef: string,
  changes: Partial<RemoteAgreement> = {},
): RemoteAgreement => ({
  agreementRef,
  initialRef: agreementRef,
  offerRef: null,
  listingRef: 'prod-1',
  planRef: null,
  buyerRef: '012345678901',
  licenseRefs: [],
  state: { is: 'active' },
  nativeStatus: 'ACTIVE',
  awaits: null,
  acceptedAt: '2027-01-01T00:00:00.000Z',
  startsAt: '2027-01-01T00:00:00.000Z',
  endsAt: '2028-01-01T00:00:00.000Z',
  changedAt: '2027-01-01T00:00:00.000Z',
  value: { currency: 'USD', amount: '120000.00' },
  usageRates: [],
  charges: [],
  entitlements: [],
  included: [],
  fingerprint: null,
  native: {},
  ...changes,
})
