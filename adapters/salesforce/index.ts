import { adapter } from '../../src/adapter.ts'
import { account } from './account.ts'
import { SalesforceClient } from './client.ts'
import { crm } from './crm.ts'
import { credentials, settings } from './settings.ts'

/** Salesforce as the sales team's view of offers, agreements and drawdown. */
export const salesforce = adapter({
  provider: 'salesforce',
  title: 'Salesforce',
  settings,
  credentials,
  example: {
    settings: { loginUrl: 'https://acme.my.salesforce.com', currency: 'USD' },
    credentials: {
      kind: 'client_credentials',
      clientId: '3MVG9example',
      clientSecret: 'consumer-secret',
    },
  },
  client: (account, world) => new SalesforceClient(account, world),
  ports: { account, crm },
})
