import { dayMs, type Hour, hourMs, hourOf, hourStart, type Instant, later } from '../kernel/time.ts'
import { deadlineOf, dueOf, reportHour } from './hours.ts'
import type { Metered } from './metered.ts'
import { type AnyEvent, isDirect, isReversal, type Reversal, type UsageEvent } from './model.ts'

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
  'unknown_event',
  'other_agreement',
  'is_reversal',
  'reversed_already',
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

const no = (code: Refusal['code'], path: string, message: string): Refusal => ({
  code,
  path,
  message,
})

/** Whether an event can be metered for its agreement, or why not. */
export function refusalOf(
  event: AnyEvent,
  meter: Metered | undefined,
  window: Window,
): Refusal | undefined {
  if (isReversal(event)) return reversalRefused(event, meter, window)
  if (!meter) return no('unknown_agreement', 'agreement', `no agreement ${event.agreement}`)
  if (meter.traits === null)
    return no('no_metering', 'agreement', 'its marketplace takes no usage through here')
  // What a named event is of which dimension, its meters say.
  return (
    (isDirect(event) ? dimensionRefused(event, meter) : undefined) ??
    timeRefused(event, meter, window)
  )
}

/** What it takes back may be of any age; that it exists is looked up later. */
function reversalRefused(
  { agreement, at }: Reversal,
  meter: Metered | undefined,
  { until }: Window,
): Refusal | undefined {
  if (agreement !== null && !meter)
    return no('unknown_agreement', 'agreement', `no agreement ${agreement}`)
  if (at !== null && at > until) return no('in_future', 'at', 'lies in the future')
  return undefined
}

function dimensionRefused({ dimension }: UsageEvent, meter: Metered): Refusal | undefined {
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
  return undefined
}

function timeRefused(
  { at }: Pick<UsageEvent, 'at'>,
  meter: Metered,
  { from, until }: Window,
): Refusal | undefined {
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
  const { traits, runsFrom, endedAt } = meter
  const lost = (reason: string): Place => ({ hour, late: true, isMoved: false, reason })
  if (traits === null) return lost('its marketplace takes no usage')
  if (endedAt !== null && hourStart(hour) >= endedAt)
    return lost(`it happened after the agreement ended (${endedAt})`)
  const deadline = deadlineOf(traits, hour, endedAt)
  if (deadline <= now) return lost(`it came after the marketplace’s deadline (${deadline})`)
  const target = reportHour(hour, sealed, { traits, runsFrom, endedAt }, now)
  if (target === undefined) return lost('every hour the marketplace still takes was sent already')
  return { hour: target, late: false, isMoved: target !== hour, reason: null }
}

/** Where usage went that is taken back: the record of an hour, or the record of what came too late for it. */
export type Origin = { readonly hour: Hour; readonly late: boolean }

/**
 * How the record stands to which usage went. `gone`: the marketplace never took it, and never will. `absent`: there is
 * none; `late` when all that ever came for the hour came too late.
 */
export type Standing = 'unsent' | 'sent' | 'gone' | 'late' | 'absent'

const takesBackLoss = 'it takes back usage that was lost or refused'
const owed =
  'more was sent than was used, which is owed to the buyer: no hour is left that could be reported'

/**
 * Places what takes usage back: where that went while its record is unsent; the next hour that can be reported once it
 * was sent, whatever its age; and where it was lost, or nothing can be reported any more, among what is lost.
 */
export function placeBack(
  origin: Origin,
  standing: Standing,
  { traits, runsFrom, endedAt }: Metered,
  sealed: ReadonlySet<Hour>,
  now: Instant,
): Place {
  const { hour } = origin
  const lost = (reason: string): Place => ({ hour, late: true, isMoved: false, reason })
  if (origin.late || standing === 'gone' || standing === 'late') return lost(takesBackLoss)
  if (standing === 'unsent') return { hour, late: false, isMoved: false, reason: null }
  if (traits === null) return lost('its marketplace takes no usage')
  const oldest = hourOf(later(now, -(traits.lateHoursMax + 1) * hourMs))
  const from = hour < oldest ? oldest : hour
  const target = reportHour(from, sealed, { traits, runsFrom, endedAt }, now)
  if (target === undefined) return lost(owed)
  return { hour: target, late: false, isMoved: target !== hour, reason: null }
}
/** Whether what is lost there only makes an earlier loss smaller. */
export const shrinksLoss = ({ reason }: Place): boolean => reason === takesBackLoss

/** The times of the record at a place. */
export const timesOf = (
  { hour }: Place,
  { traits, endedAt }: Metered,
  now: Instant,
): { readonly dueAt: Instant; readonly deadline: Instant } => ({
  dueAt: dueOf(hour, endedAt, now),
  deadline: traits === null ? now : deadlineOf(traits, hour, endedAt),
})
