import type { UsageRecord } from '@aws-sdk/client-marketplace-metering'
import { compare, isDecimal, isNegative, total } from '../../src/kernel/decimal.ts'
import { hourEnd, hourMs, hourStart, millis } from '../../src/kernel/time.ts'
import type { Allocation, Report } from '../../src/metering/model.ts'

/** How AWS is told whose usage it is: by licence ("Concurrent Agreements"), or by product and customer. Never both. */
export type Mode = 'licence' | 'legacy'
export type Sent = { readonly report: Report; readonly record: UsageRecord }

const quantityMax = '2147483647'
const allocationsMax = 2500
const tagsMax = 5

/** Usage named by product as well as by licence is billed twice, so one report has one way. */
export const modeOf = (report: Report, legacyCodes: ReadonlySet<string>): Mode =>
  report.licenseRef === null || (report.meteringRef !== null && legacyCodes.has(report.meteringRef))
    ? 'legacy'
    : 'licence'

/** Why a report cannot be sent at all, or undefined. */
export function faultOf(report: Report, mode: Mode): string | undefined {
  const { quantity, allocations } = report
  if (mode === 'legacy' && report.meteringRef === null)
    return 'there is neither a licence nor a product code to meter by'
  if (!isWhole(quantity)) return `AWS takes whole quantities from 0 to ${quantityMax}`
  if (allocations.length === 0) return undefined
  if (allocations.length > allocationsMax) return `AWS takes at most ${allocationsMax} allocations`
  if (!allocations.every((allocation) => isWhole(allocation.quantity)))
    return 'AWS takes whole quantities in allocations'
  if (compare(total(allocations.map((allocation) => allocation.quantity)), quantity) !== 0)
    return 'the allocations do not add up to the quantity'
  if (allocations.some(({ tags }) => Object.keys(tags).length > tagsMax))
    return `AWS takes at most ${tagsMax} tags in an allocation`
  return undefined
}

const isWhole = (quantity: string): boolean =>
  isDecimal(quantity, 10, 0) && !isNegative(quantity) && compare(quantity, quantityMax) <= 0

/**
 * A report as AWS wants it. AWS cuts the time to its hour for the key; the hour's last second is sent, since
 * AWS counts its 24 hours from there, and never a time to come, which it refuses.
 */
export function usageRecord(report: Report, mode: Mode, nowMs: number): UsageRecord {
  const { hour, dimension, quantity, allocations } = report
  const first = millis(hourStart(hour))
  const last = millis(hourEnd(hour)) - 1000
  return {
    Timestamp: new Date(Math.max(first, Math.min(last, Math.floor(nowMs / 1000) * 1000))),
    ...customerOf(report, mode),
    Dimension: dimension,
    Quantity: Number(quantity),
    ...(allocations.length > 0 ? { UsageAllocations: allocations.map(allocationOf) } : {}),
  }
}

function customerOf({ buyerRef, customerRef, licenseRef }: Report, mode: Mode) {
  if (mode === 'licence' && licenseRef !== null)
    return { CustomerAWSAccountId: buyerRef, LicenseArn: licenseRef }
  return customerRef === null
    ? { CustomerAWSAccountId: buyerRef }
    : { CustomerIdentifier: customerRef }
}

const allocationOf = ({ quantity, tags }: Allocation) => ({
  AllocatedUsageQuantity: Number(quantity),
  ...(Object.keys(tags).length > 0
    ? { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
    : {}),
})

/** Whether an echoed record is the one sent; a field that AWS leaves out of the echo decides nothing. */
export function matches(echo: UsageRecord, sent: UsageRecord): boolean {
  const same = (told: string | undefined, ours: string | undefined) =>
    told === undefined || ours === undefined || told === ours
  return (
    echo.Dimension === sent.Dimension &&
    hourIndex(echo) === hourIndex(sent) &&
    same(echo.LicenseArn, sent.LicenseArn) &&
    same(echo.CustomerIdentifier, sent.CustomerIdentifier) &&
    same(echo.CustomerAWSAccountId, sent.CustomerAWSAccountId)
  )
}

const hourIndex = ({ Timestamp }: UsageRecord): number =>
  Math.floor((Timestamp?.getTime() ?? 0) / hourMs)

const heldMax = 20_000

/** Keeps what AWS took for a record, the latest ones. */
export function remember(held: Map<string, string>, { report, record }: Sent): void {
  held.set(keyOf(record), report.quantity)
  if (held.size <= heldMax) return
  for (const oldest of held.keys()) {
    held.delete(oldest)
    return
  }
}

/** What AWS took earlier for the same customer, dimension and hour; undefined when we do not know. */
export const heldFor = (held: ReadonlyMap<string, string>, { record }: Sent): string | undefined =>
  held.get(keyOf(record))

const keyOf = (record: UsageRecord): string =>
  [
    record.LicenseArn ?? '',
    record.CustomerIdentifier ?? record.CustomerAWSAccountId ?? '',
    record.Dimension,
    hourIndex(record),
  ].join(' ')
