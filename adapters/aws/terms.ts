import type { GetAgreementTermsOutput } from '@aws-sdk/client-marketplace-agreement'
import type { Charge } from '../../src/agreements/model.ts'
import { type Decimal, isDecimal, times, total } from '../../src/kernel/decimal.ts'
import { type Instant, instant } from '../../src/kernel/time.ts'
import { readMoney, readQuantity } from './native-values.ts'

/** One accepted term: exactly one member of the union is set, or `$unknown` for one this SDK does not know. */
export type Term = NonNullable<GetAgreementTermsOutput['acceptedTerms']>[number]

/** What the accepted terms say that we need; every other term stays in the native document. */
export type Terms = {
  readonly usageRates: readonly {
    readonly dimension: string
    readonly rate: Decimal
    readonly currency: string
  }[]
  readonly scheduled: readonly Charge[]
  /** What the buyer pays at once where no schedule says otherwise; null when the terms do not tell. */
  readonly upfront: { readonly currency: string; readonly amount: Decimal } | null
  /** What they entitle to; quantity null is without limit. */
  readonly granted: readonly { readonly dimension: string; readonly quantity: Decimal | null }[]
}

/** Reads GetAgreementTerms' union, member by member. A member or number it cannot read is left to `native`. */
export function readTerms(accepted: readonly Term[]): Terms {
  return {
    usageRates: accepted.flatMap((term) => usageRates(term)),
    scheduled: accepted.flatMap((term) => scheduled(term)),
    upfront: accepted.map((term) => upfront(term)).find((found) => found !== null) ?? null,
    granted: accepted.flatMap((term) => granted(term)),
  }
}

function usageRates({ usageBasedPricingTerm: term }: Term): Terms['usageRates'] {
  const currency = term?.currencyCode ?? 'USD'
  return (term?.rateCards ?? [])
    .flatMap(({ rateCard }) => rateCard ?? [])
    .flatMap(({ dimensionKey, price }) =>
      dimensionKey && price && isDecimal(price, 18, 12)
        ? [{ dimension: dimensionKey, rate: price, currency }]
        : [],
    )
}

function scheduled({ paymentScheduleTerm: term }: Term): readonly Charge[] {
  return (term?.schedule ?? []).flatMap(({ chargeDate, chargeAmount }) => {
    const amount = readMoney(term?.currencyCode, chargeAmount)
    return chargeDate && amount ? [{ at: instant(chargeDate) satisfies Instant, amount }] : []
  })
}

function upfront({
  configurableUpfrontPricingTerm: chosen,
  fixedUpfrontPricingTerm: fixed,
}: Term): Terms['upfront'] {
  if (fixed?.price && fixed.currencyCode && isDecimal(fixed.price, 18, 12))
    return { currency: fixed.currencyCode, amount: fixed.price }
  const { selectorValue, dimensions = [] } = chosen?.configuration ?? {}
  const card = chosen?.rateCards?.find(({ selector }) => selector?.value === selectorValue)
  if (!chosen?.currencyCode || !card || dimensions.length === 0) return null
  const parts: Decimal[] = []
  for (const { dimensionKey, dimensionValue } of dimensions) {
    const rate = card.rateCard?.find((row) => row.dimensionKey === dimensionKey)?.price
    if (rate === undefined || !isDecimal(rate, 18, 12)) return null
    parts.push(times(rate, String(dimensionValue ?? 0)))
  }
  return { currency: chosen.currencyCode, amount: total(parts) }
}

/** The units the buyer chose, or those the seller fixed; a grant without a quantity is not counted. */
function granted(term: Term): Terms['granted'] {
  const chosen = term.configurableUpfrontPricingTerm?.configuration?.dimensions ?? []
  const fixed = [
    ...(term.fixedUpfrontPricingTerm?.grants ?? []),
    ...(term.freeTrialPricingTerm?.grants ?? []),
  ]
  return [
    ...chosen.map((row) => ({ dimension: row.dimensionKey, quantity: row.dimensionValue })),
    ...fixed.map((row) => ({ dimension: row.dimensionKey, quantity: row.maxQuantity })),
  ].flatMap(({ dimension, quantity }) =>
    dimension ? [{ dimension, quantity: readQuantity(quantity) }] : [],
  )
}
