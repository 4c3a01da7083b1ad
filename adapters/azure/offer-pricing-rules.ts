import { compare, floor } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { AzureClient } from './client.ts'
import { readNative } from './offer-native.ts'
import { billingOf } from './offer-payments.ts'
import {
  charged,
  discountOf,
  hasRecurring,
  isCents,
  isPerUser,
  planOf,
  seatsOf,
} from './offer-plan.ts'
import { perPayment, saleOf } from './offer-price.ts'
import { percentageFault, when } from './offer-violation.ts'

const monthsOfYears = 12
const seatsMax = '1000000000'

/** Which plan is sold at what price: "Private offers: pricing", "Plan a SaaS offer" and the private offer schemas. */
export function pricingViolations(order: OfferOrder, azure: AzureClient): readonly Violation[] {
  const discount = discountOf(order)
  return [
    ...plan(order),
    ...also(order),
    ...(discount.is === 'percentage'
      ? percentage(order, discount.percent)
      : absolute(order, azure)),
  ]
}

function plan(order: OfferOrder): readonly Violation[] {
  return when(
    order.planRef !== null && planOf(order) === undefined,
    'plan',
    'its durable id is not known: read the listing again, or give it in native.plan',
  )
}

const also = ({ terms }: OfferOrder): readonly Violation[] =>
  (readNative(terms.native).also ?? []).flatMap(({ discountPercent }, i) => {
    const fault = percentageFault(discountPercent)
    return when(fault !== undefined, `native.also.${i}.discountPercent`, fault ?? '')
  })

/** It comes off the recurring price and all meters, so nothing else can be priced beside it. */
function percentage(order: OfferOrder, percent: string): readonly Violation[] {
  const { pricing } = order.terms
  const native = readNative(order.terms.native)
  const fault = percentageFault(percent)
  const beside = 'Microsoft takes a discount off everything, or prices; not both'
  return [
    ...when(fault !== undefined, 'pricing.usageDiscountPercent', fault ?? ''),
    ...when((pricing.contract ?? []).length > 0, 'pricing.contract', beside),
    ...when(pricing.flat !== undefined, 'pricing.flat', beside),
    ...when((pricing.usage ?? []).length > 0, 'pricing.usage', beside),
    ...when(native.newPlan !== undefined, 'native.newPlan', 'a customised plan takes prices only'),
    ...when(native.includedQuantities !== undefined, 'native.includedQuantities', beside),
  ]
}

function absolute(order: OfferOrder, azure: AzureClient): readonly Violation[] {
  return [
    ...when(
      planOf(order) === undefined && order.planRef === null,
      'plan',
      'a price needs a plan; only usageDiscountPercent goes for all plans',
    ),
    ...when(
      order.planShape?.hasTrial === true,
      'plan',
      'has a free trial: Microsoft takes only usageDiscountPercent on it',
    ),
    ...(hasRecurring(order) ? recurring(order, azure) : []),
    ...meters(order),
    ...when(
      readNative(order.terms.native).includedQuantities !== undefined &&
        saleOf(order, azure).newPlan === null,
      'native.includedQuantities',
      'a public plan keeps what it includes; native.newPlan makes one with others',
    ),
  ]
}

function recurring(order: OfferOrder, azure: AzureClient): readonly Violation[] {
  const { terms, planShape } = order
  const months = terms.term?.months ?? monthsOfYears
  const { newPlan } = saleOf(order, azure)
  const sold = planShape?.months ?? null
  const missing = newPlan === null && sold !== null && !sold.includes(months)
  return [
    ...when(
      months !== 1 && months % monthsOfYears !== 0,
      'term.months',
      'Microsoft sells terms of one month or of whole years',
    ),
    ...when(
      missing,
      'term.months',
      `the plan is sold for ${sold?.join(', ') || 'no term'} months; native.newPlan makes one for others`,
    ),
    ...(isPerUser(order) ? perUser(order, newPlan !== null) : flat(order)),
    ...payments(order),
  ]
}

