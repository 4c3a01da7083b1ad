import type { Worlds } from '../worlds.ts'
import { azureAccount } from './azure/account.ts'
import { azureAgreements } from './azure/agreements.ts'
import { azureListings } from './azure/listings.ts'
import { azureMetering } from './azure/metering.ts'
import { azureNotices } from './azure/notices.ts'
import { azureOffers } from './azure/offers.ts'
import { azureRevenue } from './azure/revenue.ts'

/** Where Microsoft's ports are tried: a simulator each. */
export const azureWorlds: Partial<Worlds> = {
  account: {
    'with a secret': () => azureAccount('secret'),
    'with a certificate': () => azureAccount('certificate'),
  },
  listings: { 'plans of each kind': azureListings },
  offers: { SaaS: azureOffers },
  agreements: { 'as publisher': azureAgreements },
  metering: { SaaS: azureMetering },
  revenue: {
    'analytics reports': () => azureRevenue('analytics'),
    'analytics reports and payout exports': () => azureRevenue('payouts'),
  },
  notices: { 'a connection webhook': azureNotices },
}
