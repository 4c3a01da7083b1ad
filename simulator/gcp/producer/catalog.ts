import { createHash } from 'node:crypto'
import type { Metric, Plan, Service, StandardOffer } from '../parties.ts'
import type { GcpContext } from '../state.ts'
import { moneyOf, nanosOfText } from './amount.ts'

/** Everything seeded has been on sale since then. */
const ON_SALE = Date.parse('2025-01-01T08:00:00Z')
export const LOCATION = 'global'

export const parentOf = (project: string): string => `projects/${project}/locations/${LOCATION}`
export const serviceName = (service: Service): string =>
  `${parentOf(service.provider)}/services/${service.name}`
export const standardOfferName = (service: Service, id: string): string =>
  `${serviceName(service)}/standardOffers/${id}`
export const skuName = (service: Service, id: string): string =>
  `${serviceName(service)}/skus/${id}`

/** The id of the SKU that charges a standard offer's flat fee. */
export const flatSkuId = (service: Service, offer: StandardOffer): string =>
  skuId(`${service.name}/${offer.id}`)

export const servicesOf = (gcp: GcpContext, project: string): Service[] =>
  gcp.services.values().filter((service) => service.provider === project)

/** A standard offer by its full name, with the plan and product it belongs to. */
export function standardOfferOf(gcp: GcpContext, name: string) {
  const [, project = '', service = '', id = ''] =
    /^projects\/([^/]+)\/locations\/[^/]+\/services\/([^/]+)\/standardOffers\/([^/]+)$/.exec(
      name,
    ) ?? []
  const product = gcp.services.get(service)
  if (!product || projectOf(gcp, project) !== product.provider) return undefined
  for (const plan of product.plans) {
    const offer = plan.standardOffers.find((one) => one.id === id)
    if (offer) return { service: product, plan, offer }
  }
  return undefined
}

/** The project id of a name's project segment, which may also be its number. */
export function projectOf(gcp: GcpContext, segment: string): string | undefined {
  if (gcp.providers.has(segment)) return segment
  return gcp.providers.values().find((one) => one.projectNumber === segment)?.id
}

export const metricsOf = (service: Service, plan: Plan): Metric[] =>
  plan.hasUsage ? service.metrics.filter((metric) => metric.plan === plan.id) : []

/** Commerce Producer API: Service. `productType` is documented for REST only. */
export const serviceResource = (service: Service, isFull: boolean) => ({
  name: serviceName(service),
  ...(isFull ? { title: service.title } : {}),
  productType: 'SOFTWARE_AS_A_SERVICE',
})

/** Commerce Producer API: StandardOffer. */
export function standardOfferResource(
  service: Service,
  plan: Plan,
  offer: StandardOffer,
  isFull: boolean,
) {
  const metrics = metricsOf(service, plan)
  return {
    name: standardOfferName(service, offer.id),
    createTime: new Date(ON_SALE).toISOString(),
    updateTime: new Date(ON_SALE).toISOString(),
    effectiveTime: new Date(ON_SALE).toISOString(),
    serviceLevel: plan.id,
    ...(isFull ? { serviceLevelTitle: plan.title } : {}),
    ...(offer.fee === null || offer.months === null ? {} : { termDurationMonths: offer.months }),
    priceModel: {
      ...(offer.fee === null
        ? {}
        : { flatFee: { sku: skuName(service, flatSkuId(service, offer)) } }),
      ...(metrics.length === 0
        ? {}
        : { usage: { skuList: { skus: metrics.map((one) => skuName(service, one.skuId)) } } }),
    },
  }
}

/** Every SKU of a product: one a metric, one a flat fee. Prices of flat fees are by the month. */
export function skuResources(service: Service): object[] {
  const fees = service.plans.flatMap((plan) =>
    plan.standardOffers.flatMap((offer) => flatSku(service, plan, offer)),
  )
  return [...service.metrics.map((metric) => usageSku(service, metric)), ...fees]
}

/** The usage SKUs of a product as one group. */
export const skuGroupResource = (service: Service) => ({
  name: `${parentOf(service.provider)}/skuGroups/${skuId(service.name).toLowerCase()}`,
  skus: service.metrics.map((metric) => skuName(service, metric.skuId)),
})

function usageSku(service: Service, metric: Metric) {
  const path = metric.id.charAt(0).toUpperCase() + metric.id.slice(1)
  return priced(service, metric.skuId, `${service.title} ${metric.title}`, {
    managedServiceMetricUsageFee: {
      canonicalMetric: `${service.name}/${path}`,
      tieredPrice: {
        unit: metric.unit,
        unitDescription: metric.title,
        priceUnitCount: { value: '1' },
        priceTiers: [{ startAmount: { value: '0' }, price: moneyOf(nanosOfText(metric.listRate)) }],
      },
    },
  })
}

function flatSku(service: Service, plan: Plan, offer: StandardOffer) {
  if (offer.fee === null) return []
  const monthly = nanosOfText(offer.fee) / BigInt(offer.months ?? 1)
  const text = `${service.title} ${plan.title} subscription ${offer.id}`
  const fee = { flatSubscriptionFee: { unit: 'mo', pricePerUnit: moneyOf(monthly) } }
  return [priced(service, flatSkuId(service, offer), text, fee)]
}

const priced = (service: Service, id: string, description: string, price: object) => ({
  name: skuName(service, id),
  description,
  skuPriceTimeline: [{ effectiveTime: new Date(ON_SALE).toISOString(), ...price }],
})

/** `0A1B-2C3D-4E5F`, the form of Cloud Billing's SKU ids, always the same for the same thing. */
function skuId(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex').slice(0, 12).toUpperCase()
  return (hex.match(/.{4}/g) ?? []).join('-')
}
