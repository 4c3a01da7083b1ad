import { Problem } from '../../src/kernel/problem.ts'
import { hourMs, type Instant } from '../../src/kernel/time.ts'
import { type ReportedFact, usageFact } from '../../src/revenue/model.ts'
import { fetchSkus, servicesAfter } from './catalogue.ts'
import type { GcpClient } from './client.ts'
import { usageOf } from './list-rate.ts'
import { dimensionOf } from './metrics.ts'
import { lastOf } from './reply.ts'
import type { Cells } from './revenue-cells.ts'
import { bareOf } from './revenue-charges.ts'

/** What SKU ids of reports stand for. `services`: those whose every SKU is known, so that another is no usage. */
export type UsageItems = {
  readonly services: ReadonlySet<string>
  readonly dimensions: ReadonlyMap<string, string>
}
export const noItems: UsageItems = { services: new Set(), dimensions: new Map() }

const servicesMax = 100

/**
 * Which dimension each SKU is usage of: by the settings, and where the Commerce Producer API tells its catalogue, by
 * that. Where nobody may ask it, only the settings.
 */
export function usageItems(gcp: GcpClient): () => Promise<UsageItems> {
  let kept: { readonly until: number; readonly items: UsageItems } | undefined
  return async () => {
    if (kept && kept.until > gcp.nowMs()) return kept.items
    const items = await readItems(gcp)
    kept = { until: gcp.nowMs() + hourMs, items }
    return items
  }
}

async function readItems(gcp: GcpClient): Promise<UsageItems> {
  const dimensions = new Map<string, string>()
  const services = new Set<string>()
  for (const { metrics } of gcp.settings.products)
    for (const { sku, dimension } of metrics) if (sku !== undefined) dimensions.set(sku, dimension)
  if (gcp.settings.offers !== 'api') return { services, dimensions }
  const { services: listed } = await servicesAfter(gcp, null).catch(withoutPermission)
  for (const { name } of listed.slice(0, servicesMax)) {
    const service = lastOf(name)
    for (const sku of await fetchSkus(gcp, service)) {
      const usage = usageOf(sku, gcp.nowMs())
      const id = lastOf(sku.name)
      if (usage && !dimensions.has(id))
        dimensions.set(id, dimensionOf(gcp.settings, service, usage.metric))
    }
    services.add(service)
  }
  return { services, dimensions }
}

function withoutPermission(error: unknown): Awaited<ReturnType<typeof servicesAfter>> {
  const isMissing =
    error instanceof Problem && ['forbidden', 'not_found', 'unsupported'].includes(error.code)
  if (isMissing) return { services: [], next: null }
  throw error
}

/**
 * The usage in a row of "Detailed disbursements reports": of a SKU, an account and an offer in a month by Pacific clocks,
 * with what the customer's invoice charges for it. Undefined for a fee, as far as anybody can tell.
 */
export function detailedUsage(
  cells: Cells,
  ref: string,
  { from, to }: { readonly from: Instant; readonly to: Instant },
  items: UsageItems,
): ReportedFact | undefined {
  const sku = cells.needed('sku_id')
  const service = cells.text('solution_id')
  const quantity = cells.decimal('usage_quantity')
  const dimension = items.dimensions.get(sku) ?? null
  const isFee = dimension === null && service !== null && items.services.has(service)
  if (quantity === null || isFee) return undefined
  const amount = cells.decimal('charges', 'charge')
  return usageFact(`usage|${ref}`, {
    agreementRef: null,
    offerRef: bareOf(cells.text('private_offer_id')),
    listingRef: service,
    payerRef: cells.text('account_id'),
    planRef: null,
    dimension,
    item: cells.text('sku_description') ?? sku,
    from,
    to,
    quantity,
    amount,
    currency: amount === null ? null : cells.text('currency', 'currency_code'),
    isBilled: true,
  })
}
