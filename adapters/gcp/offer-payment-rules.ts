import { compare, type Decimal, times } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import { addMonths, type Day } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { readNative } from './offer-native.ts'
import {
  type Interval,
  stepOf,
  subscriptionOf,
  timelineOf,
  totalOf,
  wantsCustom,
} from './offer-plan.ts'
import { when } from './offer-violation.ts'

const amountMax = '1000000000'
/** "The maximum possible offer duration, including all renewal terms, cannot exceed 7 years." */
export const monthsMax = 84

/** When and how much is paid: proto PrivateOffer.StandardIntervalPrice, Installment, Term. */
export function paymentViolations(order: OfferOrder): readonly Violation[] {
  const { interval } = readNative(order.terms.native)
  return [
    ...amounts(order),
    ...renewals(order),
    ...(interval === undefined ? schedule(order) : intervals(order, interval)),
  ]
}

function amounts(order: OfferOrder): readonly Violation[] {
  const { pricing, payments = [] } = order.terms
  const total = totalOf(order)
  const path =
    pricing.flat !== undefined
      ? 'pricing.flat'
      : pricing.commitment && subscriptionOf(order) === 'commitment'
        ? 'pricing.commitment.amount'
        : 'pricing.contract'
  const timeline = timelineOf(order)
  const isOne = timeline?.is === 'standard' || (timeline?.is === 'custom' && payments.length === 0)
  const each = timeline?.is === 'standard' ? timeline.amount : total
  return [
    ...when(isOne && isTooMuch(each), path, tooMuch),
    ...payments.flatMap(({ amount }, i) =>
      when(isTooMuch(amount), `payments.${i}.amount`, tooMuch),
    ),
  ]
}

const tooMuch = `Google takes at most USD ${amountMax} in one payment`
const isTooMuch = (amount: Decimal | undefined): boolean =>
  amount !== undefined && compare(amount, amountMax) > 0

function renewals(order: OfferOrder): readonly Violation[] {
  const { autoRenew, term } = order.terms
  if (!autoRenew) return []
  const timeline = timelineOf(order)
  const months = (1 + autoRenew.times) * (term?.months ?? 0)
  return [
    ...when(
      timeline?.is === 'none',
      'autoRenew',
      'Google renews what is paid by the month, the quarter or the year, and no offer of use alone',
    ),
    ...when(
      timeline?.is === 'custom',
      'autoRenew',
      'Google renews what is paid by the month, the quarter or the year: leave payments out and say native.interval',
    ),
    ...when(
      months > monthsMax,
      'autoRenew.times',
      `comes to ${months} months with the first term; Google takes ${monthsMax}`,
    ),
  ]
}

/** Equal payments of `native.interval`; where payments are given too, they have to be those. */
function intervals(order: OfferOrder, interval: Interval): readonly Violation[] {
  const path = 'native.interval'
  const { terms } = order
  if (subscriptionOf(order) === null)
    return when(true, path, 'goes with a flat fee or a commitment')
  const timeline = timelineOf(order)
  const total = totalOf(order)
  if (timeline?.is !== 'standard' || total === undefined) return []
  const { count, amount } = timeline
  return [
    ...when(
      (terms.term?.months ?? 0) % stepOf[interval] !== 0,
      path,
      `the term must be a whole number of times ${stepOf[interval]} months`,
    ),
    ...when(
      compare(times(amount, String(count)), total) !== 0,
      path,
      `${total} does not come to ${count} equal payments in whole cents: give payments instead`,
    ),
    ...when(wantsCustom(terms.native), path, 'has no credit of its own: leave one of them out'),
    ...(terms.payments ? regular(order, { interval, count, amount }) : []),
  ]
}

type Regular = { readonly interval: Interval; readonly count: number; readonly amount: Decimal }

function regular(order: OfferOrder, { interval, count, amount }: Regular): readonly Violation[] {
  const { payments = [], start, acceptBy } = order.terms
  if (interval === 'monthly_prorated')
    return when(true, 'payments', 'leave them out: prorated months are charged on first days')
  const earliest = start === 'acceptance' ? order.submittedOn : start
  const latest = start === 'acceptance' ? acceptBy : start
  const step = stepOf[interval]
  return [
    ...when(payments.length !== count, 'payments', `native.interval makes ${count}`),
    ...payments.flatMap((row, i) => [
      ...when(
        compare(row.amount, amount) !== 0,
        `payments.${i}.amount`,
        `native.interval makes equal ones of ${amount}`,
      ),
      ...when(
        i > 0 &&
          (row.on === 'acceptance' ||
            row.on < addMonths(earliest, step * i) ||
            row.on > addMonths(latest, step * i)),
        `payments.${i}.on`,
        `native.interval charges it ${step * i} months after the start`,
      ),
    ]),
    ...firstPayment(order),
  ]
}

function schedule(order: OfferOrder): readonly Violation[] {
  const { payments, start, term, acceptBy } = order.terms
  if (!payments) return []
  const begins: Day = start === 'acceptance' ? order.submittedOn : start
  const end = addMonths(begins, term?.months ?? 0)
  return [
    ...firstPayment(order),
    ...payments.flatMap(({ on }, i) =>
      when(
        payments.findIndex((other) => other.on === on) < i,
        `payments.${i}.on`,
        'another payment falls on that day: make them one',
      ),
    ),
    ...payments.flatMap(({ on }, i) =>
      on === 'acceptance' || on === start
        ? []
        : [
            ...when(
              on <= acceptBy,
              `payments.${i}.on`,
              'must come after the last day to accept, or be the first payment',
            ),
            ...when(
              term !== undefined && on >= end,
              `payments.${i}.on`,
              `must come before ${end}, when ${start === 'acceptance' ? 'an offer that is accepted today' : 'it'} ends`,
            ),
          ],
    ),
  ]
}

/** The first instalment starts with the agreement: it has no day of its own. */
function firstPayment({ terms }: OfferOrder): readonly Violation[] {
  const { payments = [], start } = terms
  const wanted = payments.some(({ on }) => on === start)
  const stray = payments.findIndex(({ on }) => on === 'acceptance' && start !== 'acceptance')
  return [
    ...when(
      stray >= 0,
      `payments.${stray}.on`,
      `nothing is charged before it starts: say ${start}`,
    ),
    ...when(
      !wanted && stray < 0,
      'payments',
      `the first payment falls on ${start === 'acceptance' ? 'acceptance' : `the start, ${start}`}`,
    ),
    ...payments.flatMap(({ on }, i) =>
      when(
        start !== 'acceptance' && on !== 'acceptance' && on < start,
        `payments.${i}.on`,
        `nothing is charged before it starts, on ${start}`,
      ),
    ),
  ]
}
