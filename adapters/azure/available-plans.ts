import { z } from 'zod'
import type { RemoteAgreement } from '../../src/agreements/model.ts'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { AzureClient } from './client.ts'
import { readJson } from './exact-json.ts'
import { shaped } from './reply.ts'
import { pathOf, type Subscription } from './subscription.ts'

const text = z.string().nullish()

/** A plan of `listAvailablePlans`, numbers as text. */
const plan = z.looseObject({
  planId: text,
  isPricePerSeat: z.boolean().nullish(),
  planComponents: z
    .looseObject({
      recurrentBillingTerms: z
        .array(
          z.looseObject({
            currency: text,
            price: text,
            termUnit: text,
            meteredQuantityIncluded: z
              .array(z.looseObject({ dimensionId: z.string(), units: text }))
              .nullish(),
          }),
        )
        .nullish(),
      meteringDimensions: z
        .array(z.looseObject({ id: z.string(), currency: text, pricePerUnit: text }))
        .nullish(),
    })
    .nullish(),
  sourceOffers: z.array(z.looseObject({ externalId: text })).nullish(),
})
const plans = z.looseObject({ plans: z.array(plan).nullish() })
export type AvailablePlan = z.infer<typeof plan>

/**
 * The plan that was bought, or undefined where it is told no more. Filtered by plan, as here, the answer also names the
 * private offer behind the subscription. `native` is the answer as it came.
 */
export async function purchasedPlan(
  azure: AzureClient,
  { id, planId }: Subscription,
): Promise<{ readonly plan: AvailablePlan | undefined; readonly native: unknown }> {
  if (!planId) return { plan: undefined, native: null }
  try {
    const { json, text: written } = await azure.call('fulfilment', {
      method: 'GET',
      path: `${pathOf(id)}/listAvailablePlans`,
      query: { planId },
      numbers: 'text',
    })
    const found = shaped(plans, json, 'GET listAvailablePlans').plans ?? []
    return { plan: found.find((one) => one.planId === planId), native: readJson(written) ?? null }
  } catch (error) {
    // A subscription that ended has no plans any more, and that must not hide the subscription.
    const isGone = error instanceof Problem && ['rejected', 'not_found'].includes(error.code)
    if (!isGone) throw error
    return { plan: undefined, native: null }
  }
}

/** The private offer it was bought with; null for a public price, and where several are named. */
export function sourceOffer(bought: AvailablePlan | undefined): string | null {
  const named = (bought?.sourceOffers ?? []).flatMap(({ externalId }) => externalId || [])
  return named.length === 1 ? (named[0] ?? null) : null
}

/** Whether the list price is the price paid, as far as this API tells. */
export const isAtListPrice = (bought: AvailablePlan | undefined): boolean =>
  bought !== undefined && (bought.sourceOffers ?? []).length === 0

/** The recurring price of a term, where exactly one is told. */
export function billingTerm(bought: AvailablePlan | undefined, termUnit: string | null) {
  const terms = bought?.planComponents?.recurrentBillingTerms ?? []
  const fitting = terms.filter((one) => one.termUnit === termUnit)
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Unit prices of the meters, where the list price is paid. */
export const ratesOf = (bought: AvailablePlan | undefined): RemoteAgreement['usageRates'] =>
  (isAtListPrice(bought) ? (bought?.planComponents?.meteringDimensions ?? []) : []).flatMap(
    ({ id, currency, pricePerUnit }) =>
      currency && pricePerUnit && isDecimal(pricePerUnit)
        ? [{ dimension: id, rate: pricePerUnit, currency }]
        : [],
  )
