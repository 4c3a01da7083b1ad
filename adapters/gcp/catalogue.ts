import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { GcpClient } from './client.ts'
import { googleDecimal, googleMoney } from './google-money.ts'
import { segment, shaped } from './reply.ts'

/** "The maximum value is 500": the Commerce Producer API's lists. */
const pageMax = 500
const pagesMax = 20

const text = z.string().nullish()

/** Service, StandardOffer and Sku of the Commerce Producer API, v1beta. */
export const service = z.looseObject({
  name: z.string().min(1),
  title: text,
  productType: text,
})
export type Service = z.infer<typeof service>

export const standardOffer = z.looseObject({
  name: z.string().min(1),
  effectiveTime: text,
  expireTime: text,
  serviceLevel: text,
  serviceLevelTitle: text,
  termDurationMonths: z.int().nullish(),
  priceModel: z
    .looseObject({
      flatFee: z.looseObject({}).nullish(),
      usage: z
        .looseObject({ skuList: z.looseObject({ skus: z.array(z.string()).nullish() }).nullish() })
        .nullish(),
    })
    .nullish(),
})
export type StandardOffer = z.infer<typeof standardOffer>

const tieredPrice = z.looseObject({
  unit: text,
  unitDescription: text,
  priceUnitCount: googleDecimal.nullish(),
  priceTiers: z
    .array(z.looseObject({ startAmount: googleDecimal.nullish(), price: googleMoney.nullish() }))
    .nullish(),
})
export const sku = z.looseObject({
  name: z.string().min(1),
  description: text,
  skuPriceTimeline: z
    .array(
      z.looseObject({
        effectiveTime: text,
        managedServiceMetricUsageFee: z
          .looseObject({ canonicalMetric: text, tieredPrice: tieredPrice.nullish() })
          .nullish(),
      }),
    )
    .nullish(),
})
export type Sku = z.infer<typeof sku>

const servicePage = z.looseObject({ services: z.array(service).nullish(), nextPageToken: text })
const offerPage = z.looseObject({
  standardOffers: z.array(standardOffer).nullish(),
  nextPageToken: text,
})
const skuPage = z.looseObject({ skus: z.array(sku).nullish(), nextPageToken: text })

const parentOf = ({ settings }: GcpClient): string =>
  `/v1beta/projects/${settings.projectId}/locations/${settings.location}`
const pathOf = (gcp: GcpClient, id: string): string => `${parentOf(gcp)}/services/${segment(id)}`

/** One page of the seller's services; `token` null is the first. */
export async function servicesAfter(gcp: GcpClient, token: string | null) {
  const json = await gcp.call({
    api: 'producer',
    method: 'GET',
    path: `${parentOf(gcp)}/services`,
    query: { pageSize: String(pageMax), pageToken: token ?? undefined },
    operation: 'services.list',
  })
  const page = shaped(servicePage, json, 'services.list')
  return { services: page.services ?? [], next: page.nextPageToken || null }
}

/** A service with its title, which lists need not show. */
export async function fetchService(gcp: GcpClient, id: string): Promise<Service> {
  const json = await gcp.call({
    api: 'producer',
    method: 'GET',
    path: pathOf(gcp, id),
    query: { view: 'SERVICE_VIEW_FULL' },
    operation: 'services.get',
  })
  return shaped(service, json, 'services.get')
}

/** Every standard offer of a service, expired ones too, by name. */
export const fetchOffers = (gcp: GcpClient, id: string): Promise<readonly StandardOffer[]> =>
  all(gcp, id, 'standardOffers', (json) => {
    const page = shaped(offerPage, json, 'standardOffers.list')
    return { rows: page.standardOffers ?? [], next: page.nextPageToken }
  })

/** Every SKU of a service, by name. */
export const fetchSkus = (gcp: GcpClient, id: string): Promise<readonly Sku[]> =>
  all(gcp, id, 'skus', (json) => {
    const page = shaped(skuPage, json, 'skus.list')
    return { rows: page.skus ?? [], next: page.nextPageToken }
  })

async function all<Row extends { readonly name: string }>(
  gcp: GcpClient,
  id: string,
  list: 'standardOffers' | 'skus',
  read: (json: unknown) => { rows: readonly Row[]; next: string | null | undefined },
): Promise<readonly Row[]> {
  const found: Row[] = []
  let token: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const json = await gcp.call({
      api: 'producer',
      method: 'GET',
      path: `${pathOf(gcp, id)}/${list}`,
      query: { pageSize: String(pageMax), pageToken: token },
      operation: `${list}.list`,
    })
    const { rows, next } = read(json)
    found.push(...rows)
    if (!next) return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    token = next
  }
  throw new Problem('internal', `Google’s ${list}.list of ${id} does not end`)
}
