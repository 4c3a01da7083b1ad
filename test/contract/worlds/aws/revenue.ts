import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { BatchMeterUsageCommand } from '@aws-sdk/client-marketplace-metering'
import { FEEDS, timeColumns } from '../../../../simulator/aws/feed-columns.ts'
import type { LineAction, LineKind } from '../../../../src/revenue/model.ts'
import { INITECH, PUBLIC_OFFER } from '../../../simulator/aws-clients.ts'
import type { RevenueWorld } from '../../revenue-world.ts'
import { bucket, startAws } from './cloud.ts'

/** "Seller delivery data feeds", billing event feed: transaction types and actions. */
const kinds: Readonly<Record<string, LineKind>> = {
  SELLER_REV_SHARE: 'gross',
  SELLER_REV_SHARE_REFUND: 'gross_refund',
  AWS_REV_SHARE: 'fee',
  AWS_REV_SHARE_REFUND: 'fee_refund',
  AWS_TAX_SHARE: 'marketplace_tax',
  AWS_TAX_SHARE_REFUND: 'marketplace_tax_refund',
  DISBURSEMENT: 'payout',
}
const actions: Readonly<Record<string, LineAction>> = {
  INVOICED: 'invoiced',
  DISBURSED: 'disbursed',
}
const columns = [...(FEEDS.billingeventfeed ?? []), ...timeColumns('billingeventfeed')]

/** Feeds as AWS delivers them to a bucket, or a copy of them in a folder. */
export async function awsRevenue(from: 's3' | 'folder'): Promise<RevenueWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'feeds-'))
  mkdirSync(join(folder, bucket))
  const cloud = await startAws({ feedsDir: folder })
  const feeds =
    from === 's3' ? { kind: 's3', bucket } : { kind: 'folder', path: join(folder, bucket) }
  const world = cloud.world('revenue', { feeds })
  const write = (key: string, body: string) => {
    if (from === 's3') return cloud.store(bucket, key, body)
    const file = join(folder, bucket, key)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, body)
  }
  return {
    ...world,
    isRemote: from === 's3',
    tells: { payouts: true, refunded: true },
    others: [],
    made: null,
    buyerRef: INITECH,
    async earn() {
      const { licenseArn } = await cloud.accept(await cloud.offer())
      await cloud.accept(PUBLIC_OFFER, { quantities: { seats: 2, support: 1 } })
      await cloud.advance('PT2H')
      await cloud.metering.send(
        new BatchMeterUsageCommand({
          UsageRecords: [
            {
              Timestamp: new Date(cloud.now()),
              CustomerAWSAccountId: INITECH,
              LicenseArn: licenseArn,
              Dimension: 'api_calls',
              Quantity: 12_345,
            },
          ],
        }),
      )
      await cloud.advance('P25D')
      const { invoices } = await cloud.get('/aws/buyer/invoices')
      await cloud.post('/aws/control/refunds', { invoiceId: invoices[0].id, amount: '33.33' })
      await cloud.advance('P45D')
      await cloud.post('/aws/control/feeds/write')
    },
    async billed() {
      const { rows } = await cloud.get('/aws/control/billing')
      return rows.map((row: Record<string, string>) => ({
        lineRef: row.billing_event_id,
        kind: kinds[row.transaction_type ?? ''] ?? 'unknown',
        action: actions[row.action ?? ''] ?? 'unknown',
        amount: row.amount,
        currency: row.currency,
        agreementRef: row.agreement_id || null,
      }))
    },
    async used() {
      const { totals } = await cloud.get('/aws/control/ledger')
      return Object.fromEntries(totals.map((one: any) => [one.dimension, String(one.quantity)]))
    },
    coveredMonth: ({ name }) => /year=\d+\/month=\d+/.exec(name)?.[0] ?? '',
    async earnMore() {
      await cloud.accept(PUBLIC_OFFER, { quantities: { seats: 1 } })
      await cloud.advance('PT1H')
      await cloud.post('/aws/control/feeds/write')
    },
    async spoil(goodRows) {
      const key = 'billingeventfeed_v1/year=2030/month=01/data.csv'
      const lines = Array.from({ length: goodRows }, (_, i) => line(i, '1.10'))
      lines.splice(1_200, 0, 'too,few,columns')
      lines.splice(2_000, 0, line(99_999, 'much'))
      write(key, [columns.join(','), ...lines, ''].join('\r\n'))
      return {
        name: /year=2030/,
        broken: [
          { row: 1_202, column: null },
          { row: 2_002, column: 'amount' },
        ],
      }
    },
    async behead() {
      write('billingeventfeed_v1/year=2031/month=01/data.csv', `${line(1, '1.00')}\r\n`)
      return /year=2031/
    },
    async close() {
      await world.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** One row of a billing event feed, as AWS quotes none. */
function line(i: number, amount: string): string {
  const values: Record<string, string> = {
    billing_event_id: `event-${i}`,
    from_account_id: 'acct-buyer',
    to_account_id: 'acct-seller',
    end_user_account_id: 'acct-buyer',
    product_id: 'prod-demo5aas00001',
    action: 'INVOICED',
    transaction_type: 'SELLER_REV_SHARE',
    amount,
    currency: 'USD',
    balance_impacting: '1',
    invoice_date: '2030-01-05T00:00:00Z',
    invoice_id: `invoice-${i}`,
    agreement_id: 'agmt-1',
    valid_from: '2030-01-05T00:00:00Z',
    insert_date: '2030-01-06T00:00:00Z',
    update_date: '2030-01-06T00:00:00Z',
  }
  return columns.map((column) => values[column] ?? '').join(',')
}
