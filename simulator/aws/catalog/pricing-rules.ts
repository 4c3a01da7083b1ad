import Big from 'big.js'
import { addMonths, durationMs } from '../../duration.ts'
import { type Draft, type Fault, fault } from './draft.ts'
import { type Entity, isPrivate } from './model.ts'
import { currencyFaults } from './payment-rules.ts'
import { dimensionsOf, isEntitled, isMetered } from './products.ts'

export const PRICING_TERMS = [
  'UsageBasedPricingTerm',
  'ConfigurableUpfrontPricingTerm',
  'FixedUpfrontPricingTerm',
  'FreeTrialPricingTerm',
  'RecurringPaymentTerm',
  'ByolPricingTerm',
]
const SAAS_TERMS = PRICING_TERMS.slice(0, 4)
const PUBLIC_DURATIONS = ['P1M', 'P12M', 'P24M', 'P36M']
const PRIVATE_CURRENCIES = ['USD', 'AUD', 'EUR', 'GBP', 'JPY']
const GRANTS_MAX = 200

/** What AWS says about an offer's prices (asynchronous errors of UpdatePricingTerms). */
export function pricingFaults(draft: Draft, offer: Entity, details: any): Fault[] {
  const product = draft.get(offer.details.ProductId)
  if (!product) return []
  const terms: any[] = details.Terms
  const types = terms.map((term) => term.Type)
  const faults: Fault[] = []
  const foreign = types.filter((type) => !SAAS_TERMS.includes(type))
  if (foreign.length > 0) {
    faults.push(
      fault(
        'INCOMPATIBLE_PRODUCT',
        `The following terms aren't supported for the product: [${foreign.join(', ')}].`,
      ),
    )
  }
  if (new Set(types).size !== types.length) {
    faults.push(fault('DUPLICATE_TERM_TYPES', 'Provide a unique list of term types.'))
  }
  faults.push(...modelFaults(details.PricingModel, terms))
  for (const term of terms) {
    faults.push(...(TERMS[term.Type]?.(draft, offer, product, term) ?? []))
    if (term.CurrencyCode && !currenciesOf(offer, term).includes(term.CurrencyCode)) {
      faults.push(fault('INVALID_CURRENCY_CODE', 'Provide a supported CurrencyCode.'))
    }
  }
  return [...faults, ...currencyFaults(draft, offer, terms)]
}

function currenciesOf(offer: Entity, term: any): readonly string[] {
  return isPrivate(offer) && term.Type !== 'UsageBasedPricingTerm' ? PRIVATE_CURRENCIES : ['USD']
}

function modelFaults(model: string, terms: readonly any[]): Fault[] {
  const has = (type: string) => terms.some((term) => term.Type === type)
  const configurable = has('ConfigurableUpfrontPricingTerm')
  const fixed = has('FixedUpfrontPricingTerm')
  const trial = has('FreeTrialPricingTerm')
  const need = (types: string) => [
    fault('MISSING_MANDATORY_TERMS', `Provide at least one of [${types}].`),
  ]
  if (configurable && fixed) {
    return [
      fault(
        'INCOMPATIBLE_TERMS',
        "ConfigurableUpfrontPricingTerm isn't supported together with the following terms: [FixedUpfrontPricingTerm].",
      ),
    ]
  }
  switch (model) {
    case 'Byol':
      return [fault('INCOMPATIBLE_PRODUCT', "Byol pricing model isn't supported for the product.")]
    case 'Contract':
      if (configurable || fixed) return []
      return need('ConfigurableUpfrontPricingTerm, FixedUpfrontPricingTerm')
    case 'Free':
      if (terms.every(isFree)) return []
      return [
        fault(
          'INCOMPATIBLE_RATES',
          'Set all charge amounts and prices to zero (0) when using Free pricing model.',
        ),
      ]
    default: {
      const upfront = [
        ...(configurable ? ['ConfigurableUpfrontPricingTerm'] : []),
        ...(fixed ? ['FixedUpfrontPricingTerm'] : []),
      ]
      if (upfront.length > 0) {
        return [
          fault(
            'INCOMPATIBLE_TERMS',
            `The following terms aren't compatible with the PricingModel: [${upfront.join(', ')}].`,
          ),
        ]
      }
      return has('UsageBasedPricingTerm') || trial ? [] : need('UsageBasedPricingTerm')
    }
  }
}

type TermCheck = (draft: Draft, offer: Entity, product: Entity, term: any) => Fault[]

