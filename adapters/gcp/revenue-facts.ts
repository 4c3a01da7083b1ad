import { type Instant, startOf } from '../../src/kernel/time.ts'
import type { ReportedFact } from '../../src/revenue/model.ts'
import { CellFault, type Cells } from './revenue-cells.ts'
import { bareOf } from './revenue-charges.ts'
import type { Period } from './revenue-name.ts'
import { detailedUsage, type UsageItems } from './usage-back.ts'

/** A fact, since when it holds, and the columns that tell it. */
export type DatedFact = {
  readonly validFrom: Instant
  readonly fact: ReportedFact
  readonly native: Readonly<Record<string, string>>
}

/** What no column dates holds from the beginning. */
const undated: Instant = startOf('1970-01-01')

export const detailedKey = (cells: Cells): readonly (string | null)[] => [
  cells.needed('sku_id'),
  cells.text('account_id'),
  bareOf(cells.text('private_offer_id')),
  cells.text('payout_status', 'status'),
]

/**
 * A row of "Detailed disbursements reports": the charges of the customer's invoice once more, so that it makes no line.
 * It tells which product a SKU is of, of which account and product a private offer is, and how much was used.
 */
export function detailedFacts(
  cells: Cells,
  ref: string,
  { invoicedOn, usage: month }: Period,
  items: UsageItems,
): readonly DatedFact[] {
  const offer = bareOf(cells.text('private_offer_id'))
  const usage = detailedUsage(cells, ref, month, items)
  const product = { listing: cells.text('solution_id'), name: cells.text('solution_name') }
  return [
    always(cells, ['sku_id', 'sku_description', 'solution_id', 'solution_name'], {
      subject: 'listing',
      ref: cells.needed('sku_id'),
      values: { ...product, sku: cells.text('sku_description') },
    }),
    ...(offer === null
      ? []
      : [
          always(cells, ['private_offer_id', 'account_id', 'solution_id', 'solution_name'], {
            subject: 'offer',
            ref: offer,
            values: { ...product, account: cells.text('account_id') },
          }),
        ]),
    row(cells, ref, startOf(invoicedOn)),
    ...(usage ? [{ validFrom: startOf(invoicedOn), fact: usage, native: cells.native }] : []),
  ]
}

export const insightsKey = (cells: Cells): readonly (string | null)[] => [
  cells.needed('date'),
  cells.needed('external_account_id'),
  cells.text('sku_id'),
]

/**
 * A row of "Customer insights reports": a customer and a SKU on a day. `external_account_id` is what charges call the
 * Insights Account ID; `account_id`, which the report has for the same account, is taken for its name elsewhere.
 */
export function insightsFacts(cells: Cells, ref: string): readonly DatedFact[] {
  const day = cells.day('date')
  if (day === null) throw new CellFault('date', 'is empty')
  const customer = {
    accountRef: cells.text('account_id'),
    company: cells.text('company'),
    domain: cells.text('domain'),
    country: cells.text('country'),
    state: cells.text('state_or_province'),
    postalCode: cells.text('postal_code'),
  }
  const columns = [
    'external_account_id',
    'account_id',
    'company',
    'domain',
    'country',
    'state_or_province',
    'postal_code',
  ]
  const names = new Set([cells.needed('external_account_id'), customer.accountRef ?? ''])
  return [
    ...[...names]
      .filter((name) => name !== '')
      .map((name) => always(cells, columns, { subject: 'account', ref: name, values: customer })),
    row(cells, ref, startOf(day)),
  ]
}

/** What holds in all rows that name the same; only the columns that tell it stand beside it, so that a repeat is no news. */
const always = (cells: Cells, columns: readonly string[], fact: ReportedFact): DatedFact => ({
  validFrom: undated,
  fact,
  native: Object.fromEntries(columns.map((column) => [column, cells.text(column) ?? ''])),
})

const row = ({ native }: Cells, ref: string, validFrom: Instant): DatedFact => ({
  validFrom,
  fact: { subject: 'other', ref, values: native },
  native,
})
