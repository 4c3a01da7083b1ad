import { amountFault } from '../../src/kernel/money.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { type Invoice, invoicesOf, shapeOf, spanOf } from './offer-plan.ts'
import { when } from './violation.ts'

export const paymentsMax = 60

/** When and how much the buyer is charged: Catalog API, "Update payment schedule details". */
export function paymentViolations(order: OfferOrder): readonly Violation[] {
  const { hasContract, isConfigurable } = shapeOf(order)
  const { payments } = order.terms
  if (!hasContract)
    return when(payments !== undefined, 'payments', 'pay as you go has no payment schedule')
  if (isConfigurable) return []
  const invoices = invoicesOf(order)
  return [
    ...when(payments?.length === 0, 'payments', 'name at least one payment'),
    ...when(invoices.length > paymentsMax, 'payments', `at most ${paymentsMax} payments`),
    ...invoices.flatMap((invoice, i) => [
      ...amountFaults(order, invoice),
      ...dateFaults(order, invoice),
      ...when(
        invoices.findIndex(({ on }) => on === invoice.on) < i,
        `${invoice.at}.on`,
        `two payments on ${invoice.on}`,
      ),
    ]),
    ...manyBeforeAcceptance(order, invoices),
  ]
}

function amountFaults({ terms }: OfferOrder, { amount, at }: Invoice): readonly Violation[] {
  const fault = amountFault(terms.currency, amount)
  return [
    ...when(fault !== undefined, `${at}.amount`, fault ?? ''),
    ...when(amount.startsWith('-'), `${at}.amount`, 'must not be negative'),
  ]
}

function dateFaults(order: OfferOrder, { on, at }: Invoice): readonly Violation[] {
  const end = spanOf(order)?.endExclusive
  return [
    ...when(on < order.submittedOn, `${at}.on`, 'lies in the past'),
    ...when(
      end !== undefined && on >= end,
      `${at}.on`,
      `must come before the agreement ends if it is accepted at once (${end})`,
    ),
  ]
}

function manyBeforeAcceptance(
  { terms }: OfferOrder,
  invoices: readonly Invoice[],
): readonly Violation[] {
  const early = invoices.filter(({ on }) => on <= terms.acceptBy)
  return early.slice(1).map(({ at }) => ({
    path: `${at}.on`,
    message: `only one payment may lie on or before acceptBy (${terms.acceptBy})`,
  }))
}