const TERMS: Record<string, TermCheck> = {
  UsageBasedPricingTerm: (_, __, product, term) => {
    const rows = term.RateCards[0].RateCard
    const faults = keyFaults(product, rows, term.Type, 'RateCard')
    if (faults.length > 0) return faults
    const keys = rows.map((row: any) => row.DimensionKey)
    const metered = dimensionsOf(product).filter(isMetered)
    const missing = metered.some((one) => !keys.includes(one.Key))
    const strange = keys.some((key: string) => !metered.some((one) => one.Key === key))
    if (strange) {
      return [
        fault(
          'INVALID_RATE_CARD',
          'Provide a rate card for only metered dimensions in UsageBasedPricingTerm.',
        ),
      ]
    }
    if (missing) {
      return [
        fault(
          'INVALID_RATE_CARD',
          'Provide usage based rates for all available metered dimensions in UsageBasedPricingTerm.',
        ),
      ]
    }
    if (rows.every((row: any) => decimals(row.Price) <= 8)) return []
    return [
      fault(
        'INVALID_RATE_CARD',
        'Provide prices with up to 8 decimal places in UsageBasedPricingTerm.',
      ),
    ]
  },
  ConfigurableUpfrontPricingTerm: (draft, offer, product, term) =>
    configurableFaults(draft, offer, product, term),
  FixedUpfrontPricingTerm: (_, offer, product, term) => {
    const faults = keyFaults(product, term.Grants, term.Type, 'Grants')
    if (!isPrivate(offer)) {
      faults.push(
        fault(
          'INCOMPATIBLE_PRODUCT',
          "FixedUpfrontPricingTerm isn't supported in an offer for the product.",
        ),
      )
    }
    if (term.Grants.length > GRANTS_MAX) {
      faults.push(fault('TOO_MANY_GRANTS', `Provide up to ${GRANTS_MAX} grants in ${term.Type}.`))
    }
    return [...faults, ...entitledFaults(product, term.Grants, term.Type)]
  },
  FreeTrialPricingTerm: (draft, offer, product, term) => {
    const faults = keyFaults(product, term.Grants, term.Type, 'Grants')
    const length = (durationMs(term.Duration, draft.at) ?? 0) / 86_400_000
    if (!(length >= 5 && length <= 31)) {
      faults.push(
        fault(
          'INVALID_DURATION',
          'Ensure Duration in FreeTrialPricingTerm is within the allowed range.',
        ),
      )
    }
    if (isPrivate(offer)) {
      faults.push(
        fault('INCOMPATIBLE_TERMS', "FreeTrialPricingTerm isn't supported for private offers."),
      )
    }
    const keys = term.Grants.map((grant: any) => grant.DimensionKey)
    if (dimensionsOf(product).some((one) => isMetered(one) && !keys.includes(one.Key))) {
      faults.push(
        fault(
          'INVALID_GRANTS',
          'Provide Grants for all available metered dimensions in FreeTrialPricingTerm.',
        ),
      )
    }
    if (new Set(term.Grants.map((grant: any) => grant.MaxQuantity)).size > 1) {
      faults.push(
        fault(
          'INVALID_GRANTS',
          'Provide the same MaxQuantity for all Grants in FreeTrialPricingTerm.',
        ),
      )
    }
    return faults
  },
}

function configurableFaults(draft: Draft, offer: Entity, product: Entity, term: any): Fault[] {
  const cards: any[] = term.RateCards
  const faults = cards.flatMap((card) => [
    ...keyFaults(product, card.RateCard, term.Type, 'RateCard'),
    ...entitledFaults(product, card.RateCard, term.Type),
    ...(card.Constraints.MultipleDimensionSelection === card.Constraints.QuantityConfiguration
      ? []
      : [
          fault(
            'INCOMPATIBLE_RATE_CARD_CONSTRAINTS',
            'Set MultipleDimensionSelection and QuantityConfiguration to the same value in ConfigurableUpfrontPricingTerm.',
          ),
        ]),
  ])
  const durations: string[] = cards.map((card) => card.Selector.Value)
  if (new Set(durations).size !== durations.length) {
    faults.push(
      fault(
        'DUPLICATE_SELECTORS',
        'Provide a unique list of Selectors in ConfigurableUpfrontPricingTerm.',
      ),
    )
  }
  const keysOf = (card: any) =>
    JSON.stringify(card.RateCard.map((row: any) => row.DimensionKey).sort())
  const odd = cards.find((card) => keysOf(card) !== keysOf(cards[0]))
  if (odd) {
    faults.push(
      fault(
        'INVALID_RATE_CARD',
        `ConfigurableUpfrontPricingTerm is missing one or more-dimension keys for duration ${odd.Selector.Value}. Provide prices for the same set of dimension keys for all durations.`,
      ),
    )
  }
  const { agreementMonthsMax } = draft.aws.settings().catalog
  const custom = durations.filter((value) => !PUBLIC_DURATIONS.includes(value))
  const tooLong = durations.some(
    (value) =>
      !(draft.at + (durationMs(value, draft.at) ?? 0) <= addMonths(draft.at, agreementMonthsMax)),
  )
  if (tooLong || (custom.length > 0 && (!isPrivate(offer) || durations.length > 1))) {
    faults.push(
      fault(
        'INVALID_SELECTOR_DURATION_VALUE',
        'Provide one or more supported contract durations or a single custom duration.',
      ),
    )
  }
  return faults
}

function keyFaults(product: Entity, rows: readonly any[], type: string, list: string): Fault[] {
  const keys = rows.map((row) => row.DimensionKey)
  const faults: Fault[] = []
  if (new Set(keys).size !== keys.length) {
    faults.push(
      fault(
        'DUPLICATE_DIMENSION_KEYS',
        `Provide ${list} with a unique list of dimension keys in ${type}.`,
      ),
    )
  }
  const known = dimensionsOf(product).map((one) => one.Key)
  if (keys.some((key) => !known.includes(key))) {
    faults.push(
      fault(
        'INCOMPATIBLE_PRODUCT',
        `Use existing, available dimensions in the product in ${type}.`,
      ),
    )
  }
  return faults
}

function entitledFaults(product: Entity, rows: readonly any[], type: string): Fault[] {
  const all = dimensionsOf(product)
  const wrong = rows.some((row) => {
    const dimension = all.find((one) => one.Key === row.DimensionKey)
    return dimension && !isEntitled(dimension)
  })
  return wrong ? [fault('INVALID_RATE_CARD', `Provide only entitled dimensions in ${type}.`)] : []
}

function isFree(term: any): boolean {
  const rows = (term.RateCards ?? []).flatMap((card: any) => card.RateCard)
  return [term.Price ?? '0', ...rows.map((row: any) => row.Price)].every((price) =>
    Big(price).eq(0),
  )
}

function decimals(price: string): number {
  return price.includes('.') ? price.length - price.indexOf('.') - 1 : 0
}
