import { PUBLIC_OFFER } from '../../../simulator/aws-clients.ts'
import type { AccountWorld } from '../../account.ts'
import { bucket, seller, startAws } from './cloud.ts'

/** Actions of "Controlling access to AWS Marketplace Management Portal" and its API references. */
const permissions = [
  'aws-marketplace:ListEntities',
  'aws-marketplace:DescribeEntity',
  'aws-marketplace:ListChangeSets',
  'aws-marketplace:DescribeChangeSet',
  'aws-marketplace:SearchAgreements',
  'aws-marketplace:DescribeAgreement',
  'aws-marketplace:GetAgreementTerms',
  'aws-marketplace:GetEntitlements',
  'aws-marketplace:BatchMeterUsage',
  'aws-marketplace:ResolveCustomer',
  's3:ListBucket',
  's3:GetObject',
]

export async function awsAccount(as: 'keys' | 'role'): Promise<AccountWorld> {
  const cloud = await startAws({ as })
  return {
    ...cloud.world('account', { feeds: { kind: 's3', bucket }, sellerAccount: seller }),
    permissions,
    deny: cloud.deny,
    async furnish() {
      await cloud.offer()
      await cloud.accept(PUBLIC_OFFER, { quantities: { seats: 2 } })
      await cloud.post('/aws/control/feeds/write')
    },
    untried: ['aws-marketplace:StartChangeSet'],
    holdings: async () => [
      await cloud.get('/aws/control/entities'),
      await cloud.get('/aws/control/ledger'),
      await cloud.get('/aws/buyer/agreements'),
      await cloud.get('/aws/control/timers'),
    ],
  }
}
