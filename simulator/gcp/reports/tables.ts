import { createHash } from 'node:crypto'
import { centsText, type Nanos } from '../producer/amount.ts'
import { offerOf } from '../producer/model.ts'
import type { GcpContext } from '../state.ts'
import type { ReportTable } from './csv.ts'
import type { PaidLine } from './payouts.ts'

const ENTITY = 'Google LLC'

/**
 * Charges and usage, by SKU, Google entity and resource, and further as set up (Google: "Charges and usage
 * reports"). Spellings beyond the confirmed columns are unconfirmed.
 */
export function chargesTable(gcp: GcpContext, lines: readonly PaidLine[]): ReportTable {
  const { breakdown, paymentType } = gcp.settings().reports
  const account = breakdown === 'resource' ? [] : ['Account ID', 'Insights Account ID']
  const location = breakdown === 'location' ? ['Location'] : []
  const rows = lines.map((line) => {
    const { term } = line
    const offer = term.privateOffer === null ? undefined : offerOf(gcp, term.privateOffer)
    const isRefund = line.kind === 'refund'
    return {
      SKU: line.skuTitle,
      'Google Entity': ENTITY,
      Resource: term.plan,
      'Account ID': obfuscated(term.billingAccount, 'charges'),
      'Insights Account ID': obfuscated(term.billingAccount, 'insights'),
      Location: locationOf(gcp, term.billingAccount),
      Usage: line.quantity,
      Unit: line.unit,
      Charges: centsText(line.charges),
      Currency: 'USD',
      'Trial Use': '0',
      'Due Vendor': centsText(line.dueVendor),
      'Payment Schedule': offer ? (line.kind === 'usage' ? 'Postpay' : 'Prepay') : '',
      'Prepay Credits': centsText(line.credits),
      Quote_id: offer?.id ?? '',
      Quote_creator: offer?.document.fields.partnerContact?.email ?? '',
      'Refund Reason': line.reason,
      'Refund Balance Deducted This Month': centsText(isRefund ? -line.dueVendor : 0n),
      'Refund Balance Outstanding': '0.00',
      Withheld: centsText(line.withheld),
      Released: centsText(line.released),
      Abandoned: centsText(line.abandoned),
      'Payment Type': paymentType,
    }
  })
  const columns = [
    'SKU',
    'Google Entity',
    'Resource',
    ...account,
    ...location,
    'Usage',
    'Unit',
    'Charges',
    'Currency',
    'Trial Use',
    'Due Vendor',
    'Payment Schedule',
    'Prepay Credits',
    'Quote_id',
    'Quote_creator',
    'Refund Reason',
    'Refund Balance Deducted This Month',
    'Refund Balance Outstanding',
    'Withheld',
    'Released',
    'Abandoned',
    'Payment Type',
  ]
  return { columns, rows }
}

/**
 * What is transferred, in total: paid, released, and abandoned (Google: "Disbursements reports"). Amount is
 * before refunds; what was abandoned shows as lost and is in no total that is paid.
 */
export function disbursementsTable(gcp: GcpContext, lines: readonly PaidLine[]): ReportTable {
  const { paymentType, abandonedSign } = gcp.settings().reports
  const sum = (of: (line: PaidLine) => Nanos) => lines.reduce((total, line) => total + of(line), 0n)
  const row = (entity: string, amount: Nanos, refund: Nanos) => ({
    Entity: entity,
    Currency: 'USD',
    Amount: centsText(amount),
    'Customer Refund': centsText(refund),
    Total: centsText(amount + refund),
    Notes: '',
    'Payment Type': paymentType,
  })
  const paid = sum((one) => (one.kind === 'refund' ? 0n : one.dueVendor - one.withheld))
  const refunded = sum((one) => (one.kind === 'refund' ? one.dueVendor : 0n))
  const released = sum((one) => one.released)
  const abandoned = sum((one) => one.abandoned)
  const lost = abandonedSign === 'negative' ? -abandoned : abandoned
  return {
    columns: ['Entity', 'Currency', 'Amount', 'Customer Refund', 'Total', 'Notes', 'Payment Type'],
    rows: [
      row(ENTITY, paid, refunded),
      ...(released === 0n ? [] : [row('Released Payout', released, 0n)]),
      ...(abandoned === 0n ? [] : [row('Abandoned Payout', lost, 0n)]),
    ],
  }
}

