import * as fc from 'fast-check'
import { addDays, type Day } from '../../../../src/kernel/time.ts'
import type { OfferOrder, OfferTerms } from '../../../../src/offers/model.ts'
import {
  enterprise,
  every,
  everyPlan,
  firstOf,
  newPlan,
  pay,
  perSeat,
  seats,
  team,
  usage,
  writeOn,
} from './orders.ts'

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))

type Payment = NonNullable<OfferTerms['payments']>[number]
const total = 6000

/** Prices of 6000 in all, in any of the ways that a request could tell them. */
const pricings: Readonly<Record<string, OfferTerms['pricing']>> = {
  flat: { flat: '6000.00' },
  seats: seats('12', '500.00'),
  metered: { flat: '6000.00', usage },
  percentage: { usageDiscountPercent: '15' },
}

const schedules = (today: Day): Readonly<Record<string, readonly Payment[] | undefined>> => ({
  none: undefined,
  monthly: every(today, 1, 12, (total / 12).toFixed(2)),
  flexible: pay(['acceptance', '1000.00'], [addDays(today, 70), '5000.00']),
  double: pay([addDays(today, 70), '1000.00'], [addDays(today, 70), '5000.00']),
})

/**
 * Good orders, and ones with some rule broken. Not drawn: equal payments on a public plan, which may not have them and no
 * listing tells; and what the marketplace would take and not do, which `cautiousOn` has.
 */
export function drawnOn(today: Day): readonly OfferOrder[] {
  const order = writeOn(today)
  const payments = schedules(today)
  const anyOrder = fc
    .record({
      plan: mostly<object>(team, enterprise, perSeat, everyPlan),
      pricing: fc.constantFrom(...Object.keys(pricings)),
      schedule: mostly('none', 'monthly', 'flexible', 'double'),
      isOwn: fc.boolean(),
      months: mostly(12, 1, 24, 36, 7),
      acceptBy: mostly(
        addDays(today, 18),
        addDays(today, -1),
        addDays(today, 2),
        addDays(today, 60),
      ),
      start: mostly<'acceptance' | Day>(
        'acceptance',
        firstOf(today, 1),
        firstOf(today, -1),
        addDays(firstOf(today, 1), 3),
      ),
      name: mostly('Initech 2027', 'Initech #2027', 'Initech é', 'x'.repeat(128)),
      limits: mostly<object>({}, { userLimits: { min: 1, max: 50 } }),
    })
    .filter(({ schedule, isOwn }) => schedule !== 'monthly' || isOwn)
    .filter(({ plan, pricing }) => plan !== perSeat || pricing !== 'flat')
    .filter(({ plan, isOwn, limits }) => !('userLimits' in limits) || (plan === perSeat && isOwn))
    .filter(
      ({ pricing, schedule, isOwn }) => pricing !== 'percentage' || (schedule === 'none' && !isOwn),
    )
    .map(({ plan, pricing, schedule, isOwn, months, limits, ...terms }) =>
      order(
        {
          ...terms,
          term: { months },
          pricing: pricings[pricing],
          payments: payments[schedule],
          native: { ...(isOwn ? { newPlan } : {}), ...limits },
        },
        plan,
      ),
    )
  return fc.sample(anyOrder, { seed: 20_270_110, numRuns: 100 })
}
