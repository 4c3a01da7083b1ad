import { adapter } from '../../src/adapter.ts'
import { account } from './account.ts'
import { agreements } from './agreements.ts'
import { openClient } from './client.ts'
import { listings } from './listings.ts'
import { metering } from './metering.ts'
import { notices } from './notices.ts'
import { offers } from './offers.ts'
import { revenue } from './revenue.ts'
import { credentials, settings } from './settings.ts'

export const gcp = adapter({
  provider: 'gcp',
  title: 'Google Cloud Marketplace',
  settings,
  credentials,
  example: {
    settings: {
      projectId: 'acme-public',
      offers: 'handoff',
      audiences: ['analytics.acme.example'],
      notices: {
        kind: 'push',
        audience: 'https://tradepost.acme.example/notices',
        serviceAccountEmail: 'pubsub-push@acme-public.iam.gserviceaccount.com',
      },
      products: [
        {
          service: 'acme-analytics.endpoints.acme-public.cloud.goog',
          name: 'Acme Analytics',
          plans: [{ id: 'pro', name: 'Pro', months: [12] }],
          metrics: [{ plan: 'pro', dimension: 'api_calls', metric: 'pro_api_calls' }],
        },
      ],
    },
    credentials: {
      kind: 'key',
      clientEmail: 'tradepost@acme-public.iam.gserviceaccount.com',
      privateKey: '-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n',
    },
  },
  client: openClient,
  ports: { account, listings, offers, agreements, metering, revenue, notices },
})
