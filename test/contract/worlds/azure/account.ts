import { INITECH } from '../../../../simulator/azure/seed.ts'
import type { AccountWorld } from '../../account.ts'
import { type SignIn, startAzure } from './cloud.ts'

/** What the checks call a right, and the API that is closed without it. */
const rights = {
  'SaaS fulfilment: app ID and tenant in the offer’s technical configuration': 'fulfilment',
  'Metering service: app ID and tenant in the offer’s technical configuration': 'metering',
  'Partner Center: the app with the role Manager (product ingestion)': 'ingestion',
  'Partner Center: the app with the role Manager (analytics)': 'analytics',
  'Partner Center: a signed-in user with a payout or finance role': 'payouts',
} as const

export async function azureAccount(signIn: SignIn): Promise<AccountWorld> {
  const cloud = await startAzure({ signIn, user: true })
  return {
    ...cloud.world('account'),
    permissions: Object.keys(rights),
    async deny(permissions) {
      const denied = Object.entries(rights).filter(([name]) => permissions.includes(name))
      await cloud.deny(denied.map(([, api]) => api))
    },
    async furnish() {
      await cloud.post('/azure/buyer/buy', {
        offerId: 'acme-analytics',
        planId: 'team',
        billingAccountId: INITECH,
      })
    },
    untried: [],
    holdings: () =>
      Promise.all(
        ['offers', 'plans', 'subscriptions', 'operations', 'ledger', 'jobs', 'private-offers'].map(
          (what) => cloud.get(`/azure/control/${what}`),
        ),
      ),
  }
}
