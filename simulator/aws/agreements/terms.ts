import type { Aws } from '../context.ts'

const TIMES = ['ChargeDate', 'AgreementStartDate', 'AgreementEndDate']

/** What the buyer chose among what the offer left open. */
export type Choice = {
  readonly selector: string | null
  readonly quantities: Readonly<Record<string, number>>
  readonly autoRenew: boolean
}

/**
 * An offer's terms as GetAgreementTerms shows them: one-member objects, lower camel, times as epoch
 * seconds, the buyer's choices under `configuration`.
 */
export function acceptedTerms(aws: Aws, terms: readonly any[], choice: Choice): any[] {
  return terms.map((term) => {
    const name = lower(term.Type)
    const { type, ...rest } = camel(term)
    return { [name]: { type, id: aws.ids.word('term-', 13), ...rest, ...configured(term, choice) } }
  })
}

function configured(term: any, choice: Choice): object {
  if (term.Type === 'RenewalTerm') {
    return {
      configuration: { enableAutoRenew: choice.autoRenew },
      ...(term.PriceIncrease ? { priceIncrease: increase(term.PriceIncrease) } : {}),
      ...(term.TermTemplates ? { termTemplates: term.TermTemplates.map(template) } : {}),
    }
  }
  if (term.Type !== 'ConfigurableUpfrontPricingTerm') return {}
  const dimensions = Object.entries(choice.quantities).map(([dimensionKey, dimensionValue]) => ({
    dimensionKey,
    dimensionValue,
  }))
  return { configuration: { selectorValue: choice.selector, dimensions } }
}

function increase({ Type, Value, Range }: any): object {
  return Type === 'FixedPercentage'
    ? { fixedPercentage: { value: Value } }
    : { percentageRange: camel(Range) }
}

function template({ Type, ...rest }: any): object {
  return { [lower(Type)]: camel(rest) }
}

function camel(value: any, name = ''): any {
  if (Array.isArray(value)) return value.map((item) => camel(item))
  if (TIMES.includes(name)) return Date.parse(value) / 1000
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [lower(key), camel(item, key)]),
  )
}

function lower(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1)
}
