import { createHash } from 'node:crypto'
import { compare, isDecimal, isNegative, trim } from '../../src/kernel/decimal.ts'
import {
  addMonths,
  firstDay,
  hourEnd,
  hourMs,
  hourStart,
  type Instant,
  later,
  millis,
  monthOf,
} from '../../src/kernel/time.ts'
import { zoneDay, zoneStart } from '../../src/kernel/zone.ts'
import type { MeteringTraits, Report } from '../../src/metering/model.ts'
import { productOf } from './metrics.ts'
import { pacific } from './offer-day.ts'
import type { GcpSettings } from './settings.ts'

/** google.api.servicecontrol.v1.Operation, as far as usage needs it; numbers of 64 bits are text in JSON. */
export type Operation = {
  operationId: string
  operationName: string
  consumerId: string
  startTime: Instant
  endTime: Instant
  metricValueSets: {
    metricName: string
    metricValues: ({ int64Value: string } | { doubleValue: number })[]
  }[]
}

/** A report, of which service, and what Google calls who used it (usageReportingId). */
export type Usage = {
  readonly report: Report
  readonly service: string
  readonly consumer: string
  /** When its entitlement was cancelled, where that is why it is sent unchecked. */
  readonly cancelledAt: Instant | null
  readonly operation: Operation
}

const operationName = 'usage'

/**
 * "Best practices for usage reporting": within an hour, and a month's until 01:00 Pacific on the first. No limit on the
 * operations of a request is published. The largest quantity is what the value type holds; a double counts by ones until
 * there. Labels for cost attribution are in private preview, so that none are sent.
 */
export function traitsOf({ metering }: GcpSettings): MeteringTraits {
  const isWhole = metering.values === 'int64'
  return {
    batchMax: metering.operationsPerRequest,
    quantity: isWhole ? 'whole' : 'decimal',
    quantityMax: isWhole ? '9223372036854775807' : '9007199254740991',
    lateHoursMax: metering.lateHours,
    monthClose: { day: 1, hour: 1, timeZone: pacific },
    flushMinutes: 60,
    callsPerSecondMax: metering.callsPerSecond,
    allocationsMax: 0,
    overageOnly: false,
  }
}

/** Why a report cannot be sent at all, or undefined. */
export function faultOf(
  { quantity, dimension }: Report,
  traits: MeteringTraits,
): string | undefined {
  const places = traits.quantity === 'whole' ? 0 : 12
  if (!isDecimal(quantity, 26, 12) || isNegative(quantity)) return `${quantity} is no quantity`
  if (!isDecimal(trim(quantity), 26, places))
    return `${quantity} is not whole, and the metrics are set to take whole values only`
  if (compare(quantity, traits.quantityMax) > 0) return `${quantity} is more than Google takes`
  return dimension.trim() === '' ? 'it names no dimension' : undefined
}

/**
 * A report as Google wants it: an operation of one metric, so that another metric's failure does not touch it. Its id
 * comes of what it is about and never of how much, so that whatever is sent again is one operation. Usage of a cancelled
 * entitlement is of before that moment.
 */
export function usageOf(
  report: Report,
  { service, consumer }: { readonly service: string; readonly consumer: string },
  settings: GcpSettings,
  cancelledAt: Instant | null = null,
): Usage {
  const { agreementRef, dimension, quantity } = report
  const metric = metricNameOf(report, service, settings)
  const start = hourStart(report.hour)
  const end = hourEnd(report.hour)
  const value =
    settings.metering.values === 'int64'
      ? { int64Value: trim(quantity) }
      : { doubleValue: Number(quantity) }
  const operation: Operation = {
    operationId: uuid([agreementRef, metric, dimension, start, end].join('|')),
    operationName,
    consumerId: consumer,
    startTime: start,
    endTime: cancelledAt !== null && cancelledAt < end ? cancelledAt : end,
    metricValueSets: [{ metricName: metric, metricValues: [value] }],
  }
  return { report, service, consumer, cancelledAt, operation }
}

/** A yearly or longer variant of a plan reports under the metrics of the plan itself: `pro-P1Y` as `pro`. */
const variant = /-P(\d+[YMWD])+$/

/**
 * `service/metric`, by the settings: of the plan and dimension, of the plan it is a variant of, or of every plan; where
 * they say nothing the dimension is the metric.
 */
export function metricNameOf(
  { planRef, dimension }: Pick<Report, 'planRef' | 'dimension'>,
  service: string,
  settings: GcpSettings,
): string {
  const known = (productOf(settings, service)?.metrics ?? []).filter(
    (metric) => metric.dimension === dimension,
  )
  const plans = planRef === null ? [null] : [planRef, planRef.replace(variant, ''), null]
  const named = plans.map((plan) => known.find((metric) => metric.plan === plan)).find(Boolean)
  const metric = named?.metric ?? dimension
  return metric.startsWith(`${service}/`) ? metric : `${service}/${metric}`
}

/** Whether the time in which an hour's usage is taken has passed: so long after it, and its month's close. */
export function isPast({ hour }: Report, { metering }: GcpSettings, nowMs: number): boolean {
  const end = hourEnd(hour)
  const month = monthOf(zoneDay(hourStart(hour), pacific))
  const close = later(zoneStart(addMonths(firstDay(month), 1), pacific), hourMs)
  return nowMs >= Math.min(millis(end) + metering.lateHours * hourMs, millis(close))
}

/** Names usage of ours among all UUIDs (RFC 9562, version 5). */
const namespace = Buffer.from('5b6f2c0e8f5d4d0e9a3b7c1d2e4f6a80', 'hex')

function uuid(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const text = bytes.toString('hex')
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20)]
  return [...parts, text.slice(20)].join('-')
}
