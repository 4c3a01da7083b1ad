import { dayMs, type Hour, hourOf, hourStart, type Instant, later } from '../kernel/time.ts'
import { deadlineOf, dueOf, reportHour } from './hours.ts'
import type { Metered } from './metered.ts'
import type { UsageEvent } from './model.ts'

/** Why an event is not taken at all. Nothing of it is kept: it may be corrected and sent again. */
export const refusals = [
  'invalid',
  'unknown_agreement',
  'no_metering',
  'unknown_dimension',
  'not_metered',
  'in_future',
  'too_old',
  'before_start',
] as const
export type Refusal = {
  readonly code: (typeof refusals)[number]
  readonly path: string
  readonly message: string
}

/** Clocks differ; a little. */
const aheadMaxMs = 5 * 60_000
/** Older than this is a wrong date, not late usage. */
const ageDaysMax = 90

/** Between which moments usage may have happened. */
export type Window = { readonly from: Instant; readonly until: Instant }
export const windowOf = (now: Instant): Window => ({
  from: later(now, -ageDaysMax * dayMs),
  until: later(now, aheadMaxMs),
})

/** Whether an event can be metered for its agreement, or why not. */
export function refusalOf(
  event: UsageEvent,
  meter: Metered | undefined,
  { from, until }: Window,
): Refusal | undefined {
  const { agreement, dimension, at } = event
  const no = (code: Refusal['code'], path: string, message: string) => ({ code, path, message })
  if (!meter) return no('unknown_agreement', 'agreement', `no agreement ${agreement}`)
  if (meter.traits === null)
    return no('no_metering', 'agreement', 'its marketplace takes no usage through here')
  if (meter.isBlind)
    return no(
      'unknown_dimension',
      'dimension',
      'the agreement’s listing is not known here yet; send it again later',
    )
  const isMetered = meter.dimensions.get(dimension)
  if (isMetered === undefined)
    return no('unknown_dimension', 'dimension', `the listing has no dimension ${dimension}`)
  if (!isMetered)
    return no('not_metered', 'dimension', `${dimension} is sold up front, not metered`)
  if (at > until) return no('in_future', 'at', 'lies in the future')
  if (at < from) return no('too_old', 'at', `is more than ${ageDaysMax} days ago`)
  if (hourOf(at) < hourOf(meter.startsAt))
    return no('before_start', 'at', `is before the agreement starts (${meter.startsAt})`)
  return undefined
}

/** Where an event's quantity goes: the record of an hour, or the record of what came too late for it. */
export type Place = {
  readonly hour: Hour
  readonly late: boolean
  /** It goes to another hour than its own, whose record was sent before it came. */
  readonly isMoved: boolean
  /** Why it is lost; null when it is not. */
  readonly reason: string | null
}

/** Places an event that `refusalOf` lets pass. `sealed` holds the hours of its agreement and dimension that were sent. */
export function placeOf(
  { at }: Pick<UsageEvent, 'at'>,
  meter: Metered,
  sealed: ReadonlySet<Hour>,
  now: Instant,
): Place {
  const hour = hourOf(at)
  const { traits, startsAt, endedAt } = meter
  const lost = (reason: string): Place => ({ hour, late: true, isMoved: false, reason })
  if (traits === null) return lost('its marketplace takes no usage')
  if (endedAt !== null && hourStart(hour) >= endedAt)
    return lost(`it happened after the agreement ended (${endedAt})`)
  const deadline = deadlineOf(traits, hour, endedAt)
  if (deadline <= now) return lost(`it came after the marketplace’s deadline (${deadline})`)
  const target = reportHour(hour, sealed, { traits, startsAt, endedAt }, now)
  if (target === undefined) return lost('every hour the marketplace still takes was sent already')
  return { hour: target, late: false, isMoved: target !== hour, reason: null }
}

/** The times of the record at a place. */
export const timesOf = (
  { hour }: Place,
  { traits, endedAt }: Metered,
  now: Instant,
): { readonly dueAt: Instant; readonly deadline: Instant } => ({
  dueAt: dueOf(hour, endedAt, now),
  deadline: traits === null ? now : deadlineOf(traits, hour, endedAt),
})
