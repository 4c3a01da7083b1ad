import { adapter } from '../../src/adapter.ts'
import { account } from './account.ts'
import { agreements } from './agreements.ts'
import { AzureClient } from './client.ts'
import { listings } from './listings.ts'
import { metering } from './metering.ts'
import { notices } from './notices.ts'
import { offers } from './offers.ts'
import { revenue } from './revenue.ts'
import { credentials, settings } from './settings.ts'

export const azure = adapter({
  provider: 'azure',
  title: 'Microsoft commercial marketplace',
  settings,
  credentials,
  example: {
    settings: {
      publisherId: 'contoso',
      tenantId: '8f5d0f3a-2a7e-4c3f-9d10-1f0d0a6b7c01',
      clientId: '5c2d7f10-93f1-4a5e-8a0e-6f1b3f6d2a11',
    },
    credentials: { clientSecret: 'a-client-secret-of-the-app-registration' },
  },
  client: (opened, world) => new AzureClient(opened, world),
  ports: { account, listings, offers, agreements, metering, revenue, notices },
})
