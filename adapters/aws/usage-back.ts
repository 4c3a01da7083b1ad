import {
  type AgreementInvoiceLineItemGroupSummary,
  ListAgreementInvoiceLineItemsCommand,
} from '@aws-sdk/client-marketplace-agreement'
import { isDecimal, trim } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import {
  addDays,
  type Day,
  type Instant,
  instant,
  type Month,
  startOf,
} from '../../src/kernel/time.ts'
import type { AgreementInvoice, ReportedUsage } from '../../src/revenue/model.ts'
import type { AwsClient } from './client.ts'
import type { Cells } from './feeds.ts'

const pageMax = 50
const pagesMax = 200

/**
 * A row of the daily usage feed: what AWS counted of a dimension on a UTC day, from the day after on, and what it
 * expects to bill for it. Nothing else reads accepted usage back.
 */
export function usageOf(cells: Cells): ReportedUsage {
  const { text, needed } = cells
  needed('usage_date')
  const day = cells.day('usage_date') as Day
  return {
    agreementRef: text('agreement_id'),
    offerRef: text('offer_id'),
    listingRef: text('product_id'),
    payerRef: text('payer_account_id') ?? text('end_user_account_id'),
    planRef: null,
    dimension: needed('dimension_key'),
    item: text('charge_item_description') ?? needed('dimension_key'),
    from: startOf(day),
    to: startOf(addDays(day, 1)),
    quantity: trim(cells.decimal('usage_quantity')),
    amount: text('estimated_revenue_in_pricing_currency')
      ? trim(cells.decimal('estimated_revenue_in_pricing_currency'))
      : null,
    currency: text('pricing_currency') && cells.currency('pricing_currency'),
    isBilled: false,
  }
}

/** ListAgreementInvoiceLineItems by invoice: what was invoiced before tax, and credit memos, which count against it. */
export async function invoices(
  aws: AwsClient,
  agreementId: string,
  issuedAfter: Instant | null,
): Promise<readonly AgreementInvoice[]> {
  const found: AgreementInvoice[] = []
  let nextToken: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const command = new ListAgreementInvoiceLineItemsCommand({
      agreementId,
      groupBy: 'INVOICE_ID',
      maxResults: pageMax,
      nextToken,
      ...(issuedAfter && { afterIssuedTime: new Date(issuedAfter) }),
    })
    const answer = await aws.call('ListAgreementInvoiceLineItems', (options) =>
      aws.agreement.send(command, options),
    )
    found.push(...(answer.agreementInvoiceLineItemGroupSummaries ?? []).map(invoiceOf))
    if (!answer.nextToken) return found
    nextToken = answer.nextToken
  }
  throw new Problem('internal', `AWS’s invoices of ${agreementId} do not end`)
}

function invoiceOf(group: AgreementInvoiceLineItemGroupSummary): AgreementInvoice {
  const { invoiceId, issuedTime, invoiceBillingPeriod: period, invoiceType } = group
  const { amount, currencyCode } = group.pricingCurrencyAmount ?? {}
  if (!invoiceId || !issuedTime || !period || !currencyCode || !amount || !isDecimal(amount))
    throw new Problem(
      'internal',
      'AWS ListAgreementInvoiceLineItems answered an incomplete invoice',
    )
  const month = `${period.year}-${String(period.month).padStart(2, '0')}` as Month
  return {
    invoiceRef: invoiceId,
    isCredit: invoiceType === 'CREDIT_MEMO',
    month,
    issuedAt: instant(issuedTime),
    amount: trim(amount),
    currency: currencyCode,
    native: JSON.parse(JSON.stringify(group)),
  }
}