function perUser(order: OfferOrder, isCustomised: boolean): readonly Violation[] {
  const { contract = [] } = order.terms.pricing
  const { userLimits } = readNative(order.terms.native)
  const seats = seatsOf(order)
  const isWhole = seats !== undefined && compare(floor(seats), seats) === 0
  const outside =
    userLimits !== undefined &&
    seats !== undefined &&
    (compare(seats, `${userLimits.min}`) < 0 || compare(seats, `${userLimits.max}`) > 0)
  return [
    ...when(
      contract.length === 0,
      'pricing.contract',
      'the plan is sold by the seat: name the seats',
    ),
    ...contract.slice(1).map((_, i) => ({
      path: `pricing.contract.${i + 1}`,
      message: 'a plan that is sold by the seat has one row, its seats',
    })),
    ...when(
      seats !== undefined && (!isWhole || compare(seats, '1') < 0 || compare(seats, seatsMax) > 0),
      'pricing.contract.0.quantity',
      `must be a whole number of seats, 1 to ${seatsMax}`,
    ),
    ...when(
      userLimits !== undefined && !isCustomised,
      'native.userLimits',
      'a public plan keeps the limits it has; native.newPlan makes one with others',
    ),
    ...when(
      userLimits !== undefined && userLimits.min > userLimits.max,
      'native.userLimits',
      'min must not be above max',
    ),
    ...when(outside, 'native.userLimits', 'must let the buyer take the seats of the offer'),
  ]
}

const flat = ({ terms }: OfferOrder): readonly Violation[] =>
  when(
    readNative(terms.native).userLimits !== undefined,
    'native.userLimits',
    'the plan is not sold by the seat',
  )

/** Everything that is charged at once must be whole cents, after the partner's discount and for one seat. */
function payments(order: OfferOrder): readonly Violation[] {
  const billing = billingOf(order)
  if (!billing) return []
  const cents = (price: string, path: string) =>
    when(
      !isCents(charged(price, order)),
      path,
      'does not come to whole cents after the partner’s discount',
    )
  if (billing.is === 'equal') {
    const price = perPayment(order, billing)
    const path = order.terms.payments ? 'payments' : 'pricing'
    if (price === undefined)
      return [{ path, message: 'one payment for one seat does not come to whole cents' }]
    return cents(price, path)
  }
  if (isPerUser(order))
    return [
      {
        path: 'payments',
        message:
          'a plan that is sold by the seat is paid at once, or in equal payments a month or a year apart',
      },
    ]
  const given = order.terms.payments ?? []
  const days = given.map(({ on }) => on)
  const atPurchase = given.filter(({ on }) => on === 'acceptance')
  return [
    ...when(atPurchase.length > 1, 'payments', 'one payment at acceptance'),
    ...when(
      (order.terms.term?.months ?? 0) % monthsOfYears !== 0,
      'payments',
      'on days of their own need a term of years',
    ),
    ...given.flatMap(({ amount, on }, i) => [
      ...cents(amount, `payments.${i}.amount`),
      ...when(
        on !== 'acceptance' && days.indexOf(on) < i,
        `payments.${i}.on`,
        'each payment needs a day of its own',
      ),
    ]),
  ]
}

function meters(order: OfferOrder): readonly Violation[] {
  const { usage = [] } = order.terms.pricing
  const { includedQuantities = {} } = readNative(order.terms.native)
  const known = order.dimensions.filter(({ types }) => types.includes('usage'))
  return [
    ...when(
      usage.length > 0 && isPerUser(order),
      'pricing.usage',
      'a plan that is sold by the seat has no meters',
    ),
    ...usage.flatMap(({ rate }, i) => [
      ...when(
        compare(rate, '0') > 0 && compare(charged(rate, order), '0.01') < 0,
        `pricing.usage.${i}.rate`,
        'Microsoft cuts a price below one cent to nothing: sell it by the thousand',
      ),
      ...when(
        compare(rate, '0') < 0 || !isCents(charged(rate, order)),
        `pricing.usage.${i}.rate`,
        'must be whole cents, after the partner’s discount',
      ),
    ]),
    ...Object.keys(includedQuantities)
      .filter((key) => !known.some((dimension) => dimension.key === key))
      .map((key) => ({
        path: `native.includedQuantities.${key}`,
        message: `the listing has no usage dimension ${key}`,
      })),
  ]
}
