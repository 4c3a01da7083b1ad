import type { GcpSettings } from './settings.ts'

export type Metric = GcpSettings['products'][number]['metrics'][number]

export const productOf = ({ products }: GcpSettings, service: string | null) =>
  products.find((one) => one.service === service)

/**
 * What the settings say of a metric id. "The first character of the path component of the metric name is always
 * uppercase" in the form that prices go by (proto Sku), so that one letter's case is not compared.
 */
export const metricOf = (settings: GcpSettings, service: string, id: string): Metric | undefined =>
  productOf(settings, service)?.metrics.find(({ metric }) => lowerFirst(metric) === lowerFirst(id))

/** What a metric is called here: the settings' dimension, or else its own id. */
export const dimensionOf = (settings: GcpSettings, service: string, id: string): string =>
  metricOf(settings, service, id)?.dimension ?? lowerFirst(id)

const lowerFirst = (id: string): string => id.slice(0, 1).toLowerCase() + id.slice(1)

const durationSuffix = /-P(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?$/

/**
 * The plan that an entitlement names. A standard offer of one length of term goes by the plan and that length,
 * `pro-P1Y`; the length is cut off unless the settings know a plan of the whole name.
 */
export function planRefOf(settings: GcpSettings, service: string | null, plan: string): string {
  const known = productOf(settings, service)?.plans.some(({ id }) => id === plan)
  const base = plan.replace(durationSuffix, '')
  return known || base === '' || plan.endsWith('-P') ? plan : base
}
