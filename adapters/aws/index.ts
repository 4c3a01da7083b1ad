import { adapter } from '../../src/adapter.ts'
import { account } from './account.ts'
import { agreements } from './agreements.ts'
import { client } from './client.ts'
import { listings } from './listings.ts'
import { metering } from './metering.ts'
import { notices } from './notices.ts'
import { offers } from './offers.ts'
import { revenue } from './revenue.ts'
import { credentials, settings } from './settings.ts'

export const aws = adapter({
  provider: 'aws',
  title: 'AWS Marketplace',
  settings,
  credentials,
  example: {
    settings: {
      sellerAccount: '777788889999',
      feeds: { kind: 's3', bucket: 'example-marketplace-feeds' },
    },
    credentials: {
      kind: 'role',
      roleArn: 'arn:aws:iam::777788889999:role/tradepost',
      externalId: 'b7c1f0d2-example',
    },
  },
  client,
  ports: { account, listings, offers, agreements, metering, revenue, notices },
})
