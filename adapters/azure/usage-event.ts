import { z } from 'zod'
import {
  compare,
  type Decimal,
  isDecimal,
  isNegative,
  isZero,
  round,
  trim,
} from '../../src/kernel/decimal.ts'
import {
  hourEnd,
  hourMs,
  hourOf,
  hourStart,
  instant,
  millis,
  readInstant,
} from '../../src/kernel/time.ts'
import type { Report, ReportOutcome } from '../../src/metering/model.ts'
import { jsonNumber } from './exact-json.ts'

const text = z.string().nullish()
const accepted = z.looseObject({ usageEventId: text, quantity: text })

/** An event's result in a batch, numbers as text: "Marketplace metered billing APIs", batch usage event. */
export const result = z.looseObject({
  usageEventId: text,
  status: text,
  resourceId: text,
  dimension: text,
  effectiveStartTime: text,
  error: z
    .looseObject({
      message: text,
      code: text,
      details: z.array(z.looseObject({ message: text })).nullish(),
      additionalInfo: z.looseObject({ acceptedMessage: accepted.nullish() }).nullish(),
    })
    .nullish(),
})
type Result = z.infer<typeof result>

const dayInHours = 24
/** Room for the clocks and the way. */
const marginMs = 5 * 60_000
/** A subscription may be reinstated at any time while its usage is still taken. */
const notActiveRetryMs = 15 * 60_000

/** Why a report cannot be sent at all, or undefined. */
export function faultOf({ quantity, planRef }: Report): string | undefined {
  if (!isDecimal(quantity) || isNegative(quantity) || isZero(quantity))
    return 'Microsoft takes quantities above zero'
  return planRef === null ? 'the plan it was bought with is not known' : undefined
}

/**
 * A report as Microsoft wants it. Its key is the calendar hour, whatever the minute, so the hour's start is sent: usage
 * of an hour in which the subscription was cancelled still lies before that. Only where the start is older than the 24
 * hours Microsoft takes, and the hour's end is not, the last second is.
 */
export function usageEvent(report: Report, nowMs: number): Record<string, unknown> {
  const start = millis(hourStart(report.hour))
  const isOld = nowMs - start > dayInHours * hourMs - marginMs
  const last = Math.max(start, Math.min(millis(hourEnd(report.hour)) - 1000, nowMs))
  return {
    resourceId: report.agreementRef,
    quantity: jsonNumber(report.quantity),
    dimension: report.dimension,
    effectiveStartTime: instant(isOld ? last : start).replace('.000Z', 'Z'),
    planId: report.planRef,
  }
}

export const sameKey = (a: Report, b: Report): boolean =>
  a.agreementRef === b.agreementRef && a.dimension === b.dimension && a.hour === b.hour

/** Whether a result is this report's; a field that the result leaves out decides nothing. */
export function isEcho(one: Result, report: Report): boolean {
  const at = readInstant(one.effectiveStartTime ?? '')
  return (
    (!one.resourceId || one.resourceId.toLowerCase() === report.agreementRef.toLowerCase()) &&
    (!one.dimension || one.dimension === report.dimension) &&
    (at === undefined || hourOf(at) === report.hour)
  )
}

/** What became of one event. A status that is not known may mean anything: it is asked again, never dropped. */
export function outcomeOf(report: Report, told: Result, nowMs: number): ReportOutcome {
  const { id } = report
  const status = told.status ?? 'without a status'
  const reason = [status, told.error?.message, ...(told.error?.details ?? []).map((d) => d.message)]
    .filter(Boolean)
    .join(': ')
  switch (status) {
    case 'Accepted':
      return { id, is: 'accepted', receipt: told.usageEventId ?? null }
    case 'Duplicate':
      return duplicate(report, told)
    case 'Expired':
      return { id, is: 'refused', reason, tooLate: true }
    case 'ResourceNotActive':
      return { id, is: 'later', reason, retryAfterMs: notActiveRetryMs }
    case 'Error':
      return { id, is: 'later', reason }
    case 'ResourceNotAuthorized':
    case 'ResourceNotFound':
    case 'InvalidDimension':
    case 'InvalidQuantity':
      return { id, is: 'refused', reason, tooLate: false }
    case 'BadArgument':
      return { id, is: 'refused', reason, tooLate: isPast(report, nowMs) }
    default:
      return {
        id,
        is: 'later',
        reason: `Microsoft answered ${reason}, which is not a known status`,
      }
  }
}

const isPast = ({ hour }: Report, nowMs: number): boolean =>
  nowMs - millis(hourEnd(hour)) > dayInHours * hourMs

/** The hour is taken; `acceptedMessage` is what by. Ours again is success. */
function duplicate({ id, quantity }: Report, told: Result): ReportOutcome {
  const first = told.error?.additionalInfo?.acceptedMessage
  const held = first?.quantity ?? ''
  if (!isDecimal(held, digitsMax, digitsMax)) return { id, is: 'differs', held: null }
  return sameNumber(held, quantity)
    ? { id, is: 'accepted', receipt: first?.usageEventId ?? null }
    : { id, is: 'differs', held: trim(round(held, placesMax)) }
}

const digitsMax = 26
const placesMax = 12
const doubleDigits = 15

/** Microsoft keeps a double: where either text has more digits than one holds, those that it holds must be the same. */
function sameNumber(theirs: Decimal, ours: Decimal): boolean {
  const digits = Math.max(...[theirs, ours].map((one) => one.replace('.', '').length))
  if (digits <= doubleDigits) return compare(theirs, ours) === 0
  const kept = Math.max(0, doubleDigits - (ours.split('.')[0] ?? '').length)
  return compare(round(theirs, kept), round(ours, kept)) === 0
}
