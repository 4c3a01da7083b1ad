import { createHash } from 'node:crypto'
import Big from 'big.js'
import { type Agreement, usagePrice } from './agreements/model.ts'
import { type Aws, millis } from './context.ts'
import type { Row } from './feed-rows.ts'
import { usageTable } from './metering/store.ts'

const DAY_MS = 86_400_000

/**
 * Daily usage feed: one row a day that is over, agreement and dimension, of what was accepted by now. The revenue is
 * an estimate, before anything the invoice takes off.
 */
export function usageRows(
  aws: Aws,
  seller: string,
  accountId: (account: string | undefined) => string,
): Row[] {
  const today = Math.floor(aws.now() / DAY_MS)
  const days = new Map<string, { agreement: Agreement; dimension: string; day: number; sum: Big }>()
  for (const { agreementId, dimension, hour, quantity } of usageTable(aws).values()) {
    const agreement = aws.agreements.get(agreementId)
    const day = Math.floor(hour / DAY_MS)
    if (agreement?.proposer !== seller || day >= today) continue
    const key = `${agreementId}/${dimension}/${day}`
    const sum = (days.get(key)?.sum ?? Big(0)).plus(quantity)
    days.set(key, { agreement, dimension, day, sum })
  }
  return [...days].map(([key, { agreement, dimension, day, sum }]) => {
    const date = millis(day * DAY_MS).slice(0, 10)
    const price = usagePrice(agreement, dimension)
    return {
      key,
      validFrom: `${date}T00:00:00Z`,
      values: {
        usage_feed_id: createHash('sha256').update(key).digest('hex').slice(0, 40),
        usage_date: date,
        product_id: agreement.productId,
        agreement_id: agreement.id,
        end_user_account_id: accountId(agreement.acceptor),
        payer_account_id: accountId(agreement.acceptor),
        region: 'us-east-1',
        dimension_key: dimension,
        usage_unit: 'Units',
        usage_quantity: sum.toFixed(),
        pricing_currency: agreement.currency,
        estimated_revenue_in_pricing_currency:
          price === null ? '' : Big(price).times(sum).toFixed(),
        usage_rate_per_unit_in_pricing_currency: price ?? '',
        charge_item_description: dimension,
        offer_id: agreement.offerId,
        catalog: 'AWSMarketplace',
      },
    }
  })
}
