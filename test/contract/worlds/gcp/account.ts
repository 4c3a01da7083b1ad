import { INITECH } from '../../../../simulator/gcp/seed.ts'
import type { AccountWorld } from '../../account.ts'
import { ACME, type SignIn, startGcp } from './cloud.ts'

/** What the checks call a right, and the API that is closed without it. */
const rights = {
  'Producer Portal, Billing integration: service account linked for the Procurement API':
    'procurement',
  'roles/servicemanagement.serviceController on the service, and the account linked':
    'serviceControl',
  'roles/commerceproducer.admin, and the Commerce Producer API enabled': 'producer',
  'roles/pubsub.editor, and the account linked in Producer Portal for Pub/Sub': 'pubsub',
  'roles/storage.objectViewer on the report bucket': 'storage',
} as const

export async function gcpAccount(signIn: SignIn): Promise<AccountWorld> {
  const cloud = await startGcp({ signIn })
  return {
    ...cloud.world('account', {
      notices: { kind: 'pull', subscription: ACME.subscription },
      reports: { kind: 'bucket', bucket: ACME.reportBucket },
    }),
    permissions: Object.keys(rights),
    async deny(permissions) {
      const denied = Object.entries(rights).filter(([name]) => permissions.includes(name))
      await cloud.deny(denied.map(([, api]) => api))
    },
    async furnish() {
      const asked = { service: ACME.service, plan: 'payg', billingAccount: INITECH }
      await cloud.buyer('buy', asked)
    },
    untried: [],
    needNoSecret: ['Google’s sign-up certificates can be reached'],
    holdings: () =>
      Promise.all(
        ['accounts', 'entitlements', 'offers', 'subscriptions', 'messages', 'usage'].map((what) =>
          cloud.ledger(what),
        ),
      ),
  }
}
