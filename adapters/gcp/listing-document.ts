import { compare } from '../../src/kernel/decimal.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { Dimension, RemoteListing, RemotePlan } from '../../src/listings/model.ts'
import type { Service, Sku, StandardOffer } from './catalogue.ts'
import { type UsageSku, usageOf } from './list-rate.ts'
import { dimensionOf, type Metric, metricOf, productOf } from './metrics.ts'
import { lastOf } from './reply.ts'
import type { GcpSettings } from './settings.ts'

const saas = 'SOFTWARE_AS_A_SERVICE'
/** Google does not say who can see a product. */
const unknownVisibility = 'unknown'

export type Product = {
  readonly service: Service
  readonly offers: readonly StandardOffer[]
  readonly skus: readonly Sku[]
}

/** A service of the Commerce Producer API and all that belongs to it, in our words. */
export function readService(told: Product, settings: GcpSettings, readAt: Instant): RemoteListing {
  const id = lastOf(told.service.name)
  const { productType, title } = told.service
  const usage = told.skus.flatMap((sku) => usageOf(sku, Date.parse(readAt)) ?? [])
  return {
    listingRef: id,
    name: title || productOf(settings, id)?.name || id,
    kind: !productType || productType === saas ? 'saas' : 'other',
    visibility: unknownVisibility,
    meteringRef: id,
    dimensions: dimensionsOf(id, usage, settings),
    plans: plansOf(id, told.offers, usage, settings, readAt),
    modifiedAt: readAt,
    native: told,
  }
}

/**
 * Usage dimensions. One dimension may be several metrics, a metric for each plan: it then has a price of its own only
 * if they agree, and the addresses of all, each after its plan.
 */
function dimensionsOf(
  service: string,
  usage: readonly UsageSku[],
  settings: GcpSettings,
): readonly Dimension[] {
  const bySku = Map.groupBy(usage, ({ metric }) => dimensionOf(settings, service, metric))
  const priced = [...bySku].map(([key, skus]): Dimension => {
    const [first, ...others] = skus
    const unit = metricOf(settings, service, first?.metric ?? '')?.unit ?? first?.unit
    const listRate = others.every((one) => isSameRate(one, first)) ? first?.listRate : undefined
    return {
      key,
      name: (others.length === 0 ? first?.description : undefined) ?? key,
      dimensionRef: dimensionRefOf(service, skus, settings),
      types: ['usage'],
      ...(unit === undefined ? {} : { unit }),
      ...(listRate === undefined ? {} : { listRate }),
    }
  })
  const told = settingsDimensions(productOf(settings, service)?.metrics ?? [])
  return [...priced, ...told.filter(({ key }) => !bySku.has(key))].toSorted(byKey)
}

const byKey = (a: Dimension, b: Dimension): number => (a.key < b.key ? -1 : 1)

const isSameRate = (one: UsageSku, first: UsageSku | undefined): boolean =>
  one.listRate !== undefined &&
  first?.listRate !== undefined &&
  one.listRate.currency === first.listRate.currency &&
  compare(one.listRate.rate, first.listRate.rate) === 0

/** The SKU's name; where each plan has a SKU of its own, `plan=name` for each, parted by blanks. */
function dimensionRefOf(service: string, skus: readonly UsageSku[], settings: GcpSettings): string {
  const [first] = skus
  if (skus.length === 1 && first) return first.sku
  return skus
    .map(({ sku, metric }) => `${metricOf(settings, service, metric)?.plan ?? ''}=${sku}`)
    .toSorted()
    .join(' ')
}

