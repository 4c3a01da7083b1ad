import { compare, type Decimal, trim } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { subscriptionOf, type UsageRow, usageOf } from './offer-plan.ts'
import { featureName } from './offer-request.ts'
import { when } from './offer-violation.ts'
import type { GcpSettings } from './settings.ts'

const featureNameMax = 128
/** "Letters, Numbers, Punctuation, Symbols, and Separators": proto PrivateOffer.Feature. */
const featureText = /^[\p{L}\p{N}\p{P}\p{S}\p{Z}]*$/u

/** What can be sold together, and how use is discounted: proto PrivateOffer.PriceModel. */
export function priceViolations(order: OfferOrder, settings: GcpSettings): readonly Violation[] {
  return [
    ...models(order),
    ...ofPlan(order),
    ...percents(order),
    ...discounts(order, settings),
    ...features(order),
    ...extras(order),
  ]
}

function models({ terms }: OfferOrder): readonly Violation[] {
  const { contract = [], flat, usage = [], usageDiscountPercent, commitment } = terms.pricing
  const isFlat = contract.length > 0 || flat !== undefined
  const off = commitment?.discountPercent ?? '0'
  const atList = 'with overage at list price only the commitment is discounted'
  return [
    ...when(
      isFlat && commitment !== undefined,
      'pricing.commitment',
      'does not go with a flat fee: sell one or the other',
    ),
    ...when(
      commitment?.overage === 'list' && usage.length > 0,
      'pricing.usage',
      `${atList}: leave it out, or choose discounted`,
    ),
    ...when(
      commitment?.overage === 'list' && usageDiscountPercent !== undefined,
      'pricing.usageDiscountPercent',
      `${atList}: leave it out, or choose discounted`,
    ),
    ...when(
      commitment?.overage === 'discounted' &&
        usageDiscountPercent !== undefined &&
        compare(usageDiscountPercent, off) !== 0,
      'pricing.usageDiscountPercent',
      `all use has one discount, that of the commitment: ${trim(off)}`,
    ),
  ]
}

/** What the plan is sold by decides what an offer on it can have; where nobody tells, Google does. */
function ofPlan(order: OfferOrder): readonly Violation[] {
  const { pricing } = order.terms
  const { planShape } = order
  const isFlat = subscriptionOf(order) === 'flat'
  const hasUsage = (pricing.usage ?? []).length > 0 || pricing.usageDiscountPercent !== undefined
  return [
    ...when(
      isFlat && planShape?.months?.length === 0,
      pricing.flat === undefined ? 'pricing.contract' : 'pricing.flat',
      'the plan is billed by use alone: sell a discount, or a commitment',
    ),
    ...when(
      planShape?.charge === 'flat' && pricing.commitment !== undefined,
      'pricing.commitment',
      'goes with plans that are billed by use alone',
    ),
    ...when(
      planShape?.charge === 'flat' && hasUsage && !isFlat,
      'pricing.flat',
      'the plan has a flat fee: give it',
    ),
    ...when(
      planShape?.meters?.length === 0 && hasUsage,
      (pricing.usage ?? []).length > 0 ? 'pricing.usage' : 'pricing.usageDiscountPercent',
      'the plan bills no use',
    ),
  ]
}

function percents({ terms }: OfferOrder): readonly Violation[] {
  const { usageDiscountPercent, commitment } = terms.pricing
  const check = (value: Decimal | undefined, path: string) =>
    when(
      value !== undefined && !isPercent(value),
      path,
      'must be 0 to 100, with at most 2 decimals',
    )
  return [
    ...check(usageDiscountPercent, 'pricing.usageDiscountPercent'),
    ...check(commitment?.discountPercent, 'pricing.commitment.discountPercent'),
  ]
}

const isPercent = (value: Decimal): boolean =>
  compare(value, '0') >= 0 &&
  compare(value, '100') <= 0 &&
  (trim(value).split('.')[1]?.length ?? 0) <= 2

/** Google sells use at its list price less a percentage, so a rate has to be one of those. */
function discounts(order: OfferOrder, settings: GcpSettings): readonly Violation[] {
  const rows = usageOf(order, settings)?.rows ?? []
  return rows.flatMap((row, i) => {
    const fault = rateFault(row, settings)
    return fault === undefined ? [] : [{ path: `pricing.usage.${i}.rate`, message: fault }]
  })
}

function rateFault({ dimension, listRate, percent, rate, sku }: UsageRow, settings: GcpSettings) {
  if (listRate === undefined)
    return `Google sells use at list price less a discount, and the list price of ${dimension} is not known: name it in the connection’s products, or use usageDiscountPercent`
  if (compare(rate, listRate) > 0) return `must be at most the list price, USD ${trim(listRate)}`
  if (percent === undefined)
    return `must be the list price, USD ${trim(listRate)}, less a percentage of at most 2 decimals`
  if (settings.offers === 'api' && sku === undefined)
    return `the SKU of ${dimension} is not known: name it in native.skus`
  return undefined
}

function features(order: OfferOrder): readonly Violation[] {
  const names = (order.terms.pricing.contract ?? []).map(({ dimension }) =>
    featureName(dimension, order.dimensions),
  )
  return names.flatMap((name, i) => [
    ...when(
      name.length > featureNameMax || !featureText.test(name),
      `pricing.contract.${i}.dimension`,
      `Google takes ${featureNameMax} letters, digits, signs and blanks here`,
    ),
    ...when(
      names.indexOf(name) < i,
      `pricing.contract.${i}.dimension`,
      `another row is called ${name} too`,
    ),
  ])
}

/** `native` parts that belong to a commitment. */
function extras(order: OfferOrder): readonly Violation[] {
  const isCommitment = subscriptionOf(order) === 'commitment'
  const { native } = order.terms
  return ['additionalCredit', 'discardPreviousCreditBalance'].flatMap((name) =>
    when(native[name] !== undefined && !isCommitment, `native.${name}`, 'goes with a commitment'),
  )
}