/**
 * The same by SKU, account, private offer and payout (Google: "Detailed disbursements reports"). The columns
 * with amounts are unconfirmed and can be left away.
 */
export function detailedTable(gcp: GcpContext, lines: readonly PaidLine[]): ReportTable {
  const { accountIds, detailed } = gcp.settings().reports
  const rows = lines.map((line) => {
    const { term } = line
    const own = obfuscated(term.billingAccount, 'charges')
    return {
      sku_id: line.skuId,
      sku_description: line.skuTitle,
      solution_id: term.service,
      solution_name: gcp.services.get(term.service)?.title ?? '',
      usage_quantity: line.quantity,
      usage_unit: line.unit,
      account_id: accountIds === 'procurement' ? term.account : own,
      private_offer_id: term.privateOffer ?? '',
      currency: 'USD',
      charges: centsText(line.charges),
      due_vendor: centsText(line.dueVendor + line.released),
      payout_status: line.status,
    }
  })
  const columns = [
    'sku_id',
    'sku_description',
    'solution_id',
    'solution_name',
    'usage_quantity',
    'usage_unit',
    'account_id',
    'private_offer_id',
    ...(detailed === 'confirmed' ? [] : ['currency', 'charges', 'due_vendor', 'payout_status']),
  ]
  return { columns, rows }
}

/** Who the buyers are (Google: "Customer insights reports"), one row a month for account and SKU. */
export function insightsTable(
  gcp: GcpContext,
  lines: readonly PaidLine[],
  month: string,
): ReportTable {
  const rows = lines.map((line) => {
    const { billingAccount } = line.term
    const buyer = gcp.billingAccounts.get(billingAccount)
    const isHeld = line.status !== 'paid'
    return {
      date: `${month}-01`,
      company: buyer?.name ?? 'n/a',
      domain: buyer?.domain ?? 'n/a',
      external_account_id: obfuscated(billingAccount, 'insights'),
      account_id: obfuscated(billingAccount, 'charges'),
      country: buyer?.country ?? 'n/a',
      state_or_province: buyer?.country === 'US' ? 'CA' : '',
      postal_code: buyer?.country === 'US' ? '94043' : '',
      sku_id: line.skuId,
      payment_type: gcp.settings().reports.paymentType,
      withheld: centsText(line.withheld),
      released: centsText(line.released),
      abandoned: centsText(line.abandoned),
      probation_start: isHeld ? `${month}-01` : '',
      probation_end: isHeld && line.status !== 'withheld' ? `${month}-28` : '',
    }
  })
  const columns = [
    'date',
    'company',
    'domain',
    'external_account_id',
    'account_id',
    'country',
    'state_or_province',
    'postal_code',
    'sku_id',
    'payment_type',
    'withheld',
    'released',
    'abandoned',
    'probation_start',
    'probation_end',
  ]
  return { columns, rows }
}

/** A billing account as reports name it: the two kinds of reports hide it in different ways. */
export function obfuscated(billingAccount: string, by: 'charges' | 'insights'): string {
  const hex = createHash('sha256').update(`${by}/${billingAccount}`).digest('hex').toUpperCase()
  return `E-${(hex.slice(0, 16).match(/.{4}/g) ?? []).join('-')}`
}

function locationOf(gcp: GcpContext, billingAccount: string): string {
  const country = gcp.billingAccounts.get(billingAccount)?.country ?? ''
  return country === 'US' ? 'US/CA' : country
}
