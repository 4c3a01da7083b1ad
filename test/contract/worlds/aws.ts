import type { Worlds } from '../worlds.ts'
import { awsAccount } from './aws/account.ts'
import { awsAgreements } from './aws/agreements.ts'
import { awsListings } from './aws/listings.ts'
import { awsMetering } from './aws/metering.ts'
import { awsNotices } from './aws/notices.ts'
import { awsOffers } from './aws/offers.ts'
import { awsRevenue } from './aws/revenue.ts'

/** Where AWS's ports are tried: a simulator each. */
export const awsWorlds: Partial<Worlds> = {
  account: { 'with keys': () => awsAccount('keys'), 'by a role': () => awsAccount('role') },
  listings: { 'with keys': () => awsListings('keys'), 'by a role': () => awsListings('role') },
  offers: { SaaS: awsOffers },
  metering: {
    'a repeat is a success': () => awsMetering('Success'),
    'a repeat is a duplicate': () => awsMetering('DuplicateRecord'),
  },
  revenue: {
    'feeds in a bucket': () => awsRevenue('s3'),
    'feeds in a folder': () => awsRevenue('folder'),
  },
  notices: { 'an API destination': awsNotices },
  agreements: { 'as proposer': awsAgreements },
}
