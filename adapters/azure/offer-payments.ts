import { compare, type Decimal } from '../../src/kernel/decimal.ts'
import { addDays, addMonths, type Day } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { totalOf } from './offer-plan.ts'

/** How the recurring price is billed. */
export type Billing =
  /** `count` equal payments, one at the start of every `stepMonths`. */
  | {
      readonly is: 'equal'
      readonly stepMonths: number
      readonly count: number
      readonly amount: Decimal
    }
  /** A flexible schedule: so much at purchase, the rest on days. */
  | { readonly is: 'dated'; readonly initial: Decimal; readonly rows: readonly Dated[] }
type Dated = { readonly on: Day; readonly amount: Decimal }

const monthly = 1
const yearly = 12

/**
 * Payments as Microsoft takes them. None: all at purchase. Equal ones a month or a year apart that cover the term are
 * its payment options, which follow the day of purchase; so they may begin on any day the buyer could accept. All
 * others are a flexible schedule ("Flexible billing schedule", schema 2025-06-01). Undefined while there is no total.
 */
export function billingOf(order: OfferOrder): Billing | undefined {
  const { payments, term } = order.terms
  const total = totalOf(order)
  const months = term?.months ?? 0
  if (total === undefined || months < 1) return undefined
  if (!payments) return { is: 'equal', stepMonths: months, count: 1, amount: total }
  const [first] = payments
  const stepMonths = months / payments.length
  const isOption = stepMonths === months || stepMonths === monthly || stepMonths === yearly
  if (first && isOption && areEqual(payments) && areSpaced(order, stepMonths))
    return { is: 'equal', stepMonths, count: payments.length, amount: first.amount }
  return dated(payments)
}

type Payments = NonNullable<OfferOrder['terms']['payments']>

const areEqual = (payments: Payments): boolean =>
  payments.every(({ amount }) => compare(amount, payments[0]?.amount ?? '0') === 0)

function areSpaced({ terms, submittedOn }: OfferOrder, stepMonths: number): boolean {
  const [first, second, ...others] = terms.payments ?? []
  const { start, acceptBy } = terms
  if (!first || (first.on !== 'acceptance' && first.on !== start)) return false
  if (!second) return true
  if (second.on === 'acceptance') return false
  const begins = start === 'acceptance' ? [submittedOn, acceptBy] : [start, start]
  const [earliest, latest] = begins.map((day) => addMonths(day as Day, stepMonths)) as [Day, Day]
  if (second.on < addDays(earliest, -1) || second.on > latest) return false
  const base = start === 'acceptance' ? second.on : start
  const ahead = start === 'acceptance' ? 1 : 2
  return others.every(({ on }, i) => on === addMonths(base, stepMonths * (i + ahead)))
}

const dated = (payments: Payments): Billing => ({
  is: 'dated',
  initial: payments.find(({ on }) => on === 'acceptance')?.amount ?? '0',
  rows: payments.flatMap(({ on, amount }) => (on === 'acceptance' ? [] : [{ on, amount }])),
})
