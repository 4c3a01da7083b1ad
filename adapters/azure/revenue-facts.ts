import { plainRef } from '../../src/kernel/text.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { addDays, startOf } from '../../src/kernel/time.ts'
import { type ReportedFact, usageFact } from '../../src/revenue/model.ts'
import { CellFault, type Cells } from './revenue-cells.ts'
import { privateOfferOf } from './revenue-lines.ts'

/** A fact, since when it holds, and the columns that tell it. */
export type DatedFact = {
  readonly validFrom: Instant
  readonly fact: ReportedFact
  readonly native: Readonly<Record<string, string>>
}

/** What no column dates holds from the beginning. */
export const undated: Instant = startOf('1970-01-01')

/**
 * A customer's accounts, for joining: what rows call a billing account is that account, and a customer's own id leads
 * to the billing account it bought with. A customer with several keeps the first one that a file tells. Only what
 * names them stands beside them, so that another row which says the same is no news.
 */
export function accountFacts(cells: Cells): readonly DatedFact[] {
  const account = plainRef(cells.text('BillingAccountId') ?? '')
  const customer = plainRef(cells.text('CustomerId') ?? '')
  if (account === '') return []
  const columns = ['BillingAccountId', 'CustomerCompanyName', 'CustomerCountry']
  const fact = (ref: string, native: readonly string[]): DatedFact => ({
    validFrom: undated,
    fact: { subject: 'account', ref, values: { accountRef: account } },
    native: picked(cells, native),
  })
  return [
    fact(account, columns),
    ...(customer === '' || customer === account
      ? []
      : [fact(customer, [...columns, 'CustomerId'])]),
  ]
}

const picked = (cells: Cells, columns: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map((column) => [column, cells.text(column) ?? '']))

/** What holds for a subscription in all its rows, by what we call it. */
const ofAgreement = {
  billingAccount: 'BillingAccountId',
  customer: 'CustomerId',
  billingTerm: 'BillingTerm',
  billingPlan: 'BillingPlan',
  plan: 'PlanId',
  sku: 'SKU',
  salesChannel: 'AzureLicenseType',
  licenceType: 'MarketplaceLicenseType',
} as const

/**
 * One row of ISVOrderV2: an order in a month or version. Its amounts are estimates, so it makes no line. What holds for
 * the subscription in all its rows is a fact of that agreement; the row itself is one of its own.
 */
export function orderFacts(cells: Cells): readonly DatedFact[] {
  const asset = cells.needed('AssetId', 'OrderId').toLowerCase()
  const day = cells.day('EventTimestamp', 'MonthStartDate', 'OrderPurchaseDate', 'TermStartDate')
  if (day === null) throw new CellFault('MonthStartDate', 'is empty')
  const line = cells.text('PurchaseRecordLineItemId') ?? ''
  const version = cells.text('OrderVersion') ?? ''
  const ref = ['order', asset, cells.text('PurchaseRecordId') ?? '', line, version, day].join('/')
  const values = Object.fromEntries(
    Object.entries(ofAgreement).map(([name, column]) => [name, cells.text(column)]),
  )
  const bought = cells.day('OrderPurchaseDate')
  return [
    {
      validFrom: bought === null ? undated : startOf(bought),
      fact: {
        subject: 'agreement',
        ref: asset,
        values: { ...values, privateOffer: privateOfferOf(cells) },
      },
      native: picked(cells, [...Object.values(ofAgreement), 'OrderPurchaseDate', 'PrivateOfferId']),
    },
    {
      validFrom: startOf(day),
      fact: { subject: 'other', ref, values: cells.native },
      native: cells.native,
    },
  ]
}

/**
 * One row of ISVUsage: what a meter counted on a day, under the subscription's id. Its charges are estimates until the
 * month is billed, and then they are in ISVRevenue, so that a line of it here would count them twice.
 */
export function usageFacts(cells: Cells): readonly DatedFact[] {
  const day = cells.day('UsageDate')
  if (day === null) throw new CellFault('UsageDate', 'is empty')
  const of = cells.any('ReferenceId', 'UsageReference') ?? ''
  const meter = cells.any('MeterDimension', 'MeterId', 'SKU') ?? ''
  const ref = ['usage', of, meter, day].join('/')
  const { native } = cells
  const quantity = cells.decimal('MeteredUsage')
  const validFrom = startOf(day)
  // Rows of other kinds of products count hours and cores, which nobody reported.
  if (quantity === null || meter === '')
    return [{ validFrom, fact: { subject: 'other', ref, values: native }, native }]
  const fact = usageFact(ref, {
    agreementRef: cells.text('ReferenceId')?.toLowerCase() ?? null,
    offerRef: privateOfferOf(cells),
    listingRef: cells.text('OfferId'),
    payerRef: plainRef(cells.any('BillingAccountId', 'CustomerId') ?? '') || null,
    planRef: cells.text('PlanId'),
    dimension: cells.any('MeterDimension', 'MeterId'),
    item: meter,
    from: validFrom,
    to: startOf(addDays(day, 1)),
    quantity,
    amount: cells.decimal('EstimatedExtendedChargeCC'),
    currency: cells.currency('CustomerCurrencyCC'),
    isBilled: false,
  })
  return [{ validFrom, fact, native }]
}
