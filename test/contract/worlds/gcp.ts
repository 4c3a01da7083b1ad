import type { Worlds } from '../worlds.ts'
import { gcpAccount } from './gcp/account.ts'
import { gcpAgreements } from './gcp/agreements.ts'
import { gcpListings } from './gcp/listings.ts'
import { gcpMetering } from './gcp/metering.ts'
import { gcpNotices } from './gcp/notices.ts'
import { gcpOffers } from './gcp/offers.ts'
import { gcpRevenue } from './gcp/revenue.ts'
import { gcpTypedOffers } from './gcp/typed-offers.ts'

/** Where Google's ports are tried: a simulator each. */
export const gcpWorlds: Partial<Worlds> = {
  account: {
    'with a key': () => gcpAccount('key'),
    'as a workload': () => gcpAccount('workload'),
  },
  listings: {
    'by the API': () => gcpListings('api'),
    'by the settings and orders': () => gcpListings('handoff'),
  },
  offers: { 'by the API': gcpOffers },
  typedOffers: { 'in Producer Portal': gcpTypedOffers },
  agreements: {
    'private offers, by the API': () => gcpAgreements('api'),
    'plans, without it': () => gcpAgreements('handoff'),
  },
  metering: {
    'whole values': () => gcpMetering('int64'),
    doubles: () => gcpMetering('double'),
  },
  revenue: {
    'in a bucket': () => gcpRevenue('bucket'),
    'in a folder': () => gcpRevenue('folder'),
  },
  notices: { 'pushed and fetched': gcpNotices },
}