/** One plan a service level. Any of its offers will do as the base of a private offer, which brings its own terms. */
function plansOf(
  service: string,
  offers: readonly StandardOffer[],
  usage: readonly UsageSku[],
  settings: GcpSettings,
  now: Instant,
): readonly RemotePlan[] {
  const sold = offers.filter((one) => one.serviceLevel && isOnSale(one, now))
  const byLevel = Map.groupBy(sold, ({ serviceLevel }) => serviceLevel ?? '')
  return [...byLevel].map(([planRef, levels]): RemotePlan => {
    const base = levels.find(({ priceModel }) => priceModel?.flatFee) ?? levels[0]
    const known = productOf(settings, service)?.plans.find(({ id }) => id === planRef)
    const months = levels.flatMap(({ termDurationMonths: length }) => (length ? [length] : []))
    return {
      planRef,
      planKey: base?.name ?? null,
      name: base?.serviceLevelTitle || known?.name || planRef,
      shape: {
        charge: base?.priceModel?.flatFee ? 'flat' : null,
        months: [...new Set(months)].toSorted((a, b) => a - b),
        meters: metersOf(service, levels, usage, settings),
        hasTrial: null,
        units: null,
      },
    }
  })
}

/** Not before it is effective, and not after it expired (proto StandardOffer). */
const isOnSale = ({ effectiveTime, expireTime }: StandardOffer, now: Instant): boolean =>
  (!effectiveTime || Date.parse(effectiveTime) <= Date.parse(now)) &&
  (!expireTime || Date.parse(expireTime) > Date.parse(now))

/** Null where an offer names groups of SKUs, and not the SKUs themselves. */
function metersOf(
  service: string,
  levels: readonly StandardOffer[],
  usage: readonly UsageSku[],
  settings: GcpSettings,
): readonly string[] | null {
  if (levels.some(({ priceModel }) => priceModel?.usage && !priceModel.usage.skuList)) return null
  const names = levels.flatMap(({ priceModel }) => priceModel?.usage?.skuList?.skus ?? [])
  const found = usage.filter(({ sku }) => names.includes(sku))
  return [...new Set(found.map(({ metric }) => dimensionOf(settings, service, metric)))].toSorted()
}

/** What is known of a product where no API tells its catalogue: the settings, and the plans that orders name. */
export function readOrdered(
  service: string,
  orderedPlans: readonly string[],
  settings: GcpSettings,
  readAt: Instant,
): RemoteListing {
  const known = productOf(settings, service)
  const metrics = known?.metrics ?? []
  const stated = (known?.plans ?? []).map(({ id, name, months }): RemotePlan => {
    const meters = metrics.filter(({ plan }) => plan === null || plan === id)
    return {
      planRef: id,
      planKey: null,
      name,
      shape: {
        charge: null,
        months: months ?? null,
        meters: [...new Set(meters.map(({ dimension }) => dimension))].toSorted(),
        hasTrial: null,
        units: null,
      },
    }
  })
  const isStated = (id: string) => stated.some(({ planRef }) => planRef === id)
  const seen = orderedPlans.filter((id) => !isStated(id))
  return {
    listingRef: service,
    name: known?.name ?? service,
    kind: 'saas',
    visibility: known ? 'settings' : 'entitlements',
    meteringRef: service,
    dimensions: settingsDimensions(metrics).toSorted(byKey),
    plans: [
      ...stated,
      ...seen.map((id) => ({ planRef: id, planKey: null, name: id, shape: null })),
    ],
    modifiedAt: readAt,
    native: { settings: known ?? null, orderedPlans },
  }
}

/** In dollars, as all of Google's prices are. A dimension that costs differently on each plan has no price here. */
function settingsDimensions(metrics: readonly Metric[]): Dimension[] {
  const byDimension = Map.groupBy(metrics, ({ dimension }) => dimension)
  return [...byDimension].map(([key, rows]) => {
    const rates = rows.map(({ listRate }) => listRate)
    const [rate] = rates
    const isOne = rates.every((one) => one && rate && compare(one, rate) === 0)
    const unit = rows.find((row) => row.unit !== undefined)?.unit
    return {
      key,
      name: key,
      types: ['usage'],
      ...(unit === undefined ? {} : { unit }),
      ...(isOne && rate ? { listRate: { rate, currency: 'USD' } } : {}),
    }
  })
}
