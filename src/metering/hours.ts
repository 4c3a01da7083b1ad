import {
  addDays,
  addMonths,
  firstDay,
  type Hour,
  hourEnd,
  hourMs,
  hourOf,
  hourStart,
  type Instant,
  instant,
  later,
  millis,
  monthOf,
} from '../kernel/time.ts'
import { utc, zoneDay, zoneStart } from '../kernel/zone.ts'
import type { MeteringTraits } from './model.ts'

/** How long after an hour's end its record waits for events that are on their way. */
export const graceMs = 5 * 60_000

export const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b)

/** When a marketplace stops taking an hour's usage: so long after it, at the month's close, or when the last window of an agreement that ended closes. */
export function deadlineOf(traits: MeteringTraits, hour: Hour, endedAt: Instant | null): Instant {
  const deadline = closeOf(traits)(hour)
  if (endedAt === null) return deadline
  // An hour that began after the end was never the agreement's.
  if (hourStart(hour) >= endedAt) return earlier(deadline, endedAt)
  return earlier(deadline, flushEnd(traits, endedAt))
}

/** A batch asks for the same few hours hundreds of times, and calendars are slow. */
const hoursKept = 1_000
function remembered(make: (hour: Hour) => Instant): (hour: Hour) => Instant {
  const known = new Map<Hour, Instant>()
  return (hour) => {
    const found = known.get(hour)
    if (found !== undefined) return found
    if (known.size >= hoursKept) known.clear()
    const made = make(hour)
    known.set(hour, made)
    return made
  }
}

const endOf = remembered(hourEnd)
const closes = new WeakMap<MeteringTraits, (hour: Hour) => Instant>()

function closeOf(traits: MeteringTraits): (hour: Hour) => Instant {
  const close =
    closes.get(traits) ??
    remembered((hour) => {
      const late = later(endOf(hour), traits.lateHoursMax * hourMs)
      const month = monthClose(traits, hour)
      return month === null ? late : earlier(late, month)
    })
  closes.set(traits, close)
  return close
}

/** Counted from the first moment of its day: where a clock changes before that hour, it is off by the change. */
function monthClose({ monthClose }: MeteringTraits, hour: Hour): Instant | null {
  if (monthClose === null) return null
  const { day, hour: closing, timeZone = utc } = monthClose
  const next = addMonths(firstDay(monthOf(zoneDay(hourStart(hour), timeZone))), 1)
  return later(zoneStart(addDays(next, day - 1), timeZone), closing * hourMs)
}

/** Until when usage of an agreement that ended is still taken. */
export const flushEnd = ({ flushMinutes }: MeteringTraits, endedAt: Instant): Instant =>
  later(endedAt, flushMinutes * 60_000)

const graceOf = remembered((hour) => later(endOf(hour), graceMs))

/** When an hour's record is sent: a little after the hour, or at once when the agreement is over. */
export const dueOf = (hour: Hour, endedAt: Instant | null, now: Instant): Instant =>
  endedAt !== null && endedAt <= now ? now : graceOf(hour)

/** What decides which hours an agreement's usage may be reported for. */
export type Reportable = {
  readonly traits: MeteringTraits
  /** Usage moves to no hour before. */
  readonly runsFrom: Instant
  readonly endedAt: Instant | null
}

/**
 * The hour under which usage is reported: its own, or, where that was sent already, the next one the marketplace
 * still takes and nothing was sent for; failing that, the nearest before. Undefined when there is none.
 */
export function reportHour(
  hour: Hour,
  sealed: ReadonlySet<Hour>,
  { traits, runsFrom, endedAt }: Reportable,
  now: Instant,
): Hour | undefined {
  const takes = (candidate: Hour) =>
    !sealed.has(candidate) && deadlineOf(traits, candidate, endedAt) > now
  const last = hourOf(now) > hour ? hourOf(now) : hour
  for (let next = hour; next <= last; next = shift(next, 1)) if (takes(next)) return next
  const first = hourOf(runsFrom)
  for (let before = shift(hour, -1); before >= first; before = shift(before, -1)) {
    if (deadlineOf(traits, before, endedAt) <= now) return undefined
    if (takes(before)) return before
  }
  return undefined
}

const shift = (hour: Hour, hours: number): Hour =>
  hourOf(instant(millis(hourStart(hour)) + hours * hourMs))
