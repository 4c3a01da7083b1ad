import { type Decimal, isNegative, negate } from '../../src/kernel/decimal.ts'
import type { RevenueLine } from '../../src/revenue/model.ts'
import type { Cells } from './revenue-cells.ts'
import { payoutRefOf } from './revenue-charges.ts'
import type { Period } from './revenue-name.ts'

const released = /^released payout$/i
const abandoned = /^abandoned payout$/i
const extraordinary = /extraordinary payment/i

/** One payout for each entity and currency, and the extraordinary one beside it. */
export const payoutKey = (cells: Cells): readonly (string | null)[] => [
  nameOf(cells),
  cells.currency('Currency'),
]

function nameOf(cells: Cells): string {
  const entity = cells.needed('Entity')
  return extraordinary.test(cells.text('Notes') ?? '') ? `${entity}, extraordinary payment` : entity
}

/**
 * A row of "Disbursements reports" is what a Google entity pays for a month (Total: after refunds to customers). A
 * `Released Payout` pays what had been withheld from a delinquent customer; an `Abandoned Payout` pays nothing: it is what
 * had been withheld and never will be paid, so that it ends what was owed. The day of the payment is not told, usually
 * the 21st of the next month: a payout stands on the last day of its month.
 */
export function payoutLine(cells: Cells, ref: string, { month, invoicedOn }: Period): RevenueLine {
  const entity = cells.needed('Entity')
  const total = cells.amount('Total')
  const isAbandoned = abandoned.test(entity)
  const known = isAbandoned || released.test(entity) ? entity : 'Payout'
  return {
    invoicedOn,
    lineRef: ref,
    parentRef: null,
    kind: isAbandoned ? 'adjustment' : 'payout',
    action: isAbandoned ? 'forgiven' : 'disbursed',
    nativeKind: `${known}/${cells.text('Payment Type') ?? ''}`,
    amount: isAbandoned ? below(total) : total,
    currency: cells.currency('Currency'),
    others: [],
    invoiceRef: null,
    dueOn: null,
    usage: null,
    agreementRef: null,
    offerRef: null,
    listingRef: null,
    payerRef: null,
    payoutRef: isAbandoned ? null : payoutRefOf(month, nameOf(cells)),
    facts: {},
  }
}

/** The sign that an abandoned amount is written with is not documented; it can only lower what is owed. */
const below = (amount: Decimal): Decimal => (isNegative(amount) ? amount : negate(amount))
