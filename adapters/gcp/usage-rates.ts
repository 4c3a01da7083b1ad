import type { RemoteAgreement } from '../../src/agreements/model.ts'
import { type Decimal, isDecimal } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { hourMs } from '../../src/kernel/time.ts'
import { type AcceptedOffer, discountOn } from './accepted-offer.ts'
import { fetchSkus } from './catalogue.ts'
import type { GcpClient } from './client.ts'
import { discounted } from './google-money.ts'
import { type UsageSku, usageOf } from './list-rate.ts'
import { dimensionOf, metricOf, productOf } from './metrics.ts'

type Rates = RemoteAgreement['usageRates']
const freshMs = hourMs
/** Where no API tells rates, the settings' are in dollars, as all prices there are. */
const currency = 'USD'

/** Whose usage it is, and by which offer it is priced: `undefined` is one that is not known, null list price. */
export type Priced = {
  readonly service: string | null
  readonly planRef: string | null
  readonly offer: AcceptedOffer | null | undefined
}

/** What usage of a plan costs: list rates, less the discounts of its private offer. Empty where that is not exact. */
export function usageRates(gcp: GcpClient): (priced: Priced) => Promise<Rates> {
  const kept = new Map<string, { readonly atMs: number; readonly skus: readonly UsageSku[] }>()
  const skusOf = async (service: string): Promise<readonly UsageSku[]> => {
    const known = kept.get(service)
    if (known && gcp.nowMs() - known.atMs < freshMs) return known.skus
    const skus = (await fetchSkus(gcp, service).catch(withoutPermission)).flatMap(
      (sku) => usageOf(sku, gcp.nowMs()) ?? [],
    )
    kept.set(service, { atMs: gcp.nowMs(), skus })
    return skus
  }
  return async ({ service, planRef, offer }) => {
    if (service === null || offer === undefined) return []
    const skus = gcp.settings.offers === 'api' ? await skusOf(service) : []
    const listed = [...bySku(gcp, service, planRef, skus), ...bySettings(gcp, service, planRef)]
    const seen = new Set<string>()
    return listed.flatMap(({ dimension, rate, sku, money }) => {
      const percent = offer === null ? '0' : sku === null ? undefined : discountOn(offer, sku)
      const left = percent === undefined ? undefined : discounted(rate, percent)
      if (left === undefined || !isDecimal(left) || seen.has(dimension)) return []
      seen.add(dimension)
      return [{ dimension, rate: left, currency: money }]
    })
  }
}

/** The account check says that a permission is missing; agreements are told without. */
function withoutPermission(error: unknown): readonly never[] {
  const isMissing =
    error instanceof Problem && ['forbidden', 'not_found', 'unsupported'].includes(error.code)
  if (isMissing) return []
  throw error
}

type Listed = {
  readonly dimension: string
  readonly rate: Decimal
  readonly money: string
  readonly sku: string | null
}

/** Of a dimension that several plans report under metrics of their own, the one of this plan. */
function bySku(
  { settings }: GcpClient,
  service: string,
  planRef: string | null,
  skus: readonly UsageSku[],
): readonly Listed[] {
  return skus.flatMap(({ sku, metric, listRate }) => {
    const told = metricOf(settings, service, metric)
    const isOther = told !== undefined && told.plan !== null && told.plan !== planRef
    if (listRate === undefined || isOther) return []
    const dimension = dimensionOf(settings, service, metric)
    return [{ dimension, rate: listRate.rate, money: listRate.currency, sku }]
  })
}

const bySettings = (
  { settings }: GcpClient,
  service: string,
  planRef: string | null,
): readonly Listed[] =>
  (productOf(settings, service)?.metrics ?? []).flatMap(({ plan, dimension, listRate }) =>
    listRate !== undefined && (plan === null || plan === planRef)
      ? [{ dimension, rate: listRate, money: currency, sku: null }]
      : [],
  )
