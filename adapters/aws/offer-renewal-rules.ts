import { compare, total } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import { daysBetween } from '../../src/kernel/time.ts'
import { isRenewal, type OfferOrder } from '../../src/offers/model.ts'
import { type NativeRenewal, readNative } from './offer-native.ts'
import { shapeOf, spanOf } from './offer-plan.ts'
import { when } from './violation.ts'

/** Automatic renewal, and the claim that an offer renews another: Catalog API, "Modify renewal options". */
export function renewalViolations(order: OfferOrder): readonly Violation[] {
  const { autoRenew, renewal: renews } = order.terms
  const { renewal, preExistingAgreement } = readNative(order.terms.native)
  const times = autoRenew?.times
  return [
    ...when(
      renews?.of !== undefined && !renews.attested,
      'renewal.attested',
      'AWS may ask for proof that this renews an agreement: it must be attested',
    ),
    ...when(
      renews !== undefined && !isRenewal(order.terms) && preExistingAgreement !== undefined,
      'native.preExistingAgreement',
      'renewal says that this is new business',
    ),
    ...when(
      autoRenew !== undefined && renewal === undefined,
      'native.renewal',
      'AWS renews private offers only with a price increase: give native.renewal ("0.00" keeps the price)',
    ),
    ...when(
      autoRenew === undefined && renewal !== undefined,
      'autoRenew',
      'native.renewal needs autoRenew: how many times',
    ),
    ...when(
      times !== undefined && (!Number.isInteger(times) || times < 1),
      'autoRenew.times',
      'must be a whole number from 1',
    ),
    ...when(
      autoRenew !== undefined && !shapeOf(order).hasContract,
      'autoRenew',
      'pay as you go runs on by itself: AWS takes no renewal terms for it',
    ),
    ...(autoRenew && renewal ? [...deadlines(order, renewal), ...schedule(order, renewal)] : []),
  ]
}

function deadlines(order: OfferOrder, renewal: NativeRenewal): readonly Violation[] {
  const { priceIncrease, lockoutDays = 0, adjustmentDeadlineDays } = renewal
  const isRange = 'min' in priceIncrease
  const span = spanOf(order)
  const length = span ? daysBetween(span.start, span.endExclusive) : Number.POSITIVE_INFINITY
  const path = 'native.renewal.adjustmentDeadlineDays'
  return [
    ...(isRange ? range(priceIncrease) : []),
    ...when(isRange && adjustmentDeadlineDays === undefined, path, 'a range needs it'),
    ...when(!isRange && adjustmentDeadlineDays !== undefined, path, 'goes with a range only'),
    ...when(
      adjustmentDeadlineDays !== undefined && adjustmentDeadlineDays <= lockoutDays,
      path,
      'must be at least a day longer than lockoutDays',
    ),
    ...when((adjustmentDeadlineDays ?? 0) >= length, path, 'must be shorter than the term'),
    ...when(lockoutDays >= length, 'native.renewal.lockoutDays', 'must be shorter than the term'),
  ]
}

function range(increase: Extract<NativeRenewal['priceIncrease'], { min: string }>) {
  const path = 'native.renewal.priceIncrease'
  const { min, max, default: usual } = increase
  return [
    ...when(compare(min, max) === 0, path, 'min and max are equal: give one percent instead'),
    ...when(
      compare(min, max) > 0 || compare(usual, min) < 0 || compare(usual, max) > 0,
      path,
      'must have min below max and the default between them',
    ),
  ]
}

function schedule(order: OfferOrder, { payments }: NativeRenewal): readonly Violation[] {
  const path = 'native.renewal.payments'
  const { isConfigurable } = shapeOf(order)
  if (isConfigurable)
    return when(payments !== undefined, path, 'the offer has no payment schedule to repeat')
  if (!payments)
    return when(
      (order.terms.payments?.length ?? 1) > 1,
      path,
      'an offer paid in parts needs to say how a renewal is paid',
    )
  const keys = payments.map(({ offset, dayOfMonth }) => `${offset}/${dayOfMonth ?? ''}`)
  const units = new Set(payments.map(({ offset }) => offset.at(-1)))
  const starts = payments.filter(({ offset, dayOfMonth }) => isStart(offset) && dayOfMonth)
  return [
    ...when(
      compare(total(payments.map(({ percent }) => percent)), '100') !== 0,
      path,
      'the percentages must add up to 100',
    ),
    ...when(new Set(keys).size < keys.length, path, 'two payments fall on the same day'),
    ...when(units.size > 1, path, 'use months or days throughout, not both'),
    ...when(starts.length > 1, path, 'only one payment of the first month may name a day'),
    ...offsets(order, payments),
  ]
}

function offsets(
  order: OfferOrder,
  payments: NonNullable<NativeRenewal['payments']>,
): readonly Violation[] {
  const span = spanOf(order)
  const months = order.terms.term?.months ?? 0
  if (!span) return []
  const length = daysBetween(span.start, span.endExclusive)
  return payments.flatMap(({ offset, dayOfMonth }, i) => {
    const count = Number(offset.slice(1, -1))
    const isMonths = offset.endsWith('M')
    return [
      ...when(
        count >= (isMonths ? months : length),
        `native.renewal.payments.${i}.offset`,
        'lies beyond the term',
      ),
      ...when(
        dayOfMonth !== undefined && isMonths && count === months - 1,
        `native.renewal.payments.${i}.dayOfMonth`,
        'must not be named in the last month',
      ),
    ]
  })
}

const isStart = (offset: string): boolean => /^P0+M$/.test(offset)
