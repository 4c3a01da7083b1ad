import * as fc from 'fast-check'
import { addDays, addMonths, type Day } from '../../../../src/kernel/time.ts'
import type { OfferOrder, OfferTerms } from '../../../../src/offers/model.ts'
import type { OffersBy } from './deals.ts'
import { commitment, pay, plansBy, rates, seats, writeOn } from './orders.ts'

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, fc.constantFrom(...others))

/** Prices of 6000 in all, and of use, in any of the ways that a request could tell them. */
const pricings: Readonly<Record<string, OfferTerms['pricing']>> = {
  flat: { flat: '6000.00' },
  seats: seats('12', '500.00'),
  metered: { flat: '6000.00', usage: rates },
  percentage: { flat: '6000.00', usageDiscountPercent: '15' },
  use: { usageDiscountPercent: '15' },
  rates: { usage: rates },
  committed: { commitment: { ...commitment('list').commitment, amount: '6000.00' } },
  discounted: { commitment: { ...commitment('discounted').commitment, amount: '6000.00' } },
}
const ofUse = ['use', 'rates']

const schedules = (today: Day): Readonly<Record<string, OfferTerms['payments']>> => ({
  none: undefined,
  whole: pay(['acceptance', '6000.00']),
  parts: pay(['acceptance', '1000.00'], [addDays(today, 70), '5000.00']),
  late: pay([addDays(today, 70), '6000.00']),
  double: pay(
    ['acceptance', '1000.00'],
    [addDays(today, 70), '2000.00'],
    [addDays(today, 70), '3000.00'],
  ),
  early: pay(['acceptance', '1000.00'], [addDays(today, 1), '5000.00']),
})

/** Good orders, and ones with some rule broken; what Google would take and not do, `cautiousOn` has. */
export function drawnOn(today: Day, by: OffersBy): readonly OfferOrder[] {
  const order = writeOn(today, by)
  const { pro, payg, none } = plansBy(by)
  const payments = schedules(today)
  const anyOrder = fc
    .record({
      plan: mostly<Partial<OfferOrder>>(pro, payg, none),
      pricing: fc.constantFrom(...Object.keys(pricings)),
      schedule: mostly('none', ...Object.keys(payments)),
      months: mostly(12, 1, 3, 7, 24, 84),
      acceptBy: mostly(
        addDays(today, 18),
        addDays(today, -1),
        addDays(today, 2),
        addMonths(today, 3),
      ),
      start: mostly<'acceptance' | Day>(
        'acceptance',
        addDays(today, 60),
        today,
        addMonths(today, 14),
      ),
      name: mostly('Initech 2027', 'Initech #2027 ü', 'x'.repeat(256), 'x'.repeat(257)),
      times: mostly(0, 1, 6, 7),
    })
    // A plan with a fee for use alone, and payments of use, are told by us alone.
    .filter(({ plan, pricing }) => plan !== pro || !ofUse.includes(pricing))
    .filter(({ pricing, schedule }) => schedule === 'none' || !ofUse.includes(pricing))
    // Payments are written for an offer of a year that starts at acceptance.
    .filter(({ schedule, start }) => schedule === 'none' || start === 'acceptance')
    .filter(({ schedule, months }) => schedule === 'none' || months >= 7)
    .map(({ plan, pricing, schedule, months, times, ...changed }) =>
      order(
        {
          ...changed,
          term: { months },
          pricing: pricings[pricing] ?? {},
          payments: payments[schedule],
          autoRenew: times === 0 ? undefined : { times },
        },
        plan,
      ),
    )
  return fc.sample(anyOrder, { seed: 20_270_110, numRuns: 120 })
}
