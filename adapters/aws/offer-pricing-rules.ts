import { isDecimal } from '../../src/kernel/decimal.ts'
import { amountFault } from '../../src/kernel/money.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import type { DimensionType } from '../../src/listings/model.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { grantsOf, shapeOf, totalOf } from './offer-plan.ts'
import { when } from './violation.ts'

/** Private offers; usage is sold in USD only, whatever the offer. */
export const currencies = ['USD', 'AUD', 'EUR', 'GBP', 'JPY']
const usageCurrency = 'USD'
const grantsMax = 200
const ratesMax = 800
const keyMax = 100
export const rateDecimalsMax = 8
const unitPriceDecimalsMax = 3
/** The API's integers have 32 bits. */
const quantityMax = 2_147_483_647

/** Which dimensions are sold, at what price and in what currency. */
export function pricingViolations(order: OfferOrder): readonly Violation[] {
  const { hasContract, hasUsage, isConfigurable } = shapeOf(order)
  const { currency } = order.terms
  return [
    ...when(!currencies.includes(currency), 'currency', `AWS takes ${currencies.join(', ')}`),
    ...when(!hasContract && !hasUsage, 'pricing', 'name what is sold: contract, flat or usage'),
    ...(hasContract ? contract(order, isConfigurable) : []),
    ...(hasUsage ? usage(order) : []),
    ...when(
      isConfigurable && !hasContract,
      'native.buyerConfigurable',
      'there is no contract part to choose from',
    ),
  ]
}

function contract(order: OfferOrder, isConfigurable: boolean): readonly Violation[] {
  const { pricing } = order.terms
  const rows = pricing.contract ?? []
  const max = isConfigurable ? ratesMax : grantsMax
  const shared = [
    ...when(rows.length > max, 'pricing.contract', `at most ${max} dimensions`),
    ...dimensionFaults(order, 'pricing.contract', 'contract', rows),
  ]
  return [...shared, ...(isConfigurable ? configurable(order) : fixed(order))]
}

function fixed(order: OfferOrder): readonly Violation[] {
  const { pricing, currency, payments } = order.terms
  const rows = pricing.contract ?? []
  const flatFault = pricing.flat === undefined ? undefined : amountFault(currency, pricing.flat)
  return [
    ...when(
      grantsOf(order).length === 0,
      'pricing.contract',
      'AWS must be told what a flat price buys: name dimensions and quantities without prices',
    ),
    ...when(
      !payments && totalOf(order) === undefined && flatFault === undefined,
      'pricing',
      'there is no total: give every row a price, or a flat price, or the payments',
    ),
    ...when(flatFault !== undefined, 'pricing.flat', flatFault ?? ''),
    ...when(pricing.flat?.startsWith('-') ?? false, 'pricing.flat', 'must not be negative'),
    ...rows.flatMap(({ quantity, price }, i) => [
      ...when(
        !isWholeUnit(quantity),
        `pricing.contract.${i}.quantity`,
        `must be a whole number from 1 to ${quantityMax}`,
      ),
      ...priceFault(price, 12, `pricing.contract.${i}.price`),
    ]),
  ]
}

const isWholeUnit = (quantity: string): boolean =>
  /^[1-9]\d{0,9}$/.test(quantity) && Number(quantity) <= quantityMax

function configurable({ terms }: OfferOrder): readonly Violation[] {
  const rows = terms.pricing.contract ?? []
  const why = 'does not go with native.buyerConfigurable: the buyer decides what is paid'
  return [
    ...when(rows.length === 0, 'pricing.contract', 'name the dimensions the buyer may choose'),
    ...when(terms.pricing.flat !== undefined, 'pricing.flat', why),
    ...when(terms.payments !== undefined, 'payments', why),
    ...rows.flatMap(({ price }, i) => [
      ...when(price === undefined, `pricing.contract.${i}.price`, 'is missing'),
      ...priceFault(price, unitPriceDecimalsMax, `pricing.contract.${i}.price`),
    ]),
  ]
}

function usage(order: OfferOrder): readonly Violation[] {
  const { pricing, currency } = order.terms
  const rows = pricing.usage ?? []
  const priced = new Set(rows.map(({ dimension }) => dimension))
  const missing = order.dimensions
    .filter(({ types, key }) => types.includes('usage') && !priced.has(key))
    .map(({ key }) => key)
  return [
    ...when(currency !== usageCurrency, 'currency', `AWS sells usage in ${usageCurrency} only`),
    ...when(rows.length > ratesMax, 'pricing.usage', `at most ${ratesMax} dimensions`),
    ...dimensionFaults(order, 'pricing.usage', 'usage', rows),
    ...when(
      missing.length > 0,
      'pricing.usage',
      `AWS wants a rate for every usage dimension: ${missing.join(', ')} is missing`,
    ),
    ...rows.flatMap(({ rate }, i) => priceFault(rate, rateDecimalsMax, `pricing.usage.${i}.rate`)),
  ]
}

function priceFault(price: string | undefined, places: number, path: string): readonly Violation[] {
  if (price === undefined) return []
  return when(
    !isDecimal(price, 18, places) || price.startsWith('-'),
    path,
    `must be a decimal that is not negative, with at most ${places} places`,
  )
}

function dimensionFaults(
  { dimensions }: OfferOrder,
  path: string,
  type: DimensionType,
  rows: readonly { readonly dimension: string }[],
): readonly Violation[] {
  const sold = dimensions.filter(({ types }) => types.includes(type)).map(({ key }) => key)
  return rows.flatMap(({ dimension }, i) => [
    ...when(
      !sold.includes(dimension),
      `${path}.${i}.dimension`,
      `the listing has no ${type} dimension ${dimension}`,
    ),
    ...when(
      rows.findIndex((row) => row.dimension === dimension) < i,
      `${path}.${i}.dimension`,
      `${dimension} is named twice`,
    ),
    ...when(dimension.length > keyMax, `${path}.${i}.dimension`, `at most ${keyMax} characters`),
  ])
}
