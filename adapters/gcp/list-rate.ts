import {
  compare,
  type Decimal,
  divide,
  isDecimal,
  isZero,
  times,
  trim,
} from '../../src/kernel/decimal.ts'
import { isCurrency } from '../../src/kernel/money.ts'
import type { Sku } from './catalogue.ts'
import { amountOf } from './google-money.ts'
import { lastOf } from './reply.ts'

const ratePlaces = 12

export type UsageSku = {
  readonly sku: string
  /** Its metric's id, with the case that prices have it in. */
  readonly metric: string
  readonly description: string | undefined
  readonly unit: string | undefined
  /** What one unit costs, where that is one exact price whatever the quantity. */
  readonly listRate: { readonly rate: Decimal; readonly currency: string } | undefined
}

/** What a SKU prices now, if that is usage of a metric: proto Sku. */
export function usageOf({ name, description, skuPriceTimeline }: Sku, nowMs: number) {
  const current = (skuPriceTimeline ?? [])
    .filter(({ effectiveTime }) => !effectiveTime || Date.parse(effectiveTime) <= nowMs)
    .at(-1)
  const fee = current?.managedServiceMetricUsageFee
  if (!fee?.canonicalMetric) return undefined
  const { unitDescription, unit } = fee.tieredPrice ?? {}
  return {
    sku: name,
    metric: lastOf(fee.canonicalMetric),
    description: description || undefined,
    unit: unitDescription || unit || undefined,
    listRate: rateOf(fee.tieredPrice),
  } satisfies UsageSku
}

type Tiered = NonNullable<
  NonNullable<
    NonNullable<Sku['skuPriceTimeline']>[number]['managedServiceMetricUsageFee']
  >['tieredPrice']
>

function rateOf(tiered: Tiered | null | undefined): UsageSku['listRate'] {
  const [only, ...others] = tiered?.priceTiers ?? []
  const price = only?.price ? amountOf(only.price) : undefined
  const currency = only?.price?.currencyCode
  const count = tiered?.priceUnitCount?.value || '1'
  if (price === undefined || others.length > 0 || !currency || !isCurrency(currency))
    return undefined
  if (!isDecimal(count) || isZero(count)) return undefined
  const rate = divide(price, count, ratePlaces)
  return compare(times(rate, count), price) === 0 ? { rate: trim(rate), currency } : undefined
}
